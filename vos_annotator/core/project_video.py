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
from vos_annotator.core.database_place import copy_database
from vos_annotator.core.errors import MissingVideo, UserError
from vos_annotator.core.project_file import ProjectFile
from vos_annotator.core.translation import tr
from vos_annotator.core.video import Video, open_video

SUFFIX = ".vos"


def project_path(video: Video) -> Path:
    """Return where a video's project lies or is to be made: beside it, if that can be written.

    Else it is in the user's data folder, and starts as a copy of what is beside the video.

    Raises:
        UserError: Nothing can be written there either.
    """
    name = video.path.name
    beside = video.path.with_name(f"{name}{SUFFIX}")
    is_there = beside.is_file() and beside.stat().st_size > 0
    if is_there and os.access(beside, os.W_OK) and os.access(beside.parent, os.W_OK):
        return beside
    folder = Path(platformdirs.user_data_dir("vos-annotator", appauthor=False)) / "projects"
    elsewhere, *former = (folder / f"{name}-{each[:12]}{SUFFIX}" for each in video.fingerprints)
    if elsewhere.is_file():
        return elsewhere
    for place in former:
        if place.is_file() and _may_be_of(place, video):
            return place
    if not is_there and not beside.is_dir() and os.access(beside.parent, os.W_OK):
        return beside
    with writing(elsewhere):
        folder.mkdir(parents=True, exist_ok=True)
    if is_there:
        copy_database(beside, elsewhere)
    return elsewhere


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
        "or move the project away to start anew.",
        path=video.path,
        what=what,
        project=project,
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
