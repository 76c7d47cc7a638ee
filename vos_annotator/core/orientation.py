"""Which way up a stored picture is shown: video display matrices and EXIF, in one form.

For: the readers of `video_file` and `image_folder`. Imports numpy only.

Both sources say the same thing, one of the eight ways to lay a rectangle on its sides, so
both become an `Orientation` and are applied by the same three lines.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Orientation:
    """Mirror left to right first (if `mirrored`), then turn counter-clockwise."""

    quarter_turns: int = 0
    mirrored: bool = False

    @classmethod
    def from_display_matrix(cls, data: bytes) -> "Orientation":
        """Read FFmpeg's 3x3 display matrix (nine native int32), to the nearest right angle.

        Its first two rows start with the images of the unit vectors along x (right) and
        y (down).
        """
        a, b, _, c, d = np.frombuffer(data, np.int32, count=5).astype(float)
        mirrored = a * d - b * c < 0
        if mirrored:
            a, b = -a, -b
        return cls(round(math.atan2(-b, a) / (math.pi / 2)) % 4, bool(mirrored))

    @classmethod
    def from_exif(cls, value: object) -> "Orientation":
        """Read the EXIF orientation tag (274), 1..8; anything else means upright."""
        return _EXIF.get(value, cls())

    def shape(self, height: int, width: int) -> tuple[int, int]:
        """Return (H, W) as shown of a picture stored as `height` x `width`."""
        return (width, height) if self.quarter_turns % 2 else (height, width)

    def apply(self, image: NDArray) -> NDArray:
        """Return the picture as it is to be shown, C-contiguous."""
        if self.mirrored:
            image = image[:, ::-1]
        return np.ascontiguousarray(np.rot90(image, self.quarter_turns))


_EXIF = {
    2: Orientation(0, True),
    3: Orientation(2),
    4: Orientation(2, True),
    5: Orientation(1, True),
    6: Orientation(3),
    7: Orientation(3, True),
    8: Orientation(1),
}
