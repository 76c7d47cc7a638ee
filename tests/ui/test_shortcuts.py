"""Keys can be searched, changed and taken from presets, and nothing has two meanings."""

import re
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from tests.ui.window import isolate_settings, make_clip, open_window
from vos_annotator.ui import action_set
from vos_annotator.ui.actions import ACTIONS
from vos_annotator.ui.cheat_sheet import CheatSheet
from vos_annotator.ui.keymap import PRESETS, Keymap, normal
from vos_annotator.ui.palette import CommandPalette
from vos_annotator.ui.shortcut_editor import ShortcutEditor
from vos_annotator.ui.words import score


@pytest.fixture
def window(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        yield window


@pytest.fixture
def keymap(qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    return Keymap()


@pytest.fixture
def palette(qtbot, window):
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window.canvas, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    return window.findChild(CommandPalette)


@pytest.fixture
def editor(window):
    window.actions_["shortcuts"].trigger()
    return window.findChild(ShortcutEditor)


def shown(palette):
    return [palette.list.item(row).text() for row in range(palette.list.count())]


def test_the_palette_lists_every_command(palette):
    assert palette.list.count() == len(ACTIONS)


def test_what_is_typed_before_the_desktop_knows_of_the_palette_is_no_command(window, palette):
    for key in (Qt.Key.Key_E, Qt.Key.Key_N, Qt.Key.Key_D):  # the desktop sends them to the window
        QTest.keyClick(window.windowHandle(), key)

    assert palette.field.text() == "end"
    assert window.cursor.tool == "brush" and window.cursor.frame == 0


def test_a_click_beside_the_palette_closes_it_and_paints_nothing(qtbot, window, palette):
    steps = len(window.document.history)
    place = window.canvas.viewport().mapTo(window, QPoint(20, 20))
    QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton, pos=place)

    qtbot.waitUntil(lambda: window.findChild(CommandPalette) is None)
    assert len(window.document.history) == steps and not window.document.objects.ids


@pytest.mark.parametrize("query", ["next ref", "ref nex", "nxt reference", "NEXT REFERENCE"])
def test_words_in_any_order_and_letters_find_a_command(palette, query):
    palette.field.setText(query)

    assert "Next reference" in shown(palette)[0]


def test_enter_runs_the_first_find_and_closes(qtbot, window, palette):
    QTest.keyClicks(palette.field, "last frame")
    with qtbot.waitSignal(window.cursor.frame_changed):
        QTest.keyClick(palette.field, Qt.Key.Key_Return)

    assert window.cursor.frame == 11
    qtbot.waitUntil(lambda: window.findChild(CommandPalette) is None)


def test_the_palette_says_that_nothing_is_found_and_enter_does_nothing(window, palette):
    QTest.keyClicks(palette.field, "zzqqx")

    assert [palette.list.item(n).text() for n in range(palette.list.count())] == [
        "No command has these words."
    ]
    palette.list.grab()
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_esc_closes_the_palette_and_runs_nothing(qtbot, window, palette):
    QTest.keyClicks(palette.field, "last frame")
    QTest.keyClick(palette.field, Qt.Key.Key_Escape)

    qtbot.waitUntil(lambda: window.findChild(CommandPalette) is None)
    assert window.cursor.frame == 0


def test_a_command_that_makes_no_sense_now_says_why_and_does_nothing(window, palette):
    palette.field.setText("release reference")

    assert window.actions_.why_not("release") == "this frame is no reference"
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_an_ampersand_in_a_name_is_shown_in_menus_and_in_the_palette(qtbot, window, tmp_path):
    window.document.add_object("R&D cup")
    assert window.actions_["undo"].text() == "Undo Add R&&D cup"  # Qt shows it as R&D
    palette = CommandPalette(window.actions_, window)
    qtbot.addWidget(palette)
    palette.field.setText("undo")
    assert "Edit: Undo Add R&D cup" in shown(palette)

    assert window.open_path(make_clip(tmp_path / "R&D" / "clip"))
    assert "R&&D" in window._recent.actions()[0].text()
    window.close_project()
    buttons = [each.text() for each in window._welcome.findChildren(QPushButton)]
    assert any("R&&D" in text for text in buttons)


def test_arrows_choose_another_row(palette):
    QTest.keyClick(palette.field, Qt.Key.Key_Down)

    assert palette.list.currentRow() == 1


def test_a_word_that_is_nowhere_finds_nothing():
    assert score("zebra", "Next reference Frame") == 0


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_gives_no_key_twice_and_leaves_nothing_without_one(keymap, preset):
    keymap.use_preset(preset)
    uses = Counter(normal(key) for row in keymap.rows() for key in row.keys)

    assert [key for key, count in uses.items() if count > 1] == []
    assert [row.id for row in ACTIONS if row.keys and not keymap.keys(row.id)] == []
    for row in keymap.rows():
        for key in row.keys:
            assert not keymap.conflict(key, row.id)


def test_presets_name_only_commands_that_exist():
    ids = {row.id for row in ACTIONS}

    assert all(ids.issuperset(preset) for preset in PRESETS.values())


def test_a_key_that_is_taken_names_the_other_command(keymap):
    assert "Export" in keymap.conflict("Ctrl+E", "save")
    assert "menu File" in keymap.conflict("Alt+F", "save")
    assert keymap.conflict("Ctrl+F8", "save") == ""


def test_changes_are_kept_until_they_are_reset(keymap):
    keymap.give("save", ("Ctrl+E",))
    again = Keymap()

    assert again.keys("save") == ("Ctrl+E",)
    assert again.keys("export") == ()
    again.reset("export")
    assert Keymap().keys("export") == ("Ctrl+E",)
    assert Keymap().keys("save") == ()


def test_broken_settings_give_the_presets_keys(keymap):
    QSettings().setValue("keys/changed", "[broken")
    QSettings().setValue("keys/preset", "no such preset")

    assert Keymap().keys("save") == ("Ctrl+S",)


def test_a_key_pressed_in_the_editor_is_checked_at_once_and_counts_at_once(window, editor):
    editor.select("zoom-100")
    editor.key.setKeySequence(QKeySequence("Ctrl+E"))
    assert "Export" in editor.verdict.text()

    editor.replace.click()

    assert window.actions_["zoom-100"].shortcut() == QKeySequence("Ctrl+E")
    assert window.actions_["export"].shortcut().isEmpty()
    editor.reset_all.click()
    assert window.actions_["export"].shortcut() == QKeySequence("Ctrl+E")


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_F9])
def test_the_field_takes_any_key_that_is_pressed(editor, key):
    editor.select("zoom-100")
    editor.key.setFocus()

    QTest.keyClick(editor.key, key)

    assert editor.key.keySequence() == QKeySequence(key)
    assert editor.isVisible()


