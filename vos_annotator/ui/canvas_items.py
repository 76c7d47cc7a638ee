"""What lies on the canvas beside the masks: the picture, the sketch and the brush's ring.

For: the canvas. All are in pixels of the source; lines keep their width on the screen.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

_SHARP = 2.0  # from this zoom on a pixel is shown as a square
_BRIGHT, _DARK = QColor("#ffffff"), QColor(0, 0, 0, 160)
_INSIDE, _OUTSIDE = QColor("#ffffff"), QColor("#ff5c5c")


class PictureItem(QGraphicsItem):
    """The frame, from the smallest level that is fine enough for the screen."""

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        rows, columns = shape
        self._bounds = QRectF(0, 0, columns, rows)
        self._levels: list[QImage] = []

    @property
    def whole(self) -> QImage | None:
        """The picture at full size."""
        return self._levels[0] if self._levels else None

    def show_levels(self, levels: list[QImage]) -> None:
        """Show a picture given at full size, half of it and so on."""
        self._levels = levels
        self.update()

    def boundingRect(self) -> QRectF:
        """The frame."""
        return self._bounds

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Draw the part that is exposed."""
        if not self._levels:
            return
        zoom = painter.worldTransform().m11() * painter.device().devicePixelRatioF()
        level = min(max(int(math.log2(max(1 / zoom, 1))), 0), len(self._levels) - 1)
        image = self._levels[level]
        across = image.width() / self._bounds.width()
        down = image.height() / self._bounds.height()
        # Whole source pixels: a part that begins within one would be drawn shifted.
        part = QRectF(option.exposedRect.toAlignedRect().adjusted(-2, -2, 2, 2))
        part &= self._bounds
        source = QRectF(
            part.x() * across, part.y() * down, part.width() * across, part.height() * down
        )
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, zoom < _SHARP)
        painter.drawImage(part, image, source)


class SketchItem(QGraphicsItem):
    """Lines of a tool at work: an outline that is not closed yet, or strokes."""

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__()
        self._bounds = QRectF(-shape[1], -shape[0], 3 * shape[1], 3 * shape[0])
        self._outline = QPolygonF()
        self._strokes: list[tuple[QPainterPath, bool]] = []

    def clear(self) -> None:
        """Show nothing."""
        self._outline, self._strokes = QPolygonF(), []
        self.update()

    def show_outline(self, outline: QPolygonF) -> None:
        """Show an open line."""
        self._outline = outline
        self.update()

    def begin_stroke(self, point: QPointF, is_outside: bool) -> None:
        """Add a stroke."""
        path = QPainterPath(point)
        path.lineTo(point + QPointF(0.01, 0))  # a click is a dot
        self._strokes.append((path, is_outside))
        self.update()

    def extend_stroke(self, point: QPointF) -> None:
        """Go on with the last stroke."""
        path = self._strokes[-1][0]
        last = path.currentPosition()
        path.lineTo(point)
        pad = 6 / self.sceneTransform().m11()
        self.update(QRectF(last, point).normalized().adjusted(-pad, -pad, pad, pad))

    def add_sign(self, point: QPointF, is_outside: bool, arm: float) -> None:
        """Add a plus or, where `is_outside`, a minus; `arm` is its size from the middle."""
        sign = QPainterPath(point - QPointF(arm, 0))
        sign.lineTo(point + QPointF(arm, 0))
        if not is_outside:
            sign.moveTo(point - QPointF(0, arm))
            sign.lineTo(point + QPointF(0, arm))
        self._strokes.append((sign, is_outside))
        self.update()

    def boundingRect(self) -> QRectF:
        """The frame and as much around it."""
        return self._bounds

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Draw light lines with a dark edge: seen on any picture."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for path, is_outside in self._strokes:
            for pen in (_pen(_DARK, 6), _pen(_OUTSIDE if is_outside else _INSIDE, 4)):
                painter.setPen(pen)
                painter.drawPath(path)
        if not self._outline.isEmpty():
            for pen in (_pen(_DARK, 3), _pen(_BRIGHT, 1.5)):
                painter.setPen(pen)
                painter.drawPolyline(self._outline)
            painter.setPen(_pen(_BRIGHT, 6))
            painter.drawPoint(self._outline[0])


class RingItem(QGraphicsItem):
    """The brush at its true size, with a minus where it takes pixels away."""

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._radius, self._removes = 1.0, False

    def set_brush(self, diameter: float, removes: bool) -> None:
        """Show another size (px of the source) or sign."""
        self.prepareGeometryChange()
        self._radius, self._removes = diameter / 2, removes
        self.update()

    def boundingRect(self) -> QRectF:
        """The ring and its sign."""
        reach = self._radius + 24 / max(self.sceneTransform().m11(), 1e-6)
        return QRectF(-reach, -reach, 2 * reach, 2 * reach)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Draw a light ring with a dark edge, a dot where it would be too small to see."""
        zoom = painter.worldTransform().m11()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        ring = QPainterPath()
        ring.addEllipse(QPointF(0, 0), self._radius, self._radius)
        size = 4 / zoom
        beside = self._radius * math.sqrt(0.5) + 8 / zoom
        sign = QPainterPath(QPointF(beside - size, beside))
        sign.lineTo(beside + size, beside)
        if not self._removes:
            sign.moveTo(beside, beside - size)
            sign.lineTo(beside, beside + size)
        for pen in (_pen(_DARK, 3), _pen(_BRIGHT, 1.3)):
            painter.setPen(pen)
            painter.drawPath(ring)
            painter.drawPath(sign)
            if self._radius * zoom < 3:
                painter.drawPoint(QPointF(0, 0))


def pixels(picture: QImage) -> NDArray[np.uint8]:
    """Return the (H, W, 3) colours of a picture of four bytes a pixel; nothing is copied."""
    lines = np.frombuffer(picture.constBits(), np.uint8)
    return lines.reshape(picture.height(), picture.width(), 4)[..., :3]


def _pen(color: QColor, width: float) -> QPen:
    pen = QPen(color, width)
    pen.setCosmetic(True)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen
