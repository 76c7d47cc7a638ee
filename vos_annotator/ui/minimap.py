"""The whole frame, small, with what is in view: shown where much of it is out of view.

For: the canvas, in whose corner it lies. A click or a drag moves the view there.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QRegion,
)
from PySide6.QtWidgets import QWidget

from vos_annotator.core.translation import tr
from vos_annotator.ui.zoom_view import ZoomView

_LONGEST = 168  # px
_MARGIN = 12
_LEAST_HIDDEN = 0.35  # of the frame's area: below, the frame itself says where one is
_SHADE = QColor(0, 0, 0, 120)


class Minimap(QWidget):
    """A small picture in the lower right corner of a view."""

    def __init__(self, view: ZoomView, shape: tuple[int, int]) -> None:
        """Lie over `view` of a (H, W) frame."""
        super().__init__(view)
        self._view, self._frame = view, QRectF(0, 0, shape[1], shape[0])
        self._picture = QImage()
        self._scale = _LONGEST / max(shape)
        self.setAccessibleName(tr("Minimap: what part of the frame is in view"))
        self.setToolTip(tr("Click or drag to move the view"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        size = self._frame.size() * self._scale
        self.resize(max(round(size.width()), 8) + 2, max(round(size.height()), 8) + 2)
        self.hide()
        view.zoom_changed.connect(self.follow)

    def show_picture(self, levels: list[QImage]) -> None:
        """Show a picture, of the level that is large enough."""
        wanted = _LONGEST * self.devicePixelRatioF()
        fine = [each for each in levels if max(each.width(), each.height()) >= wanted]
        self._picture = (fine or levels or [QImage()])[-1 if fine else 0]
        self.update()

    def follow(self) -> None:
        """Show what is in view, or nothing where most of the frame is."""
        seen = self._seen
        hidden = 1 - seen.width() * seen.height() / (self._frame.width() * self._frame.height())
        corner = self._view.rect().bottomRight()
        self.move(corner.x() - self.width() - _MARGIN, corner.y() - self.height() - _MARGIN)
        self.setVisible(hidden > _LEAST_HIDDEN)
        self.update()

    @property
    def _seen(self) -> QRectF:
        return self._view.view.viewRect() & self._frame

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame, darker where it is out of view."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        inner = self.rect().adjusted(1, 1, -1, -1)
        painter.fillRect(inner, self.palette().color(QPalette.ColorRole.Shadow))
        if not self._picture.isNull():
            painter.drawImage(inner, self._picture)
        seen = self._seen
        across, down = inner.width() / self._frame.width(), inner.height() / self._frame.height()
        rect = QRect(
            round(seen.x() * across) + 1,
            round(seen.y() * down) + 1,
            max(round(seen.width() * across), 3),
            max(round(seen.height() * down), 3),
        )
        for part in QRegion(inner) - QRegion(rect):
            painter.fillRect(part, _SHADE)
        painter.setPen(QPen(QColor(0, 0, 0, 180), 3))
        painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.setPen(QPen(QColor("#ffffff"), 1))
        painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move the view there."""
        self._go(event.position())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the view along."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag here, not on the canvas."""
        event.accept()

    def _go(self, position: QPointF) -> None:
        wanted = QPointF(
            position.x() / self.width() * self._frame.width(),
            position.y() / self.height() * self._frame.height(),
        )
        self._view.pan(self._view.view.viewRect().center() - wanted)
