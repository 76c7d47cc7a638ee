"""Masks that come in, from any format: looked through first, then taken, as one step of undo.

For: the window, the command `import`, the Python API. Knows formats, projects and masks; no Qt.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vos_annotator.core.corrections import correct, prediction_edits, reference_edits
from vos_annotator.core.edits import Edit, Edits, FrameEdit, ObjectsEdit, edits_of
from vos_annotator.core.errors import UserError, unreadable
from vos_annotator.core.file_names import one_line
from vos_annotator.core.formats.format import Format, Found
from vos_annotator.core.formats.registry import detect, format_named
from vos_annotator.core.formats.report import ranges
from vos_annotator.core.in_threads import in_threads
from vos_annotator.core.mask_reading import fitted, void_left_out
from vos_annotator.core.masks import decode_png, encode_png, object_ids, shielded
from vos_annotator.core.project import Project
from vos_annotator.core.translation import tr, tr_many
from vos_annotator.core.video import Video


@dataclass(frozen=True, slots=True)
class Masks:
    """Masks that were looked through: those that fit a video, and what there is to know of them.

    Attributes:
        path: Where they are.
        format: In which format.
        pngs: frame -> label map of the video's size, as `encode_png` gives it.
        frames_of: object -> the frames that show it.
        names: Of the objects, as far as they have any.
        notes: What was changed or left out, in sentences.
        problems: What does not fit, a sentence for each frame that is missing for it.
        proposed: What numbers become unless a person says otherwise; 0 leaves an object out.
    """

    path: Path
    format: Format
    pngs: Mapping[int, bytes]
    frames_of: Mapping[int, tuple[int, ...]]
    names: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    proposed: Mapping[int, int] = field(default_factory=dict)

    def renumbered(self, numbers: Mapping[int, int]) -> Masks:
        """Return the masks with other object numbers, else those `proposed`; 0 leaves one out."""
        numbers = {**self.proposed, **numbers}
        if all(old == new for old, new in numbers.items()):
            return replace(self, proposed={})
        table = np.arange(256, dtype=np.uint8)
        for old, new in numbers.items():
            table[old] = new
        pngs = {frame: encode_png(table[decode_png(png)]) for frame, png in self.pngs.items()}
        frames_of: dict[int, tuple[int, ...]] = {}
        names: dict[int, str] = {}
        for old, frames in self.frames_of.items():
            if new := numbers.get(old, old):
                frames_of[new] = tuple(sorted({*frames_of.get(new, ()), *frames}))
                if old in self.names:
                    names.setdefault(new, self.names[old])
        frames_of = dict(sorted(frames_of.items()))
        return replace(self, pngs=pngs, frames_of=frames_of, names=names, proposed={})


def look_through(
    path: str | Path,
    video: Video,
    format_name: str | None = None,
    name: str | None = None,
    *,
    known: Container[int] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Masks:
    """Read masks of a video and say what fits it; nothing is changed.

    Args:
        path: A file or folder.
        video: Where they belong; belongs to the calling thread.
        format_name: One of `FORMATS`; None takes the one that it looks like.
        name: Of the sequence, where there are several; None takes the video's.
        known: Objects of the project, whose numbers mean these.
        progress: Called after each frame with the frames done and their number.
        cancelled: Asked before each frame; True ends it, with the frames until then.

    Raises:
        UserError: Nothing can be read at all.
    """
    path = Path(path)
    try:
        kind = detect(path) if format_name is None else format_named(format_name)
        if not kind.reads:
            raise UserError("Masks are not read from {format}: choose another.", format=kind.title)
        found = kind.read(path, video, name)
    except OSError as error:
        raise unreadable(path, error) from error
    beyond = [frame for frame in found.maps if not 0 <= frame < video.frame_count]
    frames = [frame for frame in sorted(found.maps) if 0 <= frame < video.frame_count]
    pngs: dict[int, bytes] = {}
    frames_of: dict[int, list[int]] = {}
    sizes: dict[tuple[int, int], int] = {}
    problems = [*found.problems]
    if beyond:
        problems.append(
            tr_many(
                "{count} frame is beyond the end of {name}, whose last is {last}.",
                "{count} frames are beyond the end of {name}, whose last is {last}.",
                len(beyond),
                name=video.name,
                last=video.frame_count - 1,
            )
        )

    def asked() -> Iterator[tuple[int]]:
        for frame in frames:
            if cancelled():
                return
            yield (frame,)

    results = in_threads(lambda frame: (frame, *_decoded(found, frame, video)), asked())
    for done, (frame, result, size) in enumerate(results, 1):
        if isinstance(result, UserError):
            problems.append(tr("Frame {frame}: {problem}", frame=frame, problem=result))
        else:
            png, ids = result
            pngs[frame] = png
            sizes[size] = sizes.get(size, 0) + 1
            for object_id in ids:
                frames_of.setdefault(object_id, []).append(frame)
        progress(done, len(frames))
    in_order = {i: tuple(frames_of[i]) for i in sorted(frames_of)}
    names = {i: one_line(found.names[i]) for i in in_order if one_line(found.names.get(i, ""))}
    proposed = {} if found.void in names else void_left_out(in_order, known, found.void)
    notes = [*found.notes, *_notes(tuple(pngs), sizes, in_order.keys() - proposed.keys(), video)]
    if proposed:
        notes.append(
            tr(
                "{number} is taken for void, the border of no object, and left out unless it is "
                "given a number.",
                number=found.void,
            )
        )
    return Masks(path, kind, pngs, in_order, names, tuple(notes), tuple(problems), proposed)


def import_edits(project: Project, masks: Masks, as_predictions: bool = False) -> Iterator[Edit]:
    """Give the edits that take masks into a project, one by one.

    References are never replaced by predictions. Locked and hidden objects keep their pixels.
    """
    masks = masks.renumbered({})
    protected, known = project.objects.protected_ids, frozenset(project.objects.ids)
    shown = (
        (frame, shielded(project.annotations[frame], decode_png(png), protected))
        for frame, png in masks.pngs.items()
    )
    edits = prediction_edits if as_predictions else reference_edits
    for edit in edits(project, shown, masks.frames_of):
        yield _named(edit, masks.names, known)


def import_masks(project: Project, masks: Masks, as_predictions: bool = False) -> int:
    """Take masks into a project as one step of undo; return how many frames they were.

    Raises:
        UserError: There is nothing to take.
    """
    edits = tuple(import_edits(project, masks, as_predictions))
    count = sum(1 for each in edits for _ in edits_of(FrameEdit, each))
    if not count:
        raise UserError("{path} holds no mask that could be taken.", path=masks.path)
    with project.together():
        inverse, _ = correct(project, Edits(edits))
        project.history.push(tr_many("Import {count} mask", "Import {count} masks", count), inverse)
    return count


def _decoded(
    found: Found, frame: int, video: Video
) -> tuple[tuple[bytes, tuple[int, ...]] | UserError, tuple[int, int]]:
    """Return a frame's PNG and objects, or why there are none; and the size that it has there."""
    try:
        label_map = found.maps[frame]()
        size = label_map.shape
        label_map = fitted(label_map, video.shape, found.path)
    except UserError as error:
        return error, (0, 0)
    except OSError as error:
        return unreadable(found.path, error), (0, 0)
    return (encode_png(label_map), object_ids(label_map)), size


