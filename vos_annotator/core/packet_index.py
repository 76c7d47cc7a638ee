"""Which packet of a video file is which frame: read from timestamps, without decoding.

For: `video_file`. Knows PyAV and numpy; keeps nothing open.

A *packet* is one coded picture. Packets lie in the file in decoding order, numbered from 0
here; frames are numbered in presentation order. Reading every packet's timestamps once, at
disk speed, gives exact frame numbers on files of variable frame rate, where a frame number
cannot be computed from a time. The index costs 45 bytes a frame.
"""

import logging
from array import array
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.container import open_container
from vos_annotator.core.errors import UserError
from vos_annotator.core.mp4_table import read_mp4_table
from vos_annotator.core.packet_table import NO_VALUE, PacketTable, read_packet_table

log = logging.getLogger(__name__)

DEFAULT_FPS = 25.0


@dataclass(frozen=True, eq=False)
class PacketIndex:
    """The packets of one stream in decoding order, and the frames they become.

    Attributes:
        pts, dts, pos: (P,) int64 presentation and decoding times in units of the stream's
            time base, and bytes from the file's start; NO_VALUE where unknown.
        identity: (P,) int64, whichever of the three tells the packets apart.
        keys: Sorted packet numbers at which decoding can start.
        frame_of: (P,) int32 frame number of each packet, -1 for one that is not shown.
        packet_of: (N,) int32 packet number of each frame.
        seconds: (N,) float64 time of each frame after the first.
        fps: Mean frames a second.
    """

    pts: NDArray[np.int64]
    dts: NDArray[np.int64]
    pos: NDArray[np.int64]
    identity: NDArray[np.int64]
    keys: NDArray[np.int32]
    frame_of: NDArray[np.int32]
    packet_of: NDArray[np.int32]
    seconds: NDArray[np.float64]
    fps: float

    @property
    def frame_count(self) -> int:
        """How many frames are shown."""
        return len(self.packet_of)

    @cached_property
    def keyframes(self) -> NDArray[np.int32]:
        """Sorted numbers of the frames at which decoding can start."""
        frames = self.frame_of[self.keys]
        return np.sort(frames[frames >= 0])

    @cached_property
    def _by_identity(self) -> NDArray[np.int64]:
        return np.argsort(self.identity, kind="stable")

    def starts(self, frame: int) -> list[int]:
        """Return the key packets from which to decode `frame`: the nearest one first.

        A picture shown before a keyframe that precedes it in the file needs the group
        before too, so it starts there. The farther starts are for streams that mark more
        packets as keys than can be relied on; the last is the beginning.
        """
        at = int(np.searchsorted(self.keys, self.packet_of[frame], side="right")) - 1
        while at > 0 and self.frame_of[self.keys[at]] > frame:
            at -= 1
        return [int(self.keys[at]) for at in sorted({max(at, 0), max(at - 1, 0), 0}, reverse=True)]

    def find(self, packet: av.Packet, expected: int) -> int | None:
        """Return a packet's number; `expected` decides among packets of equal identity."""
        value = getattr(packet, self.identified_by)
        value = NO_VALUE if value is None else value
        if expected < len(self.identity) and self.identity[expected] == value:
            return expected
        order = self._by_identity
        at = int(np.searchsorted(self.identity, value, sorter=order))
        if at == len(order) or self.identity[order[at]] != value:
            return None
        return int(order[at])

    @property
    def identified_by(self) -> str:
        """The attribute of `av.Packet` that `identity` holds."""
        return next(n for n in ("pts", "dts", "pos") if getattr(self, n) is self.identity)

    def from_frame(self, first: int) -> "PacketIndex":
        """Return the index without the frames before `first`, numbered anew from 0."""
        seconds = self.seconds[first:]
        return replace(
            self,
            frame_of=np.maximum(self.frame_of - np.int32(first), np.int32(-1)),
            packet_of=self.packet_of[first:],
            seconds=seconds - seconds[0],
        )


