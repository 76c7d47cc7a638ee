"""Scribbles for training: a few strokes inside an object and a few around it.

For: the trainer. Knows numpy and OpenCV.
"""

import cv2
import numpy as np
from numpy.typing import NDArray


def draw_strokes(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return (2, H, W): pixels scribbled inside `mask`, and outside it.

    One to three strokes inside; none to three outside, most of them near the object.
    """
    inside, outside = np.zeros(mask.shape, np.uint8), np.zeros(mask.shape, np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        _stroke(inside, mask, rng)
    around = cv2.dilate(mask.astype(np.uint8), np.ones((61, 61), np.uint8)) > 0
    for _ in range(int(rng.integers(0, 4))):
        region = ~mask & around if rng.random() < 0.7 else ~mask
        _stroke(outside, region, rng)
    return np.stack([inside > 0, outside > 0])


def _stroke(canvas: NDArray[np.uint8], region: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Draw one curved stroke through deep points of `region`, clipped to it."""
    depth = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, 3)
    deepest = depth.max()
    if deepest < 1:
        return
    ys, xs = np.nonzero(depth >= rng.uniform(0.3, 0.8) * deepest)
    picks = rng.integers(len(xs), size=int(rng.integers(2, 5)))
    points = np.stack([xs[picks], ys[picks]], 1).astype(np.int32)
    points = points[np.argsort(points @ rng.normal(size=2))]
    drawn = np.zeros_like(canvas)
    cv2.polylines(drawn, [points], False, 1, thickness=int(rng.integers(2, 7)))
    canvas[(drawn > 0) & region] = 1
