"""The inference thread as Qt sees it: commands go in, results come out in the GUI thread.

For: the bridge. Knows the worker and Qt's event loop; nothing of documents.
"""

import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from vos_annotator.core.video import Video
from vos_annotator.engine.commands import Command
from vos_annotator.engine.worker import InferenceWorker, Loader

VISIT = 0.008  # s; the longest that results may keep the event loop


class Inference(QObject):
    """A worker whose results arrive between other events, at most 8 ms of them at a time.

    Signals:
        arrived(result): One of `engine.commands.Result`, in the order of the worker.
    """

    arrived = Signal(object)
    _filled = Signal()  # from the worker's thread

    def __init__(self, engine_name: str, video: Video, size: int, load: Loader) -> None:
        """Prepare the worker; see `InferenceWorker`."""
        super().__init__()
        self._worker = InferenceWorker(engine_name, video, self._filled.emit, size, load)
        self.has_started = self._is_closed = False
        self._filled.connect(self._drain, Qt.ConnectionType.QueuedConnection)
        self._again = single_shot(self, 0, self._drain)

    def start(self) -> None:
        """Start the thread."""
        self.has_started = True
        self._worker.start()

    def submit(self, command: Command) -> None:
        """Leave a command; see `InferenceWorker.submit`."""
        self._worker.submit(command)

    def cancel(self) -> None:
        """Give up every propagation submitted so far."""
        self._worker.cancel()

    def close(self) -> None:
        """Join the thread; nothing arrives any more."""
        self._is_closed = True
        self._again.stop()
        self._worker.close()

    def _drain(self) -> None:
        leave_at = time.perf_counter() + VISIT
        while not self._is_closed and (result := self._worker.results.take(timeout=0)):
            self.arrived.emit(result)
            if time.perf_counter() > leave_at:
                self._again.start()  # the event loop has its turn first
                return


def single_shot(parent: QObject, interval: int, action) -> QTimer:
    """Return a timer that, each time it is started, calls `action` once after `interval` ms."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(interval)
    timer.timeout.connect(action)
    return timer
