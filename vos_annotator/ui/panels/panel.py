"""The frame all panels share: a quiet heading with buttons at its right, then the content.

For: the panels.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from vos_annotator.ui.icons import icon


class Panel(QWidget):
    """A titled panel."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(title)
        self._heading = QLabel(title.upper())
        self._heading.setProperty("role", "heading")
        self.note = QLabel()
        self.note.setProperty("role", "quiet")
        self._top = QHBoxLayout()
        self._top.setContentsMargins(12, 0, 6, 0)
        self._top.setSpacing(2)
        self._top.addWidget(self._heading)
        self._top.addStretch(1)
        self._top.addWidget(self.note)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 6, 0, 6)
        self._column.setSpacing(4)
        self._column.addLayout(self._top)

    def add_button(self, action: QAction) -> QToolButton:
        """Put a button for `action` into the heading."""
        button = QToolButton()
        button.setDefaultAction(action)
        button.setIconSize(QSize(16, 16))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(action.text())
        self._top.addWidget(button)
        return button

    def set_content(self, content: QWidget) -> None:
        """Fill the panel below the heading."""
        self._column.addWidget(content, 1)


def small_button(icon_name: str, name: str, checkable: bool = False) -> QToolButton:
    """Return a flat icon button called `name`."""
    button = QToolButton()
    button.setIcon(icon(icon_name))
    button.setIconSize(QSize(16, 16))
    button.setAccessibleName(name)
    button.setToolTip(name)
    button.setCheckable(checkable)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
