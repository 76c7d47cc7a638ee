"""The status bar: brush, zoom and position at the left, engine and memory at the right.

For: the window. Shows what it is told; a message covers the left half for a while.
"""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from vos_annotator.core.translation import tr
from vos_annotator.ui.language import number, percent

_MESSAGE_TIME = 8000  # ms


class StatusBar(QStatusBar):
    """Facts in a quiet line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.work, self.engine, self.memory = QLabel(), QLabel(), QLabel()
        self.work.setAccessibleName(tr("Brush, zoom and position"))
        self.engine.setAccessibleName(tr("Engine"))
        self.memory.setAccessibleName(tr("Memory"))
        self.addWidget(self.work)
        self.addPermanentWidget(self.engine)
        self.addPermanentWidget(self.memory)
        self._masks = self._brush = self._zoom = self._position = ""
        self._size = self._engine = self._speed = ""

    def show_brush(self, size: float) -> None:
        """Show the brush's diameter in pixels of the source."""
        self._brush = tr("brush {size} px", size=number(size))
        self._show_work()

    def show_masks(self, are_shown: bool) -> None:
        """Say so where masks are off: else they are taken for lost."""
        self._masks = "" if are_shown else tr("masks off")
        self._show_work()

    def show_zoom(self, zoom: float) -> None:
        """Show the zoom; 1 is a pixel a pixel."""
        self._zoom = tr("zoom {share}", share=percent(zoom))
        self._show_work()

    def show_position(self, x: float, y: float) -> None:
        """Show where in the frame the mouse is."""
        self._position = f"{x:.0f}, {y:.0f}"
        self._show_work()

    def show_size(self, size: int) -> None:
        """Show the short side the engine works at."""
        self._size = f"{size}p"
        self._show_engine()

    def show_engine(self, engine: str, size: int) -> None:
        """Show the engine that is loaded, and the short side it works at."""
        self._engine = engine
        self.show_size(size)

    def show_speed(self, fps: float | None) -> None:
        """Show how fast the running pass is; None when nothing runs."""
        self._speed = "" if fps is None else tr("{rate} fps", rate=number(fps, 1))
        self._show_engine()

    def show_memory(self, text: str, details: str) -> None:
        """Show what memory is taken, and in the tooltip by what."""
        self.memory.setText(text)
        self.memory.setToolTip(details)

    def clear_work(self) -> None:
        """Show nothing at the left, and no speed: no video is open."""
        self._masks = self._brush = self._zoom = self._position = ""
        self._show_work()
        self.show_speed(None)

    def say(self, text: str, is_news: bool = True) -> None:
        """Show a message for a while; what is no news hides none that is shown still."""
        if is_news or not self.currentMessage():
            self.showMessage(text, _MESSAGE_TIME)

    def refuse(self, why: str) -> None:
        """Show for a while why a key does nothing; an empty sentence hides nothing."""
        if why:
            self.say(why)

    def _show_work(self) -> None:
        self.work.setText(_joined(self._masks, self._brush, self._zoom, self._position))

    def _show_engine(self) -> None:
        self.engine.setText(_joined(self._engine, self._size, self._speed))


def _joined(*parts: str) -> str:
    return "  ·  ".join(part for part in parts if part)


def saved_text(seconds: float) -> str:
    """Return how long ago the last edit was written."""
    if seconds < 60:
        return tr("saved {count} s ago", count=max(round(seconds), 0))
    if seconds < 3600:
        return tr("saved {count} min ago", count=round(seconds / 60))
    return tr("saved")
