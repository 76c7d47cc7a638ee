"""A hand that paints: moves of the mouse, posted as the desktop posts them, and timed.

For: the probe, which says when to begin.
"""

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent

from vos_annotator.ui.main_window import MainWindow

_STEP = 12  # px of the source between two moves of the mouse
_BETWEEN_MOVES = 8  # ms
_STROKE = 80  # moves until the button is let go and pressed again


class Strokes(QObject):
    """Moves the mouse over a canvas with the button held, and times each move to its pixels.

    A move is posted as the desktop posts it, and over when the event that painted the canvas
    has been handled to its end: then the pixels are on their way to the screen.

    Attributes:
        latencies: Seconds, one a move.
        endings: Seconds of the processor that this thread took when the button was let go and the
            stroke became an edit in the project's file.
    """

    def __init__(self, window: MainWindow, moves: int, done: Callable[[], None]) -> None:
        super().__init__(window)
        self.latencies: list[float] = []
        self.endings: list[float] = []
        self._canvas, self._moves, self._done = window.canvas, moves, done
        self._posted_at: float | None = None
        self._points = _zigzag(window.document.video.shape)
        self._next = QTimer(self, singleShot=True, interval=_BETWEEN_MOVES)
        self._next.timeout.connect(self._move)

    def start(self) -> None:
        """Press the button and begin to move."""
        self._canvas.viewport().installEventFilter(self)
        self._post(QEvent.Type.MouseButtonPress)
        self._next.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note that the canvas is about to be painted; the next event finds it painted."""
        if event.type() == QEvent.Type.Paint and self._posted_at is not None:
            painted = QEvent(QEvent.Type.User)
            QCoreApplication.postEvent(self, painted, Qt.EventPriority.HighEventPriority.value)
        return False

    def customEvent(self, event: QEvent) -> None:
        """End the measurement of a move; another one follows, or the button is let go."""
        if self._posted_at is None:
            return
        self.latencies.append(time.perf_counter() - self._posted_at)
        self._posted_at = None
        is_done = len(self.latencies) == self._moves
        if is_done or len(self.latencies) % _STROKE == 0:
            self._let_go()
        if is_done:
            self._canvas.viewport().removeEventFilter(self)
            self._done()
            return
        if len(self.latencies) % _STROKE == 0:
            self._post(QEvent.Type.MouseButtonPress)
        self._next.start()

    def _move(self) -> None:
        self._post(QEvent.Type.MouseMove)
        self._posted_at = time.perf_counter()

    def _let_go(self) -> None:
        started = time.thread_time()
        QCoreApplication.sendEvent(
            self._canvas.viewport(), self._event(QEvent.Type.MouseButtonRelease)
        )
        self.endings.append(time.thread_time() - started)

    def _post(self, kind: QEvent.Type) -> None:
        QCoreApplication.postEvent(self._canvas.viewport(), self._event(kind))

    def _event(self, kind: QEvent.Type) -> QMouseEvent:
        at = QPointF(self._canvas.to_widget(next(self._points)))
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        return QMouseEvent(
            kind,
            at,
            self._canvas.viewport().mapToGlobal(at),
            none if kind == QEvent.Type.MouseMove else left,
            none if kind == QEvent.Type.MouseButtonRelease else left,
            Qt.KeyboardModifier.NoModifier,
        )


def _zigzag(shape: tuple[int, int]) -> Iterator[QPointF]:
    """Yield points that cross a frame to and fro, downwards, for ever."""
    height, width = shape
    x, y, step = width * 0.1, height * 0.1, _STEP
    while True:
        yield QPointF(x, y)
        x += step
        y = 0.1 * height + (y - 0.1 * height + _STEP / 8) % (0.8 * height)
        if not 0.1 * width < x < 0.9 * width:
            step = -step
