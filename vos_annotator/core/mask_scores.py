"""J and F: how well one mask is like another, as DAVIS defines it.

For: the evaluation, and the comparison of two projects. Knows numpy and OpenCV only.

The figures equal those of the official davis2017-evaluation code. The ways there differ: all
work is done inside the box that holds both masks, and whether a boundary lies within reach
of the other is read off an exact distance transform, whose cost does not grow with the reach.

Source:
    Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
    Segmentation", CVPR 2016, sec. 5; Pont-Tuset et al., "The 2017 DAVIS Challenge", 2017.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]  # (H, W), one object

_REACH = 0.008  # of the frame's diagonal: boundaries this near to each other match


def region_similarity(truth: Mask, result: Mask) -> float:
    """Return J: intersection over union, 1 where both masks are empty.

    Raises:
        ValueError: The masks differ in shape.
    """
    _check(truth, result)
    union = np.count_nonzero(truth | result)
    return np.count_nonzero(truth & result) / union if union else 1.0


def contour_accuracy(truth: Mask, result: Mask) -> float:
    """Return F: the harmonic mean of the precision and the recall of the boundary.

    A boundary pixel counts as found when the other boundary has a pixel within
    ceil(0.008 x diagonal) of it. 1 where both boundaries are empty, 0 where one is. (A mask
    that fills the frame has no boundary.)

    Raises:
        ValueError: The masks differ in shape.
    """
    _check(truth, result)
    reach = np.ceil(_REACH * np.linalg.norm(truth.shape))
    box = _box_with_margin(truth, result)
    truth_boundary, result_boundary = boundary(truth[box]), boundary(result[box])
    truth_count = np.count_nonzero(truth_boundary)
    result_count = np.count_nonzero(result_boundary)
    if truth_count == 0 or result_count == 0:
        return float(truth_count == result_count)
    precision = np.count_nonzero(_within(truth_boundary, reach) & result_boundary) / result_count
    recall = np.count_nonzero(_within(result_boundary, reach) & truth_boundary) / truth_count
    if precision + recall == 0:
        return 0.0
    return 2 * precision * recall / (precision + recall)


def boundary(mask: Mask) -> Mask:
    """Return the pixels that differ from their right, lower or lower-right neighbour.

    What lies outside the array is taken to be like the pixel at its border.
    """
    edges = np.zeros_like(mask)
    here, right, below, across = mask[:-1, :-1], mask[:-1, 1:], mask[1:, :-1], mask[1:, 1:]
    edges[:-1, :-1] = (here != right) | (here != below) | (here != across)
    edges[-1, :-1] = mask[-1, :-1] != mask[-1, 1:]
    edges[:-1, -1] = mask[:-1, -1] != mask[1:, -1]
    return edges


def _within(edges: Mask, reach: float) -> Mask:
    """Return the pixels at most `reach` (a whole number) from a pixel of `edges`."""
    background = (~edges).view(np.uint8)
    distance = cv2.distanceTransform(background, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Squared distances are whole numbers, so between two of them rounding cannot decide.
    return np.square(distance, out=distance) < reach * reach + 0.5


def _box_with_margin(truth: Mask, result: Mask) -> tuple[slice, slice]:
    """Return the box of both masks, one pixel wider where the frame has that pixel."""
    left, top, width, height = cv2.boundingRect((truth | result).view(np.uint8))
    rows = slice(max(top - 1, 0), min(top + height + 1, truth.shape[0]))
    columns = slice(max(left - 1, 0), min(left + width + 1, truth.shape[1]))
    return rows, columns


def _check(truth: Mask, result: Mask) -> None:
    if truth.shape != result.shape:
        raise ValueError(f"the truth is {truth.shape}, the result is {result.shape}")
    if truth.dtype != np.bool_ or result.dtype != np.bool_:
        raise ValueError(f"masks are bool, not {truth.dtype} and {result.dtype}")
