"""Scribbles on their way to the engine and back: only the answer to the latest one counts.

For: the bridge. Knows the worker's commands.
"""

import numpy as np
from numpy.typing import NDArray

from vos_annotator.engine.commands import Scribble, Scribbled


class ScribbleCalls:
    """Numbers the scribbles, so that an answer that came too late is known."""

    def __init__(self) -> None:
        self._count = 0
        self._newest: dict[tuple[int, int], int] = {}

    def command(
        self,
        frame: int,
        object_id: int,
        strokes: NDArray[np.uint8],
        current: NDArray[np.bool_] | None,
        others: NDArray[np.bool_] | None,
    ) -> Scribble:
        """Return the command that asks for the mask; the arrays are copied."""
        self._count += 1
        self._newest[frame, object_id] = self._count
        current, others = (None if each is None else each.copy() for each in (current, others))
        return Scribble(frame, object_id, strokes.copy(), current, self._count, others)

    def is_latest(self, answer: Scribbled) -> bool:
        """Whether nothing newer was asked for that object on that frame."""
        is_latest = self._newest.get((answer.frame, answer.object_id)) == answer.token
        if is_latest:
            del self._newest[answer.frame, answer.object_id]
        return is_latest
