"""Operations on the mask of one object: grow, shrink, close, clean, smooth, and in between.

For: the commands of the Mask menu. Knows OpenCV and numpy; nothing of label maps but how
a mask goes back into one. Every function is pure: (H, W) bool in, a fresh (H, W) bool out.

What lies beyond the frame is unknown: an object that leaves the picture is neither shrunk
from the frame's border nor rounded off there.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.masks import LabelMap

Mask = NDArray[np.bool_]


def grow(mask: Mask, size: int) -> Mask:
    """Return the pixels whose centres are at most `size` px from one of the mask."""
    if not mask.any():
        return mask.copy()
    return _near(mask, size, lambda part: _distance(~part) <= size)


def shrink(mask: Mask, size: int) -> Mask:
    """Return the pixels of the mask that are more than `size` px from all others."""
    if mask.all() or not mask.any():
        return mask.copy()
    return _near(mask, 1, lambda part: _distance(part) > size)


def fill_holes(mask: Mask) -> Mask:
    """Return the mask with what it surrounds; a gap at the frame's border is no hole."""
    return _near(mask, 1, _without_holes)


def drop_specks(mask: Mask, area: int) -> Mask:
    """Return the parts of the mask that have at least `area` pixels; corners connect."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    keeps = stats[:count, cv2.CC_STAT_AREA] >= area
    keeps[0] = False
    return keeps[parts]


def keep_largest(mask: Mask) -> Mask:
    """Return the largest part of the mask; corners connect."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    if count < 2:
        return mask.copy()
    return parts == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))


def smooth(mask: Mask, size: int) -> Mask:
    """Return the mask without dents and bumps narrower than about `size` px."""

    def blurred(part: Mask) -> Mask:
        soft = cv2.GaussianBlur(
            part.astype(np.float32), (0, 0), size / 2, borderType=cv2.BORDER_REPLICATE
        )
        return soft > 0.5

    return _near(mask, 2 * size, blurred)


def between(first: Mask, last: Mask, share: float) -> Mask:
    """Return the shape `share` of the way from one mask to another; 0 and 1 are the masks.

    The shapes are laid over each other at their centres and blended by their signed
    distances, and the result is put where the centre is by then. So a thing that moved by
    more than its size is somewhere on its way too. Two empty masks, or one, give an empty one.
    """
    if not (first.any() and last.any()):
        return np.zeros_like(first)
    start, end = _center(first), _center(last)
    here = start + (end - start) * share
    blend = _moved(_signed(first), here - start) * (1 - share)
    blend += _moved(_signed(last), here - end) * share
    return blend > 0


def with_mask(label_map: LabelMap, object_id: int, mask: Mask) -> LabelMap:
    """Return a label map in which an object has `mask`, but no pixel that another one has."""
    after = label_map.copy()
    after[after == object_id] = 0
    after[mask & (after == 0)] = object_id
    return after


def _near(mask: Mask, reach: int, change: Callable[[Mask], Mask]) -> Mask:
    """Return a mask that is changed within `reach` px of its bounding box only."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    after = np.zeros_like(mask)
    if width:
        rows = slice(max(top - reach, 0), top + height + reach)
        columns = slice(max(left - reach, 0), left + width + reach)
        after[rows, columns] = change(np.ascontiguousarray(mask[rows, columns]))
    return after


def _distance(mask: Mask) -> NDArray[np.float32]:
    """Return how far each pixel of a mask is from the nearest one outside of it."""
    return cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _without_holes(mask: Mask) -> Mask:
    ground = np.pad(mask, 1).astype(np.uint8)
    cv2.floodFill(ground, None, (0, 0), 2, flags=4)  # a thin outline that is joined holds
    return ground[1:-1, 1:-1] != 2


def _signed(mask: Mask) -> NDArray[np.float32]:
    """Return the distance to the mask's border, positive within; half a pixel next to it."""
    if mask.all():
        return np.full(mask.shape, np.float32(max(mask.shape)))
    return np.where(mask, _distance(mask) - 0.5, 0.5 - _distance(~mask)).astype(np.float32)


def _center(mask: Mask) -> NDArray[np.float64]:
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean(), rows.mean()])


def _moved(field: NDArray[np.float32], by: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return a field shifted by (x, y) px; its edge goes on outwards."""
    matrix = np.array([[1, 0, by[0]], [0, 1, by[1]]])
    size = field.shape[::-1]
    return cv2.warpAffine(
        field, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
