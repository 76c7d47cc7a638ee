"""The playhead along with a pass: it follows until the person turns to something else."""

import pytest

from tests.ui.window import FRAMES, finish_run, isolate_settings, make_clip, open_window, paint


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        yield window


def test_the_playhead_runs_along_with_a_pass_that_began_under_it(window, qtbot):
    paint(window)
    window.verbs.propagate()
    finish_run(qtbot, window)
    assert window.cursor.frame == FRAMES - 1


def test_who_moves_the_playhead_stays_there(window, qtbot):
    paint(window)
    window.verbs.propagate()
    window.cursor.frame = 8
    finish_run(qtbot, window)
    assert window.cursor.frame == 8


def test_a_refresh_after_a_correction_moves_nobody(window, qtbot):
    paint(window)
    window.verbs.propagate()
    finish_run(qtbot, window)
    window.cursor.frame = 4
    paint(window, top=20)
    qtbot.waitUntil(lambda: window.bridge.busy)
    finish_run(qtbot, window)
    assert window.cursor.frame == 4


def test_a_propagation_that_has_nothing_to_do_moves_nobody_later(window, qtbot):
    paint(window)
    window.verbs.propagate()
    finish_run(qtbot, window)
    window.cursor.frame = 5
    window.actions_["keep"].trigger()
    window.cursor.in_frame = window.cursor.out_frame = 5
    finish_run(qtbot, window)
    window.actions_["propagate"].trigger()
    assert not window.bridge.busy

    window.cursor.in_frame = window.cursor.out_frame = None
    paint(window, top=20)
    qtbot.waitUntil(lambda: window.bridge.busy)
    finish_run(qtbot, window)
    assert window.cursor.frame == 5
