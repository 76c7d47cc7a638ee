"""Log-odds enlarged to a frame's size, where an object is and no further.

For: `protocol`. Knows numpy, OpenCV and boxes.

Of ten objects in a 4K frame each fills a small part: a label map takes 26 ms where all of it is
enlarged for each of them, and 12 so.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.aligned import aligned
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
    (rows, tall, down), (columns, wide, right) = (
        aligned(side, samples, pixels, margin=math.ceil(pixels / samples))  # one sample
        for side, samples, pixels in zip(box, logits.shape, shape, strict=True)
    )
    found = cv2.resize(logits[rows, columns], (wide, tall), interpolation=cv2.INTER_LINEAR)
    height, width = (side.stop - side.start for side in box)
    return found[down : down + height, right : right + width]


def _reach(start: int, stop: int, scale: float, size: int) -> slice:
    """Return the pixels that linear interpolation lets the samples start..stop - 1 touch."""
    return slice(
        max(0, int(np.floor((start - 0.5) * scale - 0.5))),
        min(size, int(np.ceil((stop + 0.5) * scale + 0.5))),
    )
