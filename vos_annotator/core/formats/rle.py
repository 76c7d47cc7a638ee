"""Run lengths of COCO: a mask as counts of pixels, column by column.

For: COCO, MOTS. Encoding is pycocotools'. What others wrote is checked before anything of its
size is allocated, because neither C code nor memory stands every count that a file may hold.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

Mask = NDArray[np.bool_]


def encode_rle(mask: Mask) -> str:
    """Return a mask (H, W) as a compressed string of run lengths."""
    return coco.encode(np.asfortranarray(mask, np.uint8))["counts"].decode("ascii")


def decode_rle(counts: str | Sequence[int], shape: tuple[int, int]) -> Mask:
    """Return the mask of run lengths, compressed or as numbers.

    Raises:
        ValueError: They do not add up to a mask of that shape.
    """
    lengths = _lengths(counts) if isinstance(counts, str) else np.asarray(counts)
    height, width = shape
    is_whole = lengths.dtype.kind in "iu" and lengths.ndim == 1
    # Compared one by one first: a sum of hostile counts may come round to the right one.
    if not is_whole or ((lengths < 0) | (lengths > height * width)).any():
        raise ValueError("a count is no count of pixels")
    if int(lengths.sum()) != height * width:
        raise ValueError(f"the counts add up to {int(lengths.sum())}, not to {width}x{height}")
    values = np.arange(len(lengths)) % 2 == 1
    return np.repeat(values, lengths).reshape(width, height).T


def _lengths(text: str) -> NDArray[np.int64]:
    """Return the counts of a compressed string: groups of 5 bits, each less the one but one."""
    try:
        groups = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    except UnicodeEncodeError:
        raise ValueError("run lengths hold a character that is none of theirs") from None
    if not len(groups) or groups.min() < 0 or groups.max() > 63 or groups[-1] & 32:
        raise ValueError("run lengths are cut off, or hold a character that is none of theirs")
    is_last = groups & 32 == 0
    ends = np.flatnonzero(is_last)
    starts = np.concatenate([[0], ends[:-1] + 1])
    places = np.arange(len(groups)) - np.repeat(starts, ends - starts + 1)
    if places.max() > 7:  # 40 bits: more than any picture has pixels
        raise ValueError("a count is no count of pixels")
    numbers = np.add.reduceat((groups & 31) << 5 * places, starts)
    is_negative = (groups[ends] & 16) != 0
    numbers = numbers - np.where(is_negative, np.int64(1) << 5 * (places[ends] + 1), 0)
    # From the fourth on, a count is kept as the difference to the one but one before it.
    for first in (1, 2):
        numbers[first::2] = np.cumsum(numbers[first::2])
    return numbers
