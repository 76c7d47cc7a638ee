"""Layers drawn with OpenCV: pictures that are turned, bent, blurred by motion and pasted.

For: `scenes` and `material`. Knows `plans`, numpy and OpenCV. `atlas_scenes` draws the same
on a GPU.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.training.plans import SOFT, Layer, inverses, mesh

RGBA = NDArray[np.uint8]  # (H, W, 4), colour not premultiplied
_MARGIN = 2  # px of nothing around a cut-out
_EATEN = np.clip(2 * np.arange(256) - 255, 0, 255).astype(np.uint8)  # a rim, from outside


def joined(colours: NDArray[np.uint8], fourth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W, 4) of colours (H, W, 3) and a fourth channel."""
    picture = cv2.cvtColor(colours, cv2.COLOR_RGB2RGBA)
    picture[..., 3] = fourth
    return picture


def cut_out(picture: NDArray[np.uint8], mask: NDArray[np.bool_] | NDArray[np.uint8]) -> RGBA | None:
    """Return the RGBA cut-out of a mask (bool, or 8-bit alpha) with a margin; None if empty."""
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
    margin = [_MARGIN] * 4
    colours = cv2.copyMakeBorder(picture[region], *margin, cv2.BORDER_REPLICATE)
    return joined(colours, cv2.copyMakeBorder(alpha, *margin, cv2.BORDER_CONSTANT))


def halved_shape(shape: tuple[int, int], times: int) -> tuple[int, int]:
    """Return the height and width of a picture at half its size so many times."""
    return max(shape[0] >> times, 1), max(shape[1] >> times, 1)


def halved(picture: RGBA, times: int, is_soft: bool) -> RGBA:
    """Return a picture at half its size so many times: every second pixel, blurred before.

    But for ids, if not `is_soft`. So these and the colours lie where they lay, and on each other.
    """
    if not times:
        return picture
    height, width = halved_shape(picture.shape[:2], times)
    step, smaller = 1 << times, picture
    for _ in range(times):
        smaller = cv2.GaussianBlur(smaller, (3, 3), 0)[::2, ::2]  # by 1/4, 1/2, 1/4
    smaller = np.ascontiguousarray(smaller[:height, :width])
    if not is_soft:
        smaller[..., 3] = picture[::step, ::step, 3][:height, :width]
    return smaller


