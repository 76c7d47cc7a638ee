"""The inference thread as Qt sees it: commands go in, results come out in the GUI thread.

For: the bridge. Knows the worker and Qt's event loop; nothing of documents.
"""

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from vos_annotator.core.video import Video
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.commands import (
    Command,
    Failed,
    Propagate,
    Ready,
    Result,
    Scribble,
    UseEngine,
)
from vos_annotator.engine.memory_shelf import MemoryShelf, shelf_folder
from vos_annotator.engine.processes import NICENESS
from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.engine.seat import Loader
from vos_annotator.engine.worker import InferenceWorker

VISIT = 0.008  # s; the longest that results may keep the event loop


class Inference(QObject):
    """A worker whose results arrive between other events, at most 8 ms of them at a time.

    Attributes:
        choice: The engine in use.

    Signals:
        arrived(result): One of `engine.commands.Result`, in the order of the worker.
    """

    arrived = Signal(object)
    _filled = Signal()  # from the worker's thread

    def __init__(
        self,
        engine: EngineChoice,
        video: Video,
        size: int,
        load: Loader,
        project: Path | None = None,
    ) -> None:
        """Prepare the worker; see `InferenceWorker`. Its memory is kept beside a `project`."""
        super().__init__()
        shelf = project and MemoryShelf(shelf_folder(project), video.fingerprint)

        def load_behind(name: str, size: int, **options: object) -> SegmentationEngine:
            give_way()
            return load(name, size, **options)

        self._worker = InferenceWorker(engine, video, self._filled.emit, size, load_behind, shelf)
        self.choice = engine
        self._last_failure = ""
        self.has_started = self._is_closed = False
        self._filled.connect(self._drain, Qt.ConnectionType.QueuedConnection)
        self._again = single_shot(self, 0, self._drain)

    def start(self) -> None:
        """Start the thread."""
        self.has_started = True
        self._worker.start()

    def submit(self, command: Command) -> None:
        """Leave a command; see `InferenceWorker.submit`."""
        if isinstance(command, Propagate):
            self._last_failure = ""
        self._worker.submit(command)

    def use(self, choice: EngineChoice) -> None:
        """Have the engine replaced; `Ready` says that it is, `Failed` that this one stays."""
        self._last_failure = ""
        self._worker.submit(UseEngine(choice))

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
            if isinstance(result, Ready):
                self.choice = result.choice
            if not self._is_said(result):
                self.arrived.emit(result)
            if time.perf_counter() > leave_at:
                self._again.start()  # the event loop has its turn first
                return

    def _is_said(self, result: Result) -> bool:
        """Whether it is a failure told already: of a hundred references for one reason, one."""
        match result:
            case Failed(Propagate() | Scribble(), message):
                self._last_failure = message
            case Failed(_, message) if message == self._last_failure:
                return True
            case Failed(_, message):
                self._last_failure = message
        return False


def give_way() -> None:
    """Lower the priority of this thread, and of those that it starts, where that can be done.

    On two cores an engine that keeps both of them busy doubles what the window takes to paint.
    """
    if sys.platform == "linux":  # elsewhere it would be the whole process
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def single_shot(parent: QObject, interval: int, action) -> QTimer:
    """Return a timer that, each time it is started, calls `action` once after `interval` ms."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(interval)
    timer.timeout.connect(action)
    return timer
