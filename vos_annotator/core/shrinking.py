"""Pictures made small.

For: whoever looks at a picture at another size than it has. Knows OpenCV.
"""

import cv2
import numpy as np
from numpy.typing import NDArray


def shrunk(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a picture at a smaller size, whose pixels are means of what they cover.

    That is OpenCV's INTER_AREA. It halves a picture with vector instructions, and is slow at
    everything else. So a large one is halved first, as long as it is at least twice as large
    afterwards, so that pixels that are not wholly covered stay a small part: 4K to 480p in half
    of the time.

    Args:
        picture: (H, W) or (H, W, C).
        size: Height and width; a side may be a little longer than the picture's.
    """
    height, width = size
    while _can_be_halved(picture.shape[0], height) and _can_be_halved(picture.shape[1], width):
        half = picture.shape[1] // 2, picture.shape[0] // 2
        picture = cv2.resize(picture, half, interpolation=cv2.INTER_AREA)
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def _can_be_halved(side: int, wanted: int) -> bool:
    return side % 2 == 0 and side >= 4 * wanted
