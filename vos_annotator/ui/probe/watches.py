"""What the probe watches: the event loop, and the hand, while the window is at work.

For: the probe's command. Drives the window from outside, by its public parts and by events.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from vos_annotator.core.mask_reading import read_label_map
from vos_annotator.ui.export_dialog import ExportChoice
from vos_annotator.ui.heartbeat import Heartbeat
from vos_annotator.ui.main_window import MainWindow
from vos_annotator.ui.probe.strokes import Strokes

_BRUSH = 20  # px of the source


class Gaps:
    """The waits of a heartbeat.

    Attributes:
        waits: Seconds, in order.
    """

    def __init__(self, window: MainWindow | None = None) -> None:
        self.waits: list[float] = []
        self._heartbeat = Heartbeat(window)
        self._heartbeat.beat.connect(self.waits.append)

    def start(self) -> None:
        """Measure from now on."""
        self.waits.clear()
        self._heartbeat.start()

    def stop(self) -> None:
        """Measure no more; a gap that is still open counts."""
        self._heartbeat.stop()


def watch_gaps(window: MainWindow, mask: Path, frames: int) -> dict[str, object]:
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

    _when_shown(window, begin)
    QApplication.exec()
    return {"frames": len(done), **summary(running.waits), "loading": summary(loading.waits)}


def watch_strokes(window: MainWindow, moves: int, mask: Path | None) -> dict[str, object]:
    """Paint with a brush of 20 px; return the times from a move to its pixels.

    `ending` are those of this thread's processor when the button was let go.

    With a `mask` of the first frame, the worker propagates it meanwhile, out of sight.
    """
    strokes = Strokes(window, moves, QApplication.quit)

    def begin() -> None:
        _take_brush(window)
        if mask is None:
            strokes.start()
        else:
            _set_reference(window, mask)
            _after_first_frame(window, strokes.start)
            window.bridge.propagate()

    _when_shown(window, begin)
    QApplication.exec()
    found = summary(strokes.latencies)
    return {"moves": len(strokes.latencies), **found, "ending": summary(strokes.endings)}


def watch_everything(window: MainWindow, moves: int, mask: Path, root: Path) -> dict[str, object]:
    """Propagate, export and paint at once; return gaps, and the times of the strokes.

    Each stroke that ends corrects the reference, so what runs is interrupted and begun anew.
    """
    gaps = Gaps(window)

    def done() -> None:
        gaps.stop()
        window.stop_job()  # a window that is closed before it has ended asks whether to
        _poll(window, lambda: not window.has_job, QApplication.quit)

    strokes = Strokes(window, moves, done)

    def begin() -> None:
        _take_brush(window)
        _set_reference(window, mask)
        _after_first_frame(window, paint)
        window.bridge.propagate()

    def paint() -> None:
        choice = ExportChoice(root, window.document.video.name)
        window.window_verbs.export_to(choice)
        gaps.start()
        strokes.start()

    _when_shown(window, begin)
    QApplication.exec()
    return {**summary(gaps.waits), "strokes": summary(strokes.latencies)}


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median, the 95th percentile and the longest of times, in ms."""
    if not seconds:
        return {}
    median, p95, longest = 1000 * np.quantile(seconds, (0.5, 0.95, 1.0))
    return {
        name: round(float(value), 2)
        for name, value in (("median_ms", median), ("p95_ms", p95), ("longest_ms", longest))
    }


def _take_brush(window: MainWindow) -> None:
    window.cursor.tool = "brush"
    window.cursor.brush_size = _BRUSH


def _set_reference(window: MainWindow, mask: Path) -> None:
    """Make a mask the first frame's."""
    label_map = read_label_map(mask, window.document.video.shape)
    window.document.import_references({0: label_map})


def _when_shown(window: MainWindow, begin: Callable[[], None]) -> None:
    """Call `begin` once the window shows its frame."""
    _poll(window, lambda: window.canvas.is_current and window.isVisible(), begin)


def _poll(window: MainWindow, is_so: Callable[[], bool], then: Callable[[], None]) -> None:
    """Call `then` once something is so."""
    timer = QTimer(window, interval=20)

    def look() -> None:
        if is_so():
            timer.stop()
            then()

    timer.timeout.connect(look)
    timer.start()


def _after_first_frame(window: MainWindow, begin: Callable[[], None]) -> None:
    """Call `begin` once the engine is loaded and has segmented a frame."""

    def on_progress(progress: object) -> None:
        window.bridge.progress.disconnect(on_progress)
        begin()

    window.bridge.progress.connect(on_progress)
