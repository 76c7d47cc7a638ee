"""Label maps as PNG files: the one place where masks become bytes and bytes become masks.

For: the project file, the engines' results, import and export, evaluation. Knows Pillow,
OpenCV and numpy; no video, no Qt.

A *label map* is an (H, W) uint8 array of object ids, 0 for background. On disk it is an
indexed PNG whose pixel value is the object id, with the palette of DAVIS. Two traps are
shut here for good: Pillow renumbers the ids of an indexed image that is saved without a
full 768-entry palette, and OpenCV reads indexed PNGs as colour. So indexed PNGs are
written and read by `png_bands`, those of other programs by Pillow, always with all 256 colours.
"""

import io
import struct
import zlib
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vos_annotator.core.errors import UserError
from vos_annotator.core.png_bands import banded_pixels, banded_png, check_png, repainted_png

LabelMap = NDArray[np.uint8]
Box = tuple[slice, slice]

# The hues of PASCAL VOC as DAVIS rounds them, then a grey of its own value for each id.
_HUES = """
    0 0 0      128 0 0    0 128 0    128 128 0   0 0 128    128 0 128   0 128 128  128 128 128
    64 0 0     191 0 0    64 128 0   191 128 0   64 0 128   191 0 128   64 128 128 191 128 128
    0 64 0     128 64 0   0 191 0    128 191 0   0 64 128   128 64 128
"""
HUE_COUNT = 22


def _davis_palette() -> NDArray[np.uint8]:
    palette = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    palette[:HUE_COUNT] = np.array(_HUES.split(), np.uint8).reshape(HUE_COUNT, 3)
    palette.flags.writeable = False
    return palette


PALETTE: NDArray[np.uint8] = _davis_palette()
_PALETTE_BYTES = PALETTE.tobytes()

# What Pillow may raise on a file that is no PNG, a broken one, or one that is absurdly large.
UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def encode_png(label_map: LabelMap) -> bytes:
    """Return `label_map` as an indexed PNG: pixel value = object id, DAVIS palette.

    Raises:
        ValueError: Not an (H, W) uint8 array with at least one pixel.
    """
    if label_map.dtype != np.uint8 or label_map.ndim != 2 or label_map.size == 0:
        raise ValueError(f"not a label map: {label_map.dtype} {label_map.shape}")
    return banded_png(label_map, _PALETTE_BYTES)


def encode_again(png: bytes, label_map: LabelMap, box: Box) -> bytes:
    """Return what `encode_png` does, sooner: outside of `box` it is the label map of `png`."""
    again = repainted_png(png, label_map, box[0], _PALETTE_BYTES)
    return encode_png(label_map) if again is None else again


def decode_png(data: bytes) -> LabelMap:
    """Return the label map that `encode_png` was given, as a fresh writable array.

    Raises:
        UserError: `data` is not a whole indexed PNG.
    """
    pixels = banded_pixels(data)
    if pixels is not None:
        return pixels
    try:
        check_png(data)
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            mode, pixels = image.mode, np.array(image)
    except UNREADABLE as error:
        raise UserError(
            "A stored mask is not a readable PNG: restore the project or the masks from a copy."
        ) from error
    if mode != "P":
        raise UserError(
            "A stored mask is a PNG of mode {mode}: masks are stored as indexed PNGs.", mode=mode
        )
    return pixels


def png_shape(data: bytes) -> tuple[int, int]:
    """Return the (H, W) that a PNG says it has; nothing is decoded.

    Raises:
        UserError: `data` does not begin as a PNG does.
    """
    if len(data) < 24 or data[12:16] != b"IHDR":
        raise UserError("A mask is not a readable PNG: compute or import it again.")
    width, height = struct.unpack(">II", data[16:24])
    return height, width


def as_label_map(array: NDArray, shape: tuple[int, int]) -> LabelMap:
    """Return an array of object ids as a label map, a fresh one.

    Args:
        array: (H, W) of whole numbers from 0 to 255; or of booleans, which are object 1.
        shape: (H, W) that it must have.

    Raises:
        ValueError: It has another shape, or holds other numbers.
    """
    array = np.asarray(array)
    if array.shape != tuple(shape):
        raise ValueError(f"a mask has the shape {array.shape}, the video's frames {tuple(shape)}")
    label_map = array.astype(np.uint8)
    if not np.array_equal(label_map, array):
        raise ValueError("a mask holds numbers that are no object ids: those are 0 to 255")
    return label_map


def object_ids(label_map: LabelMap) -> tuple[int, ...]:
    """Return the ids that occur, sorted, without 0."""
    pixels = label_map.ravel()
    starts = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1  # few: label maps are long runs
    # Counted, as `np.unique` loads a part of numpy when it is first called: in the first stroke.
    ids = {int(pixels[0]), *np.flatnonzero(np.bincount(pixels[starts])).tolist()}
    return tuple(sorted(ids - {0}))


def ids_after_change(
    before: Iterable[int], label_map: LabelMap, box: Box, changed: Iterable[int]
) -> tuple[int, ...]:
    """Return `object_ids` after a change of a box, mostly without looking elsewhere.

    Args:
        before: The ids that occurred before.
        label_map: As it is now.
        box: Where it was changed.
        changed: The objects that got or lost a pixel.
    """
    here = object_ids(label_map[box])
    lost = {i for i in changed if i not in here and not (label_map == i).any()}
    return tuple(sorted({*before, *here} - lost))


def without(label_map: LabelMap, ids: Iterable[int]) -> LabelMap:
    """Return a fresh label map in which the pixels of `ids` are background."""
    table = np.arange(256, dtype=np.uint8)
    table[list(ids)] = 0
    return table[label_map]


def shielded(before: LabelMap, after: LabelMap, ids: Iterable[int]) -> LabelMap:
    """Return a fresh `after` in which the objects `ids` have exactly their pixels of `before`."""
    table = np.zeros(256, bool)
    table[list(ids)] = True
    return np.where(table[before] | table[after], before, after) if table.any() else after.copy()


def changed_box(before: LabelMap, after: LabelMap) -> Box | None:
    """Return the tight (rows, columns) box of the pixels that differ; None if none does."""
    left, top, width, height = cv2.boundingRect(np.not_equal(before, after).view(np.uint8))
    if width == 0:
        return None
    return slice(top, top + height), slice(left, left + width)
