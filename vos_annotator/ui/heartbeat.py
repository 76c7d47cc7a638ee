"""How long the event loop lets one wait: a timer that is due all the time, and when it comes.

For: the display of the pace, and the probe. Whatever the GUI thread does at a stretch keeps
the timer waiting for as long.
"""

import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal

_INTERVAL = 1  # ms


class Heartbeat(QObject):
    """Tells how long the event loop kept a timer waiting.

    Signals:
        beat(seconds): The time since the beat before.
    """

    beat = Signal(float)

    def __init__(self, parent: QObject | None = None, interval: int = _INTERVAL) -> None:
        """Be ready to beat every `interval` ms; a wait is known as exactly as that."""
        super().__init__(parent)
        self._last = 0.0
        self._timer = QTimer(self, interval=interval, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Beat from now on."""
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Beat once more, for the wait that is still going on, and then no more."""
        if self._timer.isActive():
            self._tick()
            self._timer.stop()

    def _tick(self) -> None:
        now = time.perf_counter()
        waited, self._last = now - self._last, now
        self.beat.emit(waited)
