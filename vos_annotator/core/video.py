"""A video: numbered RGB frames with times, whatever they are stored in.

For: everybody who needs pictures (project, engine, canvas, exports). This module knows what
all videos have in common; `video_file` knows FFmpeg and `image_folder` knows folders of
pictures, and `open_video` picks between them.

A *frame* is a 0-based number in the order of presentation. Frames are decoded when they are
asked for, kept in a cache of bounded bytes, and never written to disk.

Thread rule: a `Video` belongs to the thread that uses it; `fork` makes one for another.
"""

import operator
import os
import re
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError, unreadable

Image = NDArray[np.uint8]  # (H, W, 3) RGB

DEFAULT_CACHE_BYTES = 256 << 20


class Video(ABC):
    """Frames of one size, numbered from 0.

    Attributes:
        path: The file or the folder.
        name: The file's stem or the folder's name.
        frame_count: How many frames there are, at least 1.
        shape: (H, W) of every frame as it is shown, after rotation.
        fps: Mean frames a second; the true time of a frame is `time(frame)`.
        fingerprint: A cheap hash that tells a video which was replaced from the same one
            moved: sizes and names or ends, not the whole content.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        frame_count: int,
        shape: tuple[int, int],
        fps: float,
        fingerprint: str,
        cache_bytes: int,
    ) -> None:
        self.path = path
        self.name = name
        self.frame_count = frame_count
        self.shape = shape
        self.fps = fps
        self.fingerprint = fingerprint
        self._images = PictureCache(cache_bytes)
        self._is_closed = False

    def __len__(self) -> int:
        return self.frame_count

    def __getitem__(self, frame: int) -> Image:
        """Return a frame as (H, W, 3) RGB uint8, C-contiguous and read-only.

        Raises:
            IndexError: There is no such frame; negative numbers do not count from the end.
            UserError: The frame cannot be decoded, or its file has gone.
        """
        frame = self._check(frame)
        image = self._images.get(frame)
        if image is None:
            image = self._read(frame)
            image.flags.writeable = False
            self._images.put(frame, image, image.nbytes)
        return image

    def expect(self, frames: Iterable[int]) -> None:  # noqa: B027 - most do nothing
        """Learn which frames are asked for next, in order; a video may decode them meanwhile.

        What is read is the same whether they are asked for or not.
        """

    @abstractmethod
    def time(self, frame: int) -> float:
        """Return when `frame` is shown, in seconds from the first frame."""

    @abstractmethod
    def nearest_keyframe(self, frame: int) -> int:
        """Return the frame nearest to `frame` that is cheap to decode, for scrubbing."""

    @abstractmethod
    def fork(self, cache_bytes: int | None = None) -> Self:
        """Return an independent handle for another thread; what was indexed is shared.

        Args:
            cache_bytes: As of `open_video`; None takes as much as this handle.
        """

    def close(self) -> None:
        """Let go of the file and the cache; closing twice is fine."""
        self._is_closed = True
        self._images.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def _read(self, frame: int) -> Image:
        """Return a fresh array of a frame that is not in the cache."""

    def _check(self, frame: int) -> int:
        if self._is_closed:
            raise ValueError(f"{self.name} has been closed")
        frame = operator.index(frame)
        if not 0 <= frame < self.frame_count:
            raise IndexError(f"frame {frame} of {self.name}, which has {self.frame_count}")
        return frame


class PictureCache:
    """The most recently used pictures, by frame, within a bound of bytes."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self._pictures: OrderedDict[int, tuple[Any, int]] = OrderedDict()

    def get(self, frame: int) -> Any | None:
        """Return the picture of a frame, which thereby becomes the last to go."""
        if frame not in self._pictures:
            return None
        self._pictures.move_to_end(frame)
        return self._pictures[frame][0]

    def put(self, frame: int, picture: Any, size: int) -> None:
        """Keep a picture of `size` bytes; older ones go until the bound holds again."""
        self._drop(frame)
        self._pictures[frame] = picture, size
        self.size += size
        while self.size > self.capacity:
            self._drop(next(iter(self._pictures)))

    def clear(self) -> None:
        """Drop everything."""
        self._pictures.clear()
        self.size = 0

    def _drop(self, frame: int) -> None:
        self.size -= self._pictures.pop(frame, (None, 0))[1]


def open_video(path: str | Path, cache_bytes: int = DEFAULT_CACHE_BYTES) -> Video:
    """Open a video file or a folder of pictures.

    Args:
        path: Any file that FFmpeg reads, or a folder of jpg, png, bmp, tif or webp files.
        cache_bytes: How much the decoded pictures that are kept may take.

    Raises:
        UserError: It cannot be opened; one sentence says why and what to do. Nothing is
            left open.
    """
    path = Path(os.path.abspath(path))
    try:
        if path.is_dir():
            from vos_annotator.core.image_folder import ImageFolder

            return ImageFolder.open(path, cache_bytes)
        if path.is_file():
            from vos_annotator.core.video_file import VideoFile

            return VideoFile.open(path, cache_bytes)
        if path.exists():
            raise UserError(
                "{path} is neither a file nor a folder; open a video or a folder.", path=path
            )
    except OSError as error:
        raise unreadable(path, error) from error
    raise UserError(
        "{path} does not exist; check the name and whether the disk is there.", path=path
    )


def natural_key(name: str) -> tuple:
    """Return a key that sorts frame2 before frame10; case counts only between equals."""
    parts = re.split(r"(\d+)", name)
    return [int(p) if i % 2 else p.casefold() for i, p in enumerate(parts)], name
