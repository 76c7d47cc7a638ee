"""What can be read of a damaged project, made a new one; the damaged one stays as it is.

For: the `rescue` command and the window. Knows projects; what is read, `wreck` knows.

What nobody can know any more is decided so that no work is lost by it: a mask counts as a
person's where it is not known who made it. The steps of undo are not taken along: where masks are
missing they would no longer fit.
"""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from vos_annotator.core.changed_rows import changed_parts
from vos_annotator.core.database_place import check_place, parts
from vos_annotator.core.edits import NOTHING, ReviewSpan, Status, VideoObject
from vos_annotator.core.errors import UnknownVideo, UserError, lost
from vos_annotator.core.formats.report import ranges
from vos_annotator.core.frame_state import FrameState
from vos_annotator.core.history import History
from vos_annotator.core.masks import LabelMap, decode_png, object_ids
from vos_annotator.core.objects import screen_color
from vos_annotator.core.png_bands import check_png
from vos_annotator.core.project_file import ProjectFile
from vos_annotator.core.project_video import SUFFIX, check_video, open_video_of, video_meta
from vos_annotator.core.translation import tr, tr_many
from vos_annotator.core.video import Video, open_video
from vos_annotator.core.wreck import Wreck, wreck_of

_NOT_TAKEN = {"done", "open"}  # of what is kept with a project: where in the history it stands


@dataclass
class Rescue:
    """What became of a damaged project.

    Attributes:
        masks: How many masks were read.
        lost: Frames whose masks could not be.
        unsure: Frames of which it is not known who made the mask, or which objects it had.
        other: What else is not all there, in words.
    """

    masks: int = 0
    lost: list[int] = field(default_factory=list)
    unsure: list[int] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return it in sentences."""
        said = [tr_many("{count} mask was rescued.", "{count} masks were rescued.", self.masks)]
        if self.lost:
            said.append(tr("Lost are the masks of frames {frames}.", frames=ranges(self.lost)))
        if self.unsure:
            said.append(
                tr(
                    "Look at frames {frames}: what was known of them is lost, so they are "
                    "references now.",
                    frames=ranges(self.unsure),
                )
            )
        if self.other:
            said.append(tr("Not all there: {parts}.", parts=", ".join(self.other)))
        return " ".join([*said, tr("What could be undone before cannot be any more.")])


def rescued_path(path: Path) -> Path:
    """Return a free name beside a damaged project."""
    names = (f"{path.stem}-rescued{n or ''}{SUFFIX}" for n in range(1000))
    return next(each for name in names if not (each := path.with_name(name)).exists())


def rescue(
    path: Path,
    out: Path,
    video: Video | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    is_checked: bool = False,
) -> Rescue:
    """Make a new project at `out` of what can be read of the one at `path`.

    Args:
        path: It is not touched.
        out: Has nothing there.
        video: The project's, stays the caller's. None for what it names.
        progress: Told how many frames are done, of how many.
        is_checked: Whether a `video` that is given has to be the one that the project names, as
            far as it does.

    Raises:
        MissingVideo, UnknownVideo: A person has to show the video.
        UserError: Nothing can be read, the video is another one, or the new project cannot be
            written. Whatever is raised, nothing is at `out`.
    """
    check_place(out)
    with ExitStack() as stack:
        wreck = stack.enter_context(wreck_of(path))
        meta = wreck.meta()
        if video is None:
            video, is_checked = stack.enter_context(_video_of(path, meta)), True
        if is_checked:
            check_video(path, video_meta(video, path) | meta, video)
        kept = {key: value for key, value in meta.items() if key not in _NOT_TAKEN}
        file = stack.enter_context(closing(ProjectFile.create(out, kept | video_meta(video, out))))
        try:
            return _fill(file, wreck, video, progress)
        except BaseException:
            file.close()
            for part in parts(out):
                part.unlink(missing_ok=True)
            raise


def rescue_in_place(path: Path, video: Video) -> None:
    """Do as `rescue` does with a copy that nobody needs as it is.

    Raises:
        UserError: See `rescue`.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        damaged = Path(folder) / path.name
        os.replace(path, damaged)
        rescue(damaged, path, video)


