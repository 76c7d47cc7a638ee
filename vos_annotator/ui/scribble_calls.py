"""Scribbles on their way to the engine and back: only the answer to the latest one counts.

For: the bridge. Knows the worker's commands.
"""

from dataclasses import replace

from vos_annotator.engine.commands import Scribble, Scribbled


class ScribbleCalls:
    """Numbers the scribbles, so that an answer that came too late is known."""

    def __init__(self) -> None:
        self._count = 0
        self._newest: dict[tuple[int, int], int] = {}

    def numbered(self, asked: Scribble) -> Scribble:
        """Return the command with a number, which makes those before it for its object old."""
        self._count += 1
        self._newest[asked.frame, asked.object_id] = self._count
        return replace(asked, token=self._count)

    def is_latest(self, answer: Scribbled) -> bool:
        """Whether nothing newer was asked for that object on that frame."""
        is_latest = self._newest.get((answer.frame, answer.object_id)) == answer.token
        if is_latest:
            del self._newest[answer.frame, answer.object_id]
        return is_latest
