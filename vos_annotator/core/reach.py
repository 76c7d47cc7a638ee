"""How far what a person says of a frame reaches: which others are computed by it.

For: corrections, and who wants to know what of an object is there to be read. Knows annotations.

Of an object an engine reads, for any frame, the first reference that shows it, the nearest ones
that show it on either side, and the nearest ends of stretches on which it is said to be absent. A
reference that does not show it says nothing of it, so what is read may lie beyond many of these.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.edits import Status

if TYPE_CHECKING:
    from vos_annotator.core.annotations import Annotations
    from vos_annotator.core.objects import Objects


@dataclass(frozen=True)
class Sources:
    """What there is to be read of an object.

    Attributes:
        showing: The references that show it, in order.
        is_absent: (T,) bool, where a person says that it is not to be seen.
    """

    showing: Sequence[int]
    is_absent: NDArray[np.bool_]

    @property
    def ends(self) -> Sequence[int]:
        """The first and the last frame of each stretch on which it is absent, in order."""
        padded = np.pad(self.is_absent, 1)
        return np.flatnonzero(self.is_absent & ~(padded[:-2] & padded[2:])).tolist()


def drawn(annotations: Annotations) -> frozenset[int]:
    """Return the objects that references show: those of which an engine knows anything."""
    shown = (annotations.objects_at(frame) for frame in annotations.references)
    return frozenset().union(*shown)


def irreplaceable(annotations: Annotations, objects: Objects) -> frozenset[int]:
    """Return the objects whose predictions no run may write: locked ones, and imported ones.

    Of those no reference ever had a part in the masks: an engine would find them to be nowhere.
    What is stale lost its references, and is to go.
    """
    undrawn = frozenset(objects.ids).difference(drawn(annotations), annotations.staleness.ids)
    found = {each: _irreplaceable_at(annotations, objects, each) for each in undrawn}
    return objects.locked_ids | {
        each for each, frames in found.items() if next(frames, None) is not None
    }


def irreplaceable_at(annotations: Annotations, objects: Objects, object_id: int) -> tuple[int, ...]:
    """Return the frames with predictions of an object that no run may write, in order.

    Of one that nobody drew these are what is not stale, whatever is elsewhere.
    """
    return tuple(sorted(_irreplaceable_at(annotations, objects, object_id)))


def _irreplaceable_at(annotations: Annotations, objects: Objects, object_id: int) -> Iterator[int]:
    """Give these frames as they are found: whether there are any, the first one tells."""
    is_kept = annotations.statuses == Status.PREDICTION
    if object_id not in objects.locked_ids:
        if object_id in drawn(annotations):
            return
        is_kept &= ~annotations.staleness.frames(object_id)
    for frame, shows, _ in annotations.appearances(object_id):
        if shows and is_kept[frame]:
            yield frame


def missed(annotations: Annotations, objects: Objects, frame: int) -> frozenset[int]:
    """Return the objects that a frame without masks would be searched for if they were not locked.

    Once it has masks of others these are to be computed there, as soon as they may be.
    """
    locked = objects.locked_ids
    return (locked & drawn(annotations)) - annotations.absences.at(frame) if locked else locked


def sources_of(annotations: Annotations, object_id: int) -> Sources:
    """Return what there is to be read of an object that is on the list."""
    is_absent = annotations.absences.frames(object_id)
    showing = [
        frame
        for frame in annotations.references
        if object_id in annotations.state(frame).ids and not is_absent[frame]
    ]
    return Sources(showing, is_absent)


def reached(
    before: Sources, after: Sources, mended: Collection[int], references: Sequence[int]
) -> NDArray[np.bool_]:
    """Return the frames for which something else is read of an object now, (T,) bool.

    Args:
        before: What there was to be read.
        after: What there is.
        mended: References that show the object otherwise than before.
        references: All that there are, in order.
    """
    was, shows = set(before.showing), set(after.showing)
    is_reached = np.zeros(len(after.is_absent), bool)
    _fill_between(is_reached, before.showing, was - shows)
    _fill_between(is_reached, after.showing, (shows - was) | shows.intersection(mended))
    first = after.showing[:1]
    if first != before.showing[:1] or not set(first).isdisjoint(mended):
        is_reached[:] = True  # the first one is read everywhere
    is_passed = before.is_absent != after.is_absent
    if is_passed.any():
        ended, ends = set(before.ends), set(after.ends)
        _fill_between(is_passed, before.ends, ended - ends)
        _fill_between(is_passed, after.ends, ends - ended)
        is_passed[list(references)] = False
        # What is read on the way of a pass counts up to its end.
        span_of = np.searchsorted(references, np.arange(len(is_passed)), "right")
        is_reached |= np.isin(span_of, span_of[is_passed])
    return is_reached


def _fill_between(flags: NDArray[np.bool_], frames: Sequence[int], some: Iterable[int]) -> None:
    """Set the flags around `some` of the frames, up to their neighbours among all of them."""
    for frame in some:
        before, after = bisect_left(frames, frame) - 1, bisect_right(frames, frame)
        start = frames[before] + 1 if before >= 0 else 0
        flags[start : frames[after] if after < len(frames) else len(flags)] = True
