"""Which packet of a video file is which frame: read from timestamps, without decoding.

For: `video_file`. Knows PyAV and numpy; keeps nothing open.

A *packet* is one coded picture. Packets lie in the file in decoding order, numbered from 0
here; frames are numbered in presentation order. Reading every packet's timestamps once, at
disk speed, gives exact frame numbers on files of variable frame rate, where a frame number
cannot be computed from a time. The index costs 45 bytes a frame.
"""

import logging
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import av
import numpy as np
from av.container import Flags, InputContainer
from av.stream import Discard, Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError, unreadable

log = logging.getLogger(__name__)

NO_VALUE = np.iinfo(np.int64).min  # a timestamp or position that the file does not give
DEFAULT_FPS = 25.0
# In these, which frame is shown when cannot be told from the decoding times and the picture
# types, from which FFmpeg makes up what presentation times a file lacks.
_FREELY_ORDERED = frozenset({"h264", "hevc", "vvc", "evc"})
_TEXT_FORMATS = frozenset({"tty", "bin", "xbin", "adf", "idf"})  # character art, not video


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
        is_cut_short: The file ends, or is damaged, before all of it could be read.
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
    is_cut_short: bool

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


def open_container(path: Path) -> tuple[InputContainer, VideoStream]:
    """Open a file and its main video stream; the caller closes the container.

    Raises:
        UserError: FFmpeg cannot read it, or it holds no moving picture.
    """
    try:
        # "file:" keeps names with a colon from being taken for protocols, and the whitelist
        # keeps playlists from fetching anything.
        container = av.open(
            f"file:{path}",
            container_options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except (FileNotFoundError, PermissionError) as error:
        raise unreadable(path, error) from error
    except (av.FFmpegError, OSError, ValueError) as error:
        raise UserError(
            f"{path} is not a video that FFmpeg can read, or it is cut off or damaged; "
            "copy or record it again, or convert it to MP4."
        ) from error
    try:
        return container, _main_stream(container, path)
    except BaseException:
        container.close()
        raise


def _main_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the stream to show, having told the demuxer to skip all others."""
    stills = Disposition.attached_pic | Disposition.timed_thumbnails
    moving = [s for s in container.streams.video if not s.disposition & stills]
    if container.format.name in _TEXT_FORMATS:
        raise UserError(f"{path} is a text file; open a video or a folder of pictures.")
    if container.format.name == "image2" or container.format.name.endswith("_pipe"):
        raise UserError(f"{path} is a single picture; open a video or a folder of pictures.")
    if not moving:
        what = "only sound" if container.streams.audio else "no moving picture"
        raise UserError(f"{path} holds {what}; open a video or a folder of pictures.")
    best = container.streams.best("video")
    stream = best if best in moving else moving[0]
    if stream.codec_context is None:
        raise UserError(f"{path} is coded in a way FFmpeg cannot decode; convert it to MP4.")
    for other in container.streams:
        if other is not stream:
            other.discard = Discard.all
    if stream.codec_context.name in _FREELY_ORDERED:
        container.flags &= ~Flags.gen_pts.value
    return stream


def read_index(path: Path) -> PacketIndex:
    """Read every packet's timestamps.

    A file that is cut short, or damaged so that nothing more can be read, gives the frames
    up to there.

    Raises:
        UserError: It is not a video, or holds no frame.
    """
    container, stream = open_container(path)
    with container:
        pts, dts, pos = array("q"), array("q"), array("q")
        is_key, is_shown = array("b"), array("b")
        is_last_broken = is_cut_short = False
        hides_packets = stream.codec_context.name.startswith("vp8")
        try:
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                pts.append(NO_VALUE if packet.pts is None else packet.pts)
                dts.append(NO_VALUE if packet.dts is None else packet.dts)
                pos.append(NO_VALUE if packet.pos is None else packet.pos)
                is_key.append(packet.is_keyframe)
                is_hidden = hides_packets and not bytes(packet)[0] >> 4 & 1  # RFC 6386, 9.1
                is_shown.append(not packet.is_discard and not is_hidden)
                is_last_broken = packet.is_corrupt
        except (av.FFmpegError, OSError):
            is_cut_short = True
        if is_last_broken and len(pts) > 1:
            is_cut_short = True
            for column in (pts, dts, pos, is_key, is_shown):
                column.pop()
        declared = stream.frames
        is_cut_short |= len(pts) < declared
        rate = float(stream.average_rate or stream.guessed_rate or DEFAULT_FPS)
        time_base = float(stream.time_base or 1 / DEFAULT_FPS)
    index = _build(
        path,
        *(np.array(column, np.int64) for column in (pts, dts, pos)),
        is_key=np.array(is_key, bool),
        is_shown=np.array(is_shown, bool),
        rate=rate,
        time_base=time_base,
        is_cut_short=is_cut_short,
    )
    if is_cut_short:
        log.warning("%s is cut short; its first %d frames are used", path, index.frame_count)
    return index


def _build(path, pts, dts, pos, *, is_key, is_shown, rate, time_base, is_cut_short) -> PacketIndex:
    if not is_shown.any():
        raise UserError(f"{path} holds no frames; copy or record it again.")
    has_pts = bool((pts[is_shown] != NO_VALUE).all())
    has_dts = bool((dts != NO_VALUE).all())
    # Where decoding times fall, recordings were joined and the clock began anew.
    known = np.flatnonzero(dts != NO_VALUE)
    part = np.zeros(len(dts), np.int64)
    part[known[1:]] = np.diff(dts[known]) < 0
    part = np.cumsum(part)
    if is_cut_short and has_pts and has_dts and (pts <= dts[-1]).any():
        # Packets that are missing are shown after they would have been decoded, so up to
        # there no frame is missing among those that are there.
        is_shown &= pts <= dts[-1]
    if has_pts:
        order = np.lexsort((pts, part))
        order = order[is_shown[order]]
        ticks = pts[order]
    else:
        order = np.array(list(_shown_packets(path)), np.int64)
        order = order[is_shown[order]]
        ticks = np.sort(dts[order]) if has_dts and not part[-1] else None
    if not len(order):
        raise UserError(f"{path} holds no frame that can be decoded; convert it to MP4.")
    seconds = np.arange(len(order)) / rate if ticks is None else _seconds(ticks, time_base, rate)
    frame_of = np.full(len(pts), -1, np.int32)
    frame_of[order] = np.arange(len(order))
    keys = np.flatnonzero(is_key)
    return PacketIndex(
        pts,
        dts,
        pos,
        identity=pos if part[-1] or not (has_pts or has_dts) else pts if has_pts else dts,
        keys=(keys if len(keys) else np.zeros(1)).astype(np.int32),
        frame_of=frame_of,
        packet_of=order.astype(np.int32),
        seconds=seconds,
        fps=_mean_rate(seconds, rate),
        is_cut_short=is_cut_short,
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


def _shown_packets(path: Path) -> Iterator[int]:
    """Yield packet numbers in presentation order, for streams whose packets lack times.

    There is no telling without decoding: bare H.264 and H.265 streams, and H.264 in AVI.
    """
    container, stream = open_container(path)
    with container:
        decoder = stream.codec_context
        decoder.thread_type = "AUTO"
        number = 0
        try:
            for packet in container.demux(stream):
                if packet.size:
                    packet.pts, number = number, number + 1
                    yield from _pts_decoded(decoder, packet)
        except (av.FFmpegError, OSError):
            pass  # what is missing is missing from the packets too
        yield from _pts_decoded(decoder, None)


def _pts_decoded(decoder, packet: av.Packet | None) -> list[int]:
    try:
        return [picture.pts for picture in decoder.decode(packet) if picture.pts is not None]
    except av.FFmpegError:
        return []  # a damaged packet becomes no frame
