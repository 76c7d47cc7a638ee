"""Two objects cut out of pictures that scikit-image ships: a cup on its saucer, an astronaut.

For: `build.py`. Contours were traced by hand; GrabCut refines them within a narrow band, and
a guided filter makes the edge soft. Colours at the edge are drawn from inside, so that no
fringe of the old background is carried along.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

PICTURES = Path(skimage.data.__file__).parent

# Points on the outlines, in the pictures' own pixels.
_SAUCER = """
    77 210  82 174  96 141  121 109  152 87  181 69  417 107  446 134  466 167  477 201  479 232
    473 268  458 304  429 337  393 364  348 382  308 388  268 387.5  223 379  179 361  138 336
    107 304  87 263
"""
_RIM = "173 107  179 80  201 49  237 27  286 18.5  330 24.5  366 42  393 69  408 112"
_SPOON = "399 70  408 67  417 68  424 73  422 87  417 105  411 129  404 120  404 89"
_ASTRONAUT = """
    240 14  262 17  284 29  296 50  301 85  294 113  281 128  267 137  260 160  256 174
    276 184  291 203  304 238  330 250  350 273  358 308  365 349  392 344  425 346
    455 360  478 385  493 420
    497 452  508 458  511 480  511 511  22 511  24 480  25 440  24 400  29 340  37 290  51 262
    80 243  104 219  115 205  111 190  122 165  150 151  183 148  181 132  165 120  153 95
    156 62  172 42  205 22
"""


@dataclass(frozen=True)
class Cutout:
    """A picture of one object.

    Attributes:
        color: (H, W, 3) float32 RGB, 0..1, colours extended beyond the edge.
        alpha: (H, W) float32, 1 inside.
    """

    color: NDArray[np.float32]
    alpha: NDArray[np.float32]


def cup() -> Cutout:
    """Return the cup on its saucer, with the spoon."""
    picture = cv2.imread(str(PICTURES / "coffee.png"))
    mask = np.zeros(picture.shape[:2], np.uint8)
    for outline in (_SAUCER, _RIM):
        centre, axes, angle = cv2.fitEllipse(_points(outline))
        axes = (axes[0] - 1.5, axes[1] - 1.5)
        cv2.ellipse(mask, (centre, axes, angle), 255, -1, cv2.LINE_AA)
    cv2.fillPoly(mask, [_points(_SPOON).astype(np.int32)], 255, cv2.LINE_AA)
    return _finish(picture, cv2.GaussianBlur(mask, (0, 0), 0.8).astype(np.float32) / 255)


def astronaut() -> Cutout:
    """Return the astronaut, cut at the picture's lower edge."""
    picture = cv2.imread(str(PICTURES / "astronaut.png"))
    outline = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(outline, [_points(_ASTRONAUT).astype(np.int32)], 1)
    band = np.ones((3, 3), np.uint8)
    trimap = np.where(outline > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    trimap[cv2.erode(outline, band, iterations=4, borderValue=1) > 0] = cv2.GC_FGD
    trimap[cv2.dilate(outline, band, iterations=4) == 0] = cv2.GC_BGD
    # Red flag and orange sleeve are too alike for colours to tell: there the outline counts.
    trimap[250:, :70] = np.where(outline[250:, :70] > 0, cv2.GC_FGD, cv2.GC_BGD)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(picture, trimap, None, *models, 5, cv2.GC_INIT_WITH_MASK)
    inside = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    inside = cv2.morphologyEx(inside, cv2.MORPH_OPEN, cv2.getStructuringElement(2, (5, 5)))
    count, parts, facts, _ = cv2.connectedComponentsWithStats(inside)
    inside = (parts == 1 + facts[1:, cv2.CC_STAT_AREA].argmax()) if count > 2 else inside > 0
    guide = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    alpha = _guided(guide, inside.astype(np.float32), radius=3, smoothness=4e-3)
    alpha = np.clip((alpha - 0.25) / 0.65, 0, 1)  # a little tighter: no light rim
    alpha = cv2.GaussianBlur(alpha, (0, 0), 0.6)
    return _finish(picture, alpha)


def _points(text: str) -> NDArray[np.float32]:
    return np.array(text.split(), np.float32).reshape(-1, 2)


def _guided(
    guide: NDArray[np.float32], source: NDArray[np.float32], radius: int, smoothness: float
) -> NDArray[np.float32]:
    """Guided filter (He et al. 2010): `source`, with edges where `guide` has them."""

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return cv2.blur(values, (2 * radius + 1, 2 * radius + 1))

    mean_guide, mean_source = mean(guide), mean(source)
    slope = (mean(guide * source) - mean_guide * mean_source) / (
        mean(guide * guide) - mean_guide**2 + smoothness
    )
    offset = mean_source - slope * mean_guide
    return mean(slope) * guide + mean(offset)


def _finish(picture: NDArray[np.uint8], alpha: NDArray[np.float32]) -> Cutout:
    """Extend the colours of the sure inside over the edge, and crop to the object."""
    color = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.float32) / 255
    sure = cv2.erode((alpha > 0.98).astype(np.float32), np.ones((3, 3)))
    spread, weight = color * sure[..., None], sure.copy()
    extended = np.zeros_like(color)
    todo = np.ones_like(sure, bool)
    for sigma in (1.0, 2.0, 4.0, 8.0):
        near = cv2.GaussianBlur(weight, (0, 0), sigma)
        fill = todo & (near > 0.02)
        extended[fill] = (cv2.GaussianBlur(spread, (0, 0), sigma) / (near[..., None] + 1e-6))[fill]
        todo &= ~fill
    blend = cv2.GaussianBlur(sure, (0, 0), 0.7)[..., None]
    color = color * blend + extended * (1 - blend)
    rows, columns = np.flatnonzero(alpha.max(1) > 0.02), np.flatnonzero(alpha.max(0) > 0.02)
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return Cutout(np.ascontiguousarray(color[box]), np.ascontiguousarray(alpha[box]))
