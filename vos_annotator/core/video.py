"""A video: numbered RGB frames with times, whatever they are stored in.

For: everybody who needs pictures (project, engine, canvas, exports). This module knows what
all videos have in common; `video_file` knows FFmpeg and `image_folder` knows folders of
pictures, and `open_video` picks between them.

A *frame* is a 0-based number in the order of presentation. Frames are decoded when they are
asked for, kept within the memory budget, and never written to disk.

Thread rule: a `Video` belongs to the thread that uses it; `fork` makes one for another.
"""

import operator
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError, unreadable
from vos_annotator.core.memory_budget import BUDGET
from vos_annotator.core.picture_cache import PictureCache

Image = NDArray[np.uint8]  # (H, W, 3) RGB


class Video(ABC):
    """Frames of one size, numbered from 0.

    Attributes:
        path: The file or the folder.
        name: The file's stem or the folder's name.
        frame_count: How many frames there are, at least 1.
        shape: (H, W) of every frame as it is shown, after rotation.
        fps: Mean frames a second; the true time of a frame is `time(frame)`.
        fingerprint: A cheap hash that tells a video which was replaced from the same one
            moved: sizes, names and bytes here and there, not the whole content.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        frame_count: int,
        shape: tuple[int, int],
        fps: float,
        fingerprint: str,
        cache_bytes: int | None,
        cache_weight: float = 1.0,
    ) -> None:
        """Know what all videos do; `cache_bytes` and its weight are those of a `PictureCache`."""
        self.path = path
        self.name = name
        self.frame_count = frame_count
        self.shape = shape
        self.fps = fps
        self.fingerprint = fingerprint
        self._images = PictureCache(cache_bytes, weight=cache_weight)
        self._is_closed = False

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """The fingerprint, and those that earlier versions of the program gave the same video."""
        return (self.fingerprint,)

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
            try:
                image = self._read(frame)
            except MemoryError:
                if not BUDGET.step_down():
                    raise
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
            cache_bytes: As of `open_video`; None takes what this handle was given.
        """

    def close(self) -> None:
        """Let go of the file and the cache; closing twice is fine."""
        self._is_closed = True
        self._images.close()

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


def open_video(path: str | Path, cache_bytes: int | None = None) -> Video:
    """Open a video file or a folder of pictures.

    Args:
        path: Any file that FFmpeg reads, or a folder of jpg, png, bmp, tif or webp files.
        cache_bytes: What the decoded pictures that are kept may take; None leaves it to the
            memory budget.

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
