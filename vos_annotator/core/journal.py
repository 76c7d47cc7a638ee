"""The journal of an SQLite database: whether the disk has kept it, and what it holds.

For: whoever opens a project, and rescues one. Knows the format of SQLite's write-ahead logs.

SQLite ends reading a journal at the first frame that does not fit its checksum, as there a
program may have been killed. If the disk has damaged that frame, all that was committed after it
would be gone without a word. But then there are whole frames after it, which a kill never leaves.
A power cut may, as a disk takes what it is given in any order: then what it lacks is still that of
an earlier journal, over which this one is written, and SQLite is right to end there.
"""

import struct
import sys
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

_HEADER, _FRAME = 32, 24  # bytes before all frames, and before the page of each
_PAGE = 4096  # bytes of a page, where the header does not say
_MOST_PAGES = 1 << 24  # 64 GB; a number beyond is damage
_MAGIC = 0x377F0682  # and 1 more where checksums are of big-endian words
_JOURNALS = 1 << 16  # written over one another, whose frames may still be there


class JournalFrame(NamedTuple):
    """A page as it was written last.

    Attributes:
        page: Its number, from 1.
        ends: Whether a transaction ends with it.
        is_ours: Whether it is of this journal.
        is_other: Whether it is of one before or after this one, in the same file.
        is_sound: Whether it is ours, and as it was written.
        data: Its content.
    """

    page: int
    ends: bool
    is_ours: bool
    is_other: bool
    is_sound: bool
    data: bytes


def is_damaged(journal: Path) -> bool:
    """Whether SQLite would pass over something in a journal that was committed."""
    if not (journal.exists() and journal.stat().st_size > _HEADER):
        return False
    data = journal.read_bytes()
    frames = [*_frames(data)]
    while frames and not frames[-1].is_sound:
        frames.pop()
    if not _is_header_sound(data):
        return bool(frames)
    was_other = False  # what comes after such a one cannot be held against it
    for frame in frames:
        if not (frame.is_sound or frame.is_other or was_other):
            return True
        was_other = frame.is_other
    return False


def replay(journal: Path, database: BinaryIO) -> None:
    """Write the pages of all transactions that ended into their database.

    A damaged page too: what lies in it is known by checksums of its own, and older rows are not
    taken for the ones that there were.
    """
    data = journal.read_bytes() if journal.exists() else b""
    frames = [*_frames(data)] if len(data) > _HEADER else []
    while frames and not (frames[-1].is_sound and frames[-1].ends):
        frames.pop()
    for frame in frames:
        if frame.is_ours:
            database.seek((frame.page - 1) * len(frame.data))
            database.write(frame.data)


def _frames(data: bytes) -> Iterator[JournalFrame]:
    """Yield every frame, each held against the checksum that the one before it has."""
    is_whole = _is_header_sound(data)
    size = struct.unpack_from(">I", data, 8)[0] if is_whole else _PAGE
    starts = range(_HEADER, len(data) - _FRAME - size + 1, _FRAME + size)
    marks = Counter(data[start + 8 : start + 16] for start in starts)
    # They count up whenever a journal begins anew over what the one before left.
    latest = max((each for each, times in marks.items() if times > 1), default=b"")
    salts = data[16:24] if is_whole else latest
    before = data[24:32]
    for start in starts:
        head, page = data[start : start + _FRAME], data[start + _FRAME : start + _FRAME + size]
        number, pages = struct.unpack_from(">II", head)
        is_ours = head[8:16] == salts and 0 < number <= _MOST_PAGES
        is_sound = is_ours and _sum(data, head[:8] + page, before) == head[16:]
        is_other = 0 < abs(_count(head[8:16]) - _count(salts)) < _JOURNALS
        yield JournalFrame(number, pages > 0, is_ours, is_other, is_sound, page)
        before = head[16:]


def _count(salts: bytes) -> int:
    """Return the number of a journal: it counts up whenever one begins anew in a file."""
    return struct.unpack_from(">I", salts)[0] if salts else 0


def _is_header_sound(data: bytes) -> bool:
    (magic,) = struct.unpack_from(">I", data)
    return magic in (_MAGIC, _MAGIC + 1) and _sum(data, data[:24], bytes(8)) == data[24:32]


def _sum(journal: bytes, content: bytes, before: bytes) -> bytes:
    """Return SQLite's checksum of some content, which goes on from another one.

    Of each two words (a, b): s = s + t + a; t = t + b + s. That is linear, so all words are
    weighed and added at once.
    """
    (magic,) = struct.unpack_from(">I", journal)
    order = {_MAGIC: "<", _MAGIC + 1: ">"}.get(magic, "<" if sys.byteorder == "little" else ">")
    words = np.frombuffer(content, f"{order}u4").astype(np.uint32)
    first = words[::2]
    second = first + words[1::2]
    powers = _powers(len(first))
    (a, b, d), (start, other) = powers[-1].tolist(), struct.unpack(">II", before)
    to_s, both, to_t = powers[-2::-1].T
    s = int(to_s @ first) + int(both @ second) + a * start + b * other
    t = int(both @ first) + int(to_t @ second) + b * start + d * other
    return struct.pack(">II", s & 0xFFFFFFFF, t & 0xFFFFFFFF)


@lru_cache(maxsize=4)
def _powers(count: int) -> NDArray[np.uint32]:
    """Return the powers 0 to `count` of ((1, 1), (1, 2)), (a, b, d) of ((a, b), (b, d))."""
    rows, (a, b, d) = [], (1, 0, 1)
    for _ in range(count + 1):
        rows.append((a, b, d))
        a, b, d = (a + b) & 0xFFFFFFFF, (b + d) & 0xFFFFFFFF, (b + 2 * d) & 0xFFFFFFFF
    return np.array(rows, np.uint32)
