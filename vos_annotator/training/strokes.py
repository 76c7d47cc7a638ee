"""Scribbles for training: what a hand marks inside an object and around it.

For: the trainer. Knows numpy, OpenCV and the simulated annotator, whose first stroke half of
the samples have: it reaches into thin parts, where a careless stroke never goes.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.evaluation.scribbles import longest_path

_PATH_SHARE = 0.5  # of samples whose first stroke follows the skeleton
_RIM_SHARE = 0.5  # of samples in which the rim of the picture counts as outside
_WIDTHS = (0.005, 0.02)  # of a stroke, as shares of the frame's short side
_RIM = 4  # px


def draw_strokes(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return (2, H, W): pixels marked inside `mask`, and outside it.

    One to three strokes inside; none to three outside, most of them near the object, and the
    rim of the picture, as when the network is asked for a mask.
    """
    inside, outside = np.zeros(mask.shape, np.uint8), np.zeros(mask.shape, np.uint8)
    strokes = int(rng.integers(1, 4))
    if mask.any() and rng.random() < _PATH_SHARE:
        _draw(inside, longest_path(mask)[:, ::-1], mask, rng)
        strokes -= 1
    for _ in range(strokes):
        _stroke(inside, mask, rng)
    around = cv2.dilate(mask.astype(np.uint8), np.ones((61, 61), np.uint8)) > 0
    for _ in range(int(rng.integers(0, 4))):
        region = ~mask & around if rng.random() < 0.7 else ~mask
        _stroke(outside, region, rng)
    if rng.random() < _RIM_SHARE:
        rim = np.ones_like(mask)
        rim[_RIM:-_RIM, _RIM:-_RIM] = False
        outside[rim & ~mask] = 1
    return np.stack([inside > 0, outside > 0])


def _stroke(canvas: NDArray[np.uint8], region: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Draw one bent stroke through points of `region`, deep ones or not."""
    depth = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, 3)
    deepest = depth.max()
    if deepest < 1:
        return
    ys, xs = np.nonzero(depth >= rng.uniform(0.1, 0.8) * deepest)
    picks = rng.integers(len(xs), size=int(rng.integers(2, 5)))
    points = np.stack([xs[picks], ys[picks]], 1)
    _draw(canvas, points[np.argsort(points @ rng.normal(size=2))], region, rng)


def _draw(
    canvas: NDArray[np.uint8],
    points: NDArray[np.intp],
    region: NDArray[np.bool_],
    rng: np.random.Generator,
) -> None:
    """Draw a line through points (x, y), clipped to `region`."""
    width = max(round(rng.uniform(*_WIDTHS) * min(canvas.shape)), 1)
    drawn = np.zeros_like(canvas)
    cv2.polylines(drawn, [points.astype(np.int32)], False, 1, thickness=width)
    canvas[(drawn > 0) & region] = 1
