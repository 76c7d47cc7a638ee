"""What dialogs that ask for files and options share: a roomy form, a row for a path, the buttons.

For: such dialogs. Knows widgets; nothing of what is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QVBoxLayout,
)

from vos_annotator.core.translation import tr
from vos_annotator.ui.letters import give_letters

Number = TypeVar("Number", bound=QAbstractSpinBox)
MARGINS = 20, 20, 20, 16  # px around a dialog
SPACING = 16  # px between its parts


class PathRow(QHBoxLayout):
    """A path that may be typed, or chosen in a dialog of its own.

    Attributes:
        field: Where it is typed.
        buttons: Which open a dialog.
    """

    def __init__(self, name: str, *ways: tuple[str, Callable[[], object]]) -> None:
        """Make a row.

        Args:
            name: What the field is called, to those who do not see it.
            ways: The words of each button, and what it does.
        """
        super().__init__()
        self.setSpacing(8)
        self.field = QLineEdit()
        self.field.setAccessibleName(name)
        self.addWidget(self.field, 1)
        self.buttons = [self._button(text, choose) for text, choose in ways]

    @property
    def path(self) -> Path | None:
        """What the field says."""
        text = self.field.text().strip()
        return Path(text).expanduser() if text else None

    def set_enabled(self, is_enabled: bool) -> None:
        """Let the path be changed, or not."""
        for widget in (self.field, *self.buttons):
            widget.setEnabled(is_enabled)

    def _button(self, text: str, choose: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)  # Enter in the field is not for it
        button.clicked.connect(lambda: choose())
        self.addWidget(button)
        return button


def file_row(name: str, ask: Callable[[], Path | None]) -> PathRow:
    """Return a row for a file that `ask` chooses."""

    def choose() -> None:
        path = ask()
        if path is not None:
            row.field.setText(str(path))

    row = PathRow(name, (tr("Choose…"), choose))
    return row


def with_margins(field: Number) -> Number:
    """Return a number's field with as much air around its text as others have.

    Qt's style sheets cannot: they leave the text at the border, whatever the padding.
    """
    field.lineEdit().setTextMargins(6, 0, 6, 0)
    return field


def list_of_findings(name: str, lines: int) -> QListWidget:
    """Return a list of sentences, of which so many lines are seen; `name` is for screen readers."""
    found = QListWidget()
    found.setProperty("role", "boxed")
    found.setAccessibleName(name)
    found.setWordWrap(True)
    found.setFixedHeight(lines * found.fontMetrics().lineSpacing() + 12)
    return found


def roomy_form() -> QFormLayout:
    """Return a form whose rows have room."""
    form = QFormLayout()
    form.setHorizontalSpacing(16)
    form.setVerticalSpacing(10)
    return form


def add_answers(
    dialog: QDialog, form: QFormLayout, text: str
) -> tuple[QDialogButtonBox, QPushButton]:
    """Lay out a dialog: its form, and below the button with a text, that accepts it, and Cancel.

    Returns:
        All the buttons, and the one with the text.
    """
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    accepts = buttons.addButton(text, QDialogButtonBox.ButtonRole.AcceptRole)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.setContentsMargins(*MARGINS)
    column.setSpacing(SPACING)
    column.addLayout(form)
    column.addStretch(1)  # words that wrap want more than they need
    column.addWidget(buttons)
    for row in range(form.rowCount()):
        field = form.itemAt(row, QFormLayout.ItemRole.FieldRole).widget()
        if isinstance(field, QLabel | QListWidget) and (label := form.labelForField(field)):
            label.setAlignment(Qt.AlignmentFlag.AlignTop)  # beside the first of the lines
    give_letters(dialog)
    accepts.setDefault(True)  # of the dialog, which the button lies in from here on
    return buttons, accepts
