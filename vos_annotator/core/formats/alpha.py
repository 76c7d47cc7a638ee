"""How much of a pixel an object covers, from a label map that knows whole pixels only.

For: the formats of films and of soft masks. Knows OpenCV.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

OPAQUE = 0xFFFF


def coverage(mask: NDArray[np.bool_], feather: float) -> NDArray[np.uint16]:
    """Return the cover of a mask (H, W), 0 to 65535.

    Args:
        mask: Where the object is.
        feather: Width in px of the border, in the middle of which the mask's own border runs; 0
            for none. Pixels of the mask are always covered by more than half, others by less.
    """
    if feather <= 0 or not mask.any() or mask.all():
        return np.where(mask, np.uint16(OPAQUE), np.uint16(0))
    inside = mask.view(np.uint8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    distance -= cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    distance -= np.where(mask, np.float32(0.5), np.float32(-0.5))  # borders run between pixels
    return (np.clip(0.5 + distance / feather, 0, 1) * OPAQUE + 0.5).astype(np.uint16)


def cut_out(image: NDArray[np.uint8], cover: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return a picture (H, W, 4), black where nothing is covered, with straight alpha."""
    alpha = (cover >> 8).astype(np.uint8)
    picture = np.dstack([image, alpha])
    picture[alpha == 0] = 0
    return picture
