"""Pictures made small.

For: whoever looks at a picture, or a part of it, at another size than it has. Knows OpenCV.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.masks import Box


def shrunk(
    picture: NDArray[np.uint8], size: tuple[int, int], box: Box | None = None
) -> NDArray[np.uint8]:
    """Return a picture at a smaller size, whose pixels are means of what they cover.

    That is OpenCV's INTER_AREA. It halves a picture with vector instructions, and is slow at
    everything else. So a large one is halved first, as long as it is at least twice as large
    afterwards, so that pixels that are not wholly covered stay a small part: 4K to 480p in half
    of the time. Of a part only what is there is looked at.

    Args:
        picture: (H, W) or (H, W, C).
        size: Height and width; a side may be a little longer than the picture's.
        box: Which pixels of that are wanted; None: all.
    """
    box = box or tuple(slice(0, side) for side in size)
    sides = list(zip(picture.shape, size, box, strict=False))
    if any(there < wanted for there, wanted, _ in sides):  # blended over any border
        return cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)[box]
    halvings = min(_halvings(there, wanted) for there, wanted, _ in sides)
    (rows, height, top), (columns, width, left) = (_needed(*side, halvings) for side in sides)
    part = picture[rows, columns]
    for _ in range(halvings):
        half = part.shape[1] // 2, part.shape[0] // 2
        part = cv2.resize(part, half, interpolation=cv2.INTER_AREA)
    found = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    tall, wide = (side.stop - side.start for side in box)
    return found[top : top + tall, left : left + wide]


def _halvings(there: int, wanted: int) -> int:
    """Return how often a side can be halved."""
    count = 0
    while there % 2 == 0 and there >= 4 * wanted:
        there, count = there // 2, count + 1
    return count


def _needed(there: int, wanted: int, part: slice, halvings: int) -> tuple[slice, int, int]:
    """Return what is needed of a side for a part of what it becomes.

    That begins and ends where borders of pixels fall on borders of larger ones.

    Returns:
        What to take of the side, how many pixels it becomes, and at which of these the part begins.
    """
    blocks = math.gcd(there >> halvings, wanted)
    stride, step = there // blocks, wanted // blocks
    first, last = part.start // step, -(-part.stop // step)
    return slice(first * stride, last * stride), (last - first) * step, part.start - first * step