def read_index(path: Path) -> PacketIndex:
    """Number the frames of a file.

    A file that is cut short, or damaged so that nothing more can be read, gives the frames
    up to there.

    Raises:
        UserError: It is not a video, or holds no frame.
    """
    container, stream = open_container(path)
    with container:
        rate = float(stream.average_rate or stream.guessed_rate or DEFAULT_FPS)
        time_base = float(stream.time_base or 1 / DEFAULT_FPS)
        table = read_mp4_table(container, stream, path)
    if table is None:
        container, stream = open_container(path)
        with container:
            table = read_packet_table(container, stream)
    index = _build(path, table, rate, time_base)
    if table.is_cut_short:
        log.warning("%s is cut short; its first %d frames are used", path, index.frame_count)
    return index


def _build(path: Path, table: PacketTable, rate: float, time_base: float) -> PacketIndex:
    pts, dts, pos, is_shown = table.pts, table.dts, table.pos, table.is_shown
    if not is_shown.any():
        raise UserError("{path} holds no frames; copy or record it again.", path=path)
    has_pts = bool((pts[is_shown] != NO_VALUE).all())
    has_dts = bool((dts != NO_VALUE).all())
    # Where decoding times fall, recordings were joined and the clock began anew.
    known = np.flatnonzero(dts != NO_VALUE)
    part = np.zeros(len(dts), np.int64)
    part[known[1:]] = np.diff(dts[known]) < 0
    part = np.cumsum(part)
    is_joined = bool(part[-1])
    if table.is_cut_short and has_pts and has_dts and not is_joined and (pts <= dts[-1]).any():
        # What is missing would be shown after it would be decoded, so up to the last
        # decoding time no frame is missing among those that are there.
        is_shown = is_shown & (pts <= dts[-1])
    if has_pts:
        order = np.lexsort((pts, part))
        order = order[is_shown[order]]
        ticks = pts[order]
    else:
        order = _order_by_decoding(path)
        order = order[order < len(pts)]
        order = order[is_shown[order]]
        ticks = np.sort(dts[order]) if has_dts and not is_joined else None
    if not len(order):
        raise UserError("{path} holds no frame that can be decoded; convert it to MP4.", path=path)
    seconds = np.arange(len(order)) / rate if ticks is None else _seconds(ticks, time_base, rate)
    frame_of = np.full(len(pts), -1, np.int32)
    frame_of[order] = np.arange(len(order))
    keys = np.flatnonzero(table.is_key)
    return PacketIndex(
        pts,
        dts,
        pos,
        identity=pos if is_joined or not (has_pts or has_dts) else pts if has_pts else dts,
        keys=(keys if len(keys) else np.zeros(1)).astype(np.int32),
        frame_of=frame_of,
        packet_of=order.astype(np.int32),
        seconds=seconds,
        fps=_mean_rate(seconds, rate),
    )


def _seconds(ticks: NDArray[np.int64], time_base: float, rate: float) -> NDArray[np.float64]:
    """Return times that never fall: where the clock began anew, the next frame follows on."""
    steps = np.diff(ticks) * time_base
    return np.concatenate([[0.0], np.cumsum(np.where(steps < 0, 1 / rate, steps))])


def _mean_rate(seconds: NDArray[np.float64], declared: float) -> float:
    """Return frames a second: the declared rate where the times agree with it."""
    if len(seconds) < 2 or seconds[-1] <= 0:
        return declared
    measured = (len(seconds) - 1) / seconds[-1]
    return declared if abs(measured / declared - 1) < 0.01 else float(measured)


def _order_by_decoding(path: Path) -> NDArray[np.int64]:
    """Return packet numbers in presentation order, for streams whose packets lack times.

    There is no telling without decoding: bare H.264 and H.265 streams, and H.264 in AVI.
    """
    container, stream = open_container(path)
    order = array("q")
    with container:
        decoder = stream.codec_context
        decoder.thread_type = "AUTO"
        number = 0
        # What an error keeps from being read here is missing from the packets too.
        with suppress(av.FFmpegError, OSError):
            for packet in container.demux(stream):
                if packet.size:
                    packet.pts, number = number, number + 1
                    order.extend(_pts_decoded(decoder, packet))
        order.extend(_pts_decoded(decoder, None))
    return np.array(order, np.int64)


def _pts_decoded(decoder: av.VideoCodecContext, packet: av.Packet | None) -> list[int]:
    try:
        return [picture.pts for picture in decoder.decode(packet) if picture.pts is not None]
    except av.FFmpegError:
        return []  # a damaged packet becomes no frame
