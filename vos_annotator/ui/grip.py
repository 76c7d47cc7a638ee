"""The grip of mouse or pen on the picture: the view goes along with it.

For: the canvas. The middle button always takes hold of the picture, any other one while that
is offered: by a key that is held, say.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QTabletEvent

from vos_annotator.ui.zoom_view import ZoomView


class Grip:
    """Moves a view by what was taken hold of."""

    def __init__(self, view: ZoomView) -> None:
        self._view = view
        self._from: QPointF | None = None  # the point that was taken hold of
        self._button = Qt.MouseButton.NoButton  # what holds it
        self._is_offered = self._was_used = False

    @property
    def shape(self) -> Qt.CursorShape | None:
        """The mouse cursor; None for that of the tool."""
        if self._from is not None:
            return Qt.CursorShape.ClosedHandCursor
        return Qt.CursorShape.OpenHandCursor if self._is_offered else None

    def offer(self, is_offered: bool) -> bool:
        """Let any button take hold, or no more; return whether one did since that was offered.

        One that has goes on until it is let go.
        """
        was_used, self._was_used = self._was_used, False
        self._is_offered = is_offered
        return was_used

    def press(self, event: QMouseEvent | QTabletEvent, point: QPointF) -> bool:
        """Take hold of a point of the frame; False if the press is for the tool."""
        if self._from is not None and event.buttons() & self._button:
            return True  # a second button changes nothing
        self._from = None  # where its release got lost
        if not self._is_offered and event.button() != Qt.MouseButton.MiddleButton:
            return False
        self._from, self._button, self._was_used = point, event.button(), True
        return True

    def drag(self, point: QPointF) -> bool:
        """Move the view, so that what is held is under the mouse; False if nothing is held."""
        if self._from is None:
            return False
        self._view.pan(point - self._from)
        return True

    def release(self, event: QMouseEvent | QTabletEvent) -> bool:
        """Let go; False if the button held nothing."""
        if self._from is None or event.button() != self._button:
            return False
        self._from = None
        return True
