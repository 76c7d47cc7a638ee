"""The window speaks the language that is chosen, all of it, and its words fit."""

import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QFontMetrics, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QMenu,
    QScrollArea,
    QWidget,
)

from tests.ui.window import SHAPE, finish_run, isolate_settings, make_clip, open_window, paint
from vos_annotator.core.project import Project
from vos_annotator.core.translation import language, languages, tr, use_language
from vos_annotator.core.video import open_video
from vos_annotator.ui import app as application
from vos_annotator.ui import dialogs, palette
from vos_annotator.ui.action import MENUS, REASONS, menu_titles
from vos_annotator.ui.actions import ACTIONS
from vos_annotator.ui.card import recovery_text
from vos_annotator.ui.cheat_sheet import CheatSheet, page_of, sections_of
from vos_annotator.ui.export_dialog import ExportDialog
from vos_annotator.ui.import_dialog import ImportDialog
from vos_annotator.ui.job import Job
from vos_annotator.ui.keymap import PRESETS, Keymap, key_text
from vos_annotator.ui.language import apply_choice, keep_choice, language_choice, number, percent
from vos_annotator.ui.main_window import MainWindow
from vos_annotator.ui.transport import duration

OTHERS = [code for code in languages() if code != "en"]
NATIVE = QKeySequence.SequenceFormat.NativeText
SMALLEST = (900, 600)


@pytest.fixture(autouse=True)
def english_again(qapp):
    yield
    keep_choice("en")
    apply_choice(qapp)


