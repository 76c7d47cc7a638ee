"""How the program keeps pace, in a corner of the canvas: gaps of the window, the run, memory.

For: the workspace, which shows it where a person asks for it. Costs a timer, and only then.
"""

from __future__ import annotations

import time
from collections import deque

import psutil
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QWidget

from vos_annotator.core.translation import tr
from vos_annotator.ui.heartbeat import Heartbeat
from vos_annotator.ui.language import number
from vos_annotator.ui.memory_watch import memory_text
from vos_annotator.ui.progress import Progress

_BEAT = 4  # ms; a shorter gap is none
_INTERVAL = 500  # ms between two looks
_RECENT = 5  # s
_MARGIN = 12  # px


class PaceDisplay(QLabel):
    """Three lines over the canvas, which let the mouse through."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(tr("Pace"))
        self.setContentsMargins(8, 6, 8, 6)
        self.setStyleSheet("background: rgba(0, 0, 0, 160); color: white;")
        self.move(_MARGIN, _MARGIN)
        self._gaps: deque[tuple[float, float]] = deque()  # when one ended, and its length, s
        self._worst = 0.0
        self._fps: float | None = None
        self._process = psutil.Process()
        self._heart = Heartbeat(self, _BEAT)
        self._heart.beat.connect(self._note)
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL)
        self._timer.timeout.connect(self.look)
        self.hide()

    def follow(self, progress: Progress | None) -> None:
        """Know how fast the run is; None when nothing runs."""
        self._fps = None if progress is None else progress.fps

    def showEvent(self, event: QShowEvent) -> None:
        """Measure from now on."""
        super().showEvent(event)
        self._gaps.clear()
        self._worst = 0.0
        self._heart.start()
        self._timer.start()
        self.look()

    def hideEvent(self, event: QHideEvent) -> None:
        """Measure no more."""
        super().hideEvent(event)
        self._timer.stop()
        self._heart.stop()

    def look(self) -> None:
        """Show how things are now."""
        since = time.monotonic() - _RECENT
        while self._gaps and self._gaps[0][0] < since:
            self._gaps.popleft()
        longest = max((gap for _, gap in self._gaps), default=0.0)
        window = tr(
            "window: longest gap {gap} ms in {seconds} s, worst {worst} ms",
            gap=number(1000 * longest),
            seconds=_RECENT,
            worst=number(1000 * self._worst),
        )
        frame = None if self._fps is None else number(1000 / self._fps)
        run = tr("nothing runs") if frame is None else tr("run: {frame} ms a frame", frame=frame)
        self.setText("\n".join((window, run, memory_text(self._process))))
        self.adjustSize()

    def _note(self, waited: float) -> None:
        self._worst = max(self._worst, waited)
        self._gaps.append((time.monotonic(), waited))
