"""Box: a rectangle around an object, from which the network makes its mask.

For: the canvas. It goes the way of a scribble: a stroke along the middle of the box, and
one around it; the mask follows when the worker has it.

Of an object that has a mask already the box may be about a part: then all of the mask stays, and
what is found in the box is added. If it is about all of it, what lies outside is taken away; and a
mask that fills the box is kept within, as a new one would hardly be as good.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPolygonF

from vos_annotator.core.translation import tr
from vos_annotator.ui.tools.scribble import INSIDE, OUTSIDE, WIDTH
from vos_annotator.ui.tools.stamp import stamps
from vos_annotator.ui.tools.tool import Tool

_SMALLEST = 6.0  # px of the screen; less is a slip of the mouse
_MIDDLE = 0.5  # of the box's longer side is the stroke within
_WHOLE = 0.5  # of a mask lies in a box that is about all of it, at least
_FILLED = 0.6  # of the box is the least that reaches around what a mask has in it


class Box(Tool):
    """A drag from corner to corner; the mask is looked for inside only."""

    def __init__(self, canvas: object) -> None:
        super().__init__(canvas)
        self._start: QPointF | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a box is being drawn."""
        return self._start is not None

    def press(self, point: QPointF, removes: bool) -> None:
        """Set a corner."""
        if self._start is None and not removes and self._may_begin():
            self._start = self._end = point

    def drag(self, point: QPointF) -> None:
        """Show the box up to the opposite corner."""
        if self._start is not None:
            self._end = point
            outline = QPolygonF(QRectF(self._start, point).normalized())
            self._canvas.sketch.show_outline(outline)

    def release(self, point: QPointF) -> None:
        """Have the mask made."""
        self.drag(point)
        self.finish()

    def finish(self) -> None:
        """Have the mask made of the box so far."""
        if self._start is None:
            return
        rows, columns = self._document.video.shape
        box = QRectF(self._start, self._end).normalized() & QRectF(0, 0, columns, rows)
        self.cancel()
        if min(box.width(), box.height()) * self._canvas.zoom < _SMALLEST:
            self._canvas.message.emit(tr("Drag a box around the object."))
            return
        strokes = _strokes(box, max(WIDTH / self._canvas.zoom, 1.5), (rows, columns))
        certain = np.full((rows, columns), OUTSIDE, np.uint8)
        within = box.toAlignedRect()
        inside = np.s_[within.top() : within.bottom() + 1, within.left() : within.right() + 1]
        certain[inside] = 0
        is_kept = self._keep_mask(box, inside, strokes, certain)
        self._canvas.tool("scribble").mark(strokes, certain, tr("Box"), corrects=is_kept)

    def _keep_mask(
        self,
        box: QRectF,
        inside: tuple[slice, slice],
        strokes: NDArray[np.uint8],
        certain: NDArray[np.uint8],
    ) -> bool:
        """Have strokes keep what the object has; return whether they correct its mask."""
        object_id = self._cursor.object_id
        if object_id not in self._document.objects:
            return False
        own = self._document.annotations[self._cursor.frame] == object_id
        part = own[inside]
        name = self._document.objects[object_id].name
        if np.count_nonzero(part) < _WHOLE * np.count_nonzero(own):
            certain[own] = INSIDE
            self._say(tr("{name} keeps what it has outside of the box.", name=name))
            return False
        if not _fills(part, box):
            return False
        strokes[strokes == INSIDE] = 0
        self._say(tr("{name} keeps what it has in the box, and nothing else.", name=name))
        return True

    def _say(self, what: str) -> None:
        clear = tr("For a new mask, clear the old one first with key:clear-here.")
        self._canvas.message.emit(f"{what} {clear}")

    def take_back(self) -> bool:
        """Drop the box, or the one whose mask is still under way."""
        return super().take_back() or self._canvas.tool("scribble").take_back()

    def leave(self) -> None:
        """A box that is half drawn asks for nothing."""
        self.cancel()

    def cancel(self) -> None:
        """Drop the box."""
        if self._start is not None:
            self._start = None
            self._canvas.sketch.clear()


def _fills(mask: NDArray[np.bool_], box: QRectF) -> bool:
    """Return whether what a mask has within a box reaches about as far as the box does."""
    _, _, width, height = cv2.boundingRect(mask.view(np.uint8))
    return width * height >= _FILLED * box.width() * box.height()


def _strokes(box: QRectF, width: float, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the strokes that a person would draw who means what is in the box, (H, W)."""
    strokes = np.zeros(shape, np.uint8)
    around = QPolygonF(box.adjusted(-width, -width, width, width))
    sides = [(around[n], around[n + 1], OUTSIDE) for n in range(4)]
    reach = QPointF(box.width(), 0) if box.width() > box.height() else QPointF(0, box.height())
    reach *= _MIDDLE / 2
    for start, end, value in [*sides, (box.center() - reach, box.center() + reach, INSIDE)]:
        for where, pixels in stamps(start, end, width, shape):
            strokes[where][pixels] = value
    return strokes