def draw_whole(
    picture: RGBA, layer: Layer, t: int, ids: tuple[int, ...], size: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return frame `t` of a layer that fills the canvas.

    Args:
        picture: RGB and ids.
        layer: Shows the picture WHOLE.
        t: Which frame.
        ids: Those of objects 1, 2, ...
        size: Of the canvas, px.

    Returns:
        (size, size, 3) RGB, and (size, size) numbers of objects.
    """
    picture = halved(picture, layer.level, False)
    view = _View(layer, t, picture.shape[:2], (0, 0, size, size))
    colours = view.mean(picture[..., :3])
    numbers = np.zeros((size, size), np.uint8)
    if ids:
        table = np.zeros((256, len(ids)), np.uint8)
        table[list(ids), range(len(ids))] = 255
        covers = view.mean(table[picture[..., 3]]).reshape(size, size, len(ids))
        for n in range(len(ids)):
            numbers[covers[..., n] > 255 * layer.threshold] = n + 1
    return colours, numbers


def paste(
    canvas: NDArray[np.uint8], numbers: NDArray[np.uint8], picture: RGBA, layer: Layer, t: int
) -> None:
    """Draw frame `t` of a layer over a canvas and its objects' numbers, in place."""
    whole = halved_shape(picture.shape[:2], layer.level)
    if layer.shows > SOFT:
        part, corner = _only(picture, layer.shows)
    else:
        part, corner = halved(picture, layer.level, True), (0, 0)
    box = tuple(layer.boxes[t].tolist())
    if part.size == 0 or box[2] <= box[0] or box[3] <= box[1]:
        return
    view = _View(layer, t, whole, box, corner)
    region = slice(box[1], box[3]), slice(box[0], box[2])
    over, alpha = view.premultiplied(_tinted(part, layer), layer.shows > SOFT)
    under = canvas[region].astype(np.uint16)
    rest = 255 - alpha.astype(np.uint16)[..., None]
    canvas[region] = np.minimum((under * rest + 127) // 255 + over, 255).astype(np.uint8)
    numbers[region][alpha > 255 * layer.threshold] = layer.target


class _View:
    """A layer as it is seen in a box (left, top, right, bottom) of the canvas in one frame.

    `shape` is of the whole picture at its level, `corner` where the part that is drawn begins.
    """

    def __init__(
        self,
        layer: Layer,
        t: int,
        shape: tuple[int, int],
        box: tuple[int, int, int, int],
        corner: tuple[int, int] = (0, 0),
    ) -> None:
        left, top, right, bottom = box
        self.size, self.shape, self.corner = (right - left, bottom - top), shape, corner
        self.border = cv2.BORDER_REFLECT_101 if layer.shows < SOFT else cv2.BORDER_CONSTANT
        self.maps = inverses(layer.ways[t], layer.level)
        self.maps[..., 2] += self.maps[..., :2] @ np.array([left, top])
        self.bend = None if layer.bend is None else mesh(layer.bend[t])

    def _warp(self, picture: NDArray[np.uint8], inverse: NDArray[np.float64]) -> NDArray:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        if self.bend is None:
            inverse = inverse - np.array([[0, 0, self.corner[0]], [0, 0, self.corner[1]]])
            return cv2.warpAffine(picture, inverse, self.size, flags=flags, borderMode=self.border)
        height, width = self.shape
        cells = len(self.bend) - 1
        to_mesh = np.diag([cells / max(width - 1, 1), cells / max(height - 1, 1)]) @ inverse
        away = cv2.warpAffine(
            self.bend, to_mesh, self.size, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        x = np.arange(self.size[0], dtype=np.float32)
        y = np.arange(self.size[1], dtype=np.float32)[:, None]
        (a, b, c), (d, e, f) = inverse.astype(np.float32)
        map_x = away[..., 0] * width + (a * x + (b * y + (c - self.corner[0])))
        map_y = away[..., 1] * height + (d * x + (e * y + (f - self.corner[1])))
        return cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=self.border)

    def mean(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the picture as seen, the mean over the moments of the frame."""
        if len(self.maps) == 1:
            return self._warp(picture, self.maps[0])
        total = sum(self._warp(picture, each).astype(np.uint16) for each in self.maps)
        return ((total + len(self.maps) // 2) // len(self.maps)).astype(np.uint8)

    def premultiplied(self, picture: RGBA, is_hard: bool) -> tuple[NDArray, NDArray]:
        """Return colour times alpha (h, w, 3) and alpha (h, w), uint16, means over the moments."""
        colour = np.zeros((self.size[1], self.size[0], 3), np.uint16)
        alpha = np.zeros((self.size[1], self.size[0]), np.uint16)
        for each in self.maps:
            seen = self._warp(picture, each)
            cover = _EATEN[seen[..., 3]] if is_hard else seen[..., 3]
            weight = cover.astype(np.uint16)
            colour += (seen[..., :3] * weight[..., None] + 127) // 255
            alpha += weight
        return colour // len(self.maps), alpha // len(self.maps)


def _only(picture: RGBA, label: int) -> tuple[RGBA, tuple[int, int]]:
    """Return the part of a picture around the pixels of an id, as alpha, and its corner (x, y)."""
    mask = (picture[..., 3] == label).astype(np.uint8) * 255
    x, y, width, height = cv2.boundingRect(mask)
    left, top = max(x - _MARGIN, 0), max(y - _MARGIN, 0)
    region = slice(top, y + height + _MARGIN), slice(left, x + width + _MARGIN)
    return joined(picture[region][..., :3], mask[region]), (left, top)


def _tinted(picture: RGBA, layer: Layer) -> RGBA:
    gain = np.array([*layer.gain, 1.0])
    bias = np.array([layer.bias] * 3 + [0.0])
    table = np.clip(np.arange(256)[:, None] * gain + bias, 0, 255)
    return cv2.LUT(picture, table.astype(np.uint8)[None])
