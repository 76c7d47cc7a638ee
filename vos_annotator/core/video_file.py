"""A video file read through FFmpeg: exact frame numbers, decoded when asked for.

For: `open_video`. Knows PyAV; what is a frame is settled by `packet_index`.

Every packet is stamped with its frame's number before it is decoded, so the decoder hands
the number back with the picture, however it reorders, delays or drops. Reading forward never
seeks. Reading backward decodes a group of pictures once and keeps as many of them as the
cache holds. They are kept as the decoder made them, which takes half the bytes of RGB, and
turned into RGB when asked for; most that are decoded on the way to a frame never are.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.stream import VideoStream

from vos_annotator.core.container import open_container
from vos_annotator.core.errors import UserError
from vos_annotator.core.image_folder import PICTURE_SUFFIXES
from vos_annotator.core.orientation import Orientation
from vos_annotator.core.packet_index import PacketIndex, read_index
from vos_annotator.core.packet_table import NO_VALUE
from vos_annotator.core.picture_cache import PictureCache
from vos_annotator.core.video import Image, Video

MAX_THREADS = 4  # each holds some frames; more would starve the network of cores
IMAGE_SHARE = 4  # of the cache, a quarter holds RGB images and the rest decoded pictures
SEEK_COST = 8  # packets that can be decoded in the time a seek takes
FINGERPRINT_BYTES = 64 << 10

Numbered = tuple[int, av.VideoFrame]  # a frame's number and its picture


@dataclass(frozen=True)
class _Source:
    """What is known of a file once it was opened; shared by all handles on it."""

    path: Path
    index: PacketIndex
    size: tuple[int, int]  # width and height as stored
    orientation: Orientation
    fingerprint: str


class VideoFile(Video):
    """A video file; the handle is opened at the first frame that is read."""

    def __init__(self, source: _Source, cache_bytes: int | None) -> None:
        width, height = source.size
        for_images = None if cache_bytes is None else cache_bytes // IMAGE_SHARE
        super().__init__(
            source.path,
            source.path.stem,
            source.index.frame_count,
            source.orientation.shape(height, width),
            source.index.fps,
            source.fingerprint,
            for_images,
            1 / IMAGE_SHARE,
        )
        self._source, self._cache_bytes = source, cache_bytes
        # Apart from the images: FFmpeg keeps the buffers of pictures that were dropped for
        # the next ones, so one cache for both would come to take twice its bound.
        self._pictures = PictureCache(
            None if cache_bytes is None else cache_bytes - for_images, weight=1 - 1 / IMAGE_SHARE
        )
        self._decoder: Decoder | None = None
        self._undecodable: set[int] = set()

    @classmethod
    def open(cls, path: Path, cache_bytes: int | None) -> Self:
        """Index the file and decode its first frame.

        Frames at the start that cannot be decoded (recordings that begin in the middle of
        a group of pictures) are not counted.

        Raises:
            UserError: It is no video, or nothing of it can be decoded.
            OSError: The file cannot be read.
        """
        if path.suffix.lower() in PICTURE_SUFFIXES:
            raise UserError(
                "{path} is a single picture; open the folder that it lies in.", path=path
            )
        fingerprint = _fingerprint(path)
        index = read_index(path)
        if index.frame_count == 1 and path.suffix.lower() == ".gif":
            raise UserError(
                "{path} is a single picture; open a video or a folder of pictures.", path=path
            )
        decoder = Decoder(path, index)
        try:
            number, picture = next(decoder.run(int(index.keys[0])), (None, None))
        finally:
            decoder.close()
        if picture is None:
            raise UserError(
                "{path} holds no frame that can be decoded; it is damaged: copy or record it "
                "again.",
                path=path,
            )
        source = _Source(
            path,
            index.from_frame(number) if number else index,
            (picture.width, picture.height),
            _orientation(picture),
            fingerprint,
        )
        return cls(source, cache_bytes)

    def time(self, frame: int) -> float:
        """Return seconds from the first frame, by the file's own timestamps."""
        return float(self._source.index.seconds[self._check(frame)])

    def nearest_keyframe(self, frame: int) -> int:
        """Return the nearest frame that decodes without any other."""
        frame, keyframes = self._check(frame), self._source.index.keyframes
        if not len(keyframes):
            return 0
        at = int(np.searchsorted(keyframes, frame))
        return int(min(keyframes[max(at - 1, 0) : at + 1], key=lambda key: abs(key - frame)))

    def fork(self, cache_bytes: int | None = None) -> Self:
        """Return an independent handle; costs nothing until its first frame is read."""
        return type(self)(self._source, self._cache_bytes if cache_bytes is None else cache_bytes)

    def close(self) -> None:
        """Close the file and drop the cache."""
        super().close()
        self._pictures.close()
        if self._decoder:
            self._decoder.close()
            self._decoder = None

    def _read(self, frame: int) -> Image:
        picture = self._pictures.get(frame) or self._decode(frame)
        width, height = self._source.size
        # A stream may change its size on the way; masks have the size of the first frame.
        image = picture.to_ndarray(format="rgb24", width=width, height=height)
        return self._source.orientation.apply(image)

    def _decode(self, frame: int) -> av.VideoFrame:
        """Return a picture, by running on from where the decoder is or from a keyframe.

        All pictures met on the way go to the cache: the latest of them are the ones that a
        step back needs next.
        """
        if frame in self._undecodable:
            raise self._cannot_decode(frame)
        if self._decoder is None:
            self._decoder = Decoder(self.path, self._source.index)
        starts = self._source.index.starts(frame)
        if self._decoder.shown < frame and starts[0] <= self._decoder.fed + SEEK_COST:
            starts = [None, *starts]
        for start in starts:
            for number, picture in self._decoder.run(start):
                self._pictures.put(number, picture, sum(p.buffer_size for p in picture.planes))
                if number == frame:
                    return picture
                if number > frame:
                    break  # it should have come before this one
        self._undecodable.add(frame)
        raise self._cannot_decode(frame)

    def _cannot_decode(self, frame: int) -> UserError:
        return UserError(
            "Frame {frame} of {path} cannot be decoded, the file is damaged there; go on with "
            "another frame or get a better copy.",
            frame=frame,
            path=self.path,
        )


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
        self.fed = -1
        self.shown = index.frame_count  # there is nothing to run on from

    def run(self, start: int | None) -> Iterator[Numbered]:
        """Yield frame numbers and pictures from a key packet on; None: from here on.

        The iterator can be left at any time; run(None) goes on after the last one it gave.
        """
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


def _orientation(picture: av.VideoFrame) -> Orientation:
    matrix = picture.side_data.get(SideDataType.DISPLAYMATRIX)
    return Orientation.from_display_matrix(bytes(matrix)) if matrix else Orientation()


def _fingerprint(path: Path) -> str:
    """Hash the size and both ends of a file; refuse an empty one."""
    size = path.stat().st_size
    if size == 0:
        raise UserError("{path} is empty (0 bytes); copy or record it again.", path=path)
    digest = hashlib.blake2b(str(size).encode(), digest_size=16)
    with path.open("rb") as file:
        digest.update(file.read(FINGERPRINT_BYTES))
        file.seek(max(0, size - FINGERPRINT_BYTES))
        digest.update(file.read())
    return digest.hexdigest()
