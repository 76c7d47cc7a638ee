"""Pictures made small.

For: whoever looks at a picture, or a part of it, at another size than it has. Knows OpenCV.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.aligned import aligned
from vos_annotator.core.masks import Box


def shrunk(picture: NDArray, size: tuple[int, int], box: Box | None = None) -> NDArray:
    """Return a picture at a smaller size, whose pixels are means of what they cover.

    That is OpenCV's INTER_AREA. It halves a picture with vector instructions, and is slow at
    everything else. So a large one is halved first, as long as it is at least twice as large
    afterwards, so that pixels that are not wholly covered stay a small part: 4K to 480p in half
    of the time. Of a part only what is there is looked at.

    Args:
        picture: (H, W) or (H, W, C) uint8; or a mask, (H, W) bool.
        size: Height and width; a side may be a little longer than the picture's.
        box: Which pixels of that are wanted; None: all.

    Returns:
        uint8; of a mask the share of each pixel that it covers, float32.
    """
    box = box or tuple(slice(0, side) for side in size)
    sides = list(zip(picture.shape, size, box, strict=False))
    if any(there < wanted for there, wanted, _ in sides):  # blended over any border
        return cv2.resize(_plain(picture), size[::-1], interpolation=cv2.INTER_AREA)[box]
    halvings = min(_halvings(there, wanted) for there, wanted, _ in sides)
    (rows, height, top), (columns, width, left) = (
        aligned(wanted, there >> halvings, side) for there, side, wanted in sides
    )
    here = (slice(each.start << halvings, each.stop << halvings) for each in (rows, columns))
    part = _plain(picture[*here])
    for _ in range(halvings):
        half = part.shape[1] // 2, part.shape[0] // 2
        part = cv2.resize(part, half, interpolation=cv2.INTER_AREA)
    found = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    tall, wide = (side.stop - side.start for side in box)
    return found[top : top + tall, left : left + wide]


def covered(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the share of each pixel that a mask covers at a smaller size, as `shrunk` tells it.

    Only what is around the mask is looked at.
    """
    found = np.zeros(size, np.float32)
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    sides = zip((top, left), (height, width), size, mask.shape, strict=True)
    box = tuple(
        slice(start * wanted // there, -(-(start + length) * wanted // there))
        for start, length, wanted, there in sides
    )
    if width:
        found[box] = shrunk(mask, size, box)
    return found


def _plain(picture: NDArray) -> NDArray:
    """Return what OpenCV can average."""
    return picture.astype(np.float32) if picture.dtype == bool else picture


def _halvings(there: int, wanted: int) -> int:
    """Return how often a side can be halved."""
    count = 0
    while there % 2 == 0 and there >= 4 * wanted:
        there, count = there // 2, count + 1
    return count
