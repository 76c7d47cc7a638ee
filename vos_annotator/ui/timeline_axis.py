"""Where frames lie along the timeline: the mapping between frames and pixels.

For: the timeline and its painters. Plain Python, so that it can be tested without Qt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_SCALE = 24.0  # px a frame at most: a diamond and air around it
_STEPS = (1, 2, 5)


@dataclass(slots=True)
class FrameAxis:
    """A window of `width` px onto `frame_count` frames, `scale` px each, from `start` on.

    Frame n covers the pixels from `x(n)` up to `x(n + 1)`.
    """

    frame_count: int
    width: int = 1
    start: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        self.fit()

    @property
    def visible(self) -> float:
        """How many frames fit into the width."""
        return self.width / self.scale

    def x(self, frame: float) -> float:
        """Return the left edge of `frame` in px."""
        return (frame - self.start) * self.scale

    def center(self, frame: int) -> float:
        """Return the middle of `frame` in px."""
        return self.x(frame + 0.5)

    def frame_at(self, x: float) -> int:
        """Return the frame under `x`, the nearest one there is when outside."""
        return min(max(int(self.start + x / self.scale), 0), self.frame_count - 1)

    def fit(self) -> None:
        """Show the whole video."""
        self.start, self.scale = 0.0, self._least_scale()

    def resize(self, width: int) -> None:
        """Take a new width; what was fitted stays fitted."""
        was_fitted = self.scale <= self._least_scale() * 1.0001
        self.width = max(width, 1)
        if was_fitted:
            self.fit()
        else:
            self.zoom(1.0, 0.0)

    def zoom(self, factor: float, x: float) -> None:
        """Scale by `factor`, keeping what is under `x` in its place."""
        anchor = self.start + x / self.scale
        least = self._least_scale()
        self.scale = min(max(self.scale * factor, least), max(MAX_SCALE, least))
        self.scroll_to(anchor - x / self.scale)

    def scroll_to(self, start: float) -> None:
        """Let the window begin at `start`, or as near to it as the video allows."""
        self.start = min(max(start, 0.0), max(self.frame_count - self.visible, 0.0))

    def reveal(self, frame: int) -> bool:
        """Scroll until `frame` is in the window; True when that moved it."""
        if self.start <= frame and frame + 1 <= self.start + self.visible:
            return False
        before = self.start
        self.scroll_to(frame - 0.1 * self.visible)
        return self.start != before

    def columns(self, pixels: int) -> NDArray[np.intp]:
        """Return the first frame of each of `pixels` equal columns of the window."""
        edges = self.start + np.arange(pixels) * (self.visible / pixels)
        return np.clip(edges.astype(np.intp), 0, self.frame_count - 1)

    def tick_step(self, label_width: float) -> int:
        """Return the smallest round number of frames that leaves room for labels."""
        decade = 1
        while True:
            for step in _STEPS:
                if step * decade * self.scale >= label_width:
                    return step * decade
            decade *= 10

    def _least_scale(self) -> float:
        return self.width / max(self.frame_count, 1)
