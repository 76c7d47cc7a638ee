"""A video that is all in memory and engines that do as they are told, for tests of the seam."""

import threading
from pathlib import Path

import numpy as np

from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import object_ids
from vos_annotator.core.video import Video
from vos_annotator.engine.protocol import Segmentation

SHAPE = (24, 32)


class ShadeVideo(Video):
    """Frame n is a picture of grey n; what is in `damaged` then cannot be decoded, by no fork."""

    def __init__(
        self, frames: int = 10, shape: tuple[int, int] = SHAPE, cache_bytes: int = 1 << 20
    ) -> None:
        self.damaged: set[int] = set()
        super().__init__(Path("shades"), "shades", frames, shape, 25.0, "shades", cache_bytes)

    def time(self, frame: int) -> float:
        return frame / self.fps

    def nearest_keyframe(self, frame: int) -> int:
        return frame

    def fork(self, cache_bytes: int | None = None) -> "ShadeVideo":
        other = ShadeVideo(self.frame_count, self.shape)
        other.damaged = self.damaged
        return other

    def _read(self, frame: int) -> np.ndarray:
        if frame in self.damaged:
            raise UserError("Frame {frame} of shades is damaged.", frame=frame)
        return np.full((*self.shape, 3), frame % 256, np.uint8)


class ToldEngine:
    """Gives every object of any reference the log-odds `level`, everywhere.

    Attributes:
        log: What was asked of it, in order.
        turnstile: While it is set, each `segment` waits for a `let_through`.
        raises: What the next call raises.
    """

    name = "told"

    def __init__(self, size: int = 480) -> None:
        self.size = size
        self.device = "paper"
        self.log: list[tuple] = []
        self.memory: dict[int, bytes] = {}
        self.ids: dict[int, tuple[int, ...]] = {}
        self.passes = 0
        self.raises: Exception | None = None
        self.is_gated = False
        self.reached = threading.Semaphore(0)
        self._gate = threading.Semaphore(0)

    def level(self, frame: int) -> float:
        """What `segment` gives; by default it tells the passes apart."""
        return float(self.passes)

    def memorize(self, frame, image, label_map):
        self._enter("memorize", frame)
        assert image[0, 0, 0] == frame % 256
        self.memory[frame], self.ids[frame] = label_map.tobytes(), object_ids(label_map)

    def forget(self, frame):
        self._enter("forget", frame)
        self.memory.pop(frame, None)
        self.ids.pop(frame, None)

    def begin_pass(self):
        self._enter("begin_pass")
        self.passes += 1

    def segment(self, frame, image, absent=()):
        self._enter("segment", frame)
        assert image[0, 0, 0] == frame % 256
        if self.is_gated:
            self.reached.release()
            assert self._gate.acquire(timeout=20)
        ids = tuple(sorted({i for each in self.ids.values() for i in each}))
        logits = np.full((len(ids), 6, 8), self.level(frame), np.float32)
        return Segmentation(ids, logits, image.shape[:2])

    def let_through(self, frames: int = 1) -> None:
        """Let the worker finish so many frames."""
        self._gate.release(frames)

    def open_gate(self) -> None:
        """Let everything through from now on."""
        self.is_gated = False
        self._gate.release(1000)

    def _enter(self, *what):
        self.log.append(what)
        if self.raises is not None:
            error, self.raises = self.raises, None
            raise error


class ToldScribbler(ToldEngine):
    """Also answers scribbles: with the pixels under the strokes inside."""

    def scribble(self, frame, image, strokes, current, object_id=None, others=None):
        self._enter("scribble", frame)
        return strokes == 1


class ToldLearner(ToldEngine):
    """Also learns: `patience` times it asks whether to end, then it `teaches` or not.

    What it learnt lowers the log-odds of everything below 0.
    """

    patience, teaches, has_learnt = 3, True, False

    def learn(self, references, cancelled=lambda: False):
        frames = tuple(frame for frame, _, _ in references)
        self._enter("learn", *frames)
        if self.is_gated:
            self.reached.release()
            assert self._gate.acquire(timeout=20)
        if not any(cancelled() for _ in range(self.patience)):
            self.has_learnt = self.teaches
        return self.has_learnt

    def unlearn(self):
        self._enter("unlearn")
        self.has_learnt = False

    def level(self, frame):
        return -1.0 if self.has_learnt else super().level(frame)


class ToldRefiner(ToldEngine):
    """Also looks closer: what it then finds is the label map with its first row empty."""

    def refine(self, frame, image, label_map, reference):
        self._enter("refine", frame, *(reference(each)[1].any() for each in sorted(self.memory)))
        fine = label_map.copy()
        fine[0] = 0
        return fine


def square(*ids: int, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """Return a label map with a stripe of each object."""
    label_map = np.zeros(shape, np.uint8)
    for n, object_id in enumerate(ids):
        label_map[4 * n : 4 * n + 4] = object_id
    return label_map
