"""Where a project lies beside its video, and where the video is when the project is opened.

For: `project`. Knows videos, paths and the file's `meta`; nothing of annotations.
"""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import platformdirs

from vos_annotator.core.atomic import writing
from vos_annotator.core.database_place import copy_database, parts, written_at
from vos_annotator.core.errors import MissingVideo, UserError
from vos_annotator.core.file_names import safe_name
from vos_annotator.core.project_file import ProjectFile
from vos_annotator.core.translation import tr
from vos_annotator.core.video import Video, open_video

SUFFIX = ".vos"
_LONGEST_NAME = 255 - len("-journal")


def project_path(video: Video) -> Path:
    """Return where a video's project lies or is to be made: beside it, if that can be written.

    Else it is in the user's data folder, and starts as a copy of what is beside the video. Where
    that can be written again and both are there, it is the one that was written last.

    Raises:
        UserError: Nothing can be written there either.
    """
    beside, elsewhere = _places(video)
    is_there = is_project(beside)
    file, journal = parts(beside)
    if is_there and os.access(file, os.W_OK) and os.access(journal.parent, os.W_OK):
        return max(beside, elsewhere, key=written_at) if is_project(elsewhere) else beside
    if elsewhere.is_file():
        return elsewhere
    if not is_there and not beside.is_dir() and os.access(beside.parent, os.W_OK):
        return beside
    with writing(elsewhere):
        elsewhere.parent.mkdir(parents=True, exist_ok=True)
    if is_there:
        copy_database(beside, elsewhere)
    return elsewhere


def told_of_another(video: Video, project: Path) -> str:
    """Return in a sentence where a video has a project beside the one at `project`; "" if not."""
    others = [each for each in _places(video) if each != project and is_project(each)]
    if not others or project not in _places(video):
        return ""
    return tr(
        "Open is {project}. There is another project of this video, {other}: open that file to "
        "see what it has, or merge the two.",
        project=project,
        other=others[0],
    )


def shown_name(video: Video, project: Path) -> str:
    """Return what a project is called: as its video, or as its file where that has another name.

    A video may have several: copies, merged ones, those of others.
    """
    is_own = project.resolve() in (each.resolve() for each in _places(video))
    return (video.path if is_own else project).name


def _places(video: Video) -> tuple[Path, Path]:
    """Return where a video's project may lie: beside it, and in the user's data folder."""
    folder = Path(platformdirs.user_data_dir("vos-annotator", appauthor=False)) / "projects"
    known = [f"-{each[:12]}{SUFFIX}" for each in video.fingerprints]
    beside, *there = (f"{video.path.name}{ending}" for ending in (SUFFIX, *known))
    short = f"{safe_name(video.path.name)}{known[0]}"
    elsewhere, *former = (folder / (name if _fits(name) else short) for name in there)
    if not elsewhere.is_file():
        ours = (each for each in former if each.is_file() and _may_be_of(each, video))
        elsewhere = next(ours, elsewhere)
    return video.path.with_name(beside if _fits(beside) else short), elsewhere


def _fits(name: str) -> bool:
    """Whether file systems take a name, and those of what lies beside a file of it."""
    return len(name if os.name == "nt" else os.fsencode(name)) <= _LONGEST_NAME


def is_project(path: Path) -> bool:
    """Whether something is there that may be a project."""
    return path.is_file() and path.stat().st_size > 0


def video_meta(video: Video, project: Path) -> dict[str, object]:
    """Return what the project at `project` keeps of its video."""
    return {
        "video": str(video.path),
        "video_relative": _relative(video.path, project.parent),
        "fingerprint": video.fingerprint,
        "frame_count": video.frame_count,
        "shape": list(video.shape),
    }


def open_video_of(project: Path, meta: Mapping[str, object]) -> Video:
    """Open a project's video: beside the project as before, or where it was.

    Raises:
        MissingVideo: It is in neither place.
        UserError: It cannot be opened.
    """
    places = [absolute(project.parent / str(meta["video_relative"])), Path(str(meta["video"]))]
    places = [place for place in dict.fromkeys(places) if place.exists()]
    if not places:
        raise MissingVideo(project, Path(str(meta["video"])))
    for place in places[:-1]:
        try:
            video = open_video(place)
        except UserError:
            continue  # something else has its name; the other place may still be right
        if meta["fingerprint"] in video.fingerprints:
            return video
        video.close()
    return open_video(places[-1])


def check_video(project: Path, meta: Mapping[str, object], video: Video) -> None:
    """Refuse a video that is not the project's.

    Raises:
        UserError: Its frames or its content differ.
    """
    if [video.frame_count, list(video.shape)] == [meta["frame_count"], meta["shape"]]:
        if meta["fingerprint"] in video.fingerprints:
            return
        what = tr("has changed since")
    elif video.frame_count != meta["frame_count"]:
        what = tr(
            "has {count} frames, not the {before} it had",
            count=video.frame_count,
            before=meta["frame_count"],
        )
    else:
        (height, width), (old_height, old_width) = video.shape, meta["shape"]
        size, before = f"{width}x{height}", f"{old_width}x{old_height}"
        what = tr("is {size}, not the {before} it was", size=size, before=before)
    raise UserError(
        "{path} {what}, so the masks in {project} may not fit it: bring the original video back, "
        "or move the project away, with {journal} where that is there, to start anew.",
        path=video.path,
        what=what,
        project=project,
        journal=parts(project)[1],
    )


def _may_be_of(project: Path, video: Video) -> bool:
    """Whether a project names a video as its own, or does not let itself be asked."""
    try:
        with closing(ProjectFile(project)) as file:
            return file.meta().get("fingerprint") in video.fingerprints
    except (UserError, sqlite3.Error, ValueError):
        return True


def absolute(path: str | Path) -> Path:
    """Return a path from the root, links left as they are."""
    return Path(os.path.abspath(path))


def _relative(path: Path, folder: Path) -> str:
    try:
        return os.path.relpath(path, folder)
    except ValueError:
        return str(path)  # another drive
