"""The rows of an SQLite file, read off its pages: where the way to them is damaged.

For: `wreck`. Knows the format of SQLite's files; nothing of what rows mean.

A table is a tree; its rows lie in the leaves. One damaged page near the root hides all the rows
below it from SQLite, though they are whole. Here every leaf is read by itself. Pages that are
free hold rows that were deleted, and are passed over.
"""

import struct
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path

_PAGE = 4096  # bytes
_LEAF = 0x0D  # how a leaf of a table begins
_LEAST = (_PAGE - 12) * 32 // 255 - 23  # bytes of a long row that stay in the leaf,
_MOST = _PAGE - 35  # and at most
_NOT_ROWS = (struct.error, IndexError, ValueError)  # raised by bytes that are none


def leaf_rows(path: Path, columns: int) -> Iterator[tuple]:
    """Yield the rows of so many columns, whose first is their number."""
    if path.stat().st_size < 2 * _PAGE:
        return
    with path.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as file:
        yield from _rows(file, columns)


def _rows(file: mmap, columns: int) -> Iterator[tuple]:
    free = _free_pages(file)
    for number in range(2, len(file) // _PAGE + 1):
        page = _page(file, number)
        if page[0] != _LEAF or number in free:
            continue
        for place in range(8, min(8 + 2 * _two(page, 3), _PAGE), 2):
            try:
                row_id, content = _payload(file, page, _two(page, place))
                row = _record(content, columns)
            except _NOT_ROWS:
                continue
            yield row_id, *row[1:]


def _page(file: mmap, number: int) -> bytes:
    if not 0 < number <= len(file) // _PAGE:
        raise IndexError(f"there is no page {number}")
    return file[(number - 1) * _PAGE : number * _PAGE]


def _free_pages(file: mmap) -> set[int]:
    """Return the pages that are free, as far as the list of them can be followed."""
    free: set[int] = set()
    trunk = _four(file, 32)
    while trunk and trunk not in free and trunk <= len(file) // _PAGE:
        page = _page(file, trunk)
        trunks = {trunk}
        trunk, count = _four(page, 0), min(_four(page, 4), _PAGE // 4 - 2)
        free |= trunks.union(struct.unpack_from(f">{count}I", page, 8))
    return free


def _payload(file: mmap, page: bytes, place: int) -> tuple[int, bytes]:
    """Return the number and the content of the row at a place of a leaf."""
    size, place = _varint(page, place)
    row_id, place = _varint(page, place)
    if size > len(file):
        raise ValueError("a row is larger than the file")
    if size <= _MOST:
        here = size
    else:
        here = _LEAST + (size - _LEAST) % (_PAGE - 4)
        here = here if here <= _MOST else _LEAST
    parts, left = [page[place : place + here]], size - here
    following = _four(page, place + here) if left else 0
    while left > 0:
        more = _page(file, following)
        following = _four(more, 0)
        parts.append(more[4 : 4 + left])
        left -= _PAGE - 4
    return row_id, b"".join(parts)


def _record(content: bytes, columns: int) -> list[object]:
    """Return the values of a row, which are as many as `columns`."""
    end, place = _varint(content, 0)
    kinds = []
    while place < end:
        kind, place = _varint(content, place)
        kinds.append(kind)
    if len(kinds) != columns:
        raise ValueError("a row of another table")
    values: list[object] = []
    for kind in kinds:
        size = (kind - 12) // 2 if kind >= 12 else (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)[kind]
        data = content[place : place + size]
        if len(data) < size:
            raise ValueError("a row is cut short")
        values.append(_value(kind, data))
        place += size
    return values


def _value(kind: int, data: bytes) -> object:
    if kind >= 12:
        return data.decode() if kind % 2 else data
    if kind == 7:
        return struct.unpack(">d", data)[0]
    return {0: None, 8: 0, 9: 1}.get(kind, int.from_bytes(data, "big", signed=True))


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Return a number of 1 to 9 bytes, and the place after it."""
    value = 0
    for n in range(8):
        byte = data[place + n]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + n + 1
    return value << 8 | data[place + 8], place + 9


def _two(data: bytes, place: int) -> int:
    return struct.unpack_from(">H", data, place)[0]


def _four(data: bytes | mmap, place: int) -> int:
    return struct.unpack_from(">I", data, place)[0]
