"""The page without a video: where to drop one, how to open one, and the latest projects.

For: the window. Says what the person chose; opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from vos_annotator.core.translation import tr
from vos_annotator.ui.icons import icon
from vos_annotator.ui.recent import in_a_line
from vos_annotator.ui.words import with_signs

_SHOWN = 6


class Welcome(QWidget):
    """A drop target with two buttons and a list.

    Signals:
        chosen(path): A recent project was clicked.
    """

    chosen = Signal(object)

    def __init__(self, actions: Iterable[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("No video is open"))
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Shadow)
        picture = QLabel()
        picture.setPixmap(icon("film", QPalette.ColorRole.PlaceholderText).pixmap(QSize(56, 56)))
        title = QLabel(tr("Drop a video or a folder of frames"))
        title.setStyleSheet("font-size: 17px; color: palette(window-text);")
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for place, action in enumerate(actions):
            button = QPushButton(action.text())
            button.setIcon(action.icon())
            button.setAccessibleName(action.text())
            button.setDefault(place == 0)
            button.clicked.connect(action.trigger)
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        column = QVBoxLayout(self)
        column.setSpacing(16)
        column.addStretch(2)
        column.addWidget(picture, 0, Qt.AlignmentFlag.AlignCenter)
        column.addWidget(title, 0, Qt.AlignmentFlag.AlignCenter)
        column.addLayout(buttons)
        column.addSpacing(16)
        column.addLayout(self._recent)
        column.addStretch(3)

    def show_recent(self, paths: Iterable[Path]) -> None:
        """List the projects of late."""
        while item := self._recent.takeAt(0):
            item.widget().deleteLater()
        for path in list(paths)[:_SHOWN]:
            button = QPushButton()
            button.setText(with_signs(in_a_line(path, button.fontMetrics())))
            button.setToolTip(str(path))
            button.setFlat(True)
            button.setStyleSheet("border: 0; background: transparent;")
            button.setAccessibleName(tr("Open {path}", path=path))
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _=False, path=path: self.chosen.emit(path))
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignCenter)
