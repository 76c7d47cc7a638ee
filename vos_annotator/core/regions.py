"""Regions of a picture by its colours: what looks like the pixel that was pointed at.

For: the wand. Knows OpenCV and numpy.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.shapes import Mask

_SPECKLE = 3  # px; noise of a camera or a codec that no region should stop at


def similar(image: NDArray[np.uint8], column: int, row: int, tolerance: int) -> Mask:
    """Return the connected pixels whose colour is that of one pixel, give or take.

    Args:
        image: (H, W, 3), in any order of colours.
        column: Of the pixel that is asked for.
        row: Of the pixel that is asked for.
        tolerance: By how much each colour of a pixel may differ, 0..255.
    """
    calm = cv2.medianBlur(np.ascontiguousarray(image), _SPECKLE)
    region = np.zeros((image.shape[0] + 2, image.shape[1] + 2), np.uint8)
    reach = (float(tolerance),) * 3
    flags = 4 | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY | 1 << 8
    cv2.floodFill(calm, region, (column, row), 0, reach, reach, flags)
    return region[1:-1, 1:-1].astype(bool)
