"""Keys that are no plain shortcuts: held ones, those of a focused widget, those that do nothing.

For: the window, and the dialogs that float beside it, in which its shortcuts count too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QDialog,
    QLineEdit,
    QRadioButton,
    QWidget,
)

from vos_annotator.ui.space_key import SpaceKey

if TYPE_CHECKING:
    from vos_annotator.ui.action_set import ActionSet
    from vos_annotator.ui.main_window import MainWindow

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_MOVES = (
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down),
    *(Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown),
)
_MODIFIERS = (
    Qt.KeyboardModifier.ShiftModifier
    | Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)
_OWN_KEYS = {  # what a widget with the focus does itself, though the window has it as shortcuts
    QAbstractButton: (Qt.Key.Key_Space, *_ENTER),
    QRadioButton: _MOVES,
    QAbstractItemView: (*_MOVES, *_ENTER),
    QAbstractSlider: _MOVES,
    QAbstractSpinBox: (Qt.Key.Key_Escape, *_ENTER),
    QDialog: (Qt.Key.Key_Escape, *_ENTER),  # of all that is in it
    QLineEdit: _ENTER,
}


class OwnKeys(QObject):
    """Leaves the focused widget of a window, and a dialog, the keys that are theirs."""

    def __init__(self, window: QWidget) -> None:
        """Watch `window`."""
        super().__init__(window)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Have such a key go to the widget as a plain one: it is not a shortcut."""
        if event.type() == QEvent.Type.ShortcutOverride and _is_owned(event, watched):
            event.accept()
            return True
        return False


class KeyRules(OwnKeys):
    """Filters the key events that reach the main window."""

    def __init__(self, window: MainWindow, actions: ActionSet, say: Callable[[str], None]) -> None:
        """Watch `window` for the keys of `actions`; why one does nothing now, it says to `say`."""
        self._space = SpaceKey(window, actions)  # before: it has what no widget with the focus has
        super().__init__(window)
        self._actions, self._say = actions, say
        self._down: dict[int, Callable[[bool], None]] = {}  # what goes on, by the key held for it
        self.take_keys()

    def take_keys(self) -> None:
        """Watch the keys that the actions have now."""
        self._held = {QKeySequence(key): call for key, call in self._actions.held().items()}

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leave a focused widget its own keys; tell of held ones, and of those that do nothing."""
        match event.type():
            case QEvent.Type.KeyPress:
                return self._press(event)
            case QEvent.Type.KeyRelease:
                return not event.isAutoRepeat() and self._release(event.key())
            case QEvent.Type.WindowDeactivate:  # where they are let go is not told here
                for key in tuple(self._down):
                    self._release(key)
        return super().eventFilter(watched, event)

    def _press(self, event: QKeyEvent) -> bool:
        key, call = event.key(), self._held.get(QKeySequence(event.key()))
        if call is None or event.isAutoRepeat() or event.modifiers():
            if not event.isAutoRepeat():
                self._say(self._actions.refusal(event.keyCombination()))
            return False
        goes_on = call in self._down.values()
        self._down[key] = call
        if not goes_on:
            call(True)
        return True

    def _release(self, key: int) -> bool:
        """End what goes on for a key, whatever else is held by now."""
        call = self._down.pop(key, None)
        if call is not None and call not in self._down.values():
            call(False)
        return call is not None


def _is_owned(event: QKeyEvent, window: QObject) -> bool:
    key = event.key()
    if key in _MOVES and event.modifiers() & _MODIFIERS:
        return False  # by ten frames, to a reference: no widget has such moves
    owners = QApplication.focusWidget(), window
    return any(
        isinstance(owner, kind) and key in keys
        for owner in owners
        for kind, keys in _OWN_KEYS.items()
    )
