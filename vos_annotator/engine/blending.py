"""Two segmentations of a frame made one: whose word counts for how much.

For: propagation, where two passes meet. Knows numpy, OpenCV and segmentations.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.engine.protocol import ABSENT, Segmentation

_LEAST = 0.02  # confidence that is never undercut when two masks are weighed
_TAKEN = 0.25  # share of a mask: whose other pass has so much of it, is weighed with it


def blend(a: Segmentation, b: Segmentation, weight_b: float) -> Segmentation:
    """Return both in one, in log-odds and at the resolution of `a`.

    Each object counts as much as `weight_b` says, as its mask is likely to be right, and as it
    was at worst on the way: a pass that lost it does not take away what the other one still
    has, and where it took up something else instead, that looks right but does not count.
    Objects of which one has in one pass what another has in the other are weighed together: they
    cannot both be right. A pass that did not carry its masks so far does not count at all.

    Args:
        a: Counts 1 - `weight_b`.
        b: Counts `weight_b`; an object that only one of them knows is absent in the other.
        weight_b: 0..1.
    """
    if not (a.is_carried and b.is_carried):
        return b if b.is_carried else a
    ids = tuple(sorted({*a.ids, *b.ids}))
    size = a.logits.shape[1:] if a.ids else b.logits.shape[1:]
    logits = np.empty((len(ids), *size), np.float32)
    rivals = _rivals(a, b, ids)
    for n, object_id in enumerate(ids):
        weight = _weight(a, b, rivals[object_id], weight_b)
        logits[n] = (1 - weight) * _log_odds(a, object_id, size)
        logits[n] += weight * _log_odds(b, object_id, size)
    return Segmentation(ids, logits, a.shape)


def _weight(a: Segmentation, b: Segmentation, objects: set[int], weight_b: float) -> float:
    """Return how much `b` counts for objects: the odds of being right multiply the weights."""
    of_a, of_b = 1 - weight_b, weight_b
    for object_id in objects.intersection(a.ids, b.ids):
        of_a *= _odds(a, object_id)
        of_b *= _odds(b, object_id)
    return of_b / (of_a + of_b)


def _rivals(a: Segmentation, b: Segmentation, ids: tuple[int, ...]) -> dict[int, set[int]]:
    """Return for each object those that are weighed with it, itself among them."""
    together = {i: {i} for i in ids}
    if len(ids) < 2 or a.logits.shape[1:] != b.logits.shape[1:]:
        return together
    pairs = np.bincount((256 * a.owners.astype(np.intp) + b.owners).ravel(), minlength=256 * 256)
    pairs = pairs.reshape(256, 256)  # by the object of either pass, in pixels
    sizes_a, sizes_b = pairs.sum(1), pairs.sum(0)
    for i, j in ((i, j) for i in ids for j in ids if i != j):
        if pairs[i, j] > _TAKEN * min(sizes_a[i], sizes_b[j]):
            either = together[i] | together[j]
            together |= {each: either for each in either}
    return together


def _odds(segmentation: Segmentation, object_id: int) -> float:
    """Return the odds that a pass is right: those of its mask, times those on the way to it."""
    confidence = segmentation.confidence[object_id]
    odds = 1.0
    for likely in (confidence, segmentation.at_worst.get(object_id, 0.5)):
        likely = min(max(likely, _LEAST), 1 - _LEAST)
        odds *= likely / (1 - likely)
    return odds


def _log_odds(
    segmentation: Segmentation, object_id: int, size: tuple[int, int]
) -> NDArray[np.float32] | float:
    if object_id not in segmentation.ids:
        return ABSENT
    logits = segmentation.logits[segmentation.ids.index(object_id)]
    if logits.shape != size:
        logits = cv2.resize(logits, size[::-1], interpolation=cv2.INTER_LINEAR)
    return logits
