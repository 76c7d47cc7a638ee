"""What can be undone and redone: steps that outlive the program.

For: the project, which keeps them on disk, and the document, which makes them. Knows edits;
nothing of files.

A step is one edit: what takes it back if it is done, what makes it again if it was taken back.
Steps have a *position* that never changes, so dropping the oldest rewrites nothing. The edits
lie where they are kept; only those that could not be written yet are here.
"""

import time
from collections.abc import Callable, Iterator, Mapping

from psygnal import Signal

from vos_annotator.core.edits import Edit
from vos_annotator.core.errors import UserError
from vos_annotator.core.file_names import encodable

MOST_STEPS = 1000


class History:
    """Steps done, and steps taken back.

    Attributes:
        unsaved: position -> the edit that is not kept yet; whoever keeps it takes it away.

    Events:
        changed(): There is another step to undo or redo.
    """

    changed = Signal()

    def __init__(
        self,
        texts: Mapping[int, str],
        done: int | None,
        load: Callable[[int], Edit],
        times: Mapping[int, float] | None = None,
    ) -> None:
        """Start with what was kept.

        Args:
            texts: position -> what the step is called, of positions one after another.
            done: The first position that is not done; None for the one after the last.
            load: Gives the kept edit of a position; ValueError where it is damaged.
            times: position -> when the step was made, in seconds since the epoch.
        """
        self._texts = dict(sorted(texts.items()))
        self._times, self._load = dict(times or {}), load
        end = max(self._texts, default=-1) + 1
        self._done = end if done is None else min(max(done, self.first), end)
        self.unsaved: dict[int, Edit] = {}

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def first(self) -> int:
        """The position of the oldest step; where the next would be if there is none."""
        return min(self._texts, default=0)

    @property
    def done(self) -> int:
        """The first position that is not done, or was taken back."""
        return self._done

    @property
    def end(self) -> int:
        """The position after the last step."""
        return max(self._texts, default=self._done - 1) + 1

    @property
    def undo_text(self) -> str:
        """What would be taken back; "" for nothing."""
        return self._texts.get(self._done - 1, "")

    @property
    def redo_text(self) -> str:
        """What would be made again; "" for nothing."""
        return self._texts.get(self._done, "")

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._done - 1 in self._texts

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to make again."""
        return self._done in self._texts

    def name(self, position: int) -> str:
        """Return what the step at a position is called."""
        return self._texts[position]

    def time(self, position: int) -> float:
        """Return when a step was made, in seconds since the epoch; 0 where nobody noted it."""
        return self._times.get(position, 0.0)

    def steps_done(self) -> Iterator[tuple[int, Edit]]:
        """Yield the steps that stand, the oldest first: position, and what takes it back."""
        for position in range(self.first, self._done):
            yield position, self._edit(position)

    def push(self, text: str, inverse: Edit) -> None:
        """Note a step that was made; what was taken back before can no longer be redone."""
        for position in range(self._done, self.end):
            self._drop(position)
        self._texts[self._done], self._times[self._done] = encodable(text), time.time()
        self.unsaved[self._done] = inverse
        self._done += 1
        while len(self._texts) > MOST_STEPS:
            self._drop(self.first)
        self.changed.emit()

    def to_undo(self) -> Edit:
        """Return the edit that takes the last step back; see `undone`.

        Raises:
            UserError: It is damaged; the steps up to it are dropped.
        """
        return self._edit(self._done - 1)

    def to_redo(self) -> Edit:
        """Return the edit that makes the step again that was taken back; see `redone`.

        Raises:
            UserError: It is damaged; the steps from it on are dropped.
        """
        return self._edit(self._done)

    def undone(self, inverse: Edit) -> None:
        """Note that the last step was taken back; `inverse` makes it again."""
        self._done -= 1
        self.unsaved[self._done] = inverse
        self.changed.emit()

    def redone(self, inverse: Edit) -> None:
        """Note that the step was made again; `inverse` takes it back."""
        self.unsaved[self._done] = inverse
        self._done += 1
        self.changed.emit()

    def _edit(self, position: int) -> Edit:
        if position in self.unsaved:
            return self.unsaved[position]
        try:
            return self._load(position)
        except ValueError as error:
            text = self._texts[position]
            gone = range(self.first, self._done) if position < self._done else None
            for each in gone or range(self._done, self.end):
                self._drop(each)
            self.changed.emit()
            raise UserError(
                "'{text}' was damaged on the disk ({error}): neither it nor what was before it "
                "can be undone or redone any more. All masks are as they were.",
                text=text,
                error=error,
            ) from error

    def _drop(self, position: int) -> None:
        self._texts.pop(position, None)
        self._times.pop(position, None)
        self.unsaved.pop(position, None)
