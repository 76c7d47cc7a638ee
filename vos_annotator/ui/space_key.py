"""Space: while it is held the mouse moves the view; tapped, it is the key of a command.

For: the key rules of the window. Every program in which things are painted moves the view so, and
many play by the same key. So the command waits until the key is let go, and is left out if the
view was taken hold of meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

if TYPE_CHECKING:
    from vos_annotator.ui.action_set import ActionSet
    from vos_annotator.ui.main_window import MainWindow

_SPACE = QKeySequence(Qt.Key.Key_Space)


class SpaceKey(QObject):
    """Takes the key from the shortcuts where no widget with the focus has a use for it."""

    def __init__(self, window: MainWindow, actions: ActionSet) -> None:
        """Watch `window`; what a tap does is a command of `actions`."""
        super().__init__(window)
        self._window, self._actions = window, actions
        self._is_down = False
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the key down and up."""
        match event.type():
            case QEvent.Type.ShortcutOverride:
                return self._may_take(event) and self._take(event)
            case QEvent.Type.KeyRelease if event.key() == Qt.Key.Key_Space:
                return not event.isAutoRepeat() and self._let_go()
            case QEvent.Type.WindowDeactivate:  # where it is let go is not told here
                self._end()
        return False

    def _may_take(self, event: QKeyEvent) -> bool:
        is_space = event.key() == Qt.Key.Key_Space and not event.modifiers()
        is_held_for_more = any(QKeySequence(key) == _SPACE for key in self._actions.held())
        return is_space and self._window.workspace is not None and not is_held_for_more

    def _take(self, event: QKeyEvent) -> bool:
        event.accept()  # no shortcut
        if not event.isAutoRepeat():
            self._is_down = True
            self._window.canvas.offer_grip(True)
        return True

    def _let_go(self) -> bool:
        """Do what the key is for, unless it was held to move the view."""
        if not self._is_down:
            return False
        if not self._end():
            for action in self._actions:
                if _SPACE in action.shortcuts():
                    action.trigger()
        return True

    def _end(self) -> bool:
        """Return whether the view was taken hold of."""
        was_down, self._is_down = self._is_down, False
        if not was_down or self._window.workspace is None:
            return False
        return self._window.canvas.offer_grip(False)
