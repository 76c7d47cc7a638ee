"""Regions and edges of a picture: what looks like a pixel, and which way an outline goes.

For: the wand and the lasso. Knows OpenCV and numpy.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.shapes import Mask

_SPECKLE = 3  # px; noise of a camera or a codec that no region should stop at
_LONGEST = 320  # px of the longer side in which a way along edges is looked for
_LEAST_MARGIN = 12  # px around the ends of a way


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


def edge_path(
    image: NDArray[np.uint8], start: tuple[int, int], end: tuple[int, int]
) -> NDArray[np.float64]:
    """Return the way from one pixel to another that follows the strongest edges.

    It is looked for in the part of the picture around the two, made smaller where that is
    large, so that it takes some fifty milliseconds in a picture of any size.

    Args:
        image: (H, W, 3), in any order of colours.
        start: (column, row) of the first pixel.
        end: (column, row) of the last one.

    Returns:
        (n, 2) centres of pixels as x, y, in pixels of the picture; the ends are exact.
    """
    ends = np.array([start, end])
    margin = max(int(np.abs(ends[1] - ends[0]).max()) // 2, _LEAST_MARGIN)
    low = np.maximum(ends.min(0) - margin, 0)
    high = np.minimum(ends.max(0) + margin + 1, image.shape[1::-1])
    part = np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0]])
    scale = min(_LONGEST / max(part.shape[:2]), 1.0)
    if scale < 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    size = np.array(part.shape[1::-1])
    here = np.minimum(((ends - low + 0.5) * scale).astype(int), size - 1)
    scissors = cv2.segmentation.IntelligentScissorsMB()
    scissors.setEdgeFeatureCannyParameters(32, 100)
    scissors.setGradientMagnitudeMaxLimit(200)
    scissors.applyImage(part)
    scissors.buildMap(here[0].tolist())
    path = (scissors.getContour(here[1].tolist()).reshape(-1, 2) + 0.5) / scale + low
    path[[0, -1]] = ends + 0.5
    return path
