"""A video file read through FFmpeg: exact frame numbers, decoded when asked for.

For: `open_video`. Knows which pictures to keep; what is a frame is settled by `packet_index`,
and `decoder` gives pictures from a packet on.

Reading forward never seeks. Reading backward decodes a short group of pictures at once, a long
one by halves, and keeps as many of them as the cache holds. They are kept as the decoder made
them, which takes half the bytes of RGB, and turned into RGB when asked for; most that are
decoded on the way to a frame never are.
"""

import hashlib
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import av
import numpy as np
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import VideoReformatter

from vos_annotator.core.decoder import Decoder
from vos_annotator.core.errors import UserError
from vos_annotator.core.image_folder import PICTURE_SUFFIXES
from vos_annotator.core.orientation import Orientation
from vos_annotator.core.packet_index import PacketIndex, read_index
from vos_annotator.core.picture_cache import PictureCache
from vos_annotator.core.video import Image, Video

IMAGE_SHARE = 4  # of the cache, a quarter holds RGB images and the rest decoded pictures
SEEK_COST = 8  # packets that can be decoded in the time a seek takes
LEAP = 24  # frames: who goes so far at once looks around there, and steps back a little
STEPS_BACK = 6  # frames before a picture that are at hand after a leap
STRETCH = 32  # frames, at least, that are at hand after another step back
RETRY = 2  # s until a frame that could not be decoded is tried again: a share may be back
FINGERPRINT_BYTES = 64 << 10


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
        # One for all pictures: else each keeps one of its own, of 300 KB, for as long as it lives.
        self._reformatter = VideoReformatter()
        # Apart from the images: FFmpeg keeps the buffers of pictures that were dropped for
        # the next ones, so one cache for both would come to take twice its bound.
        self._pictures = PictureCache(
            None if cache_bytes is None else cache_bytes - for_images, weight=1 - 1 / IMAGE_SHARE
        )
        self._decoder: Decoder | None = None
        self._undecodable: dict[int, float] = {}  # frame -> when it was tried
        self._asked = 0  # the latest frame that was read

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
        self._asked = frame
        width, height = self._source.size
        # A stream may change its size on the way; masks have the size of the first frame.
        image = self._reformatter.reformat(picture, width, height, "rgb24").to_ndarray()
        return self._source.orientation.apply(image)

    def _decode(self, frame: int) -> av.VideoFrame:
        """Return a picture, by running on from where the decoder is or from a keyframe.

        Pictures met on the way go to the cache, so that steps back find them there: after a
        leap few, otherwise the latter half of the way at least. Of those further back only what
        others lean on is decoded, and into memory that is used over and over: to touch fresh
        memory can cost as much as to decode. Halves keep the wait of who steps on to there short,
        and all of them together decode less than twice what the group holds.
        """
        if time.monotonic() - self._undecodable.get(frame, -math.inf) < RETRY:
            raise self._cannot_decode(frame)
        if self._decoder is None:
            self._decoder = Decoder(self.path, self._source.index)
        for start, wanted in self._ways_to(frame):
            for number, picture in self._decoder.run(start, wanted):
                if number >= wanted:
                    self._pictures.put(number, picture, sum(p.buffer_size for p in picture.planes))
                if number == frame:
                    return picture
                if number > frame:
                    break  # it should have come before this one
        self._undecodable[frame] = time.monotonic()
        raise self._cannot_decode(frame)

    def _ways_to(self, frame: int) -> Iterator[tuple[int | None, int]]:
        """Yield where to run from to a frame, and before which frame to leave pictures out."""
        starts = self._source.index.starts(frame)
        into_group = frame - int(self._source.index.frame_of[starts[0]])
        is_leap = abs(frame - self._asked) > LEAP
        wanted = frame - (STEPS_BACK if is_leap else max(STRETCH, into_group // 2))
        if self._decoder.shown < frame and starts[0] <= self._decoder.fed + SEEK_COST:
            yield None, wanted
        yield from ((start, wanted) for start in starts)
        if wanted > 0:  # what was left out may have been needed: anew, with nothing left out
            self._decoder.close()
            self._decoder = Decoder(self.path, self._source.index)
            yield from ((start, 0) for start in starts)

    def _cannot_decode(self, frame: int) -> UserError:
        return UserError(
            "Frame {frame} of {path} cannot be decoded, the file is damaged there; go on with "
            "another frame or get a better copy.",
            frame=frame,
            path=self.path,
        )


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
