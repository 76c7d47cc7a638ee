"""Keys that are no plain shortcuts: those held down, and those that a focused widget owns.

For: the window.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QLineEdit,
    QMainWindow,
)

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_OWN_KEYS = {  # what a widget with the focus does itself, though the window has it as shortcuts
    QAbstractButton: (Qt.Key.Key_Space, *_ENTER),
    QAbstractSpinBox: _ENTER,
    QLineEdit: _ENTER,
}


class KeyRules(QObject):
    """Filters the key events that reach a window."""

    def __init__(self, window: QMainWindow, held: dict[str, Callable[[bool], None]]) -> None:
        """Watch `window`; `held` says what to call, by key, when one goes down and up."""
        super().__init__(window)
        self.set_held(held)
        window.installEventFilter(self)

    def set_held(self, held: dict[str, Callable[[bool], None]]) -> None:
        """Watch other keys from now on."""
        self._held = {QKeySequence(key): call for key, call in held.items()}

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leave a focused widget its own keys; tell of held ones."""
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and _is_owned(event.key()):
            event.accept()  # not a shortcut: it goes to the widget as a plain key
            return True
        if kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            return self._hold(event, kind == QEvent.Type.KeyPress)
        return False

    def _hold(self, event: QKeyEvent, is_down: bool) -> bool:
        call = self._held.get(QKeySequence(event.key()))
        if call is None or event.isAutoRepeat() or event.modifiers():
            return False
        call(is_down)
        return True


def _is_owned(key: int) -> bool:
    focus = QApplication.focusWidget()
    return any(isinstance(focus, kind) and key in keys for kind, keys in _OWN_KEYS.items())
