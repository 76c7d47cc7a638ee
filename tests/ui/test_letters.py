"""Alt and an underlined letter reach every part of a dialog, in every language."""

from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QDialog,
    QLabel,
    QLineEdit,
)

from tests.ui.window import make_clip, open_window, paint
from vos_annotator.ui.export_dialog import ExportDialog
from vos_annotator.ui.form_parts import add_answers, file_row, roomy_form
from vos_annotator.ui.import_dialog import ImportDialog


@pytest.fixture
def window(qtbot, spoken, tmp_path):
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        paint(window)
        yield window


def words(dialog):
    """Return the words of each button, and of each label that leads to a field."""
    buttons = [each for each in dialog.findChildren(QAbstractButton) if each.text()]
    labels = [
        each
        for each in dialog.findChildren(QLabel)
        if each.text() and not isinstance(each.buddy(), QLabel | None)
    ]
    return [each.text() for each in buttons + labels]


def check(dialog):
    letters = Counter(QKeySequence.mnemonic(text).toString() for text in words(dialog))
    assert len(letters) > 2 and "" not in letters
    assert set(letters.values()) == {1}, letters


@pytest.mark.parametrize(
    "action",
    ["batch", "merge", "compare-projects", "effort", "clicks", "engine", "memory", "shortcuts"],
)
def test_every_part_of_a_dialog_has_a_letter_of_its_own(window, action):
    window.actions_[action].trigger()
    dialog = next(each for each in window.findChildren(QDialog) if each.isVisible())
    check(dialog)
    dialog.close()


def test_so_has_every_part_of_the_export_and_the_import(qtbot, window):
    for dialog in (
        ExportDialog("clip", window),
        ImportDialog(window.document.objects, lambda *_: None, window),
    ):
        check(dialog)
        dialog.reject()


def test_alt_and_the_letter_of_a_label_go_to_its_field_and_that_of_a_button_presses_it(qtbot):
    dialog = QDialog()
    qtbot.addWidget(dialog)
    form, row = roomy_form(), file_row("Where", lambda: None)
    form.addRow("Name", QLineEdit())
    form.addRow("Where", row)
    _, accepts = add_answers(dialog, form, "Write")
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    assert accepts.text() == "W&rite"  # Where has the W

    QTest.keyClick(dialog, Qt.Key.Key_W, Qt.KeyboardModifier.AltModifier)
    assert row.field.hasFocus()
    with qtbot.waitSignal(dialog.accepted):
        QTest.keyClick(row.field, Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
