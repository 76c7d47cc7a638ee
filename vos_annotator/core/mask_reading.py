"""A user's mask PNG, whichever way object ids were put into it, as a label map of a video.

For: imports, evaluation, training. Knows Pillow, OpenCV and numpy; our own masks, which are
written one way only, are read by `masks`.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import HUE_COUNT, PALETTE, UNREADABLE, LabelMap
from vos_annotator.core.png_bands import banded_pixels

_MOST_GREYS = 64  # more distinct greys than this are a soft edge, not object ids
VOID = 255  # of DAVIS, YouTube-VOS and VOC: the border that belongs to no object
LARGEST = 16  # times the pixels of the video; larger is no mask of it, but may fill the memory
_ASPECT_TOLERANCE = 0.02  # 854x480 is 0.1 % off 16:9; small sizes round more


def read_label_map(path: str | Path, shape: tuple[int, int] | None = None) -> LabelMap:
    """Read a user's mask PNG, whichever way object ids were put into it.

    - Indexed: the pixel value is the object id.
    - Grey: 0 and 255 only (DAVIS-2016) is one object, id 1; else the pixel value is the id.
    - Colour: the colours of the DAVIS palette; black and white only is one object, id 1.
      Where two ids share a colour (7 and 128, both mid-grey) the lower one is meant.
    - Fully transparent pixels are background.

    Args:
        path: The PNG file.
        shape: (H, W) wanted. A mask of another size but the same aspect is resized, nearest.

    Raises:
        UserError: No readable PNG, soft (anti-aliased) edges, unknown colours, or another aspect.
    """
    path = Path(path)
    label_map = _ids_of(path, *read_png(path, shape))
    return label_map if shape is None else fitted(label_map, shape, path)


def read_own_label_map(path: Path, shape: tuple[int, int]) -> LabelMap:
    """Read a mask as `read_label_map` does, in the size that it has.

    Raises:
        UserError: As `read_label_map`, or it is far larger than `shape`.
    """
    return _ids_of(path, *read_png(path, shape))


def fitted(label_map: LabelMap, shape: tuple[int, int], path: Path) -> LabelMap:
    """Return a label map in the size `shape`, by the nearest pixels.

    Raises:
        UserError: It has another aspect; `path` is where it comes from.
    """
    return label_map if label_map.shape == tuple(shape) else _resized(path, label_map, shape)


def read_png(path: Path, shape: tuple[int, int] | None) -> tuple[str, NDArray]:
    """Return the mode and the pixels of a PNG; one far larger than `shape` is not decoded.

    Raises:
        UserError: It is no readable PNG, or so large.
    """
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if shape and image.width * image.height > LARGEST * shape[0] * shape[1]:
                raise UserError(
                    "{path} is {size}, the video is {wanted}: use masks of the video's size.",
                    path=path,
                    size=f"{image.width}x{image.height}",
                    wanted=f"{shape[1]}x{shape[0]}",
                )
            pixels = banded_pixels(path.read_bytes())
            return image.mode, np.array(image) if pixels is None else pixels
    except FileNotFoundError:
        raise UserError("There is no mask file {path}: check its name.", path=path) from None
    except UNREADABLE as error:
        raise UserError(
            "{path} is not a readable PNG: save the mask as a PNG again.", path=path
        ) from error


def _ids_of(path: Path, mode: str, pixels: NDArray) -> LabelMap:
    """Turn the pixels of a PNG of any Pillow mode into object ids."""
    if mode == "P":
        return pixels
    if mode == "1":
        return pixels.astype(np.uint8)
    if mode in ("L", "I", "I;16"):
        return _grey_ids(path, pixels)
    if mode in ("LA", "RGBA"):
        colors, alpha = pixels[..., :-1], pixels[..., -1]
        if not np.isin(alpha, (0, 255)).all():
            raise _soft_edges(path)
        pixels = np.where(alpha[..., None] == 255, colors, 0).astype(np.uint8)
        if mode == "LA":
            return _grey_ids(path, pixels[..., 0])
    return _color_ids(path, pixels)


def _grey_ids(path: Path, pixels: NDArray) -> LabelMap:
    values, counts = np.unique(pixels, return_counts=True)
    if values[-1] > 255:
        raise UserError(
            "{path} has the value {value}, but object ids end at 255: save the mask as an "
            "indexed PNG whose pixel values are object ids.",
            path=path,
            value=values[-1],
        )
    if set(values.tolist()) == {255} or set(values.tolist()) == {0, 255}:
        return (pixels == 255).astype(np.uint8)
    # A void border (255) is thinner than the objects it surrounds; a soft mask is mostly white.
    white = counts[values == 255].sum()
    others = counts[(values != 0) & (values != 255)].sum()
    if len(values) > _MOST_GREYS or white > others:
        raise _soft_edges(path)
    return pixels.astype(np.uint8)


def _color_ids(path: Path, pixels: NDArray[np.uint8]) -> LabelMap:
    red, green, blue = (pixels[..., channel].astype(np.int32) for channel in range(3))
    if (red == green).all() and (green == blue).all():
        grey = _grey_ids(path, pixels[..., 0])  # also refuses soft black-and-white masks
        if grey.max(initial=0) <= 1:
            return grey
    packed, inverse = np.unique(red << 16 | green << 8 | blue, return_inverse=True)
    ids = [_ID_OF_COLOR.get(int(color)) for color in packed]
    unknown = ids.count(None)
    if unknown:
        raise UserError(
            "{path} has {count} colours that are no object's: save the mask without "
            "anti-aliasing, as an indexed PNG or in the colours of the DAVIS palette.",
            path=path,
            count=unknown,
        )
    return np.array(ids, np.uint8)[inverse].reshape(red.shape)


def _ids_by_color() -> dict[int, int]:
    """Map 0xRRGGBB to the lowest id of that colour; PASCAL's 192 counts as DAVIS's 191."""
    pascal = np.where(PALETTE == 191, np.uint8(192), PALETTE)
    pascal[HUE_COUNT:] = PALETTE[HUE_COUNT:]
    ids: dict[int, int] = {}
    for palette in (PALETTE, pascal):
        for object_id, (red, green, blue) in enumerate(palette.tolist()):
            ids.setdefault(red << 16 | green << 8 | blue, object_id)
    return ids


_ID_OF_COLOR = _ids_by_color()


def _resized(path: Path, label_map: LabelMap, shape: tuple[int, int]) -> LabelMap:
    (from_height, from_width), (height, width) = label_map.shape, shape
    if abs(from_width * height / (from_height * width) - 1) > _ASPECT_TOLERANCE:
        raise UserError(
            "{path} is {size}, the video is {wanted}: use masks of the video's size.",
            path=path,
            size=f"{from_width}x{from_height}",
            wanted=f"{width}x{height}",
        )
    return cv2.resize(label_map, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)


def _soft_edges(path: Path) -> UserError:
    return UserError(
        "{path} has soft edges: save the mask without anti-aliasing, as an indexed PNG whose "
        "pixel values are object ids.",
        path=path,
    )
