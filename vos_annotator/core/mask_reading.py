"""A user's mask PNG, whichever way object ids were put into it, as a label map of a video.

For: imports, evaluation, training. Knows Pillow, OpenCV and numpy; our own masks, which are
written one way only, are read by `masks`.
"""

from collections.abc import Collection, Container
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import HUE_COUNT, PALETTE, UNREADABLE, LabelMap
from vos_annotator.core.png_bands import banded_pixels, check_png

_MOST_GREYS = 64  # more distinct greys than this are a soft edge, not object ids
VOID = 255  # of DAVIS, YouTube-VOS and VOC: the border that belongs to no object
_GREY, _DEEP = 0, {2: "RGB", 4: "LA", 6: "RGBA"}  # PNG's kinds of pixels
_CHANNELS = {"RGB": [2, 1, 0], "LA": [0, 3], "RGBA": [2, 1, 0, 3]}  # where OpenCV has them
LARGEST = 16  # times the pixels of the video; larger is no mask of it, but may fill the memory
_ASPECT_TOLERANCE = 0.02  # 854x480 is 0.1 % off 16:9; small sizes round more


def read_label_map(path: str | Path, shape: tuple[int, int] | None = None) -> LabelMap:
    """Read a user's mask PNG, whichever way object ids were put into it.

    - Indexed: the pixel value is the object id.
    - Grey: 0 and 255 only (DAVIS-2016) is one object, id 1; else the pixel value is the id.
    - Colour: the colours of the DAVIS palette; black and white only is one object, id 1.
      Where two ids share a colour (7 and 128, both mid-grey) the lower one is meant.
    - Fully transparent pixels are background, whichever way a PNG tells of them.

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


def void_left_out(
    ids: Collection[int], known: Container[int] = (), void: int = VOID
) -> dict[int, int]:
    """Return what numbers become where `void` surrounds other objects and is none itself.

    Args:
        ids: That masks of a video show.
        known: Objects of its project, whose numbers mean these.
        void: The number.
    """
    return {void: 0} if void in ids and len(ids) > 1 and void not in known else {}


def read_png(path: Path, shape: tuple[int, int] | None) -> tuple[str, NDArray]:
    """Return the mode and the pixels of a PNG; one far larger than `shape` is not decoded.

    Pixels are what the file has: Pillow stretches grey of 2 and 4 bits, keeps the high byte of
    colours and alpha of 16, and leaves it to others what a palette or a value makes transparent.

    Raises:
        UserError: It is no readable PNG, so large, or has no 8 bits that tell its colours.
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
            pixels = banded_pixels(data := path.read_bytes())
            if pixels is not None:
                return image.mode, pixels
            check_png(data)
            return _samples(path, data, image)
    except FileNotFoundError:
        raise UserError("There is no mask file {path}: check its name.", path=path) from None
    except UNREADABLE as error:
        raise UserError(
            "{path} is not a readable PNG: save the mask as a PNG again.", path=path
        ) from error


def _samples(path: Path, data: bytes, image: Image.Image) -> tuple[str, NDArray]:
    """Return mode and pixels of a PNG as `read_png` does; `data` is the file, `image` of it."""
    depth, kind = data[24:26]  # in the header
    is_deep = depth == 16 and kind in _DEEP
    mode = _DEEP[kind] if is_deep else image.mode
    pixels = _deep_samples(data, mode) if is_deep else np.array(image)
    if kind == _GREY and depth in (2, 4):
        pixels //= 255 // (2**depth - 1)
    transparent = image.info.get("transparency")
    if transparent is not None:
        is_clear = _is_clear(pixels, transparent)
        if mode == "P":
            _check_background(path, pixels, is_clear, image.getpalette() or [])
        pixels[is_clear] = 0
    if kind == _GREY and depth in (2, 4) and np.isin(pixels, (0, 2**depth - 1)).all():
        pixels[pixels > 0] = 255  # black and white
    return mode, _in_8_bits(path, pixels) if is_deep else pixels


def _deep_samples(data: bytes, mode: str) -> NDArray[np.uint16]:
    """Return the pixels of a PNG with 16 bits in each of several channels, as `mode` has them."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("OpenCV cannot read it")
    return pixels[..., _CHANNELS[mode]]


def _is_clear(pixels: NDArray, transparent: bytes | int | tuple[int, ...]) -> NDArray[np.bool_]:
    """Return (H, W) which pixels are transparent by what a PNG's tRNS says, as Pillow gives it."""
    if isinstance(transparent, bytes):  # the alpha of each index; those that are left are opaque
        alpha = np.frombuffer(transparent.ljust(256, b"\xff"), np.uint8)
        return alpha[pixels] == 0
    is_equal = pixels == transparent
    return is_equal if pixels.ndim == 2 else is_equal.all(axis=2)


def _check_background(
    path: Path, pixels: NDArray, is_clear: NDArray[np.bool_], palette: list[int]
) -> None:
    """Refuse an indexed PNG in which 0 seems to be an object, and another index the background."""
    has_ground = (is_clear & (pixels > 0)).any()
    is_drawn = ~is_clear & (pixels == 0)
    if has_ground and is_drawn.any() and (any(palette[:3]) or not pixels[~is_clear].any()):
        raise UserError(
            "{path} has transparent pixels beside opaque ones of the value 0, which no object can "
            "have: save the mask as an indexed PNG without transparency, with 0 for background.",
            path=path,
        )


def _in_8_bits(path: Path, pixels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return colours of 16 bits in 8: as they are, if they are so small, else their high byte."""
    has_alpha = pixels.shape[2] % 2 == 0
    colors = pixels[..., :-1] if has_alpha else pixels
    if colors.max(initial=0) > 255:
        if not ((colors & 255 == 0).all() or (colors % 257 == 0).all()):
            raise UserError(
                "{path} has colours of 16 bits: save the mask as an indexed PNG whose pixel values "
                "are object ids.",
                path=path,
            )
        colors = colors >> 8
    both = [colors, pixels[..., -1] >> 8] if has_alpha else [colors]
    return np.dstack(both).astype(np.uint8)


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
