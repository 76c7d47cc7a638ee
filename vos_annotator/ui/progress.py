"""How far a run is and how long it will still take.

For: the bridge, which sends a `Progress` after each frame, and who shows it. Plain Python.
"""

from dataclasses import dataclass

_MEMORY = 20  # frames; the mean forgets what is older


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        done: Segmentations done; a frame between two references takes two.
        total: Segmentations of the whole run.
        seconds_left: By the running mean of what a frame takes.
        frame: The frame that was just done.
        direction: 1 towards the end of the video, -1 towards its beginning.
        fps: Segmentations a second, by the same mean.
        is_rough: Whether these are rough masks; None where masks have one size only.
    """

    done: int
    total: int
    seconds_left: float
    frame: int
    direction: int
    fps: float
    is_rough: bool | None = None


class Pace:
    """Counts the segmentations of a run and keeps the mean of what they take."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._done = 0
        self._mean = 0.0  # s
        self._frame: int | None = None

    def after(self, frame: int, seconds: float, is_rough: bool | None = None) -> Progress:
        """Return the progress now that one more frame has taken so many seconds."""
        self._done = min(self._done + 1, self.total)
        self._mean += (seconds - self._mean) / min(self._done, _MEMORY)
        direction = -1 if self._frame is not None and frame < self._frame else 1
        self._frame = frame
        return Progress(
            done=self._done,
            total=self.total,
            seconds_left=self._mean * (self.total - self._done),
            frame=frame,
            direction=direction,
            fps=1 / max(self._mean, 1e-6),
            is_rough=is_rough,
        )
