"""Before and after the last step, on either side of a line."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from tests.ui.window import finish_run, isolate_settings, make_clip, open_window, paint
from vos_annotator.core.masks import encode_png

EDGE = 16


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        qtbot.waitUntil(lambda: window.canvas.is_current)
        window.bridge.refresh.is_on = False
        paint(window)  # rows and columns 10 to 21
        window.cursor.object_id = 1
        yield window


def hold(window, x=EDGE):
    """Hold the key down, with the mouse at a column of the frame."""
    QTest.keyPress(window, Qt.Key.Key_Y)
    point_at(window, x)


def point_at(window, x):
    canvas = window.canvas
    QTest.mouseMove(canvas.viewport(), canvas.to_widget(QPointF(x, 30)) + QPoint(0, 1))
    canvas.pointer_moved.emit(x, 30)


def show(qtbot, window, frame):
    window.cursor.frame = frame
    qtbot.waitUntil(lambda: window.canvas.is_current)


def shown(window):
    return window.canvas.masks.labels


def assert_wiped(window, before, now, edge=EDGE):
    np.testing.assert_array_equal(shown(window)[:, :edge], before[:, :edge])
    np.testing.assert_array_equal(shown(window)[:, edge:], now[:, edge:])


def test_a_correction_is_seen_beside_what_was_there(window):
    before = window.document.annotations[0].copy()
    paint(window, top=30, left=8, size=16)
    now = window.document.annotations[0]
    hold(window)
    assert_wiped(window, before, now)

    point_at(window, 20)
    assert_wiped(window, before, now, edge=20)
    QTest.keyRelease(window, Qt.Key.Key_Y)
    np.testing.assert_array_equal(shown(window), now)
    assert not window.workspace.wipe.is_on


def test_what_a_pass_made_of_a_correction_is_seen_on_other_frames(qtbot, window):
    window.verbs.propagate()
    finish_run(qtbot, window)
    before = window.document.annotations[5].copy()
    show(qtbot, window, 0)  # it has run along
    paint(window, top=30, left=8, size=16)
    window.verbs.propagate()
    finish_run(qtbot, window)
    now = window.document.annotations[5]
    assert (before != now).any()

    show(qtbot, window, 5)
    hold(window)
    assert_wiped(window, before, now)


def test_undo_shows_what_it_took_back(window):
    blank = window.document.annotations[0].copy()
    paint(window, top=30, left=8, size=16)
    painted = window.document.annotations[0].copy()
    window.document.undo()
    hold(window)

    assert_wiped(window, painted, blank)


def test_frames_that_had_no_masks_were_empty_before(window):
    window.document.project.predict(3, encode_png(np.zeros((48, 64), np.uint8)), {}, "test")
    window.cursor.frame = 4
    paint(window)

    before = window.document.before
    assert before.label_map(3) is None
    assert not before.label_map(4).any()


def test_from_the_menu_it_stays_until_it_is_chosen_again(qtbot, window):
    paint(window, top=30, left=8, size=16)
    window.actions_["compare"].trigger()
    assert window.workspace.wipe.is_on
    show(qtbot, window, 1)
    show(qtbot, window, 0)
    window.actions_["compare"].trigger()

    assert not window.workspace.wipe.is_on
    np.testing.assert_array_equal(shown(window), window.document.annotations[0])


def test_a_frame_that_nothing_changed_is_said_to_be_so(qtbot, window):
    show(qtbot, window, 7)
    hold(window)

    assert "changed nothing" in window.messages.text.toPlainText()


def looks(window):
    return window.canvas.viewport().grab().toImage()


def test_what_is_hidden_shows_on_neither_side_and_is_no_change(qtbot, window):
    dog = window.document.add_object("dog")
    paint(window, dog, top=30, left=8)
    hold(window)
    assert window.workspace.wipe.has_changes
    before_hiding = looks(window)

    window.document.update_object(dog, visible=False)
    assert looks(window) != before_hiding
    assert not window.workspace.wipe.has_changes


def test_a_stretch_that_was_called_absent_shows_the_object_before_and_not_now(qtbot, window):
    window.verbs.propagate()
    finish_run(qtbot, window)
    there = window.document.annotations[5].copy()
    assert (there == 1).any()
    show(qtbot, window, 5)
    window.document.set_absent(1, range(4, 8), True)
    hold(window)
    assert_wiped(window, there, np.zeros_like(there))
    assert window.document.before.label_map(9) is None

    window.document.undo()
    assert_wiped(window, np.zeros_like(there), there)


def test_a_pass_over_an_absent_stretch_leaves_what_was_before_it(qtbot, window):
    window.verbs.propagate()
    finish_run(qtbot, window)
    there = window.document.annotations[5].copy()
    show(qtbot, window, 5)
    window.document.set_absent(1, range(4, 8), True)
    window.verbs.propagate()
    finish_run(qtbot, window)

    hold(window)
    assert_wiped(window, there, np.zeros_like(there))


def test_an_object_that_was_absent_already_comes_up_on_neither_side(qtbot, window):
    window.verbs.propagate()
    finish_run(qtbot, window)
    show(qtbot, window, 5)
    window.document.set_absent(1, range(4, 8), True)
    dog = window.document.add_object("dog")
    paint(window, dog, top=30, left=8)
    hold(window)

    now = window.document.annotations[5]
    assert_wiped(window, np.zeros_like(now), now)
    assert 1 not in shown(window)
