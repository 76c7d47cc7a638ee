"""Select: a click chooses the object under it, a drag moves the view.

For: the canvas.
"""

from PySide6.QtCore import QPointF, Qt

from vos_annotator.ui.tools.tool import Tool

_SLIP = 4  # px of the screen that a click may move


class Select(Tool):
    """Looks, and changes no mask."""

    shape = Qt.CursorShape.ArrowCursor

    def press(self, point: QPointF, removes: bool) -> None:
        """Remember where."""
        self._start, self._is_panning = point, False

    def drag(self, point: QPointF) -> None:
        """Move the view once the mouse has left the place of the click."""
        moved = point - self._start
        slip = _SLIP / self._canvas.zoom
        self._is_panning |= max(abs(moved.x()), abs(moved.y())) > slip
        if self._is_panning:
            self._canvas.pan(moved)  # the point that was pressed stays under the mouse

    def release(self, point: QPointF) -> None:
        """Choose the object that was clicked."""
        if self._is_panning:
            return
        rows, columns = self._document.video.shape
        x, y = int(point.x() // 1), int(point.y() // 1)
        if 0 <= x < columns and 0 <= y < rows:
            object_id = int(self._canvas.masks.labels[y, x])
            if object_id in self._document.objects:
                self._cursor.object_id = object_id
