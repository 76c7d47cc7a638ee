"""Accepting, releasing and changing a range: one step of undo, and nothing but what was there."""

import numpy as np
import pytest

from tests.ui.window import finish_job, finish_run, isolate_settings, make_clip, open_window, paint
from vos_annotator.core.edits import Status
from vos_annotator.ui.range_edit import RangeEdit

FRAMES = 40  # more than are changed at once


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip", FRAMES)) as window:
        window.bridge.refresh.is_on = False
        paint(window)
        window.cursor.object_id = 1
        window.cursor.out_frame = 29
        window.actions_["propagate"].trigger()
        finish_run(qtbot, window)
        window.cursor.out_frame = None
        yield window


def change(qtbot, window, action):
    window.actions_[action].trigger()
    finish_job(qtbot, window)


def pixels(window):
    maps = window.document.annotations
    return np.stack([maps[frame] for frame in range(FRAMES)])


def test_accepted_predictions_are_references_with_their_masks_and_empty_frames_stay_empty(
    qtbot, window
):
    before = pixels(window)
    window.cursor.in_frame = 5
    change(qtbot, window, "accept-range")

    maps = window.document.annotations
    assert maps.references == (0, *range(5, 30))
    assert maps.status(35) is Status.EMPTY
    assert (pixels(window) == before).all()


def test_one_step_of_undo_takes_an_accepted_range_back_and_redo_accepts_it_again(qtbot, window):
    window.cursor.in_frame, window.cursor.out_frame = 3, 27
    change(qtbot, window, "accept-range")
    change(qtbot, window, "undo")
    assert window.document.annotations.references == (0,)
    assert window.document.annotations.status(10) is Status.PREDICTION
    change(qtbot, window, "redo")
    assert window.document.annotations.references == (0, *range(3, 28))


def test_a_released_range_is_predictions_that_the_next_pass_replaces(qtbot, window):
    window.cursor.in_frame, window.cursor.out_frame = 3, 27
    change(qtbot, window, "accept-range")
    window.cursor.in_frame, window.cursor.out_frame = 10, 12
    change(qtbot, window, "release-range")

    maps = window.document.annotations
    assert maps.references == (0, *range(3, 10), *range(13, 28))
    assert all(maps.status(frame) is Status.PREDICTION and maps.stale(frame) for frame in (10, 12))
    change(qtbot, window, "undo")
    assert maps.references == (0, *range(3, 28))


def test_a_change_of_empty_frames_leaves_them_stale_for_what_is_locked(qtbot, window):
    paint(window, 2, left=40)
    window.document.update_object(2, locked=True)
    fill = RangeEdit(window, 1, "Fill")
    fill.start(range(32, 35), lambda frame, mask: np.arange(mask.size).reshape(mask.shape) < 99)
    finish_job(qtbot, window)

    known = window.document.annotations
    assert known.objects_at(33) == (1,) and known.stale(33) == {2}
    window.bridge.propagate()
    finish_run(qtbot, window)
    window.document.update_object(2, locked=False)
    window.bridge.refresh.is_on = True
    qtbot.waitUntil(lambda: not known.staleness.ids, timeout=60_000)
    assert all(2 in known.objects_at(frame) for frame in range(30, FRAMES))


def test_without_a_range_nothing_is_accepted_or_released(window):
    assert not window.actions_["accept-range"].isEnabled()
    assert not window.actions_["release-range"].isEnabled()
    window.cursor.in_frame = 5
    assert window.actions_["accept-range"].isEnabled()


def test_a_range_with_nothing_to_accept_says_so_and_makes_no_step(qtbot, window):
    window.cursor.in_frame = 33
    steps = len(window.document.history)
    change(qtbot, window, "accept-range")
    assert len(window.document.history) == steps
    assert window.status.currentMessage() == "No prediction in the range."
