"""A stroke belongs to the tool and to the button that began it, whatever is pressed meanwhile."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt

from tests.ui.mouse import LEFT, RIGHT, move, press, release, send, stroke
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
