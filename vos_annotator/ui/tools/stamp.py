"""The pixels that a round brush covers on its way from one point to another.

For: the brush and the scribble. Pure numpy: exact to the sub-pixel, and no larger than the
box it touches.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF

from vos_annotator.core.masks import Box

_SMALLEST = 0.71  # px; a disc of this radius covers the centre of the pixel it is in
_PIECE = 4.0  # diameters; long ways are cut, so that a diagonal has no box of its square
_STILL = 1e-9  # px²; no way at all


def stamps(
    start: QPointF, end: QPointF, diameter: float, shape: tuple[int, int]
) -> Iterator[tuple[Box, NDArray[np.bool_]]]:
    """Give boxes of a (H, W) frame and the pixels that a brush covers in each.

    A pixel is covered when its centre is not further from the way than the radius.
    """
    radius = max(diameter / 2, _SMALLEST)
    along = end - start
    pieces = max(math.ceil(math.hypot(along.x(), along.y()) / (_PIECE * max(diameter, 16))), 1)
    for piece in range(pieces):
        a = start + along * (piece / pieces)
        b = start + along * ((piece + 1) / pieces)
        box = _box(a, b, radius, shape)
        if box is not None:
            yield box, _capsule(a, b, radius, box)


def _box(a: QPointF, b: QPointF, radius: float, shape: tuple[int, int]) -> Box | None:
    top = max(math.floor(min(a.y(), b.y()) - radius), 0)
    left = max(math.floor(min(a.x(), b.x()) - radius), 0)
    bottom = min(math.ceil(max(a.y(), b.y()) + radius), shape[0])
    right = min(math.ceil(max(a.x(), b.x()) + radius), shape[1])
    return (slice(top, bottom), slice(left, right)) if top < bottom and left < right else None


def _capsule(a: QPointF, b: QPointF, radius: float, box: Box) -> NDArray[np.bool_]:
    rows, columns = box
    ys = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + (0.5 - a.y())
    xs = np.arange(columns.start, columns.stop, dtype=np.float32)[None] + (0.5 - a.x())
    dx, dy = b.x() - a.x(), b.y() - a.y()
    length = dx * dx + dy * dy
    along = np.clip((xs * dx + ys * dy) / length, 0, 1) if length > _STILL else np.float32(0)
    return (xs - along * dx) ** 2 + (ys - along * dy) ** 2 <= radius * radius
