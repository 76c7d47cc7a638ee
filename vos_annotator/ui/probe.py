"""How long the window lets a person wait: measured on the real one, in a process of its own.

    python -m vos_annotator.ui.probe gaps CLIP MASK     while the real worker propagates
    python -m vos_annotator.ui.probe strokes CLIP       from a move of the mouse to its pixels;
                                                        with a MASK, while it propagates too

For: the `bench` command, which runs it as a subprocess and reads one line of JSON. Drives the
window from outside, by its public parts and by events.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, QSettings, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import read_label_map
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video
from vos_annotator.engine.registry import DEFAULT_ENGINE, DEFAULT_SIZE
from vos_annotator.ui.app import make_application
from vos_annotator.ui.main_window import MainWindow

_TICK = 1  # ms
_BRUSH = 20  # px of the source
_STEP = 12  # px of the source between two moves of the mouse
_BETWEEN_MOVES = 8  # ms
_LONGEST = 120_000  # ms; then the measurement is given up


class Gaps(QObject):
    """Notes how long the event loop lets a timer wait that is due every millisecond.

    Attributes:
        waits: Seconds between two ticks, in order.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.waits: list[float] = []
        self._last = 0.0
        self._timer = QTimer(self, interval=_TICK, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Measure from now on."""
        self.waits.clear()
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Measure no more; a gap that is still open counts."""
        self._tick()
        self._timer.stop()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.waits.append(now - self._last)
        self._last = now


class Strokes(QObject):
    """Moves the mouse over a canvas with the button held, and times each move to its pixels.

    A move is posted as the desktop posts it, and over when the event that painted the canvas
    has been handled to its end: then the pixels are on their way to the screen.

    Attributes:
        latencies: Seconds, one a move.
    """

    def __init__(self, window: MainWindow, moves: int, done: Callable[[], None]) -> None:
        super().__init__(window)
        self.latencies: list[float] = []
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
        if len(self.latencies) < self._moves:
            self._next.start()
            return
        self._canvas.viewport().removeEventFilter(self)
        self._post(QEvent.Type.MouseButtonRelease)
        self._done()

    def _move(self) -> None:
        self._post(QEvent.Type.MouseMove)
        self._posted_at = time.perf_counter()

    def _post(self, kind: QEvent.Type) -> None:
        viewport = self._canvas.viewport()
        at = QPointF(self._canvas.to_widget(next(self._points)))
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        event = QMouseEvent(
            kind,
            at,
            viewport.mapToGlobal(at),
            none if kind == QEvent.Type.MouseMove else left,
            none if kind == QEvent.Type.MouseButtonRelease else left,
            Qt.KeyboardModifier.NoModifier,
        )
        QCoreApplication.postEvent(viewport, event)


def measure_gaps(window: MainWindow, mask: Path, frames: int) -> dict[str, object]:
    """Propagate from a mask of the first frame; return the gaps of the loop meanwhile.

    `loading` are those until the first frame is done, while the engine is loaded too.
    """
    bridge = window.bridge
    loading, running, done = Gaps(window), Gaps(window), []

    def on_progress(progress: object) -> None:
        if progress is not None:
            done.append(progress.frame)
        if len(done) == 1:
            loading.stop()
            running.start()
        if progress is None or len(done) > frames:
            bridge.progress.disconnect(on_progress)
            running.stop()
            bridge.stop()
            QTimer.singleShot(0, QApplication.quit)

    def begin() -> None:
        _set_reference(window, mask)
        bridge.progress.connect(on_progress)
        loading.start()
        window.actions_["propagate"].trigger()

    bridge.failed.connect(_fail)
    _when_shown(window, begin)
    QApplication.exec()
    return {"frames": len(done), **_summary(running.waits), "loading": _summary(loading.waits)}


def measure_strokes(window: MainWindow, moves: int, mask: Path | None) -> dict[str, object]:
    """Paint with a brush of 20 px; return the times from a move to its pixels.

    With a `mask` of the first frame, the worker propagates it meanwhile, out of sight.
    """
    bridge, strokes = window.bridge, Strokes(window, moves, QApplication.quit)

    def begin() -> None:
        window.cursor.tool = "brush"
        window.cursor.brush_size = _BRUSH
        if mask is None:
            strokes.start()
            return
        _set_reference(window, mask)
        bridge.progress.connect(begin_at_first_frame)
        bridge.propagate()

    def begin_at_first_frame(progress: object) -> None:
        bridge.progress.disconnect(begin_at_first_frame)
        strokes.start()

    bridge.failed.connect(_fail)
    _when_shown(window, begin)
    QApplication.exec()
    return {"moves": len(strokes.latencies), **_summary(strokes.latencies)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what `arguments` say and print it as JSON; return the exit code."""
    parser = argparse.ArgumentParser(prog="vos_annotator.ui.probe")
    parser.add_argument("what", choices=("gaps", "strokes"))
    parser.add_argument("clip", type=Path)
    parser.add_argument("mask", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=60, help="frames, or moves of the mouse")
    parser.add_argument("--engine", default=DEFAULT_ENGINE)
    parser.add_argument("--size", type=int, default=DEFAULT_SIZE)
    args = parser.parse_args(arguments)
    if args.what == "gaps" and args.mask is None:
        parser.error("gaps needs a mask of the first frame")
    app = make_application()
    app.setApplicationName("vos-annotator-probe")  # nobody's own settings are read or written
    QTimer.singleShot(_LONGEST, lambda: _fail("It took too long."))
    try:
        with tempfile.TemporaryDirectory() as folder:
            project = Project.create(Path(folder) / "probe.vos", open_video(args.clip))
            window = MainWindow(project, args.engine, args.size)
            window.show()
            try:
                if args.what == "gaps":
                    found = measure_gaps(window, args.mask, args.count)
                else:
                    found = measure_strokes(window, args.count, args.mask)
            finally:
                window.close()
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        QSettings().clear()
    if failures:
        print(*failures, sep="\n", file=sys.stderr)
        return 1
    print(json.dumps(found))
    return 0


failures: list[str] = []  # what went wrong while the event loop ran


def _fail(text: str, report: str = "") -> None:
    failures.append(f"{text}\n{report}".strip())
    QApplication.exit(1)


def _set_reference(window: MainWindow, mask: Path) -> None:
    """Make a mask the first frame's."""
    label_map = read_label_map(mask, window.document.video.shape)
    window.document.import_references({0: label_map})


def _when_shown(window: MainWindow, begin: Callable[[], None]) -> None:
    """Call `begin` once the window shows its frame."""
    poll = QTimer(window, interval=20)

    def look() -> None:
        if window.canvas.is_current and window.isVisible():
            poll.stop()
            begin()

    poll.timeout.connect(look)
    poll.start()


def _zigzag(shape: tuple[int, int]):
    """Yield points that cross a frame to and fro, downwards, for ever."""
    height, width = shape
    x, y, step = width * 0.1, height * 0.1, _STEP
    while True:
        yield QPointF(x, y)
        x += step
        y = 0.1 * height + (y - 0.1 * height + _STEP / 8) % (0.8 * height)
        if not 0.1 * width < x < 0.9 * width:
            step = -step


def _summary(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    median, p95, longest = 1000 * np.quantile(seconds, (0.5, 0.95, 1.0))
    return {
        name: round(float(value), 2)
        for name, value in (("median_ms", median), ("p95_ms", p95), ("longest_ms", longest))
    }


if __name__ == "__main__":
    sys.exit(main())
