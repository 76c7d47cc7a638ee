"""Edits as bytes and back, for the project file.

For: `project_file`. Knows edits and msgpack: values only, nothing that could run.

An edit is a list whose first item says which kind it is. What the file holds is checked when
it is read, but for pixels: to unpack those of hundreds of masks takes a while.
"""

from typing import Any

import msgspec

from vos_annotator.core.edits import (
    AbsenceEdit,
    Edit,
    Edits,
    FrameEdit,
    ObjectsEdit,
    Patch,
    ReviewEdit,
    ReviewSpan,
    ReviewState,
    Status,
    VideoObject,
)
from vos_annotator.core.object_flags import unpack

_FRAME, _OBJECTS, _SEVERAL, _ABSENCE, _REVIEW = 0, 1, 2, 3, 4


def encode_edit(edit: Edit) -> bytes:
    """Return an edit as bytes."""
    return msgspec.msgpack.encode(_listed(edit))


def decode_edit(data: bytes) -> Edit:
    """Return the edit that `encode_edit` made bytes of.

    Raises:
        ValueError: The bytes are no edit.
    """
    try:
        return _edit(msgspec.msgpack.decode(data))
    except (msgspec.DecodeError, TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"no edit: {error}") from error


def _listed(edit: Edit) -> list[Any]:
    match edit:
        case FrameEdit(frame, status, patch, png, stale, confidence, ids, absent):
            return [
                *(_FRAME, frame, int(status)),
                None if patch is None else [*_bounds(patch), patch.pixels, patch.values],
                *(png, sorted(stale), dict(confidence), sorted(ids)),
                None if absent is None else sorted(absent),
            ]
        case ObjectsEdit(objects):
            return [_OBJECTS, [[o.id, o.name, o.color, o.visible, o.locked] for o in objects]]
        case AbsenceEdit(object_id, frames, flags):
            return [_ABSENCE, object_id, frames.start, frames.stop, flags]
        case ReviewEdit(spans):
            return [_REVIEW, [[s.first, s.last, int(s.state), s.note] for s in spans]]
        case Edits(edits):
            return [_SEVERAL, [_listed(part) for part in edits]]


def _bounds(patch: Patch) -> tuple[int, int, int, int]:
    rows, columns = patch.box
    return rows.start, rows.stop, columns.start, columns.stop


def _edit(listed: list[Any]) -> Edit:
    kind, *fields = listed
    if kind == _FRAME:
        frame, status, patch, png, stale, confidence, ids, *rest = fields
        (absent,) = rest or (None,)  # files of an older version know of no absence
        if patch is not None:
            top, bottom, left, right, pixels, values = patch
            patch = Patch((slice(top, bottom), slice(left, right)), pixels, values)
        stale, ids = frozenset(stale), frozenset(ids)
        absent = None if absent is None else frozenset(absent)
        return FrameEdit(frame, Status(status), patch, png, stale, dict(confidence), ids, absent)
    if kind == _OBJECTS:
        (objects,) = fields
        return ObjectsEdit(
            tuple(
                VideoObject(i, name, tuple(color), visible, locked)
                for i, name, color, visible, locked in objects
            )
        )
    if kind == _ABSENCE:
        object_id, start, stop, flags = fields
        unpack(flags, stop - start)  # damaged ones are refused here
        return AbsenceEdit(object_id, range(start, stop), flags)
    if kind == _REVIEW:
        (spans,) = fields
        return ReviewEdit(
            tuple(ReviewSpan(first, last, ReviewState(s), note) for first, last, s, note in spans)
        )
    if kind == _SEVERAL:
        (edits,) = fields
        return Edits(tuple(_edit(part) for part in edits))
    raise ValueError(f"no edit of kind {kind}")
