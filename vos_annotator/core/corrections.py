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
)
from vos_annotator.core.masks import LabelMap, object_ids, without
from vos_annotator.core.object_flags import pack
from vos_annotator.core.objects import screen_color
from vos_annotator.core.translation import tr

if TYPE_CHECKING:
    from vos_annotator.core.project import Project

Touched = dict[int, frozenset[int]]  # reference frame -> objects whose pixels changed


def correct(project: Project, edit: Edit) -> tuple[Edit, Touched]:
    """Make an edit, and mark stale what it makes stale.

    Predictions between a reference that changes and its neighbours become stale, for the
    objects that were touched; those are all objects where a frame was kept or released. So do
    those around a stretch on which an object became absent, or is no more.

    Returns:
        The edit that takes it back, and the references that it changed, made or unmade.
    """
    annotations, listed = project.annotations, frozenset(project.objects.ids)
    before = {part.frame: annotations.status(part.frame) for part in edits_of(FrameEdit, edit)}
    inverse = project.apply(edit)
    objects = frozenset(project.objects.ids)
    touched: Touched = {}
    for undone in edits_of(FrameEdit, inverse):
        frame, is_now = undone.frame, annotations.status(undone.frame)
        if Status.REFERENCE in (before[frame], is_now):
            is_whole = not undone.ids and is_now is not before[frame]
            ids = objects if is_whole else undone.ids
            touched[frame] = touched.get(frame, frozenset()) | ids
    if came_or_went := listed ^ objects:
        for frame in annotations.references:
            if frame not in touched:
                touched[frame] = came_or_went.intersection(annotations.state(frame).ids)
    touched = {frame: ids for frame, ids in touched.items() if ids}
    for frame, ids in touched.items():
        _mark_stale(project, frame, ids & objects, before)
    for absence in edits_of(AbsenceEdit, edit):
        if absence.object_id in objects:
            around = np.arange(
                annotations.span(absence.frames[0])[0] + 1,
                annotations.span(absence.frames[-1])[1],
            )
            is_away = annotations.absences.frames(absence.object_id)[around]
            project.mark_stale(around[~is_away], {absence.object_id})
    return inverse, touched


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
    new = frozenset(ids).difference(project.objects.ids)
    if new:
        listed = (*project.objects, *(new_object(i) for i in sorted(new)))
        wiped = _wiped(project, new & project.objects.gone)
        parts = [*wiped, ObjectsEdit(listed), *parts]
    return parts[0] if len(parts) == 1 else Edits(tuple(parts))


def new_object(object_id: int, name: str | None = None) -> VideoObject:
    """Return an object as it is added to the list."""
    return VideoObject(
        object_id, name or tr("Object {number}", number=object_id), screen_color(object_id)
    )


def _wiped(project: Project, ids: frozenset[int]) -> Iterator[FrameEdit]:
    """Give edits that remove what is still stored of objects whose ids come back."""
    annotations = project.annotations
    for frame in range(annotations.frame_count):
        state = annotations.state(frame)
        if not ids.isdisjoint(state.ids):
            before = annotations.stored(frame)
            edit = FrameEdit.between(frame, before, without(before, ids), state.status)
            stale = annotations.stale(frame)
            yield replace(edit, stale=stale, confidence=state.confidence)


def _mark_stale(
    project: Project, frame: int, ids: frozenset[int], changed: Collection[int]
) -> None:
    """Mark what lies around a frame; what the same edit `changed` is as new as that."""
    if ids:
        before, after = project.annotations.span(frame)
        around = np.r_[before + 1 : frame, frame + 1 : after]
        project.mark_stale(np.setdiff1d(around, list(changed)), ids)
