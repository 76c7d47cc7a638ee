"""Grey PNG files of 8 or 16 bits.

For: the formats that put more, or less, than an object's number into a pixel.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError
from vos_annotator.core.mask_reading import read_png


def grey_png(pixels: NDArray) -> bytes:
    """Return (H, W) uint8 or uint16 as a grey PNG."""
    return cv2.imencode(".png", pixels)[1].tobytes()


def read_grey_png(path: Path, shape: tuple[int, int]) -> NDArray[np.uint16]:
    """Read a grey PNG of 16 bits or fewer, in the size that it has.

    Raises:
        UserError: It is no such PNG, or far larger than `shape`.
    """
    mode, pixels = read_png(path, shape)
    if mode not in ("L", "I", "I;16", "P") or pixels.max(initial=0) > 0xFFFF:
        raise UserError("{path} is not a grey PNG: choose masks of that kind.", path=path)
    return pixels.astype(np.uint16)
