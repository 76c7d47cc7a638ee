"""The window's icons: 20 px line drawings in the text colour, crisp at any scale.

For: the action table and the panels. An icon is an SVG in `resources/icons` whose
strokes are `currentColor`; it is tinted when it is painted, so that it follows the
theme, and drawn from the vectors at the size and pixel ratio asked for.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from vos_annotator.paths import resources_folder


def icon(name: str, role: QPalette.ColorRole = QPalette.ColorRole.ButtonText) -> QIcon:
    """Return the icon `name`, painted in the palette's `role`."""
    return QIcon(_LineIconEngine(name, role))


def icon_names() -> list[str]:
    """Return the names of all icons there are."""
    return sorted(path.stem for path in _folder().glob("*.svg"))


def _folder() -> Path:
    return resources_folder() / "icons"


@cache
def _svg(name: str) -> str:
    return (_folder() / f"{name}.svg").read_text(encoding="utf-8")


class _LineIconEngine(QIconEngine):
    """Paints one SVG in a colour of the application's palette."""

    def __init__(self, name: str, role: QPalette.ColorRole) -> None:
        super().__init__()
        self._name, self._role = name, role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        group = QPalette.ColorGroup.Normal
        if mode == QIcon.Mode.Disabled:
            group = QPalette.ColorGroup.Disabled
        color: QColor = QGuiApplication.palette().color(group, self._role)
        drawing = _svg(self._name).replace("currentColor", color.name())
        QSvgRenderer(QByteArray(drawing.encode())).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _LineIconEngine(self._name, self._role)
