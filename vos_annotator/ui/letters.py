"""Letters for Alt in a dialog, shared out by its words as they are, in every language.

For: dialogs, once they are laid out. Menus have letters of their own choice; a dialog has many
words that are seen together with others, and which ones its language decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QWidget,
)


def give_letters(dialog: QDialog) -> None:
    """Underline a letter of each button and of each field's label, no letter twice."""
    for form in dialog.findChildren(QFormLayout):
        _make_buddies(form)
    shown = list(_with_words(dialog))
    taken = {found[1].lower() for each in shown for found in re.finditer("&(.)", each.text())}
    for each in shown:
        text = each.text()
        if "&" not in text:
            place = next((n for n in _places(text) if text[n].lower() not in taken), None)
            if place is not None:
                taken.add(text[place].lower())
                each.setText(f"{text[:place]}&{text[place:]}")


def _make_buddies(form: QFormLayout) -> None:
    """Join each label with the first widget of its row, where a layout is the row."""
    for row in range(form.rowCount()):
        label = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
        field = form.itemAt(row, QFormLayout.ItemRole.FieldRole)
        if label is not None and field is not None and field.layout() is not None:
            label.widget().setBuddy(field.layout().itemAt(0).widget())


def _with_words(dialog: QDialog) -> Iterator[QWidget]:
    for each in dialog.findChildren(QWidget):
        is_button = isinstance(each, QPushButton | QCheckBox | QRadioButton)
        if each.text() if is_button else isinstance(each, QLabel) and _leads_to_a_field(each):
            yield each


def _leads_to_a_field(label: QLabel) -> bool:
    field = label.buddy()
    return bool(label.text()) and field is not None and not isinstance(field, QLabel)


def _places(text: str) -> list[int]:
    """Return where the letters of a text are, those that words begin with first."""
    begins = [found.start() for found in re.finditer(r"\b[^\W\d_]", text)]
    return begins + [n for n, each in enumerate(text) if each.isalpha() and n not in begins]
