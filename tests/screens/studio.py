"""A window on the demo clip, the hand that works in it, and a camera for what it shows.

The camera lays every visible window and menu over one another as a desktop would, so it needs
no desktop: it works offscreen.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault(  # a screen as large as a desktop's: dialogs look at that
    "QT_QPA_PLATFORM", f"offscreen:configfile={Path(__file__).with_name('screen.json')}"
)

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from tests.ui.window import isolate_settings
from vos_annotator.core.mask_reading import read_label_map
from vos_annotator.paths import resources_folder
from vos_annotator.ui import demo
from vos_annotator.ui.main_window import MainWindow
from vos_annotator.ui.opening import load_project
from vos_annotator.ui.theme import choose_theme

SIZE = (1440, 900)
CUP, ASTRONAUT = 1, 2
_QUALITY = 86
_PATIENCE = 3600  # s


class Studio:
    """The window and what is done in it.

    Attributes:
        window: The window that is shown.
        truth: The true label map of each frame of the demo clip.
        worst: The frame that was the most doubtful one.
    """

    def __enter__(self) -> "Studio":
        self._folder = Path(tempfile.mkdtemp())
        self._seen: QImage | None = None
        self.worst = 0
        isolate_settings(self._folder / "settings")
        self.app = QApplication.instance()
        choose_theme(self.app, "dark")
        source = resources_folder() / "demo"
        self.clip = Path(shutil.copy(source / "demo.mp4", self._folder / "launch site.mp4"))
        self._demo_clip, demo.demo_clip = demo.demo_clip, lambda: self.clip
        self.truth = [read_label_map(path) for path in sorted((source / "masks").glob("*.png"))]
        self.open(self.clip)
        return self

    def __exit__(self, *_: object) -> None:
        self.window.close()
        demo.demo_clip = self._demo_clip
        shutil.rmtree(self._folder)

    def open(self, path: Path) -> None:
        """Show a window on a video or project."""
        self.window = MainWindow(load_project(path))
        self.window.resize(*SIZE)
        self.window.show()
        self.window.activateWindow()
        self.settle()

    def place(self, name: str) -> Path:
        """Return a path for a file that nobody keeps."""
        return self._folder / name

    def do(self, action: str) -> None:
        """Trigger a command by its name in the table."""
        self.window.actions_[action].trigger()

    def go_to(self, frame: int) -> None:
        """Look at a frame."""
        self.window.cursor.frame = frame
        self.settle()

    def wait(self, condition: Callable[[], bool]) -> None:
        """Let the program work until something is so."""
        until = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError("the window never came to this state")
            self.pause(250)

    def pause(self, milliseconds: int) -> None:
        """Let the program work; unlike `QTest.qWait`, Python's other threads work too."""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def settle(self) -> None:
        """Wait for the frame that is asked for, and for its neighbourhood to be drawn."""
        self.wait(lambda: self.window.canvas.is_current)
        self.pause(400)

    def finish(self) -> None:
        """Wait until the engine is at rest."""
        self.wait(lambda: not self.window.bridge.busy)
        self.settle()

    def correct(self, frame: int, *ids: int) -> None:
        """Give objects their true masks on a frame, as a careful hand does."""
        document = self.window.document
        label_map = document.annotations[frame].copy()
        label_map[np.isin(label_map, ids)] = 0
        for object_id in ids:
            label_map[self.truth[frame] == object_id] = object_id
        document.paint(frame, label_map, "Paint")

    def hover(self, x: float, y: float) -> None:
        """Move the mouse over a pixel of the source."""
        canvas = self.window.canvas
        QTest.mouseMove(canvas.viewport(), canvas.to_widget(QPointF(x, y)))

    def clear(self) -> None:
        """Close what lies over the window; what was seen before is of no picture to come."""
        self._seen = None
        for each in self._over():
            each.close()
        self.pause(50)

    def ask(self, action: str) -> None:
        """Trigger a command that asks something, look at its dialog for a while, and say no."""

        def answer() -> None:
            self.pause(2000)
            self._seen = self._look()
            self.app.activeModalWidget().reject()

        QTimer.singleShot(0, answer)
        self.do(action)

    def hold(self, key: Qt.Key) -> None:
        """Look for as long as a key is held down."""
        QTest.keyPress(self.window.canvas, key)
        self.settle()
        self._seen = self._look()
        QTest.keyRelease(self.window.canvas, key)

    def photograph(self, path: Path) -> None:
        """Write what a person sees, or saw of a dialog that is gone."""
        picture, self._seen = self._seen or self._look(), None
        Image.fromarray(_pixels(picture)).save(path, quality=_QUALITY, method=6)

    def _look(self) -> QImage:
        self.pause(300)
        for each in self._over():
            if isinstance(each, QDialog):  # where a desktop puts it
                frame = each.geometry().topLeft() - each.pos()  # that a desktop draws around it
                each.move(self.window.geometry().center() - each.rect().center() - frame)
                self.pause(100)
        picture = self.window.grab().toImage()
        painter = QPainter(picture)
        for each in self._over():
            self._shadow(painter, each)
            painter.drawPixmap(self._offset(each), each.grab())
        painter.end()
        return picture

    def _over(self) -> list[QWidget]:
        return [
            each
            for each in QApplication.topLevelWidgets()
            if each.isVisible() and each is not self.window
        ]

    def _offset(self, widget: QWidget) -> QPoint:
        return widget.mapToGlobal(QPoint()) - self.window.mapToGlobal(QPoint())

    def _shadow(self, painter: QPainter, widget: QWidget) -> None:
        for reach in (1, 3, 6, 10):
            rect = widget.rect().translated(self._offset(widget))
            painter.fillRect(rect.adjusted(-reach, -reach, reach, reach), Qt.GlobalColor.black)
            painter.setOpacity(0.1)
        painter.setOpacity(1)


def _pixels(picture: QImage) -> NDArray[np.uint8]:
    picture = picture.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), -1)
    return rows[:, : picture.width() * 3].reshape(picture.height(), -1, 3).copy()
