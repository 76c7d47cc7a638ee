"""Log-odds enlarged to a frame's size, where an object is and no further.

For: `protocol`. Knows numpy, OpenCV and boxes.

Of ten objects in a 4K frame each fills a small part; to enlarge all of it for each of them takes
as long as what the network does.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.masks import Box


def box_of_positive(logits: NDArray[np.float32], shape: tuple[int, int]) -> Box | None:
    """Return where, in a frame of `shape`, the enlarged logits may be above 0; None if nowhere."""
    left, top, width, height = cv2.boundingRect((logits > 0).view(np.uint8))
    if width == 0:
        return None
    (rows, columns), (full_rows, full_columns) = logits.shape, shape
    return (
        _reach(top, top + height, full_rows / rows, full_rows),
        _reach(left, left + width, full_columns / columns, full_columns),
    )


def enlarged(logits: NDArray[np.float32], box: Box, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return what is in a box of logits that are enlarged linearly to `shape`."""
    if logits.shape == shape:
        return logits[box]
    sides = zip(box, logits.shape, shape, strict=True)
    (rows, tall, down), (columns, wide, right) = (_needed(*side) for side in sides)
    found = cv2.resize(logits[rows, columns], (wide, tall), interpolation=cv2.INTER_LINEAR)
    height, width = (side.stop - side.start for side in box)
    return found[down : down + height, right : right + width]


def _needed(side: slice, samples: int, pixels: int) -> tuple[slice, int, int]:
    """Return what to enlarge of a side's samples for some of its pixels.

    That begins and ends where borders of samples fall on borders of pixels, so that the part is
    enlarged as the whole is, and one sample beyond what is wanted, which is blended with.

    Returns:
        The samples, how many pixels they become, and at which of these the wanted ones begin.
    """
    parts = math.gcd(samples, pixels)
    step, stride = samples // parts, pixels // parts
    margin = math.ceil(pixels / samples)
    first = max(0, (side.start - margin) // stride)
    last = min(parts, -(-(side.stop + margin) // stride))
    return slice(first * step, last * step), (last - first) * stride, side.start - first * stride


def _reach(start: int, stop: int, scale: float, size: int) -> slice:
    """Return the pixels that linear interpolation lets the samples start..stop - 1 touch."""
    return slice(
        max(0, int(np.floor((start - 0.5) * scale - 0.5))),
        min(size, int(np.ceil((stop + 0.5) * scale + 0.5))),
    )
