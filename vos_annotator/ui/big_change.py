"""A change of hundreds of masks, made between other events: one step of undo, all or nothing.

For: imports, changes of a range, and undo and redo of such. Knows the document and Qt's event
loop; runs where the window's jobs run, with their progress and their way to stop.

The masks change from the first slice on, and are seen to. On disk all of it is one transaction,
which ends with the change: a program that dies before it has changed nothing. Whoever stops it
has everything taken back. Another edit does not wait: what is left is made at once, before it.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterable, Iterator

from PySide6.QtCore import QObject, Signal

from vos_annotator.core.corrections import Correction
from vos_annotator.core.edits import Edit, FrameEdit, edits_of, single_edits
from vos_annotator.core.errors import UserError
from vos_annotator.core.translation import tr
from vos_annotator.ui.document import Document
from vos_annotator.ui.inference import VISIT, single_shot

log = logging.getLogger(__name__)

BIG = 16  # masks; changing fewer is over before a person notices


def is_big(edit: Edit) -> bool:
    """Return whether an edit changes so many masks that it takes a while."""
    return sum(1 for _ in edits_of(FrameEdit, edit)) > BIG


class BigChange(QObject):
    """Makes edits, at most 8 ms of them at a time; a job without a thread.

    Signals:
        progress(done, total)
        succeeded(None): All is made, and in the history.
        failed(message, report): Nothing is changed, for this reason.
        finished(): It came to its end, whichever.
    """

    progress = Signal(int, int)
    succeeded = Signal(object)
    failed = Signal(str, str)
    finished = Signal()

    def __init__(
        self,
        name: str,
        document: Document,
        edits: Iterable[Edit],
        count: int,
        note: Callable[[Edit], None],
    ) -> None:
        """Make ready.

        Args:
            name: What it is called while it runs.
            document: What is changed.
            edits: Each is asked for right before it is made, for the masks that are there then.
            count: How many masks they change, about.
            note: Keeps the edit that takes all of it back, in the history.
        """
        super().__init__()
        self.name = name
        self._document, self._note = document, note
        self._correction = Correction(document.project, self._noted(edits))
        self._count, self._done = count, 0
        self._steps = self._all()
        self._is_stopped = self._is_at_work = False
        self._again = single_shot(self, 0, self._work)

    def _noted(self, edits: Iterable[Edit]) -> Iterator[Edit]:
        """Give edits one by one, what they change being kept for comparison."""
        before = self._document.before
        before.begin()
        for edit in edits:
            for part in single_edits(edit):
                if isinstance(part, FrameEdit):
                    before.note(part.frame)
                yield part

    def start(self) -> None:
        """Begin with the next turn of the event loop."""
        self._document.settle()
        self._document.finish_change = self.close
        self._document.project.begin_together()
        self._again.start()

    def stop(self) -> None:
        """Take back what is made; unless it is all made."""
        self._is_stopped = True

    def close(self) -> None:
        """Make at once what is left."""
        while not self._is_at_work and self._document.finish_change == self.close:
            self._go_on(until=float("inf"))

    def _work(self) -> None:
        self._go_on(until=time.perf_counter() + VISIT)

    def _go_on(self, until: float) -> None:
        self._is_at_work = True
        try:
            is_over = self._take_steps(until)
        finally:
            self._is_at_work = False
        if is_over:
            self._again.stop()
            self._document.finish_change = None
            self._document.project.end_together()
            self.finished.emit()
        else:
            self._document.project.write_ahead()
            self.progress.emit(min(self._done, self._count), self._count)
            self._again.start()

    def _take_steps(self, until: float) -> bool:
        """Go on for a while; return whether that was the end."""
        try:
            for _ in self._steps:
                if time.perf_counter() > until:
                    return False
        except UserError as error:
            self._give_up(str(error))
        except Exception as error:  # the window must outlive whatever happens here
            log.exception("%s failed", self.name)
            message = tr("{job} failed: {error}", job=self.name, error=error)
            self._give_up(message, traceback.format_exc())
        return True

    def _give_up(self, message: str, report: str = "") -> None:
        for _ in self._correction.back():
            pass
        self.failed.emit(message, report)

    def _all(self) -> Iterator[None]:
        correction, document = self._correction, self._document
        for _ in correction.steps():
            self._done += 1
            yield
            if self._is_stopped:
                yield from correction.back()
                return
        self._note(correction.inverse)
        for frame, ids in correction.touched.items():
            document.reference_changed.emit(frame, ids)
            yield
        self.succeeded.emit(None)
