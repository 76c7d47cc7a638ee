"""Brush and eraser: pixels by hand, one step of undo a stroke.

For: the canvas.
"""

from PySide6.QtCore import QPointF, Qt

from vos_annotator.core.translation import tr
from vos_annotator.ui.tools.stamp import stamps
from vos_annotator.ui.tools.tool import Tool


class Brush(Tool):
    """Gives pixels to the object; the right button takes them away.

    With Shift a stroke begins where the last one on this frame ended: clicks draw straight lines.
    """

    shape = Qt.CursorShape.BlankCursor
    has_ring = True

    def __init__(self, canvas: object) -> None:
        super().__init__(canvas)
        self._end: tuple[int, QPointF] | None = None  # frame and place of the last stroke's end

    def press(self, point: QPointF, removes: bool) -> None:
        """Begin a stroke; a second button in a stroke changes nothing."""
        if self._draft is None:
            self._draft = self._begin()
            self._removes = removes or self.removes
            frame, end = self._end or (None, point)
            goes_on = self._canvas.has_shift and frame == self._cursor.frame
            self._last = end if goes_on else point
            self.drag(point)

    def drag(self, point: QPointF) -> None:
        """Stroke on to `point`."""
        if self._draft is None:
            return
        put = self._draft.remove if self._removes else self._draft.add
        size, shape = self._cursor.stroke_size, self._document.video.shape
        for box, pixels in stamps(self._last, point, size, shape):
            put(box, pixels)
        self._last = point

    def release(self, point: QPointF) -> None:
        """End the stroke."""
        if self._draft is not None:
            self._end = self._cursor.frame, point
        self.drag(point)
        self.finish()

    def finish(self) -> None:
        """Keep the stroke."""
        self._commit(tr("Erase") if self._draft and self._removes else tr("Paint"))


class Eraser(Brush):
    """Takes pixels away from the object."""

    @property
    def removes(self) -> bool:
        """Always."""
        return True
