"""What `bench` looks at: textured discs that move over a textured ground, made on the spot.

For: the benchmarks, so that they need no files. Knows numpy, OpenCV and FFmpeg.
"""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from vos_annotator.core.masks import LabelMap
from vos_annotator.core.video import Image, Video

SHAPES = {
    "144p": (144, 256),
    "288p": (288, 512),
    "480p": (480, 854),
    "720p": (720, 1280),
    "1080p": (1080, 1920),
    "2160p": (2160, 3840),
}
TURN = 240  # frames until the discs are back where they were
_FPS = 25


class Scene(Video):
    """A video that is never stored: frames are drawn when they are asked for."""

    def __init__(self, shape: tuple[int, int], objects: int = 1, frame_count: int = 100) -> None:
        name = f"scene-{shape[0]}-{objects}-{frame_count}"
        super().__init__(Path(name), name, frame_count, shape, _FPS, name, 0)
        self.objects = objects
        self._ground = _texture(shape, seed=0, soft=9)
        self._radius = shape[0] // 8
        side = 2 * self._radius + 1
        self._discs = [_texture((side, side), seed=i + 1, soft=5) for i in range(objects)]
        self._is_disc = np.zeros((side, side), bool)
        rows, columns = np.indices((side, side)) - self._radius
        self._is_disc[:] = rows**2 + columns**2 <= self._radius**2

    def time(self, frame: int) -> float:
        """Return when a frame is shown, s."""
        return frame / self.fps

    def nearest_keyframe(self, frame: int) -> int:
        """Return `frame`: all are as cheap."""
        return frame

    def fork(self, cache_bytes: int | None = None) -> "Scene":
        """Return another one."""
        return Scene(self.shape, self.objects, self.frame_count)

    def label_map(self, frame: int) -> LabelMap:
        """Return the true masks of a frame."""
        label_map = np.zeros(self.shape, np.uint8)
        for n, box in enumerate(self._boxes(frame)):
            label_map[box][self._is_disc] = n + 1
        return label_map

    def _read(self, frame: int) -> Image:
        image = self._ground.copy()
        for disc, box in zip(self._discs, self._boxes(frame), strict=True):
            image[box][self._is_disc] = disc[self._is_disc]
        return image

    def _boxes(self, frame: int) -> list[tuple[slice, slice]]:
        height, width = self.shape
        boxes = []
        for n in range(self.objects):
            angle = 2 * np.pi * (frame / TURN + n / self.objects)
            top = round((height / 2 - self._radius) * (1 + 0.8 * np.sin(angle)))
            left = round((width / 2 - self._radius) * (1 + 0.8 * np.cos(angle)))
            side = 2 * self._radius + 1
            top, left = min(top, height - side), min(left, width - side)
            boxes.append((slice(top, top + side), slice(left, left + side)))
        return boxes


def write_clip(path: Path, scene: Scene) -> Path:
    """Write a scene as an H.264 file."""
    height, width = scene.shape
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_FPS)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "23"}
        for frame in range(scene.frame_count):
            picture = av.VideoFrame.from_ndarray(scene[frame], "rgb24").reformat(format="yuv420p")
            picture.pts, picture.time_base = frame, Fraction(1, _FPS)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def _texture(shape: tuple[int, int], seed: int, soft: int) -> Image:
    """Return an RGB picture of blotches about `soft` px wide."""
    noise = np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)
    soft_noise = cv2.GaussianBlur(noise, (0, 0), soft / 2).astype(np.float32)
    tint = np.random.default_rng(seed + 100).integers(-60, 61, 3)
    stretched = 128 + (soft_noise - 128) * soft * 1.5 + tint
    return stretched.clip(0, 255).astype(np.uint8)
