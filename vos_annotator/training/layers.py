"""Moving layers: a picture with an alpha that travels, turns and bends through a clip.

For: `clips`. Knows numpy and OpenCV. Sizes are pixels, times are 0..1 through the clip.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

RGBA = NDArray[np.uint8]  # (H, W, 4), colour not premultiplied


@dataclass(frozen=True)
class Pose:
    """Where a layer is: centre in canvas px, scale, angle in degrees, shear."""

    x: float
    y: float
    scale: float
    angle: float
    shear: float

    def matrix(self, width: int, height: int) -> NDArray[np.float64]:
        """Return the 2x3 affine map from a layer of that size to the canvas."""
        radians = np.deg2rad(self.angle)
        cosine, sine = np.cos(radians) * self.scale, np.sin(radians) * self.scale
        linear = np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[1, self.shear], [0, 1]])
        centre = np.array([width, height]) / 2
        return np.column_stack([linear, np.array([self.x, self.y]) - linear @ centre])


class Motion:
    """A smooth random path between two poses, with a bend of the picture on the way."""

    def __init__(self, start: Pose, end: Pose, bend: float, rng: np.random.Generator) -> None:
        """`bend` is the largest displacement of thin-plate-like motion, in px of the canvas."""
        self.start, self.end = start, end
        self.sway = rng.normal(0, 0.15, 2) * (abs(end.x - start.x) + abs(end.y - start.y))
        self.grids = rng.normal(0, bend / 2, (2, 4, 4, 2)).astype(np.float32) if bend else None

    def pose(self, time: float) -> Pose:
        """Return where the layer is at `time`."""
        a, b = self.start, self.end
        sway = self.sway * np.sin(np.pi * time)
        mixed = {k: (1 - time) * getattr(a, k) + time * getattr(b, k) for k in Pose.__annotations__}
        mixed["x"] += sway[0]
        mixed["y"] += sway[1]
        return Pose(**mixed)

    def render(self, layer: RGBA, size: int, time: float, fill: bool) -> RGBA:
        """Return the layer as (size, size, 4) at `time`; `fill` mirrors it past its edges."""
        height, width = layer.shape[:2]
        matrix = self.pose(time).matrix(width, height)
        border = cv2.BORDER_REFLECT_101 if fill else cv2.BORDER_CONSTANT
        shrink = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
        if shrink < 0.6:  # avoid aliasing: shrink first, then warp
            layer = cv2.resize(layer, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            matrix[:, 0] *= width / layer.shape[1]
            matrix[:, 1] *= height / layer.shape[0]
        if self.grids is None:
            return cv2.warpAffine(layer, matrix, (size, size), borderMode=border)
        inverse = cv2.invertAffineTransform(matrix)
        grid = self.grids[0] * (1 - time) + self.grids[1] * time
        offset = cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
        rows, columns = np.mgrid[:size, :size].astype(np.float32)
        x, y = columns + offset[..., 0], rows + offset[..., 1]
        map_x = (inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]).astype(np.float32)
        map_y = (inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]).astype(np.float32)
        return cv2.remap(layer, map_x, map_y, cv2.INTER_LINEAR, borderMode=border)


def paste(canvas: NDArray[np.uint8], layer: RGBA) -> NDArray[np.bool_]:
    """Draw a rendered layer over `canvas` (H, W, 3) in place; return where it covers it."""
    alpha = layer[..., 3]
    box = cv2.boundingRect(alpha)
    if box[2] == 0:
        return np.zeros(alpha.shape, bool)
    region = slice(box[1], box[1] + box[3]), slice(box[0], box[0] + box[2])
    weight = alpha[region][..., None].astype(np.uint16)
    under, over = canvas[region].astype(np.uint16), layer[region][..., :3].astype(np.uint16)
    canvas[region] = ((under * (255 - weight) + over * weight + 127) // 255).astype(np.uint8)
    return alpha > 127


def cut_out(picture: NDArray[np.uint8], mask: NDArray[np.bool_] | NDArray[np.uint8]) -> RGBA | None:
    """Return the tight RGBA cut-out of a mask (bool, or 8-bit alpha); None where it is empty."""
    alpha = mask if mask.dtype == np.uint8 else mask.astype(np.uint8) * 255
    if alpha.shape != picture.shape[:2]:
        return None
    x, y, width, height = cv2.boundingRect((alpha > 127).astype(np.uint8))
    if min(width, height) < 8:
        return None
    region = slice(y, y + height), slice(x, x + width)
    alpha = alpha[region]
    if mask.dtype != np.uint8:  # hard masks get a soft rim, eaten slightly inwards
        alpha = cv2.GaussianBlur(cv2.erode(alpha, np.ones((3, 3), np.uint8)), (3, 3), 0)
    return np.dstack([picture[region], alpha])