def test_a_preset_reaches_the_window_and_the_cheat_sheet(qtbot, window, editor):
    editor.preset.setCurrentText("CVAT")
    editor.preset.activated.emit(editor.preset.currentIndex())
    window.canvas.setFocus()
    sheet = CheatSheet(None, window.actions_.rows.values())
    qtbot.addWidget(sheet)

    assert window.actions_["next"].shortcuts()[0] == QKeySequence("F")
    assert any("<b>F, Right, " in label.text() for label in sheet.findChildren(QLabel))


def test_messages_name_the_keys_as_they_are(window):
    assert window.actions_.with_keys("key:undo takes it back") == "Ctrl+Z takes it back"
    window.keymap.give("undo", ())
    window.take_keys()

    assert window.actions_.with_keys("key:undo takes it back") == "“Undo” takes it back"
    assert window.actions_.with_keys("an object called key:x") == "an object called key:x"


def test_every_key_that_a_message_names_is_that_of_a_command():
    ids = {row.id for row in ACTIONS}
    folder = Path(action_set.__file__).parent
    named = {
        name
        for path in folder.rglob("*.py")
        for name in re.findall(r"key:([a-z-]+)", path.read_text("utf-8"))
    }

    assert "undo" in named
    assert named <= ids


def test_every_key_of_a_held_command_does_it_and_two_at_once_do_no_more(window, editor):
    editor.select("raw")
    editor.key.setKeySequence(QKeySequence("J"))
    editor.add.click()
    assert window.keymap.keys("raw") == ("T", "J")

    for pressed, let_go in (("J", "J"), ("T", "T"), ("JT", "JT"), ("TJ", "JT")):
        for key in pressed:
            QTest.keyPress(window.canvas, key)
        for key in let_go:
            assert not window.cursor.masks_shown
            QTest.keyRelease(window.canvas, key)
        assert window.cursor.masks_shown


def test_a_held_key_can_be_another_one(window, editor):
    editor.select("raw")
    editor.key.setKeySequence(QKeySequence("Y"))
    editor.replace.click()

    QTest.keyPress(window.canvas, Qt.Key.Key_Y)
    assert not window.cursor.masks_shown
    QTest.keyRelease(window.canvas, Qt.Key.Key_Y)
    assert window.cursor.masks_shown
