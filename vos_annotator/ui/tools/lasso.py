"""Lasso and polygon: an outline drawn freely, or clicked corner by corner, and filled.

For: the canvas.
"""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QPolygonF

from vos_annotator.ui.tools.tool import Tool

_STEP = 2.0  # px of the screen between the points of a free line
_NEAR = 8.0  # px of the screen from the first corner that close the outline


class Lasso(Tool):
    """A drag draws, clicks set corners; a double click, Enter or the first corner closes.

    The two mix: corners may be clicked, then a stretch be drawn.
    """

    def __init__(self, canvas: object) -> None:
        super().__init__(canvas)
        self._points: list[QPointF] = []
        self._removes = False
        self._pressed_at: QPointF | None = None

    def press(self, point: QPointF, removes: bool) -> None:
        """Set a corner, or close the outline at its first one."""
        if self._draft is None:
            self._draft = self._begin()
            self._removes = removes
            if self._draft is None:
                return
        elif len(self._points) > 2 and self._is_near(point, self._points[0]):
            self.finish()
            return
        self._points.append(point)
        self._pressed_at = point
        self._show(point)

    def drag(self, point: QPointF) -> None:
        """Draw freely."""
        if self._points and not self._is_near(point, self._points[-1], _STEP):
            self._points.append(point)
            self._show(point)

    def release(self, point: QPointF) -> None:
        """Close an outline that was drawn in one go; a click is a corner."""
        is_free = self._points and self._points[-1] is not self._points[0]
        if is_free and self._points[0] is self._pressed_at:
            self.finish()
        self._pressed_at = None

    def hover(self, point: QPointF) -> None:
        """Show the side that a click would set."""
        if self._points:
            self._show(point)

    def double_press(self, point: QPointF, removes: bool) -> None:
        """Close the outline."""
        self.finish()

    def finish(self) -> None:
        """Fill the outline."""
        points, self._points = self._points, []
        self._canvas.sketch.clear()
        if len(points) < 3 or self._draft is None:
            super().cancel()
            return
        pixels = _inside(QPolygonF(points), self._document.video.shape)
        box = (slice(0, pixels.shape[0]), slice(0, pixels.shape[1]))
        put = self._draft.remove if self._removes else self._draft.add
        put(box, pixels)
        self._commit("Cut out with lasso" if self._removes else "Lasso")

    def cancel(self) -> None:
        """Drop the outline."""
        self._points = []
        self._canvas.sketch.clear()
        super().cancel()

    def _show(self, point: QPointF) -> None:
        self._canvas.sketch.show_outline(QPolygonF([*self._points, point]))

    def _is_near(self, a: QPointF, b: QPointF, distance: float = _NEAR) -> bool:
        gap = (a - b) * self._canvas.zoom
        return gap.x() ** 2 + gap.y() ** 2 < distance**2


def _inside(polygon: QPolygonF, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the (H, W) pixels whose centres lie in a polygon, which may cross itself."""
    rows, columns = shape
    image = QImage(columns, rows, QImage.Format.Format_Grayscale8)
    image.fill(0)
    painter = QPainter(image)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(Qt.GlobalColor.white)
    painter.drawPolygon(polygon, Qt.FillRule.WindingFill)
    painter.end()
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(rows, image.bytesPerLine())
    return lines[:, :columns] > 0
