"""What a person's edit means for the rest of a project: new objects, stale predictions.

For: the document of the window, and scripts through `Project`. Knows edits and annotations;
no Qt, no engines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

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
from vos_annotator.core.translation import tr

if TYPE_CHECKING:
    from vos_annotator.core.project import Project

Touched = dict[int, frozenset[int]]  # reference frame -> objects whose pixels changed


class Correction:
    """Edits that are one step for the person, made a little at a time.

    Predictions between a reference that changes and its neighbours become stale, for the
    objects that were touched; those are all objects where a frame was kept or released. So do
    those around a stretch on which an object became absent, or is no more.

    Attributes:
        touched: The references that were changed, made or unmade; known at the end.
    """

    def __init__(self, project: Project, edits: Iterable[Edit]) -> None:
        """Make ready; an edit is asked for right before it is made."""
        self._project, self._edits = project, edits
        self._listed = frozenset(project.objects.ids)
        self._before: dict[int, Status] = {}
        self._absences: list[AbsenceEdit] = []
        self._inverses: list[Edit] = []
        self.touched: Touched = {}

    @property
    def inverse(self) -> Edit:
        """The edit that takes back what was made so far."""
        backwards = tuple(reversed(self._inverses))
        return backwards[0] if len(backwards) == 1 else Edits(backwards)

    def steps(self) -> Iterator[None]:
        """Make the edits, then mark stale what they make stale; one part at each turn."""
        for edit in self._edits:
            for part in single_edits(edit):
                self._make(part)
                yield
        objects = frozenset(self._project.objects.ids)
        self._find_touched(objects)
        for frame, ids in self.touched.items():
            _mark_stale(self._project, frame, ids & objects, self._before)
            yield
        for absence in self._absences:
            if absence.object_id in objects:
                _mark_around(self._project, absence)
                yield

    def back(self) -> Iterator[None]:
        """Take back what was made, one part at each turn."""
        while self._inverses:
            self._project.apply(self._inverses.pop())
            yield

    def _make(self, part: Edit) -> None:
        if isinstance(part, FrameEdit):
            status = self._project.annotations.status(part.frame)
            self._before.setdefault(part.frame, status)
        elif isinstance(part, AbsenceEdit):
            self._absences.append(part)
        self._inverses.append(self._project.apply(part))

    def _find_touched(self, objects: frozenset[int]) -> None:
        annotations, touched = self._project.annotations, {}
        for undone in edits_of(FrameEdit, self.inverse):
            frame, is_now = undone.frame, annotations.status(undone.frame)
            if Status.REFERENCE in (self._before[frame], is_now):
                is_whole = not undone.ids and is_now is not self._before[frame]
                ids = objects if is_whole else undone.ids
                touched[frame] = touched.get(frame, frozenset()) | ids
        if came_or_went := self._listed ^ objects:
            for frame in annotations.references:
                if frame not in touched:
                    touched[frame] = came_or_went.intersection(annotations.state(frame).ids)
        self.touched = {frame: ids for frame, ids in touched.items() if ids}


def correct(project: Project, edit: Edit) -> tuple[Edit, Touched]:
    """Make an edit at once, and mark stale what it makes stale; see `Correction`.

    Returns:
        The edit that takes it back, and the references that it changed, made or unmade.
    """
    correction = Correction(project, [edit])
    with project.together():
        for _ in correction.steps():
            pass
    return correction.inverse, correction.touched


def references_edit(project: Project, label_maps: Mapping[int, LabelMap]) -> Edit:
    """Return the edit that makes label maps the references of their frames.

    Objects in them that are not listed yet are added.
    """
    parts: list[Edit] = []
    found: set[int] = set()
    for frame, label_map in label_maps.items():
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
    """Give the edits that make label maps predictions, as `reference_edits`; references stay."""
    yield from _listing(project, ids)
    for frame, label_map in label_maps:
        if project.annotations.status(frame) is not Status.REFERENCE:
            yield FrameEdit(frame, Status.PREDICTION, png=encode_png(label_map))


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
        state = annotations.state(frame)
        if not ids.isdisjoint(state.ids):
            before = annotations.stored(frame)
            edit = FrameEdit.between(frame, before, without(before, ids), state.status)
            stale = annotations.stale(frame)
            absent = annotations.absences.at(frame) - ids
            yield replace(edit, stale=stale, confidence=state.confidence, absent=absent)
    for object_id in sorted(ids.intersection(annotations.absences.ids)):
        away = np.flatnonzero(annotations.absences.frames(object_id)).tolist()
        frames = range(away[0], away[-1] + 1)
        yield AbsenceEdit(object_id, frames, pack(np.zeros(len(frames), bool)))


def _mark_stale(
    project: Project, frame: int, ids: frozenset[int], changed: Collection[int]
) -> None:
    """Mark what lies around a frame; what the same edit `changed` is as new as that."""
    if ids:
        before, after = project.annotations.span(frame)
        is_around = np.zeros(project.annotations.frame_count, bool)
        is_around[before + 1 : after] = True
        is_around[[frame, *changed]] = False
        project.mark_stale(np.flatnonzero(is_around), ids)


def _mark_around(project: Project, absence: AbsenceEdit) -> None:
    """Mark the predictions between references around a stretch of absence, but those within."""
    annotations, object_id = project.annotations, absence.object_id
    first, last = absence.frames[0], absence.frames[-1]
    around = np.arange(annotations.span(first)[0] + 1, annotations.span(last)[1])
    is_away = annotations.absences.frames(object_id)[around]
    project.mark_stale(around[~is_away], {object_id})
