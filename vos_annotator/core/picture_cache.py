"""Pictures that were used lately, within what the memory budget allows.

For: videos, which keep what they decoded, and the filmstrip. Plain Python.

Thread rule: may be used from any thread; the budget trims it from wherever memory runs short.
"""

import threading
from collections import OrderedDict
from collections.abc import Container
from typing import Any

from vos_annotator.core.memory_budget import BUDGET, FRAMES


class PictureCache:
    """The most recently used pictures, by frame, within a bound of bytes.

    Attributes:
        kind, most, weight: As of `memory_budget.Cache`.
        size: Bytes that it holds.
    """

    def __init__(self, most: int | None = None, kind: str = FRAMES, weight: float = 1.0) -> None:
        self.kind, self.most, self.weight, self.size = kind, most, weight, 0
        self._pictures: OrderedDict[int, tuple[Any, int]] = OrderedDict()
        self._turn = threading.Lock()
        BUDGET.add(self)

    def get(self, frame: int) -> Any | None:
        """Return the picture of a frame, which thereby becomes the last to go."""
        with self._turn:
            if frame not in self._pictures:
                return None
            self._pictures.move_to_end(frame)
            return self._pictures[frame][0]

    def put(self, frame: int, picture: Any, size: int) -> None:
        """Keep a picture of `size` bytes; older ones go until the bound holds again."""
        with self._turn:
            self._drop(frame)
            self._pictures[frame] = picture, size
            self.size += size
        self.trim()

    def trim(self) -> None:
        """Drop what the budget does not allow."""
        bound = BUDGET.share(self)
        with self._turn:
            while self.size > bound:
                self._drop(next(iter(self._pictures)))

    def drop(self, frames: Container[int]) -> None:
        """Drop the pictures of some frames."""
        with self._turn:
            for frame in [each for each in self._pictures if each in frames]:
                self._drop(frame)

    def clear(self) -> None:
        """Drop everything."""
        with self._turn:
            self._pictures.clear()
            self.size = 0

    def close(self) -> None:
        """Drop everything, and leave what the budget gives to others."""
        self.clear()
        BUDGET.remove(self)

    def __len__(self) -> int:
        return len(self._pictures)

    def _drop(self, frame: int) -> None:
        self.size -= self._pictures.pop(frame, (None, 0))[1]
