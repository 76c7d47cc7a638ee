"""Keys and menus on a real window do what they say."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QMenu

from tests.ui.window import FRAMES, finish_run, isolate_settings, make_clip, open_window, paint
from vos_annotator.core.edits import Status
from vos_annotator.ui.action import MENUS
from vos_annotator.ui.actions import ACTIONS
from vos_annotator.ui.cheat_sheet import CheatSheet

Key, Modifier = Qt.Key, Qt.KeyboardModifier


@pytest.fixture
def window(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        yield window


@pytest.fixture
def cat(window):
    window.actions_["add-object"].trigger()
    return window.cursor.object_id


def press(window, key, modifiers=Modifier.NoModifier):
    QTest.keyClick(window.canvas, key, modifiers)


def test_the_menus_hold_every_action(window):
    titles = [action.text() for action in window.menuBar().actions()]

    assert titles == list(MENUS.values())
    for row in ACTIONS:
        assert window.actions_[row.id].associatedObjects(), row.id


@pytest.mark.parametrize(
    ("key", "modifiers", "frame"),
    [
        (Key.Key_Right, Modifier.NoModifier, 6),
        (Key.Key_Left, Modifier.NoModifier, 4),
        (Key.Key_D, Modifier.NoModifier, 6),
        (Key.Key_A, Modifier.NoModifier, 4),
        (Key.Key_PageDown, Modifier.NoModifier, 6),
        (Key.Key_Right, Modifier.ShiftModifier, FRAMES - 1),
        (Key.Key_Left, Modifier.ShiftModifier, 0),
        (Key.Key_Home, Modifier.NoModifier, 0),
        (Key.Key_End, Modifier.NoModifier, FRAMES - 1),
    ],
)
def test_keys_move_through_the_frames(window, key, modifiers, frame):
    window.cursor.frame = 5

    press(window, key, modifiers)

    assert window.cursor.frame == frame


@pytest.mark.parametrize(
    ("key", "tool"),
    [
        (Key.Key_V, "select"),
        (Key.Key_S, "scribble"),
        (Key.Key_B, "brush"),
        (Key.Key_E, "eraser"),
        (Key.Key_G, "lasso"),
        (Key.Key_F, "fill"),
    ],
)
def test_keys_take_the_tools_and_the_bar_shows_which(window, key, tool):
    press(window, Key.Key_V if tool == "brush" else Key.Key_B)

    press(window, key)

    assert window.cursor.tool == tool
    assert window.actions_[f"tool-{tool}"].isChecked()


def test_brackets_change_the_brush(window):
    size = window.cursor.brush_size

    press(window, Key.Key_BracketRight)
    larger = window.cursor.brush_size
    press(window, Key.Key_BracketLeft)

    assert larger > size
    assert window.cursor.brush_size < larger


def test_objects_are_added_renamed_hidden_and_locked(window, cat):
    panel = window.workspace.objects_panel
    press(window, Key.Key_F2)
    field = panel.rows[cat].name
    assert not field.isReadOnly()
    field.clear()
    QTest.keyClicks(field, "black cat")
    QTest.keyClick(field, Key.Key_Return)
    press(window, Key.Key_H, Modifier.ShiftModifier)
    press(window, Key.Key_L)

    changed = window.document.objects[cat]
    assert (changed.name, changed.visible, changed.locked) == ("black cat", False, True)
    assert window.actions_["hide-object"].isChecked()
    assert window.document.annotations.references == ()  # Return belonged to the name


def test_digits_choose_objects_and_tab_goes_round(window, cat):
    window.actions_["add-object"].trigger()
    dog = window.cursor.object_id

    press(window, Key.Key_1)
    assert window.cursor.object_id == cat
    press(window, Key.Key_Tab)
    assert window.cursor.object_id == dog
    press(window, Key.Key_Tab)
    assert window.cursor.object_id == cat


def test_a_digit_chooses_the_object_that_shows_it_also_when_others_are_gone(window, cat):
    for _ in range(10):
        window.actions_["add-object"].trigger()
    window.cursor.object_id = cat
    window.actions_["delete-object"].trigger()
    window.document.delete_object(5)
    rows = window.workspace.objects_panel.rows

    for digit in (2, 3, 9):
        press(window, Key(Key.Key_0 + digit))
        assert rows[window.cursor.object_id].number.text() == str(digit)
    for digit in (1, 5):
        press(window, Key(Key.Key_0 + digit))
        assert window.cursor.object_id == 9
        assert window.actions_.why_not(f"object-{digit}") == "no object has this number"


def test_an_object_deleted_everywhere_comes_back_with_undo(window, cat):
    paint(window, cat)
    window.actions_["delete-object"].trigger()
    assert cat not in window.document.objects
    assert not window.document.annotations[0].any()

    press(window, Key.Key_Z, Modifier.ControlModifier)

    assert cat in window.document.objects
    assert window.document.annotations[0].any()


def test_a_locked_object_is_not_deleted_before_it_is_unlocked(window, cat):
    window.document.update_object(cat, locked=True)
    window.actions_["delete-object"].trigger()

    assert cat in window.document.objects
    assert "is locked" in window.messages.text.toPlainText()


def test_undo_and_redo_name_what_they_do(window, cat):
    paint(window, cat)
    assert window.actions_["undo"].text() == "Undo Paint"

    press(window, Key.Key_Z, Modifier.ControlModifier)
    assert not window.document.annotations[0].any()
    press(window, Key.Key_Y, Modifier.ControlModifier)
    assert window.document.annotations[0].any()


def test_delete_clears_only_this_frame(window, cat):
    paint(window, cat)
    window.cursor.frame = 1
    paint(window, cat)

    press(window, Key.Key_Delete)

    assert not window.document.annotations[1].any()
    assert window.document.annotations[0].any()


def test_copying_takes_the_object_of_the_frame_before(window, cat):
    paint(window, cat)
    window.cursor.frame = 1

    press(window, Key.Key_D, Modifier.ControlModifier)

    assert (window.document.annotations[1] == window.document.annotations[0]).all()


def test_enter_keeps_a_prediction_and_backspace_releases_it(qtbot, window, cat):
    paint(window, cat)
    press(window, Key.Key_T, Modifier.ControlModifier)
    finish_run(qtbot, window)
    window.cursor.frame = 4

    press(window, Key.Key_Return)
    assert window.document.annotations.status(4) is Status.REFERENCE
    assert window.status.currentMessage() == "Frame 4 is kept as a reference."
    press(window, Key.Key_Backspace)
    assert window.document.annotations.status(4) is not Status.REFERENCE
    assert window.status.currentMessage() == "Frame 4 is a prediction again."


def test_one_way_runs_leave_the_other_side_alone(qtbot, window, cat):
    window.cursor.frame = 5
    paint(window, cat)

    press(window, Key.Key_Right, Modifier.ControlModifier | Modifier.ShiftModifier)
    finish_run(qtbot, window)

    status = window.document.annotations.status
    assert status(FRAMES - 1) is Status.PREDICTION
    assert status(4) is Status.EMPTY


def test_one_frame_at_a_time(qtbot, window, cat):
    paint(window, cat)

    press(window, Key.Key_Right, Modifier.AltModifier)
    finish_run(qtbot, window)

    assert window.cursor.frame == 1
    assert window.document.annotations.status(1) is Status.PREDICTION
    assert window.document.annotations.status(2) is Status.EMPTY


def test_the_range_bounds_propagation(qtbot, window, cat):
    paint(window, cat)
    window.cursor.frame = 6
    press(window, Key.Key_O)
    window.cursor.frame = 0
    press(window, Key.Key_T, Modifier.ControlModifier)
    finish_run(qtbot, window)

    assert window.document.annotations.status(6) is Status.PREDICTION
    assert window.document.annotations.status(7) is Status.EMPTY
    press(window, Key.Key_O, Modifier.AltModifier)
    assert window.cursor.out_frame is None


@pytest.mark.parametrize("name", ["shortcuts", "keys", "memory", "engine", "clicks"])
def test_a_dialog_that_is_open_comes_to_the_front_in_place_of_a_second_one(qtbot, window, name):
    def opened():
        return [each for each in window.findChildren(QDialog) if each.isVisible()]

    window.actions_[name].trigger()
    first = opened()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.actions_[name].trigger()

    assert len(first) == 1 and opened() == first
    qtbot.waitUntil(first[0].isActiveWindow)
    first[0].close()
    window.actions_[name].trigger()
    assert len(opened()) == 1
    opened()[0].close()


@pytest.mark.parametrize("change", [{"locked": True}, {"visible": False}])
def test_a_command_that_is_refused_has_no_tick(window, cat, change):
    window.document.update_object(cat, **change)

    press(window, Key.Key_A, Modifier.ShiftModifier)

    assert not window.document.annotations.absences.at(0)
    assert not window.actions_["absent"].isChecked()


def test_a_tick_says_what_is_so_after_each_choice(window, cat):
    def ticked():
        return {row.id for row in ACTIONS if window.actions_[row.id].isChecked()}

    engine = "auto-refresh", "rough-first", "refine", "learn"
    for name in (*engine, "masks", "onion", "pace", "lock-object"):
        before = ticked()
        window.actions_[name].trigger()
        assert ticked() == before ^ {name}
        window.actions_[name].trigger()
        assert ticked() == before


def test_masks_are_off_while_t_is_held(window):
    QTest.keyPress(window.canvas, Key.Key_T)
    assert not window.cursor.masks_shown

    QTest.keyRelease(window.canvas, Key.Key_T)
    assert window.cursor.masks_shown


@pytest.mark.parametrize("key", [Key.Key_T, Key.Key_Y])
@pytest.mark.parametrize("modifiers", [Modifier.ControlModifier, Modifier.ShiftModifier])
def test_what_a_held_key_does_ends_with_it_whatever_else_is_down_by_then(window, key, modifiers):
    QTest.keyPress(window.canvas, key)
    assert not window.cursor.masks_shown or window.workspace.wipe.is_on

    QTest.keyRelease(window.canvas, key, modifiers)

    assert window.cursor.masks_shown and not window.workspace.wipe.is_on


@pytest.mark.parametrize("key", [Key.Key_T, Key.Key_Y])
def test_what_a_held_key_does_ends_when_another_window_takes_the_keys(qtbot, window, key):
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyPress(window.canvas, key)
    window.actions_["keys"].trigger()
    sheet = window.findChild(CheatSheet)
    sheet.activateWindow()
    qtbot.waitUntil(sheet.isActiveWindow)
    QTest.keyRelease(sheet, key)

    assert window.cursor.masks_shown and not window.workspace.wipe.is_on
    sheet.close()


def test_a_release_that_was_told_to_nobody_is_made_up_for_by_the_next(window):
    QTest.keyPress(window.canvas, Key.Key_T)
    press(window, Key.Key_T)

    assert window.cursor.masks_shown


def test_letting_go_of_t_does_not_show_masks_that_were_off(window):
    press(window, Key.Key_H)

    press(window, Key.Key_T)

    assert not window.cursor.masks_shown


def test_opacity_follows_its_keys(window):
    before = window.cursor.opacity

    press(window, Key.Key_Equal)

    assert window.cursor.opacity > before


def test_space_plays_and_pauses(qtbot, window):
    press(window, Key.Key_Space)
    qtbot.waitUntil(lambda: window.workspace.playback.is_playing)

    press(window, Key.Key_Space)
    qtbot.waitUntil(lambda: not window.workspace.playback.is_playing)


def test_actions_are_off_where_they_make_no_sense(window):
    for name in ("undo", "redo", "propagate", "release", "rename-object", "stop", "object-1"):
        assert not window.actions_[name].isEnabled(), name


def test_the_cheat_sheet_lists_every_key(qtbot, qapp):
    sheet = CheatSheet()
    qtbot.addWidget(sheet)
    text = " ".join(label.text() for label in sheet.findChildren(QLabel))

    for row in ACTIONS:
        if row.keys and row.menu != "Object/Select":
            assert row.text.rstrip("…") in text, row.id
    assert "Review: Send back" in text
    assert "wedge: glitch" in text


@pytest.mark.parametrize(
    ("key", "modifiers", "words"),
    [
        (Key.Key_T, Modifier.ControlModifier, "Propagate: there is no object."),
        (Key.Key_Return, Modifier.NoModifier, "Keep frame as reference: there is no object."),
        (Key.Key_Z, Modifier.ControlModifier, "Undo: nothing to undo."),
        (Key.Key_7, Modifier.NoModifier, "Object 7: no object has this number."),
        (Key.Key_Escape, Modifier.NoModifier, ""),
    ],
)
def test_a_key_that_can_do_nothing_now_says_why(window, key, modifiers, words):
    press(window, key, modifiers)

    assert window.status.currentMessage() == words


def test_a_frame_is_kept_only_where_there_is_an_object(window):
    window.actions_["keep"].trigger()
    assert window.document.annotations.references == ()

    window.actions_["add-object"].trigger()
    window.actions_["keep"].trigger()
    assert window.document.annotations.references == (0,)


def test_a_menu_shows_whether_a_row_with_a_picture_is_on(window):
    menu = next(
        each for each in window.findChildren(QMenu) if window.actions_["masks"] in each.actions()
    )
    pictures = []
    for _ in range(2):
        pictures.append(menu.grab(menu.actionGeometry(window.actions_["masks"])).toImage())
        window.actions_["masks"].trigger()

    assert pictures[0] != pictures[1]
