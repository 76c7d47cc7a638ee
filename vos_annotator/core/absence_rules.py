"""What an edit of a frame says of who is not on it, without a word of it.

For: the annotations. Knows edits and what is known of frames.

A person who erases an object, or keeps a frame that it is not on, says that it is not there. Its
neighbours are to get better by that as by anything else a person does.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from vos_annotator.core.edits import FrameEdit, Status
from vos_annotator.core.frame_state import FrameState

if TYPE_CHECKING:
    from vos_annotator.core.annotations import Annotations


def absent_after(
    annotations: Annotations, edit: FrameEdit, before: FrameState, ids: Collection[int]
) -> frozenset[int]:
    """Return the objects that are said to be absent from a frame once an edit is made.

    Args:
        annotations: As they were before it but for the frame's pixels.
        edit: What a person did; it says nothing of absences itself.
        before: What was known of the frame.
        ids: The objects that have pixels in it now.
    """
    absent = annotations.absences.at(edit.frame).difference(ids)
    if edit.status is Status.REFERENCE:
        return absent | _sent_away(annotations, edit, before, ids)
    if before.status is Status.REFERENCE:  # released: what was said of this frame alone is over
        return absent & _absent_beside(annotations, edit.frame)
    return absent


def _sent_away(
    annotations: Annotations, edit: FrameEdit, before: FrameState, ids: Collection[int]
) -> frozenset[int]:
    """Return the objects that were erased, or predicted to be away where a frame is kept as it is.

    None of it is an object that no other reference shows: it may just be begun elsewhere.
    """
    is_kept = edit.patch is None and edit.png is None
    gone = set(before.confidence if is_kept else before.ids).difference(ids, annotations.hidden)
    undrawn = set(gone)
    for frame in annotations.references:
        if not undrawn:  # mostly after the first one
            break
        undrawn.difference_update(annotations.state(frame).ids if frame != edit.frame else ())
    return frozenset(gone - undrawn)


def _absent_beside(annotations: Annotations, frame: int) -> frozenset[int]:
    """Return the objects that are absent from a neighbour by more than its being a reference."""
    beside = (each for each in (frame - 1, frame + 1) if 0 <= each < annotations.frame_count)
    return frozenset[int]().union(
        *(
            annotations.absences.at(each)
            for each in beside
            if annotations.status(each) is not Status.REFERENCE
        )
    )
