"""A person's hand: the tool that it holds, and the button that put it to work.

For: the canvas. A stroke belongs to the tool and to the button that began it: a second button
changes nothing in it, and a tool that is taken while one is down waits for the next press. What
takes hold of the picture never comes to the tool.
"""

from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QTabletEvent

from vos_annotator.ui.grip import Grip
from vos_annotator.ui.tools.tool import Tool

_FINISH = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Hand:
    """Tells a tool what mouse or pen do, each stroke from its press on.

    Attributes:
        tool: What it holds.
    """

    def __init__(self, tool: Tool, grip: Grip, begins: Callable[[], object]) -> None:
        """Take a tool.

        Args:
            tool: The first one.
            grip: What moves the view.
            begins: Is called before each press that comes to the tool.
        """
        self.tool = tool
        self._grip, self._begins = grip, begins
        self._button: Qt.MouseButton | None = None  # what began the stroke

    def take(self, tool: Tool) -> None:
        """Hold another tool; what the one before had begun is kept."""
        self.tool.leave()
        self.tool, self._button = tool, None

    def press(
        self, event: QMouseEvent | QTabletEvent, point: QPointF, removes: bool, twice: bool = False
    ) -> None:
        """Take hold of the picture, or begin a stroke; `twice` is a second press at once."""
        if self._grip.press(event, point):
            return
        is_second = self._button not in (None, event.button())
        if is_second and event.buttons() & self._button:
            return
        self._begins()
        self._button = event.button()
        (self.tool.double_press if twice else self.tool.press)(point, removes)

    def drag(self, point: QPointF) -> None:
        """Move the view, or go on with the stroke."""
        if not self._grip.drag(point) and self._button is not None:
            self.tool.drag(point)

    def release(self, event: QMouseEvent | QTabletEvent, point: QPointF) -> None:
        """Let go of the picture, or end the stroke, if it was begun with this button."""
        if not self._grip.release(event) and event.button() == self._button:
            self._button = None
            self.tool.release(point)

    def deed(self, event: QKeyEvent) -> Callable[[], object] | None:
        """Return what a key does to what is begun; None where nothing is, or for other keys."""
        if not self.tool.is_busy:
            return None
        if event.key() in _FINISH:
            return self.tool.finish
        if event.key() == Qt.Key.Key_Escape:
            return self.tool.cancel
        is_undo = event.matches(QKeySequence.StandardKey.Undo)
        return self.tool.take_back if is_undo or event.key() == Qt.Key.Key_Backspace else None


def removes(event: QMouseEvent) -> bool:
    """Return whether a press takes pixels away: the right button does, and Ctrl."""
    is_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
    return event.button() == Qt.MouseButton.RightButton or is_control
