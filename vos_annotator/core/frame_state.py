"""What is known of a frame without looking at its pixels.

For: the annotations, which hold one a frame, and the project file, which stores them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import index

from vos_annotator.core.edits import NOTHING, Status, plain


@dataclass(frozen=True)
class FrameState:
    """All that is known of a frame but its pixels and what is stale.

    Attributes:
        status: Who answers for it.
        ids: The objects that have pixels in it, hidden ones too, in order.
        confidence: Of each object's prediction, 0..1.
    """

    status: Status = Status.EMPTY
    ids: tuple[int, ...] = ()
    confidence: Mapping[int, float] = field(default_factory=lambda: NOTHING)


EMPTY_FRAME = FrameState()


def predicted(ids: Iterable[int], confidence: Mapping[int, float]) -> FrameState:
    """Return the state of a frame on which an engine found some objects."""
    return FrameState(Status.PREDICTION, tuple(sorted(map(index, ids))), plain(confidence))
