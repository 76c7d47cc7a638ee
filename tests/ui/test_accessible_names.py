"""Whoever cannot see the window hears what each control is."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QHeaderView,
    QKeySequenceEdit,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QScrollBar,
    QWidget,
)

from tests.ui.window import make_clip, open_window, paint
from vos_annotator.core.errors import MissingVideo, UnknownVideo
from vos_annotator.core.formats.importing import Masks
from vos_annotator.core.formats.registry import FORMATS
from vos_annotator.core.masks import encode_png
from vos_annotator.core.objects import SCREEN_COLORS
from vos_annotator.ui import dialogs
from vos_annotator.ui.actions import ACTIONS
from vos_annotator.ui.card import Card
from vos_annotator.ui.export_dialog import ExportDialog
from vos_annotator.ui.import_dialog import ImportDialog
from vos_annotator.ui.palette import CommandPalette

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QKeySequenceEdit,
    QLineEdit,
    QPlainTextEdit,
)


@pytest.fixture
def window(qtbot, spoken, tmp_path):
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        yield window


WHOLES = (QAbstractSpinBox, QComboBox, QKeySequenceEdit, QLineEdit)  # read out as one
QT_PARTS = (QHeaderView, QScrollBar)
# F2 for a name; the figure beside a slider says what the slider is at.
ANOTHER_WAY = ("NameField", "SliderLabel")


def ancestors(widget):
    """Return what a widget lies in, from the inside."""
    found = []
    while (widget := widget.parentWidget()) is not None:
        found.append(widget)
    return found


def nameless(root):
    """Return the controls under `root` that a screen reader has no name for."""
    found = []
    for each in root.findChildren(QWidget):
        is_qts = each.objectName().startswith("qt_") or isinstance(each, QT_PARTS)
        is_part = any(isinstance(above, WHOLES) for above in ancestors(each))
        is_own = type(each).__module__.startswith("vos_annotator")
        takes_keys = is_own and each.focusPolicy() != Qt.FocusPolicy.NoFocus
        if is_qts or is_part or not (isinstance(each, CONTROLS) or takes_keys):
            continue
        if not QAccessible.queryAccessibleInterface(each).text(QAccessible.Text.Name).strip():
            found.append(f"{type(each).__name__} {each.objectName()} in {type(each.parent())}")
    return found


def unreachable(root):
    """Return the controls under `root` that neither Tab nor a key of their own gets to."""
    found = []
    for each in root.findChildren(QWidget):
        is_part = any(isinstance(above, (*WHOLES, *QT_PARTS)) for above in ancestors(each))
        is_qts = each.objectName().startswith("qt_") or isinstance(each, QT_PARTS)
        has_key = type(each).__name__ in ANOTHER_WAY or isinstance(root, CommandPalette)
        takes_tab = bool(each.focusPolicy() & Qt.FocusPolicy.TabFocus)
        if isinstance(each, CONTROLS) and not (is_part or is_qts or has_key or takes_tab):
            found.append(f"{type(each).__name__} {each.accessibleName()}")
    return found


def ask_missing(window):
    dialogs.ask_missing_video(window, MissingVideo(Path("a.vos"), Path("a.mp4")))


def ask_unknown(window):
    dialogs.ask_missing_video(window, UnknownVideo(Path("a.vos")))


def ask_unsaved(window):
    dialogs.ask_unsaved(window, Path("a.vos"))


def tell_problem(window):
    dialogs.show_problem(window, "It cannot be opened.")


def test_every_control_of_the_window_has_a_name(window):
    for _ in range(2):
        window.actions_["add-object"].trigger()
    paint(window)
    window.messages.show()

    assert nameless(window) == []


def test_every_control_of_the_first_page_has_a_name(qtbot, spoken):
    with open_window(qtbot) as window:
        assert nameless(window) == []


def test_every_dialog_has_names_for_all_controls_and_the_keyboard_gets_to_each(
    qtbot, window, monkeypatch
):
    asked = []
    for name in ("getOpenFileName", "getSaveFileName", "getExistingDirectory"):
        answer = "" if name == "getExistingDirectory" else ("", "")
        monkeypatch.setattr(QFileDialog, name, lambda *_, answer=answer: asked.append(1) or answer)
    paint(window)
    rows = [each for each in ACTIONS if each.text.endswith("…") or each.id in ("palette", "keys")]
    for row in rows:
        seen, files = [], len(asked)

        def look(row=row, seen=seen):
            over = [each for each in QApplication.topLevelWidgets() if each.isVisible()]
            for each in over:
                if isinstance(each, QDialog | QMenu):
                    assert nameless(each) == [], row.id
                    assert unreachable(each) == [], row.id
                    each.close()
            seen.append(len(over) - 1)

        QTimer.singleShot(0, look)
        window.actions_[row.id].trigger()
        qtbot.waitUntil(lambda seen=seen: bool(seen))
        assert seen[0] or len(asked) > files, f"{row.id} asked nothing"


def test_the_keyboard_gets_to_every_control_of_the_window(qtbot, window):
    for _ in range(2):
        window.actions_["add-object"].trigger()
    paint(window)
    assert unreachable(window) == []
    with open_window(qtbot) as empty:
        assert unreachable(empty) == []


def test_a_colour_is_chosen_with_the_arrow_keys(window):
    paint(window)
    window.actions_["color-object"].trigger()
    menu = QApplication.activePopupWidget()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(menu, key)

    assert window.document.objects[1].color == SCREEN_COLORS[2]


def test_every_control_of_the_export_dialog_has_a_name(qtbot, window):
    dialog = ExportDialog("clip", window)

    assert nameless(dialog) == []


def test_every_control_of_the_import_dialog_has_a_name(qtbot, window):
    png = encode_png(np.full(window.document.video.shape, 3, np.uint8))
    found = Masks(Path("masks"), FORMATS["davis"], {0: png}, {3: (0,)})
    dialog = ImportDialog(window.document.objects, lambda *_: found, window)
    dialog._show(found)

    assert nameless(dialog) == []


def test_the_card_after_a_crash_and_the_hints_have_names(window):
    window.workspace.show_recovery("Everything was kept.")
    card = window.workspace.findChild(Card)

    for each in (card, card.close_button, window.workspace.hints):
        assert each.accessibleName(), each
    assert nameless(window) == []


@pytest.mark.parametrize("ask", [ask_missing, ask_unknown, ask_unsaved, tell_problem])
def test_every_control_of_a_question_has_a_name(window, ask):
    found = []

    def look():
        box = QApplication.activeModalWidget()
        found.append(nameless(box))
        box.reject()

    QTimer.singleShot(0, look)
    ask(window)

    assert found == [[]]


def test_every_tool_of_the_bar_and_every_menu_can_be_had_by_keyboard(window):
    for action in window.actions_:
        assert action.shortcuts() or action.associatedObjects(), action.text()
