"""A clip with masks that are hard to keep: for the tests of formats."""

from pathlib import Path

import numpy as np

from vos_annotator.core.formats.format import Source
from vos_annotator.core.masks import encode_png
from vos_annotator.core.video import Video

SHAPE = (37, 61)
FRAMES = 6
NAMES = {1: "the cat", 2: "Hündchen <&>", 3: "the cat", 255: "speck"}


class Clip(Video):
    """Frames made up on the spot, shown at uneven times."""

    def __init__(self, frame_count=FRAMES, name="clip", shape=SHAPE):
        super().__init__(Path(f"{name}.mp4"), name, frame_count, shape, 25.0, "f" * 32, 1 << 20)

    def time(self, frame):
        return frame / 25 + (frame % 3) * 0.01

    def nearest_keyframe(self, frame):
        return frame

    def fork(self, cache_bytes=None):
        return self

    def _read(self, frame):
        rows, columns = np.mgrid[: self.shape[0], : self.shape[1]]
        waves = (np.sin((rows + columns * 3) / 9) + 1) * 100
        return np.repeat(waves[..., None], 3, axis=2).astype(np.uint8) + np.uint8(frame)


def label_map(frame):
    """Return a ring in two parts, an object in its hole, one that comes late, and a speck."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    ids = np.zeros(SHAPE, np.uint8)
    distance = np.hypot(rows - 15, columns - 18 - frame)
    ids[(distance < 12) & (distance > 6)] = 1
    ids[30:35, 2:20] = 1
    ids[distance < 4] = 2
    if frame >= 3:
        ids[20:37, 40:61] = 3  # up to the border
    ids[0, 60] = 255
    return ids


def mask_png(frame):
    """Return the label map as it is kept; frame 4 has none."""
    return None if frame == 4 else encode_png(label_map(frame))


def wanted(frame):
    """Return what is read again."""
    return np.zeros(SHAPE, np.uint8) if frame == 4 else label_map(frame)


def source(video=None):
    """Return what is exported."""
    return Source(video or Clip(), mask_png, NAMES)


def files_below(root):
    """Return path -> bytes of every file, hidden ones too."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