def _notes(
    frames: tuple[int, ...],
    sizes: Mapping[tuple[int, int], int],
    ids: Iterable[int],
    video: Video,
) -> Iterator[str]:
    for (height, width), count in sizes.items():
        if (height, width) != video.shape:
            yield tr_many(
                "{count} mask is {size} and is scaled to {wanted}.",
                "{count} masks are {size} and are scaled to {wanted}.",
                count,
                size=f"{width}x{height}",
                wanted=f"{video.shape[1]}x{video.shape[0]}",
            )
    if frames:
        missing = sorted(set(range(frames[0], frames[-1] + 1)).difference(frames))
        if missing:
            yield tr_many(
                "There are no masks on frame {frames} between the others.",
                "There are no masks on frames {frames} between the others.",
                len(missing),
                frames=ranges(missing),
            )
    ids = sorted(ids)
    if ids and (gaps := sorted(set(range(1, ids[-1] + 1)).difference(ids))):
        yield tr("No object has the number {numbers}.", numbers=ranges(gaps))


def _named(edit: Edit, names: Mapping[int, str], known: frozenset[int]) -> Edit:
    """Return an edit whose new objects have the names that were found."""
    match edit:
        case Edits(edits):
            return Edits(tuple(_named(part, names, known) for part in edits))
        case ObjectsEdit(objects):
            return ObjectsEdit(
                tuple(
                    replace(o, name=names[o.id]) if o.id in names and o.id not in known else o
                    for o in objects
                )
            )
    return edit