def _video_of(path: Path, meta: Mapping[str, object]) -> Video:
    """Open the video that a project names; the one that it lies beside if that is lost."""
    if {"video", "video_relative", "fingerprint"} <= meta.keys():
        return open_video_of(path, meta)
    beside = path.with_suffix("")
    if not beside.exists():
        raise UnknownVideo(path)
    return open_video(beside)


def _fill(
    file: ProjectFile, wreck: Wreck, video: Video, progress: Callable[[int, int], None]
) -> Rescue:
    found, count, beyond = Rescue(), video.frame_count, set[int]()
    ids, taken = set[int](), set[int]()
    states = wreck.states(count)

    def frames() -> Iterator[tuple[int, FrameState, str, bytes]]:
        for frame, png in wreck.pngs():
            progress(len(taken), count)
            label_map = _readable(png)
            if frame in taken or label_map is None:
                continue
            if frame >= count or label_map.shape != video.shape:
                beyond.add(frame)
                continue
            taken.add(frame)
            state, engine = states.pop(frame, (FrameState(), ""))
            shown = object_ids(label_map)
            if state.ids != shown:
                found.unsure.append(frame)
                state, engine = FrameState(Status.REFERENCE, shown), ""
            ids.update(shown)
            yield frame, state, engine, png

    _write(file, frames=frames())
    if beyond and not taken:
        raise UserError(
            "The masks of {path} are of another size than {video}, or of frames that it does not "
            "have: name the video that they are of.",
            path=wreck.path,
            video=video.path,
        )
    found.masks, found.lost, found.unsure = len(taken), sorted(states), sorted(found.unsure)
    objects = wreck.objects()
    if "objects" in wreck.torn:
        listed = {each.id for each in objects}
        objects += [VideoObject(i, f"Object {i}", screen_color(i)) for i in sorted(ids - listed)]
    if not (found.masks or objects):
        raise UserError("Nothing of the project can be read any more: take a copy of it.")
    stale, absent = wreck.flags("stale", count), wreck.flags("absent", count)
    reviews = wreck.reviews(count)
    _write(file, objects=tuple(objects), stale=stale, absent=absent, reviews=reviews)
    words = {
        "objects": tr("the list of objects (deleted ones may be back)"),
        "frames": tr("which frames had masks"),
        "stale": tr("which masks are to be computed anew"),
        "absent": tr("where objects are absent"),
        "review": tr("the review"),
        "meta": tr("settings"),
        "journal": tr("what was changed last"),
    }
    found.other = [text for table, text in words.items() if table in wreck.torn]
    if changed := changed_parts(wreck.changed_rows(), objects):
        found.other.append(tr("changed by the disk: {parts}", parts=", ".join(changed)))
    if left := sorted(beyond - taken):
        found.other.append(
            tr("masks that do not fit the video, of frames {frames}", frames=ranges(left))
        )
    return found


def _write(
    file: ProjectFile,
    frames: Iterable[tuple[int, FrameState, str, bytes]] = (),
    objects: tuple[VideoObject, ...] | None = None,
    stale: Mapping[int, bytes] = NOTHING,
    absent: Mapping[int, bytes] = NOTHING,
    reviews: Iterable[ReviewSpan] | None = None,
) -> None:
    """Write a part of the new project; a disk that does not take it, in a sentence."""
    try:
        file.write(frames, objects, stale, absent, reviews, {}, History({}, None, lambda _: None))
    except sqlite3.Error as error:
        raise lost(file.path) from error


def _readable(png: bytes) -> LabelMap | None:
    try:
        check_png(png)
        return decode_png(png)
    except (UserError, ValueError):
        return None
