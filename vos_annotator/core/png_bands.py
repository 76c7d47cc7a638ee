"""Indexed PNGs whose rows are compressed in bands, so that a change costs what it is high.

For: `masks`. Knows zlib and the format of PNG files; nothing of ids or palettes.

A PNG's pixels are one zlib stream, cut into chunks wherever one likes. Here a chunk holds a band of
rows that refers to no other, so a stroke has only those bands compressed anew that it went through,
and any program reads the file. A stream ends with a sum over all rows; what each band adds to it
lies in a chunk that other programs skip. The same pixels give the same bytes, however they came
about.
"""

import struct
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_ROWS = 32  # of a band: few enough for the processor's cache, so many that the file stays small
_MEMORY = 6  # zlib's level: more takes as long to fill as a band to compress
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD, _TAIL = b"\x78\x01", b"\x03\x00"  # of the zlib stream; its sum follows the tail
_PALETTE = 768  # bytes
_SUMS = b"voSB"  # optional, private, and not to be copied by who changes pixels
_AROUND = 12  # bytes of a chunk beside its content: length, kind, check
_MODULUS = 65521  # of a stream's sum


class _Band(NamedTuple):
    """Attributes: the chunk of some rows; their sum, counted from 0."""

    chunk: bytes
    total: int


def banded_png(pixels: NDArray[np.uint8], palette: bytes) -> bytes:
    """Return (H, W) pixels as a PNG with a palette of 256 colours, 768 bytes."""
    return _joined([_band(pixels[rows]) for rows in _bands(pixels.shape[0])], pixels, palette)


def repainted_png(
    png: bytes, pixels: NDArray[np.uint8], rows: slice, palette: bytes
) -> bytes | None:
    """Return a PNG of pixels that differ from those of another PNG in some rows only.

    Returns:
        The same as `banded_png`; None if the other one was not made by that.
    """
    start, bands = _start(pixels.shape, palette), _bands(pixels.shape[0])
    sums = f">{len(bands)}I"
    place = len(start) + _AROUND + struct.calcsize(sums)
    if (
        not png.startswith(start)
        or png[len(start) + 4 : len(start) + 8] != _SUMS
        or len(png) < place
    ):
        return None
    totals = struct.unpack_from(sums, png, len(start) + 8)
    place += len(_chunk(b"IDAT", _HEAD))
    found = []
    for band, total in zip(bands, totals, strict=True):
        end = place + _AROUND + int.from_bytes(png[place : place + 4], "big")
        if band.start < rows.stop and rows.start < band.stop:
            found.append(_band(pixels[band]))
        else:
            found.append(_Band(png[place:end], total))
        place = end
    return _joined(found, pixels, palette) if place + len(_end(0)) == len(png) else None


def banded_pixels(png: bytes) -> NDArray[np.uint8] | None:
    """Return the (H, W) pixels of a whole PNG that `banded_png` made; None of any other.

    Pillow reads them too, but it lets no other thread run meanwhile, and takes longer.
    """
    place = len(_start((1, 1), bytes(_PALETTE)))
    if len(png) < place + _AROUND or png[place + 4 : place + 8] != _SUMS:
        return None
    width, height = struct.unpack_from(">II", png, 16)
    packed, kind = [], b""
    while place + _AROUND <= len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        if kind == b"IDAT":
            packed.append(memoryview(png)[place + 8 : place + 8 + length])
        place += _AROUND + length
    if kind != b"IEND" or place != len(png):
        return None
    size, stream = height * (width + 1), zlib.decompressobj()
    try:  # which holds its sum against the pixels, and never makes more of them than there are
        raw = stream.decompress(b"".join(packed), size + 1)
    except zlib.error:
        return None
    if len(raw) != size or not stream.eof:
        return None
    return np.frombuffer(raw, np.uint8).reshape(height, width + 1)[:, 1:].copy()


def check_png(png: bytes) -> None:
    """Hold every part of a PNG, whoever made it, against its checksum: Pillow reads pixels without.

    What follows the last part is none of the picture.

    Raises:
        ValueError: It is no PNG, is cut short, or a part does not fit its checksum.
    """
    if not png.startswith(_SIGNATURE):
        raise ValueError("it does not begin as a PNG does")
    place, kind, view = len(_SIGNATURE), b"", memoryview(png)
    while kind != b"IEND":
        if place + _AROUND > len(png):
            raise ValueError("it is cut short")
        length, kind = struct.unpack_from(">I4s", png, place)
        end = place + 8 + length
        if end + 4 > len(png) or zlib.crc32(view[place + 4 : end]) != _number(png, end):
            raise ValueError(f"what begins at byte {place} does not fit its checksum")
        place = end + 4


def _number(data: bytes, place: int) -> int:
    return struct.unpack_from(">I", data, place)[0]


def _joined(bands: Iterable[_Band], pixels: NDArray[np.uint8], palette: bytes) -> bytes:
    """Return the PNG that bands make together."""
    bands, (height, width) = list(bands), pixels.shape
    first, second = 1, 0  # the halves of the sum
    for rows, band in zip(_bands(height), bands, strict=True):
        length = (rows.stop - rows.start) * (width + 1)
        second = (second + first * length + (band.total >> 16)) % _MODULUS
        first = (first + (band.total & 0xFFFF)) % _MODULUS
    sums = struct.pack(f">{len(bands)}I", *(band.total for band in bands))
    parts = _start(pixels.shape, palette), _chunk(_SUMS, sums), _chunk(b"IDAT", _HEAD)
    return b"".join([*parts, *(band.chunk for band in bands), _end(second << 16 | first)])


def _bands(height: int) -> list[slice]:
    return [slice(top, min(top + _ROWS, height)) for top in range(0, height, _ROWS)]


def _band(pixels: NDArray[np.uint8]) -> _Band:
    return _compressed(pixels) if pixels.any() else _blank(pixels.shape)


@lru_cache(maxsize=8)
def _blank(shape: tuple[int, int]) -> _Band:
    return _compressed(np.zeros(shape, np.uint8))


def _compressed(pixels: NDArray[np.uint8]) -> _Band:
    """Return a band; run-length compression suits label maps, and is the quickest too."""
    raw = np.zeros((pixels.shape[0], pixels.shape[1] + 1), np.uint8)
    raw[:, 1:] = pixels  # each row begins with its filter, which is none
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS, _MEMORY, zlib.Z_RLE)
    data = packer.compress(raw) + packer.flush(zlib.Z_SYNC_FLUSH)
    return _Band(_chunk(b"IDAT", data), zlib.adler32(raw, 0))


@lru_cache(maxsize=8)
def _start(shape: tuple[int, int], palette: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", *shape[::-1], 8, 3, 0, 0, 0)  # 8 bits, by a palette
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"PLTE", palette)


def _end(total: int) -> bytes:
    return _chunk(b"IDAT", _TAIL + struct.pack(">I", total)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + data))
    return b"".join([struct.pack(">I", len(data)), kind, data, check])
