"""A long piece of work in a thread of its own, with progress and a way to stop it.

For: import and export. The work is a plain function; it gets copies of what it needs,
touches no widget, and its result comes back as a signal in the GUI thread.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable

from PySide6.QtCore import QObject, QThread, Signal

from vos_annotator.core.errors import UserError
from vos_annotator.core.translation import tr
from vos_annotator.ui.inference import give_way

log = logging.getLogger(__name__)


class Job(QThread):
    """Runs `work(progress, cancelled)`, where both arguments are callables.

    Signals:
        progress(done, total)
        succeeded(result): What `work` returned.
        failed(message, report): One sentence, and the traceback or nothing.
    """

    progress = Signal(int, int)
    succeeded = Signal(object)
    failed = Signal(str, str)

    def __init__(
        self, name: str, work: Callable[..., object], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.name = name
        self._work = work
        self._stop = threading.Event()

    def run(self) -> None:
        """Do the work; Qt calls this in the thread."""
        give_way()
        try:
            result = self._work(self.progress.emit, self._stop.is_set)
        except UserError as error:
            self.failed.emit(str(error), "")
        except Exception as error:  # the window must outlive whatever happens here
            log.exception("%s failed", self.name)
            self.failed.emit(
                tr("{job} failed: {error}", job=self.name, error=error), traceback.format_exc()
            )
        else:
            self.succeeded.emit(result)

    def stop(self) -> None:
        """Ask the work to end early."""
        self._stop.set()

    def close(self) -> None:
        """Stop, and wait for the thread."""
        self.stop()
        self.wait()