@pytest.fixture(params=OTHERS)
def window(request, qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings", request.param)
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        yield window


def words(root):
    """Return every text by which the widgets under `root` speak, to eyes or to ears."""
    found = set()
    for each in [root, *root.findChildren(QWidget)]:
        found |= {each.toolTip(), each.accessibleName(), each.accessibleDescription()}
        found |= {each.windowTitle(), each.statusTip()}
        if isinstance(each, QLabel | QAbstractButton):
            found.add(each.text())
        if isinstance(each, QLineEdit):
            found.add(each.placeholderText())
        if isinstance(each, QMenu):
            found.add(each.title())
        for action in each.actions():
            found |= {action.text().partition("\t")[0], action.toolTip(), action.statusTip()}
    return found - {""}


def english():
    """Return the texts of the table of actions that the language in use says otherwise."""
    texts = {*MENUS, *MENUS.values(), *REASONS.values()}
    for row in ACTIONS:
        if row.group != "language":
            texts |= {row.text, row.tip, *row.menu.split("/")} - {""}
    return {text for text in texts if tr(text) != text}


def test_every_word_of_the_table_is_said_in_the_other_language(window):
    left = english()

    assert len(left) > 150
    assert left.isdisjoint(words(window))


@pytest.mark.parametrize("action", ["palette", "shortcuts", "keys", "grow"])
def test_no_dialog_falls_back_to_english(window, action):
    paint(window)
    window.actions_[action].trigger()
    (dialog,) = window.findChildren(QDialog)

    assert words(dialog)
    assert english().isdisjoint(words(dialog))


def test_qt_says_its_own_words_in_the_language(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings", "de")
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    qtbot.addWidget(box)

    assert box.button(QDialogButtonBox.StandardButton.Cancel).text() == "Abbrechen"
    assert QKeySequence("Ctrl+T").toString(QKeySequence.SequenceFormat.NativeText) == "Strg+T"


@pytest.mark.parametrize("code", languages())
def test_enter_is_called_enter_everywhere_and_both_keys_of_that_name_are_one(qtbot, tmp_path, code):
    isolate_settings(tmp_path / "settings", code)
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        shown = [each.text() for each in window.actions_ if "\t" in each.text()]
        sheet = dict(line[::-1] for _, lines in sections_of(window.keymap.rows()) for line in lines)
        left = [
            each.shortcut().toString(NATIVE) for each in window.actions_ if "\t" not in each.text()
        ]

        assert window.actions_["keep"].text().endswith("\tEnter")
        assert window.actions_.with_keys("key:keep") == "Enter"
        assert sheet[tr("Keep frame as reference")] == "Enter, C"
        assert not any(
            "Return" in each for each in [*shown, *left, *sheet.values(), *words(window)]
        )
        assert [key_text(key) for key in ("Return", "Enter")] == ["Enter", "Enter"]
        paint(window)
        window.actions_["propagate"].trigger()
        finish_run(qtbot, window)
        for window.cursor.frame, key in ((4, Qt.Key.Key_Return), (7, Qt.Key.Key_Enter)):
            QTest.keyClick(window.canvas, key)
        assert window.document.annotations.references == (0, 4, 7)


def test_a_key_is_the_same_key_in_every_language(window):
    assert window.actions_["propagate"].shortcut() == QKeySequence("Ctrl+T")
    assert window.keymap.owner("Ctrl+T") == "propagate"


def test_numbers_are_written_as_the_language_writes_them(qapp, tmp_path):
    assert (number(1204), number(9.44, 1), percent(0.4)) == ("1,204", "9.4", "40 %")

    isolate_settings(tmp_path / "settings", "de")

    assert (number(1204), number(9.44, 1)) == ("1.204", "9,4")


@pytest.mark.parametrize("code", languages())
def test_no_two_menus_share_a_letter_and_no_command_has_one_as_its_key(code):
    use_language(code)
    letters = [f"Alt+{title[title.index('&') + 1].upper()}" for title in menu_titles().values()]
    keys = {key for row in ACTIONS for key in row.keys}
    keys |= {key for preset in PRESETS.values() for each in preset.values() for key in each}

    assert len(set(letters)) == len(MENUS)
    assert keys.isdisjoint(letters)


@pytest.mark.parametrize("code", languages())
def test_a_row_of_the_palette_has_room_for_its_words_and_why_not(code, qapp):
    use_language(code)
    metrics = QFontMetrics(qapp.font())
    reasons = {need: metrics.horizontalAdvance(tr(text)) for need, text in REASONS.items()}
    room = palette.WIDTH - 60  # frame, paddings and the scroll bar
    for row in ACTIONS:
        text = " > ".join(map(tr, row.menu.split("/"))) + ": " + row.translated().text
        why = max((reasons.get(need.rstrip(" 123456789"), 0) for need in row.needs), default=0)
        assert metrics.horizontalAdvance(text) + 12 + why <= room, text


def cut_off(root):
    """Return the texts under `root` that have less room than they need."""
    found = []
    for each in root.findChildren(QLabel) + root.findChildren(QAbstractButton):
        wraps = isinstance(each, QLabel) and each.wordWrap()
        if each.isVisible() and each.text() and not wraps:
            lacking = each.sizeHint().width() - each.width()
            if lacking > 0 and not (isinstance(each, QAbstractButton) and not each.icon().isNull()):
                found.append((each.text(), lacking))
    return found


def test_the_smallest_window_has_room_for_every_word(qtbot, window):
    window.resize(*SMALLEST)
    paint(window)
    left = tr("{count} left", count=number(123456))
    window.workspace.transport.show_progress(f"{left} · {duration(7 * 3600)}", 1, 2)

    qtbot.waitUntil(lambda: not cut_off(window))  # once it is laid out
    assert (window.width(), window.height()) == SMALLEST


@pytest.mark.parametrize("action", ["shortcuts", "grow", "drop-specks"])
def test_dialogs_have_room_for_every_word(qtbot, window, action):
    paint(window)
    window.actions_[action].trigger()
    (dialog,) = window.findChildren(QDialog)
    qtbot.waitUntil(dialog.isVisible)

    assert cut_off(dialog) == []


def test_the_page_of_keys_fits_on_a_small_screen(qtbot, window):
    window.actions_["keys"].trigger()
    (sheet,) = window.findChildren(QDialog)
    qtbot.waitUntil(sheet.isVisible)
    (area,) = sheet.findChildren(QScrollArea)

    assert sheet.frameSize().width() <= sheet.screen().availableSize().width()
    assert sheet.height() <= 0.95 * sheet.screen().availableSize().height()  # there is a title, too
    assert area.horizontalScrollBar().maximum() == 0 and cut_off(sheet) == []


def test_in_english_all_keys_are_seen_at_once_on_a_screen_of_1280_by_720(
    qtbot, monkeypatch, tmp_path
):
    isolate_settings(tmp_path / "settings")
    size = QSize(1280, 720)
    screen = SimpleNamespace(availableSize=lambda: size)
    monkeypatch.setattr(CheatSheet, "screen", lambda sheet: screen)
    sheet = CheatSheet()
    qtbot.addWidget(sheet)
    with qtbot.waitExposed(sheet):
        sheet.show()
    (area,) = sheet.findChildren(QScrollArea)

    assert sheet.height() <= 0.95 * size.height()  # there is a title, too
    assert area.verticalScrollBar().maximum() == area.horizontalScrollBar().maximum() == 0


@pytest.mark.parametrize("code", languages())
def test_on_a_desktop_all_keys_are_seen_at_once_in_columns_that_end_together(code, qtbot, qapp):
    keep_choice(code)
    apply_choice(qapp)
    page = page_of(sections_of(Keymap().rows()), 3)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    *columns, forms = [
        each for each in page.findChildren(QLabel) if "<table" in each.text() or each.wordWrap()
    ]
    ends = {}
    for each in columns:
        ends[each.x()] = max(ends.get(each.x(), 0), each.geometry().bottom())

    assert page.height() <= 860 and forms.geometry().bottom() < page.height()
    assert len(ends) == 3 and max(ends.values()) - min(ends.values()) < 0.1 * page.height()


def test_the_export_dialog_has_room_for_every_word(qtbot, window):
    dialog = ExportDialog("clip", window)
    with qtbot.waitExposed(dialog):
        dialog.show()

    assert cut_off(dialog) == []


def test_the_import_dialog_has_room_for_every_word(qtbot, window):
    dialog = ImportDialog(window.document.objects, lambda *_: None, window)
    with qtbot.waitExposed(dialog):
        dialog.show()

    assert cut_off(dialog) == []


def test_what_was_kept_after_a_crash_is_told_in_the_language(qapp, tmp_path):
    project = Project.create(tmp_path / "clip.vos", open_video(make_clip(tmp_path / "clip")))
    project.cut_off_at = 1_700_000_000.0
    project.set_references({frame: np.ones(SHAPE, np.uint8) for frame in (0, 1)})
    isolate_settings(tmp_path / "settings", "de")

    text = recovery_text(project)
    project.close()

    assert "November" in text and "1 Objekt, 2 Bilder mit Masken (2 Referenzen)." in text


def test_the_desktops_language_is_taken_unless_another_is_chosen(qapp, tmp_path, monkeypatch):
    isolate_settings(tmp_path / "settings", "system")
    assert language() == "en"  # what the tests' own environment asks for

    keep_choice("xx")  # was removed with its catalogue

    assert language_choice() == "system"


def test_choosing_a_language_brings_the_window_back_in_it_where_the_person_was(
    qapp, tmp_path, monkeypatch
):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # the application sets its own
    isolate_settings(tmp_path / "settings")
    seen = []

    def act():
        window = next(filter(_is_open, QApplication.topLevelWidgets()), None)
        if window is None:  # the clip comes once the window is up
            QTimer.singleShot(10, act)
            return
        seen.append((language(), window.cursor.frame, window.actions_["quit"].text()))
        if len(seen) == 1:
            window.cursor.frame = 5
            QTimer.singleShot(0, act_again)
            window.actions_["language-de"].trigger()
        else:
            window.close()

    def act_again():
        QTimer.singleShot(0, act)

    QTimer.singleShot(0, act)
    code = application.run(make_clip(tmp_path / "clip"), "hold", 48)

    assert code == 0
    assert seen == [("en", 0, "Quit"), ("de", 5, "Beenden")]


def test_a_language_is_not_taken_while_the_window_is_to_stay_open_and_can_be_chosen_again(
    qtbot, qapp, tmp_path, monkeypatch
):
    isolate_settings(tmp_path / "settings")
    may_stop = False
    monkeypatch.setattr(dialogs, "ask_to_stop", lambda *_: may_stop)
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        window.start_job(Job("Export", lambda _, cancelled: threading.Event().wait(1)))
        window.actions_["language-de"].trigger()

        assert not window.returns and language_choice() == "en"
        ticks = [code for code in ("en", "de") if window.actions_[f"language-{code}"].isChecked()]
        assert ticks == ["en"]

        may_stop = True
        window.actions_["language-de"].trigger()
        assert window.returns and language_choice() == "de"


def _is_open(widget):
    return isinstance(widget, MainWindow) and widget.isVisible() and widget.workspace is not None
