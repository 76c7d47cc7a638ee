"""What a person's edit means for the rest of a project: new objects, stale predictions.

For: the document of the window, and scripts through `Project`. Knows edits and annotations;
no Qt, no engines.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import index
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.edits import (
    AbsenceEdit,
    Edit,
    Edits,
    FrameEdit,
    ObjectsEdit,
    Status,
    VideoObject,
    edits_of,
    single_edits,
)
from vos_annotator.core.masks import LabelMap, encode_png, object_ids, without
from vos_annotator.core.object_flags import pack
from vos_annotator.core.objects import screen_color
from vos_annotator.core.reach import Sources, drawn, irreplaceable_at, reached, sources_of
from vos_annotator.core.translation import tr

if TYPE_CHECKING:
    from vos_annotator.core.annotations import Annotations
    from vos_annotator.core.project import Project

Touched = dict[int, frozenset[int]]  # reference frame -> objects whose pixels changed


class Correction:
    """Edits that are one step for the person, made a little at a time.

    Predictions that are computed by what changed become stale, for the objects that were touched;
    those are all objects where a frame was kept or released. They lie around a reference that
    changed, up to its neighbours, and wherever else it is read for an object, or where it is
    said to be absent; see `reached`.

    Attributes:
        touched: The references that were changed, made or unmade; known at the end.
    """

    def __init__(self, project: Project, edits: Iterable[Edit]) -> None:
        """Make ready; an edit is asked for right before it is made."""
        self._project, self._edits = project, edits
        self._listed = frozenset(project.objects.ids)
        self._before: dict[int, tuple[Status, tuple[int, ...]]] = {}  # and the objects shown
        self._made: set[int] = set()  # frames of which the edits say all
        self._were_absent: dict[int, NDArray[np.bool_]] = {}
        self._inverses: list[Edit] = []
        self.touched: Touched = {}

    @property
    def inverse(self) -> Edit:
        """The edit that takes back what was made so far."""
        backwards = tuple(reversed(self._inverses))
        return backwards[0] if len(backwards) == 1 else Edits(backwards)

    def steps(self) -> Iterator[None]:
        """Make the edits, then mark stale what they make stale; one part at each turn."""
        absences = self._project.annotations.absences
        self._were_absent = {each: absences.frames(each).copy() for each in absences.ids}
        for edit in self._edits:
            for part in single_edits(edit):
                self._make(part)
                yield
        objects = frozenset(self._project.objects.ids)
        self._find_touched(objects)
        stale: dict[bytes, set[int]] = {}
        for object_id in sorted(objects & self._concerned()):
            stale.setdefault(self._reached(object_id).tobytes(), set()).add(object_id)
            yield
        for flags, ids in stale.items():  # at once: `back` does not take it back
            self._project.mark_stale(np.flatnonzero(np.frombuffer(flags, bool)), ids)

    def back(self) -> Iterator[None]:
        """Take back what was made, one part at each turn."""
        while self._inverses:
            self._project.apply(self._inverses.pop())
            yield

    def _make(self, part: Edit) -> None:
        annotations = self._project.annotations
        if isinstance(part, FrameEdit):
            self._note(part.frame)
            # What loses the pixels of a deleted object is as old as it was.
            if part.patch is None or annotations.status(part.frame) is not Status.PREDICTION:
                self._made.add(part.frame)
        elif isinstance(part, AbsenceEdit):
            for frame in annotations.references:
                if frame in part.frames:
                    self._note(frame)
        self._inverses.append(self._project.apply(part))

    def _note(self, frame: int) -> None:
        """Keep what a frame was before it is changed for the first time."""
        if frame not in self._before:
            annotations = self._project.annotations
            self._before[frame] = annotations.status(frame), annotations.objects_at(frame)

    def _find_touched(self, objects: frozenset[int]) -> None:
        annotations, touched = self._project.annotations, {}
        for undone in edits_of(FrameEdit, self.inverse):
            frame, is_now = undone.frame, annotations.status(undone.frame)
            was = self._before[frame][0]
            if Status.REFERENCE in (was, is_now):
                is_whole = not undone.ids and is_now is not was
                ids = objects if is_whole else undone.ids
                touched[frame] = touched.get(frame, frozenset()) | ids
        if came_or_went := self._listed ^ objects:
            for frame in annotations.references:
                if frame not in touched:
                    touched[frame] = came_or_went.intersection(annotations.state(frame).ids)
        self.touched = {frame: ids for frame, ids in touched.items() if ids}

    def _concerned(self) -> frozenset[int]:
        """Return the objects of which references or absences say something else now."""
        absences, were_absent = self._project.annotations.absences, self._were_absent
        nowhere = np.zeros(self._project.annotations.frame_count, bool)
        moved = (
            object_id
            for object_id in {*absences.ids, *were_absent}
            if (were_absent.get(object_id, nowhere) != absences.frames(object_id)).any()
        )
        return frozenset(moved).union(*self.touched.values())

    def _reached(self, object_id: int) -> NDArray[np.bool_]:
        """Return where predictions of an object are older now; what was made with it is not."""
        annotations = self._project.annotations
        touched = [frame for frame, ids in self.touched.items() if object_id in ids]
        after = sources_of(annotations, object_id)
        before = self._sources_before(object_id, after)
        if not (before.showing or after.showing):  # nobody drew it: its masks are of elsewhere
            return np.zeros(annotations.frame_count, bool)
        is_reached = reached(before, after, touched, annotations.references)
        for frame in touched:
            left, right = annotations.span(frame)
            is_reached[left + 1 : right] = True
        is_reached[list(self._made)] = False
        return is_reached & ~after.is_absent

    def _sources_before(self, object_id: int, after: Sources) -> Sources:
        """Return what there was to be read of an object."""
        showing: list[int] = []
        if object_id in self._listed:
            showing = [frame for frame in after.showing if frame not in self._before]
            for frame, (status, ids) in self._before.items():
                if status is Status.REFERENCE and object_id in ids:
                    insort(showing, frame)
        nowhere = np.zeros(len(after.is_absent), bool)
        return Sources(showing, self._were_absent.get(object_id, nowhere))


def correct(project: Project, edit: Edit) -> tuple[Edit, Touched]:
    """Make an edit at once, and mark stale what it makes stale; see `Correction`.

    Returns:
        The edit that takes it back, and the references that it changed, made or unmade.

    Raises:
        UserError: It is damaged. Whatever is raised, nothing is changed.
    """
    correction = Correction(project, [edit])
    with project.together():
        try:
            for _ in correction.steps():
                pass
        except BaseException:
            for _ in correction.back():
                pass
            raise
    return correction.inverse, correction.touched


def references_edit(project: Project, label_maps: Mapping[int, LabelMap]) -> Edit:
    """Return the edit that makes label maps the references of their frames.

    Objects in them that are not listed yet are added.
    """
    parts: list[Edit] = []
    found: set[int] = set()
    for frame, label_map in label_maps.items():
        frame = index(frame)  # numpy's numbers cannot be written
        found.update(object_ids(label_map))
        parts.append(FrameEdit.between(frame, project.annotations[frame], label_map))
    return with_objects(project, parts, found)


def reference_edits(
    project: Project, label_maps: Iterable[tuple[int, LabelMap]], ids: Iterable[int]
) -> Iterator[Edit]:
    """Give the edits that make label maps the references of their frames, one by one.

    Those of the objects `ids` that are not listed yet are added first.
    """
    yield from _listing(project, ids)
    for frame, label_map in label_maps:
        yield FrameEdit.between(frame, project.annotations[frame], label_map)


def prediction_edits(
    project: Project, label_maps: Iterable[tuple[int, LabelMap]], ids: Iterable[int]
) -> Iterator[Edit]:
    """Give the edits that make label maps predictions, as `reference_edits`; references stay.

    Locked and hidden objects, which keep their pixels in them, are as old as they were; a frame
    that was empty is stale for those that references show.
    """
    yield from _listing(project, ids)
    known, protected = project.annotations, project.objects.protected_ids
    missed = protected and protected & drawn(known)
    for frame, label_map in label_maps:
        status = known.status(frame)
        if status is not Status.REFERENCE:
            is_new = status is Status.EMPTY
            stale = missed - known.absences.at(frame) if is_new else known.stale(frame) & protected
            yield FrameEdit(frame, Status.PREDICTION, png=encode_png(label_map), stale=stale)


def release_edits(project: Project, frames: Iterable[int]) -> list[FrameEdit]:
    """Return the edits by which references are predictions again, to be computed anew.

    One may not show an object that is there: that is why it is released, as like as not.
    """
    stale = drawn(project.annotations).intersection(project.objects.ids)
    return [FrameEdit(frame, Status.PREDICTION, stale=stale) for frame in frames]


def absence_edit(project: Project, object_id: int, frames: range, is_absent: bool) -> Edit:
    """Return the edit by which an object is absent on consecutive frames, or is no more.

    References there lose its pixels; what is predicted of it is hidden.
    """
    annotations = project.annotations
    parts: list[Edit] = []
    for frame in annotations.references if is_absent else ():
        if frame in frames and object_id in annotations.objects_at(frame):
            before = annotations[frame]
            after = without(before, frozenset({object_id}))
            parts.append(FrameEdit.between(frame, before, after))
    flags = pack(np.full(len(frames), is_absent))
    return Edits((*parts, AbsenceEdit(object_id, frames, flags)))


def with_objects(project: Project, parts: Sequence[Edit], ids: Iterable[int]) -> Edit:
    """Return edits as one, which also adds those of the objects `ids` that are not listed."""
    parts = [*_listing(project, ids), *parts]
    return parts[0] if len(parts) == 1 else Edits(tuple(parts))


def listing_edits(project: Project, new: Sequence[VideoObject]) -> Iterator[Edit]:
    """Give the edits that add objects, once nothing is left of others that had their ids."""
    if new:
        listed = (*project.objects, *new)
        yield from _wiped(project, project.objects.gone.intersection(each.id for each in new))
        yield ObjectsEdit(listed)


def deletion_edits(project: Project, object_id: int) -> Iterator[Edit]:
    """Give the edits that take an object off the list, and so off every frame.

    Its pixels stay where they are stored, for undo, but in predictions that no run gives again:
    any run may write these once the object is gone, so the step of undo has them.
    """
    annotations, ids = project.annotations, frozenset({object_id})
    for frame in irreplaceable_at(annotations, project.objects, object_id):
        yield _without(annotations, frame, ids, annotations.absences.at(frame))
    yield ObjectsEdit(tuple(each for each in project.objects if each.id != object_id))


def new_object(object_id: int, name: str | None = None) -> VideoObject:
    """Return an object as it is added to the list."""
    return VideoObject(
        object_id, name or tr("Object {number}", number=object_id), screen_color(object_id)
    )


def _listing(project: Project, ids: Iterable[int]) -> Iterator[Edit]:
    """Give the edits that add those of the objects `ids` that are not listed."""
    new = frozenset(ids).difference(project.objects.ids)
    yield from listing_edits(project, [new_object(i) for i in sorted(new)])


def _wiped(project: Project, ids: frozenset[int]) -> Iterator[Edit]:
    """Give edits that remove what is still stored of objects whose ids come back."""
    annotations = project.annotations
    for frame in range(annotations.frame_count):
        if not ids.isdisjoint(annotations.state(frame).ids):
            yield _without(annotations, frame, ids, annotations.absences.at(frame) - ids)
    for object_id in sorted(ids.intersection(annotations.absences.ids)):
        away = np.flatnonzero(annotations.absences.frames(object_id)).tolist()
        frames = range(away[0], away[-1] + 1)
        yield AbsenceEdit(object_id, frames, pack(np.zeros(len(frames), bool)))


def _without(
    annotations: Annotations, frame: int, ids: frozenset[int], absent: frozenset[int]
) -> FrameEdit:
    """Return the edit by which a frame has no pixel of some objects, and is as old as it was."""
    state, before = annotations.state(frame), annotations.stored(frame)
    edit = FrameEdit.between(frame, before, without(before, ids), state.status)
    stale = annotations.stale(frame)
    return replace(edit, stale=stale, confidence=state.confidence, absent=absent)
