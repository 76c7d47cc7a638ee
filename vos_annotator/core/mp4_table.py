"""The packet table of an MP4 or MOV file, from its header alone.

For: `packet_index`. An hour of video can be many gigabytes; on a slow disk, reading through
them all just to number the frames would take minutes, and this takes a tenth of a second.

FFmpeg keeps the header's table of packets, edit lists applied, with all that is needed but
one column: by how much each packet's presentation is later than its decoding. That column is
the header's `ctts` box (ISO/IEC 14496-12, 8.6.1.3), which is read here. As a check, packets
at the start and at the end of the file are compared with the table; where anything is out of
the ordinary there is no table, and the file is read through instead.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vos_annotator.core.packet_table import PacketTable

_CHECKED = 64  # packets, at each end
_MAX_HEADER = 512 << 20  # bytes; more is damage


def read_mp4_table(
    container: InputContainer, stream: VideoStream, path: Path
) -> PacketTable | None:
    """Return the table that reading through the file would give, or None if unsure."""
    if "mp4" not in container.format.name.split(","):
        return None
    entries = stream.index_entries
    columns = [(e.timestamp, e.pos, e.size, e.is_keyframe, e.is_discard) for e in entries]
    offsets = _composition_offsets(path, stream.id, len(columns))
    if not columns or offsets is None:
        return None
    dts, pos, size, is_key, is_discard = np.array(columns, np.int64).T
    is_whole = (pos + size).max() <= path.stat().st_size
    if not is_whole or (size <= 0).any() or (np.diff(dts) <= 0).any():
        return None
    first = next(container.demux(stream))
    if first.pts is None or first.dts != dts[0]:
        return None
    pts = dts + offsets + (first.pts - first.dts - offsets[0])
    table = PacketTable(pts, dts, pos, is_key.astype(bool), is_discard == 0)
    return table if _agrees(table, container, stream) else None


def _agrees(table: PacketTable, container: InputContainer, stream: VideoStream) -> bool:
    """Compare the table with packets as FFmpeg reads them, at both ends of the file."""
    last_key = int(np.flatnonzero(table.is_key)[-1]) if table.is_key.any() else 0
    try:
        for start in (0, last_key):
            container.seek(int(table.dts[start]), stream=stream)
            packets = list(islice(container.demux(stream), _CHECKED))
            at = int(np.searchsorted(table.dts, packets[0].dts))
            expected = zip(table.pts[at:], table.dts[at:], table.pos[at:], strict=False)
            seen = [(packet.pts, packet.dts, packet.pos) for packet in packets if packet.size]
            if not seen or seen != list(islice(expected, len(seen))):
                return False
    except (av.FFmpegError, OSError, TypeError):
        return False
    return True


def _composition_offsets(path: Path, track: int, count: int) -> NDArray[np.int64] | None:
    """Return the presentation times of `count` packets less their decoding times.

    They are right up to a constant, which depends on the edit list.

    None stands for files whose header does not hold it in the plain form: fragmented ones,
    ones that were cut by a list of edits, and damaged ones.
    """
    moov = list(_boxes(_moov(path)))
    trak = next((b for kind, b in moov if kind == b"trak" and _track_id(b) == track), None)
    if trak is None or any(kind == b"mvex" for kind, _ in moov) or _edits(trak) > 1:
        return None
    table = _inside(trak, b"mdia", b"minf", b"stbl")
    if int.from_bytes(_inside(table, b"stsz")[8:12], "big") != count:
        return None
    runs = _inside(table, b"ctts")[8:]
    if not runs:
        return np.zeros(count, np.int64)
    lengths, offsets = np.frombuffer(runs[: len(runs) // 8 * 8], ">i4").reshape(-1, 2).T
    if (lengths < 0).any() or lengths.sum(dtype=np.int64) != count:
        return None
    return np.repeat(offsets.astype(np.int64), lengths)


def _edits(trak: memoryview) -> int:
    """Return how many stretches of the track its edit list shows; 0 stands for all of it."""
    edits = _inside(trak, b"edts", b"elst")
    form = ">i8,>i8,>i4" if edits[:1] == b"\x01" else ">i4,>i4,>i4"  # duration, start, rate
    body, size = edits[8:], np.dtype(form).itemsize
    starts = np.frombuffer(body[: len(body) // size * size], form)["f1"]
    return int((starts >= 0).sum())  # below 0 stands for a pause


def _moov(path: Path) -> memoryview:
    """Return the contents of a file's header box; empty if there is none."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        at = 0
        while at + 8 <= end:
            file.seek(at)
            head = file.read(16)
            size, skip = int.from_bytes(head[:4], "big"), 8
            if size == 1:
                size, skip = int.from_bytes(head[8:16], "big"), 16
            elif size == 0:
                size = end - at
            if size < skip:
                break
            if head[4:8] == b"moov":
                file.seek(at + skip)
                return memoryview(file.read(min(size - skip, _MAX_HEADER)))
            at += size
    return memoryview(b"")


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the kind and the contents of each box in a box."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8:  # the large forms are not used within a header
            return
        yield bytes(data[at + 4 : at + 8]), data[at + 8 : at + size]
        at += size


def _inside(data: memoryview, *kinds: bytes) -> memoryview:
    """Return the contents of a box by its path; empty if it is not there."""
    for wanted in kinds:
        data = next((box for kind, box in _boxes(data) if kind == wanted), memoryview(b""))
    return data


def _track_id(trak: memoryview) -> int | None:
    header = _inside(trak, b"tkhd")
    at = 20 if header[:1] == b"\x01" else 12  # version 1 has longer dates before it
    return int.from_bytes(header[at : at + 4], "big")
