"""A stroke belongs to the tool and to the button that began it, whatever is pressed meanwhile."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest

from tests.ui.mouse import LEFT, MIDDLE, RIGHT, click, move, press, release, send, stroke
from tests.ui.test_pen_and_minimap import TIP
from tests.ui.test_pen_and_minimap import send as send_pen
from tests.ui.window import isolate_settings, make_clip, open_window, paint
from vos_annotator.ui.tools import TOOLS

BOTH = LEFT | RIGHT
No = Qt.MouseButton.NoButton


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        qtbot.waitUntil(lambda: window.canvas.is_current)
        window.bridge.refresh.is_on = False
        window.cursor.brush_size = 4
        window.cursor.object_id = window.document.add_object()
        yield window


def labels(window):
    return window.document.annotations[0]


@pytest.mark.parametrize("second", TOOLS)
@pytest.mark.parametrize("first", ["brush", "lasso", "box", "select"])
def test_a_tool_taken_while_a_button_is_down_waits_for_the_next_press(window, first, second):
    window.cursor.tool = first
    press(window.canvas, (10, 10))
    move(window.canvas, (20, 10))
    window.cursor.tool = second
    drawn, place = labels(window).copy(), window.canvas.view.viewRect()
    move(window.canvas, (20, 40))
    release(window.canvas, (20, 40))

    if first != second:
        assert not window.canvas.tool(second).is_busy
        assert (labels(window) == drawn).all()
        assert window.canvas.view.viewRect() == place


def test_a_tool_taken_while_a_pen_is_down_waits_for_the_next_touch(window):
    send_pen(window.canvas, QEvent.Type.TabletPress, (10, 10), 1.0, LEFT, LEFT, TIP)
    window.cursor.tool = "select"
    send_pen(window.canvas, QEvent.Type.TabletMove, (30, 30), 1.0, No, LEFT, TIP)
    send_pen(window.canvas, QEvent.Type.TabletRelease, (30, 30), 0.0, LEFT, No, TIP)
    assert labels(window)[10, 10] == 1 and labels(window)[30, 30] == 0


@pytest.mark.parametrize("tool", ["brush", "lasso", "scribble", "box"])
def test_a_second_button_pressed_and_let_go_changes_nothing_in_a_stroke(window, tool):
    window.cursor.tool = tool
    window.cursor.brush_size = 3
    press(window.canvas, (5, 20))
    move(window.canvas, (20, 20))
    send(window.canvas, QEvent.Type.MouseButtonPress, (20, 20), RIGHT, BOTH)
    send(window.canvas, QEvent.Type.MouseButtonRelease, (20, 20), RIGHT, LEFT)
    assert window.canvas.tool(tool).is_busy
    move(window.canvas, (50, 20))
    move(window.canvas, (50, 40))
    release(window.canvas, (50, 40))

    assert not window.canvas.tool(tool).is_busy
    if tool in ("brush", "lasso"):
        assert np.nonzero(labels(window))[1].max() >= 48


def test_a_button_whose_release_got_lost_does_not_keep_the_others_from_working(window):
    paint(window, 1, top=4, left=4)
    press(window.canvas, (40, 40))  # and a dialog opens, which gets the release
    window.canvas.tool("brush").finish()
    stroke(window.canvas, (8, 8), (8, 10), button=RIGHT)
    assert labels(window)[8, 8] == 0


@pytest.mark.parametrize("tool", ["brush", "eraser", "lasso", "scribble", "box", "wand", "fill"])
def test_what_changes_masks_shows_them_and_what_chooses_or_moves_leaves_them_off(window, tool):
    window.cursor.masks_shown = False
    assert window.status.work.text().startswith("masks off")
    window.cursor.tool = "select"
    press(window.canvas, (10, 10))
    release(window.canvas, (10, 10))
    assert not window.cursor.masks_shown

    window.cursor.tool = tool
    press(window.canvas, (10, 10))
    assert window.cursor.masks_shown
    assert "masks off" not in window.status.work.text()


def place(window):
    """Return what the view shows, px of the source."""
    return window.canvas.view.viewRect()


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("button", [LEFT, RIGHT])
def test_while_space_is_held_the_mouse_moves_the_view_and_nothing_else_happens(
    window, tool, button
):
    window.cursor.tool = tool
    paint(window, 1, top=4, left=4)
    drawn, seen, history = labels(window).copy(), place(window), window.document.history.undo_text

    QTest.keyPress(window.canvas, Qt.Key.Key_Space)
    stroke(window.canvas, (20, 20), (30, 25), button=button)
    QTest.keyRelease(window.canvas, Qt.Key.Key_Space)

    assert place(window).center().x() == pytest.approx(seen.center().x() - 10, abs=0.5)
    assert (labels(window) == drawn).all() and window.document.history.undo_text == history
    assert not window.workspace.playback.is_playing


def test_a_pen_moves_the_view_too_while_space_is_held(window):
    seen = place(window)
    QTest.keyPress(window.canvas, Qt.Key.Key_Space)
    send_pen(window.canvas, QEvent.Type.TabletPress, (20, 20), 1.0, LEFT, LEFT, TIP)
    send_pen(window.canvas, QEvent.Type.TabletMove, (30, 25), 1.0, No, LEFT, TIP)
    send_pen(window.canvas, QEvent.Type.TabletRelease, (30, 25), 0.0, LEFT, No, TIP)
    QTest.keyRelease(window.canvas, Qt.Key.Key_Space)
    assert place(window).center().x() == pytest.approx(seen.center().x() - 10, abs=0.5)
    assert not labels(window).any() and not window.workspace.playback.is_playing


def test_a_view_that_is_held_goes_along_until_the_button_is_let_go_whatever_the_key_does(window):
    QTest.keyPress(window.canvas, Qt.Key.Key_Space)
    press(window.canvas, (20, 20))
    QTest.keyRelease(window.canvas, Qt.Key.Key_Space)
    seen = place(window)
    move(window.canvas, (30, 20))
    release(window.canvas, (30, 20))
    assert place(window).center().x() == pytest.approx(seen.center().x() - 10, abs=0.5)

    stroke(window.canvas, (20, 20), (24, 20))
    assert labels(window)[20, 22] == 1


def test_an_outline_that_is_begun_goes_on_where_the_view_was_moved_by_space(window):
    window.cursor.tool = "lasso"
    for corner in ((10, 10), (30, 10)):
        click(window.canvas, corner)
    seen = place(window)
    QTest.keyPress(window.canvas, Qt.Key.Key_Space)
    stroke(window.canvas, (20, 20), (24, 25))
    QTest.keyRelease(window.canvas, Qt.Key.Key_Space)
    assert window.canvas.tool("lasso").is_busy and place(window) != seen

    click(window.canvas, (30, 30))
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert labels(window)[12, 27] == 1


def test_space_plays_when_it_is_let_go_and_while_it_is_down_the_frame_stays(qtbot, window):
    QTest.keyPress(window.canvas, Qt.Key.Key_Space)
    assert not window.workspace.playback.is_playing
    assert window.canvas.viewport().cursor().shape() == Qt.CursorShape.OpenHandCursor

    QTest.keyRelease(window.canvas, Qt.Key.Key_Space)
    assert window.workspace.playback.is_playing
    assert window.canvas.viewport().cursor().shape() == window.canvas.tool("brush").shape


def test_a_button_whose_release_got_lost_does_not_hold_the_view_any_more(window):
    press(window.canvas, (20, 20), MIDDLE)  # and a dialog opens, which gets the release
    seen = place(window)
    stroke(window.canvas, (8, 8), (20, 8))
    assert place(window) == seen and labels(window)[8, 18] == 1


@pytest.mark.parametrize("tool", ["brush", "lasso", "scribble", "box", "wand"])
def test_who_begins_to_work_on_a_video_that_plays_has_it_stand_still_on_what_is_seen(
    qtbot, window, tool
):
    window.cursor.tool = tool
    window.verbs.play()
    qtbot.waitUntil(lambda: window.cursor.frame > 0)
    press(window.canvas, (10, 10))
    seen = window.canvas.shown_frame
    assert not window.workspace.playback.is_playing
    assert window.cursor.frame == seen

    move(window.canvas, (30, 10))
    move(window.canvas, (30, 30))
    release(window.canvas, (30, 30))
    assert window.cursor.frame == seen
    if tool == "brush":
        assert window.document.annotations.references == (seen,)


def test_who_only_chooses_or_looks_while_a_video_plays_does_not_stop_it(qtbot, window):
    window.cursor.tool = "select"
    window.verbs.play()
    click(window.canvas, (10, 10))
    stroke(window.canvas, (10, 10), (20, 10), button=MIDDLE)
    assert window.workspace.playback.is_playing
