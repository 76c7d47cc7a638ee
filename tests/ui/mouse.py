"""A hand with a mouse on the canvas, in pixels of the source."""

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

LEFT, RIGHT, MIDDLE = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
)
NONE = Qt.MouseButton.NoButton


def send(canvas, kind, point, button=NONE, buttons=NONE, modifiers=Qt.KeyboardModifier.NoModifier):
    """Send one event to the canvas, as the desktop does; `point` is (x, y)."""
    at = QPointF(canvas.to_widget(QPointF(*point)))
    viewport = canvas.viewport()
    event = QMouseEvent(kind, at, viewport.mapToGlobal(at), button, buttons, modifiers)
    QApplication.sendEvent(viewport, event)


def press(canvas, point, button=LEFT, **more):
    """Press a button."""
    send(canvas, QEvent.Type.MouseButtonPress, point, button, button, **more)


def move(canvas, point, buttons=LEFT, **more):
    """Move the mouse."""
    send(canvas, QEvent.Type.MouseMove, point, NONE, buttons, **more)


def release(canvas, point, button=LEFT, **more):
    """Let a button go."""
    send(canvas, QEvent.Type.MouseButtonRelease, point, button, NONE, **more)


def stroke(canvas, *points, button=LEFT, **more):
    """Press at the first point, drag through the others, let go at the last."""
    press(canvas, points[0], button, **more)
    for point in points[1:]:
        move(canvas, point, button, **more)
    release(canvas, points[-1], button, **more)


def click(canvas, point, button=LEFT, **more):
    """Press and let go at one point."""
    stroke(canvas, point, button=button, **more)


def double_click(canvas, point, button=LEFT):
    """Click twice at once."""
    click(canvas, point, button)
    send(canvas, QEvent.Type.MouseButtonDblClick, point, button, button)
    release(canvas, point, button)
