"""Point: clicks on an object and beside it, from which the network makes its mask.

For: the canvas. A click is a scribble of one dot, so clicks and their masks live as scribbles
do; here a drag draws nothing, and every click keeps its sign in view.
"""

from functools import cached_property

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QCursor, QPainter, QPen, QPixmap

from vos_annotator.core.translation import tr
from vos_annotator.ui.tools.tool import Tool

_ARM = 5.0  # px of the screen from the middle of a sign
_CROSS, _GAP = 21, 3  # px: the mouse cursor, and what it leaves open around the pixel meant


class Point(Tool):
    """A click says: here; with the right button: not here."""

    @cached_property
    def shape(self) -> QCursor:
        """A cross that leaves its middle open."""
        return _cross()

    def press(self, point: QPointF, removes: bool) -> None:
        """Have the mask made with one more point."""
        scribble = self._canvas.tool("scribble")
        scribble.press(point, removes)
        if scribble.is_busy:
            self._canvas.sketch.add_sign(point, removes, _ARM / self._canvas.zoom)
            scribble.send(tr("Points"))

    def take_back(self) -> bool:
        """Drop the clicks whose mask is still under way."""
        return self._canvas.tool("scribble").take_back()

    def leave(self) -> None:
        """Begin anew next time."""
        self._canvas.tool("scribble").leave()


def _cross() -> QCursor:
    pixmap = QPixmap(_CROSS, _CROSS)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    middle, last = _CROSS // 2, _CROSS - 1
    for pen in (QPen(Qt.GlobalColor.black, 3), QPen(Qt.GlobalColor.white, 1)):
        painter.setPen(pen)
        for start, end in ((0, middle - _GAP), (middle + _GAP, last)):
            painter.drawLine(start, middle, end, middle)
            painter.drawLine(middle, start, middle, end)
    painter.end()
    return QCursor(pixmap, middle, middle)
