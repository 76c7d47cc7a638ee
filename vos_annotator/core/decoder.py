"""One open handle on a video file, which gives numbered pictures from any key packet on.

For: `video_file`. Knows PyAV, and the packets that `packet_index` found; keeps no picture.

Every packet is stamped with its frame's number before it is decoded, so FFmpeg hands the number
back with the picture, however it reorders, delays or drops.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from vos_annotator.core.container import open_container
from vos_annotator.core.packet_index import PacketIndex
from vos_annotator.core.packet_table import NO_VALUE

MAX_THREADS = 4  # each holds some frames; more would starve the network of cores

# FFmpeg's decoders that look at `skip_frame` before each packet, and were seen to give the same
# pictures after it as without it. Others (libdav1d) look once, and leave out pictures for good.
LEAVING_OUT = frozenset({"h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4"})

Numbered = tuple[int, av.VideoFrame]  # a frame's number and its picture


class Decoder:
    """One open handle on a file.

    Attributes:
        fed: The number of the last packet given to FFmpeg's decoder.
        shown: The number of the last frame it gave back.
    """

    def __init__(self, path: Path, index: PacketIndex) -> None:
        self._path, self._index = path, index
        self._container, self._stream = self._open()
        self._pictures: Iterator[Numbered] = iter(())
        self._wanted = 0  # before this frame pictures may be left out
        self.fed = -1
        self.shown = index.frame_count  # there is nothing to run on from

    def run(self, start: int | None, wanted: int = 0) -> Iterator[Numbered]:
        """Yield frame numbers and pictures from a key packet on; None: from here on.

        The iterator can be left at any time; run(None) goes on after the last one it gave.

        Args:
            start: The packet.
            wanted: Before this frame those may be left out that no other frame leans on; only
                some decoders can.
        """
        self._wanted = wanted if self._stream.codec_context.codec.name in LEAVING_OUT else 0
        if start is not None:
            self._pictures = self._pictures_from(start)
        # A generator over the pictures, so that leaving it does not end them.
        return (self._show(number, picture) for number, picture in self._pictures)

    def close(self) -> None:
        """Close the file."""
        self._pictures = iter(())
        self._container.close()

    def _open(self) -> tuple[InputContainer, VideoStream]:
        container, stream = open_container(self._path)
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.thread_count = min(MAX_THREADS, os.cpu_count() or 1)
        return container, stream

    def _show(self, number: int, picture: av.VideoFrame) -> Numbered:
        self.shown = number
        return number, picture

    def _pictures_from(self, start: int) -> Iterator[Numbered]:
        # Pictures shown before the start lean on a group that is not decoded now.
        first = 0 if start == self._index.keys[0] else self._index.frame_of[start]
        for number, packet in self._packets_from(start):
            frame = int(self._index.frame_of[number])
            packet.pts = frame if frame >= 0 else None
            packet.dts = None
            self.fed = number
            self._stream.codec_context.skip_frame = "NONREF" if frame < self._wanted else "DEFAULT"
            yield from self._decoded(packet, first)
        yield from self._decoded(None, first)

    def _decoded(self, packet: av.Packet | None, first: int) -> Iterator[Numbered]:
        try:
            pictures = self._stream.codec_context.decode(packet)
        except MemoryError:
            raise
        except av.FFmpegError:
            return  # a damaged packet gives no picture; those after it may
        for picture in pictures:
            if picture.pts is not None and picture.pts >= first:
                yield picture.pts, picture

    def _packets_from(self, start: int) -> Iterator[tuple[int, av.Packet]]:
        """Yield packets with their numbers, the first of which is `start`."""
        for jump in self._jumps(start):
            try:
                jump()
            except (av.FFmpegError, OSError):
                continue  # the format does not serve this kind of seek
            packets = self._packets()
            # Landing before the start only costs reading; landing after it won't do.
            landed = next((item for item in packets if item[0] >= start), None)
            if landed and landed[0] == start:
                yield landed
                yield from packets
                return

    def _packets(self) -> Iterator[tuple[int, av.Packet]]:
        """Yield packets with their numbers from wherever the handle is, up to the end."""
        number = -1
        # An error ends the file here as it did for the index.
        with suppress(av.FFmpegError, OSError):
            for packet in self._container.demux(self._stream):
                found = self._index.find(packet, expected=number + 1) if packet.size else None
                if found is not None:
                    number = found
                    yield found, packet

    def _jumps(self, start: int) -> list[Callable[[], None]]:
        """Return the ways to get to a packet, or before it, the cheapest first."""
        index, jumps = self._index, []
        if index.identity is not index.pos:
            times = {int(index.pts[start]), int(index.dts[start])} - {NO_VALUE}
            jumps = [partial(self._seek, time) for time in sorted(times, reverse=True)]
        elif index.pos[start] != NO_VALUE:
            jumps = [partial(self._seek, int(index.pos[start]), in_bytes=True)]
        return [*jumps, self._reopen]

    def _seek(self, target: int, in_bytes: bool = False) -> None:
        self._container.seek(target, stream=self._stream, unsupported_byte_offset=in_bytes)

    def _reopen(self) -> None:
        self._container.close()
        self._container, self._stream = self._open()
