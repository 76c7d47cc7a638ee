"""Whether masks go on evenly from frame to frame: within stretches, and across their seams.

For: the robot annotator. Knows label maps and the metrics.

A *seam* lies between a reference and its neighbour, where what a person drew meets what an
engine found. Objects move, so that no figure means much without that of the truth beside it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass

import numpy as np

from vos_annotator.core.masks import LabelMap
from vos_annotator.evaluation.metrics import region_similarity


@dataclass(frozen=True, slots=True)
class Transition:
    """One object from one frame to the next.

    Attributes:
        frame: The first of the two.
        is_seam: Whether one of them is a reference.
        iou: Of the two masks.
        true_iou: Of the two true masks.
    """

    frame: int
    is_seam: bool
    iou: float
    true_iou: float


@dataclass(frozen=True, slots=True)
class Continuity:
    """The means over some transitions; NaN where there are none.

    Attributes:
        seams: IoU across seams.
        true_seams: What the truth has there.
        within: IoU elsewhere.
        true_within: What the truth has there.
        worst: How far the worst seam is below the truth.
    """

    seams: float
    true_seams: float
    within: float
    true_within: float
    worst: float

    def __str__(self) -> str:
        if self.seams != self.seams:
            return "no mask of the engine's is left to judge"
        return (
            f"temporal IoU across seams {self.seams:.3f} (the truth: {self.true_seams:.3f}, "
            f"the worst is {self.worst:.3f} below it), within stretches {self.within:.3f} "
            f"(the truth: {self.true_within:.3f})"
        )


def transitions(
    masks: Mapping[int, LabelMap],
    truths: Mapping[int, LabelMap],
    ids: Collection[int],
    references: Collection[int],
) -> Iterator[Transition]:
    """Give the transitions of objects between frames that follow each other.

    Two references say nothing of an engine, and are left out; so is an object that the truth
    has on neither frame.
    """
    for frame in sorted(masks):
        ends = frame, frame + 1
        answered = sum(end in references for end in ends)
        if frame + 1 not in masks or answered == 2:
            continue
        for object_id in ids:
            before, after = (truths[end] == object_id for end in ends)
            if before.any() or after.any():
                found = (masks[end] == object_id for end in ends)
                iou, true_iou = region_similarity(*found), region_similarity(before, after)
                yield Transition(frame, bool(answered), iou, true_iou)


def continuity(found: Iterable[Transition]) -> Continuity:
    """Return the means over transitions."""
    found = list(found)
    seams = [each for each in found if each.is_seam]
    within = [each for each in found if not each.is_seam]
    return Continuity(
        _mean([each.iou for each in seams]),
        _mean([each.true_iou for each in seams]),
        _mean([each.iou for each in within]),
        _mean([each.true_iou for each in within]),
        max((each.true_iou - each.iou for each in seams), default=float("nan")),
    )


def mean_continuity(of_sequences: Many[Continuity]) -> Continuity:
    """Return the mean over sequences, and the worst of all seams."""
    columns = list(
        zip(*((c.seams, c.true_seams, c.within, c.true_within) for c in of_sequences), strict=True)
    )
    worst = max((c.worst for c in of_sequences if c.worst == c.worst), default=float("nan"))
    return Continuity(*(_mean([v for v in column if v == v]) for column in columns), worst)


def _mean(values: Many[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
