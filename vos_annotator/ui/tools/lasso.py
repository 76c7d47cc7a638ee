"""Lasso and polygon: an outline drawn freely, or clicked corner by corner, and filled.

For: the canvas. With Shift the side to the mouse follows the edges of the picture; that
way is looked for in a thread, and until it is found the side is straight.
"""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QPolygonF

from vos_annotator.core.regions import edge_path
from vos_annotator.core.translation import tr
from vos_annotator.ui.canvas_items import pixels
from vos_annotator.ui.latest import Latest
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
        self._begins: list[int] = []  # where what each press added begins among the points
        self._removes = False
        self._pressed_at: QPointF | None = None
        self._way: list[QPointF] = []  # along edges, from the last corner to the mouse
        self._waiting: int | None = None  # the corner whose side is to be laid along edges
        self._latest = Latest(canvas)
        self._latest.done.connect(self._take_way)

    def press(self, point: QPointF, removes: bool) -> None:
        """Set a corner, or close the outline at its first one."""
        if self._draft is None:
            self._draft = self._begin()
            self._removes = removes
            if self._draft is None:
                return
        elif len(self._points) > 2 and self._is_near(point, self._points[0]):
            self._points += self._way[1:-1]
            self.finish()
            return
        self._begins.append(len(self._points))
        if self._way and self._canvas.has_shift and self._is_near(point, self._way[-1], _STEP):
            self._points += self._way[1:-1]
        elif self._points and self._canvas.has_shift:
            self._waiting = len(self._points)
            self._find_way(point)
        self._points.append(point)
        self._pressed_at, self._way = point, []
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
        if self._points and self._canvas.has_shift:
            if self._waiting is None:
                self._find_way(point)
        elif self._points:
            self._way = []
            self._show(point)

    def double_press(self, point: QPointF, removes: bool) -> None:
        """Close the outline."""
        self.finish()

    def finish(self) -> None:
        """Fill the outline."""
        points = self._points
        self._start_over()
        self._canvas.sketch.clear()
        if len(points) < 3 or self._draft is None:
            super().cancel()
            return
        pixels = _inside(QPolygonF(points), self._document.video.shape)
        box = (slice(0, pixels.shape[0]), slice(0, pixels.shape[1]))
        put = self._draft.remove if self._removes else self._draft.add
        put(box, pixels)
        self._commit(tr("Cut out with lasso") if self._removes else tr("Lasso"))

    def cancel(self) -> None:
        """Drop the outline."""
        self._start_over()
        self._canvas.sketch.clear()
        super().cancel()

    def take_back(self) -> bool:
        """Drop the last corner, or what was drawn since."""
        if len(self._begins) < 2:
            return super().take_back()
        self._latest.forget()
        del self._points[self._begins.pop() :]
        self._way, self._waiting, self._pressed_at = [], None, None
        self._show(self._points[-1])
        return True

    def close(self) -> None:
        """Join the thread."""
        self._latest.close()

    def _start_over(self) -> None:
        self._latest.forget()
        self._points, self._begins, self._way, self._waiting = [], [], [], None

    def _find_way(self, point: QPointF) -> None:
        """Have the way along edges from the last corner to `point` looked for."""
        picture, start = self._canvas.picture, self._points[-1]
        rows, columns = self._document.video.shape
        ends = [
            (int(min(max(p.x(), 0), columns - 1)), int(min(max(p.y(), 0), rows - 1)))
            for p in (start, point)
        ]

        def work() -> list[QPointF]:
            way = edge_path(pixels(picture), *ends)
            return [start, *(QPointF(x, y) for x, y in way[1:-1].tolist()), point]

        if picture is not None:
            self._latest.ask(work)

    def _take_way(self, way: list[QPointF]) -> None:
        if not self._points:
            return
        if self._waiting is not None:
            self._points[self._waiting : self._waiting] = way[1:-1]
            self._waiting = None
            self._show(self._points[-1])
        else:
            self._way = way
            self._canvas.sketch.show_outline(QPolygonF([*self._points, *way[1:]]))

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
