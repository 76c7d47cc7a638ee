"""The newest of several pieces of work, done away from the GUI thread.

For: previews that follow a slider or the mouse, where only the last answer counts.
"""

import logging
import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

log = logging.getLogger(__name__)


class Latest(QObject):
    """Does the work that was asked for last; older work that is not begun is forgotten.

    Signals:
        done(result): What the newest work returned; the answers of older ones are dropped.
    """

    done = Signal(object)
    _made = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self._wanted: tuple[int, Callable[[], object]] | None = None
        self._is_closed = False
        self._turn = threading.Condition()
        self._thread: threading.Thread | None = None
        self._made.connect(self._receive)

    def ask(self, work: Callable[[], object]) -> None:
        """Have `work`, which touches no widget, done as soon as the thread is free."""
        with self._turn:
            self._count += 1
            self._wanted = self._count, work
            self._turn.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="preview", daemon=True)
            self._thread.start()

    def forget(self) -> None:
        """Drop what was asked for; no answer comes any more."""
        with self._turn:
            self._count += 1
            self._wanted = None

    def close(self) -> None:
        """Stop the thread and wait for it; closing twice is fine."""
        self.forget()
        with self._turn:
            self._is_closed = True
            self._turn.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._wanted is not None or self._is_closed)
                if self._is_closed:
                    return
                (number, work), self._wanted = self._wanted, None
            try:
                result = work()
            except Exception:  # a preview that fails must not end those that follow
                log.exception("a preview failed")
            else:
                self._made.emit(number, result)

    def _receive(self, number: int, result: object) -> None:
        if number == self._count:
            self.done.emit(result)
