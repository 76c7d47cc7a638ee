"""A video that decodes what is asked for next while its reader is busy with what it has.

For: the worker, whose passes say which frames they are going to read, in whichever direction.
Knows videos; plain Python.

A thread of its own decodes the expected frames, at most a few ahead. Other frames are read as
from any video, by the thread that asks, through another handle, so that looking elsewhere does
not take the decoder away from its place. What is read is the same either way.
"""

import threading
from collections import deque
from collections.abc import Iterable

from vos_annotator.core.memory_budget import AHEAD, BUDGET
from vos_annotator.core.video import Image, Video

MOST_FRAMES = 4  # that wait at once, if the memory budget allows; one always may
_KEPT = 5  # frames that were read: cuts are looked for a few frames before masks are
_ASIDE_BYTES = 32 << 20  # cache of the handle for frames that nobody expected


class ReadAhead(Video):
    """A video whose expected frames are decoded ahead; belongs to one thread, as any.

    Attributes:
        kind, most, weight: As of `memory_budget.Cache`.
    """

    kind, weight = AHEAD, 1.0

    def __init__(self, video: Video) -> None:
        """Read ahead in `video`, which belongs to this object from now on."""
        size = 3 * video.shape[0] * video.shape[1]
        super().__init__(
            video.path,
            video.name,
            video.frame_count,
            video.shape,
            video.fps,
            video.fingerprint,
            _KEPT * size,
        )
        self._bytes, self.most = size, MOST_FRAMES * size
        self._ahead, self._aside = video, video.fork(_ASIDE_BYTES)
        self._turn = threading.Condition()
        self._thread: threading.Thread | None = None
        # All below is shared, and touched only in turn.
        self._expected: deque[int] = deque()
        self._at_work: int | None = None  # the frame that is being decoded
        self._done: dict[int, Image | Exception] = {}
        BUDGET.add(self)

    @property
    def size(self) -> int:
        """Bytes of the frames that wait."""
        return len(self._done) * self._bytes

    def trim(self) -> None:
        """Leave what waits: it is wanted next. Less is decoded ahead from then on."""

    def expect(self, frames: Iterable[int]) -> None:
        """Decode these frames next, in this order; what was expected before is forgotten."""
        with self._turn:
            self._expected = deque(frames)
            self._done.clear()
            self._at_work = None
            if self._expected and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="read ahead", daemon=True)
                self._thread.start()
            self._turn.notify_all()

    def time(self, frame: int) -> float:
        """Return when a frame is shown, s."""
        return self._aside.time(frame)

    def nearest_keyframe(self, frame: int) -> int:
        """Return the frame nearest to `frame` that is cheap to decode."""
        return self._aside.nearest_keyframe(frame)

    def fork(self, cache_bytes: int | None = None) -> Video:
        """Return an independent handle, which does not read ahead."""
        return self._ahead.fork(cache_bytes)

    def close(self) -> None:
        """Join the thread and close both handles."""
        super().close()
        with self._turn:
            self._turn.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._ahead.close()
        self._aside.close()

    def _read(self, frame: int) -> Image:
        with self._turn:
            if not self._is_coming(frame):
                image = None
            else:
                self._turn.wait_for(lambda: frame in self._done)
                image = self._done.pop(frame)
                self._turn.notify_all()
        if image is None:
            return self._aside[frame]
        if isinstance(image, Exception):
            raise image
        return image

    def _is_coming(self, frame: int) -> bool:
        """Whether a frame is expected; those before it are then not any more."""
        if frame in self._done or frame == self._at_work:
            return True
        if frame not in self._expected:
            return False
        while self._expected[0] != frame:
            self._expected.popleft()
        self._at_work = None  # what is decoded just now was passed over
        self._done.clear()
        self._turn.notify_all()
        return True

    # The thread

    def _run(self) -> None:
        while (frame := self._take()) is not None:
            try:
                found: Image | Exception = self._ahead[frame]
            except Exception as error:  # it is raised where the frame is asked for
                found = error
            with self._turn:
                if self._at_work == frame:  # nobody has given up on it
                    self._at_work = None
                    self._done[frame] = found
                    self._turn.notify_all()

    def _take(self) -> int | None:
        def has_work() -> bool:
            most = max(1, BUDGET.share(self) // self._bytes)
            return bool(self._expected) and len(self._done) < most

        with self._turn:
            self._turn.wait_for(lambda: has_work() or self._is_closed)
            if self._is_closed:
                return None
            self._at_work = self._expected.popleft()
            return self._at_work
