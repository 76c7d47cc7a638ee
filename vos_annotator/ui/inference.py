"""The inference thread as Qt sees it: commands go in, results come out in the GUI thread.

For: the bridge. Knows the worker and Qt's event loop; nothing of documents.
"""

import os
import sys
import threading
import time
from contextlib import suppress

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from vos_annotator.core.video import Video
from vos_annotator.engine.commands import Command
from vos_annotator.engine.memory_shelf import MemoryShelf
from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.engine.worker import InferenceWorker, Loader

VISIT = 0.008  # s; the longest that results may keep the event loop
_NICENESS = 10  # of the engine's threads: where cores are short, the window goes first


class Inference(QObject):
    """A worker whose results arrive between other events, at most 8 ms of them at a time.

    Signals:
        arrived(result): One of `engine.commands.Result`, in the order of the worker.
    """

    arrived = Signal(object)
    _filled = Signal()  # from the worker's thread

    def __init__(
        self, engine_name: str, video: Video, size: int, load: Loader, shelf: MemoryShelf
    ) -> None:
        """Prepare the worker; see `InferenceWorker`."""
        super().__init__()

        def load_behind(name: str | None, size: int) -> SegmentationEngine:
            give_way()
            return load(name, size)

        self._worker = InferenceWorker(
            engine_name, video, self._filled.emit, size, load_behind, shelf
        )
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


def give_way() -> None:
    """Lower the priority of this thread, and of those that it starts, where that can be done.

    On two cores an engine that keeps both of them busy doubles what the window takes to paint.
    """
    if sys.platform == "linux":  # elsewhere it would be the whole process
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def single_shot(parent: QObject, interval: int, action) -> QTimer:
    """Return a timer that, each time it is started, calls `action` once after `interval` ms."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(interval)
    timer.timeout.connect(action)
    return timer
