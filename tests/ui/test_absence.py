"""Saying in the window that an object is absent: by key, on the timeline, undone, never painted."""

import numpy as np
import pytest

from tests.ui.window import FRAMES, isolate_settings, make_clip, open_window, paint
from vos_annotator.ui.timeline_states import (
    REFERENCE,
    REFERENCE_ABSENT,
    SAID_ABSENT,
    STALE,
    SURE,
)


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        qtbot.waitUntil(lambda: window.canvas.is_current)
        paint(window)
        window.cursor.object_id = 1
        run(qtbot, window, "propagate")
        yield window


def run(qtbot, window, action):
    window.actions_[action].trigger()
    qtbot.waitUntil(lambda: not window.bridge.busy, timeout=10_000)


def lane(window):
    return window.workspace.timeline.states.codes[0].tolist()


def shows(window, frame):
    return 1 in window.document.annotations[frame]


def test_a_key_takes_the_object_off_this_frame_and_the_same_key_brings_it_back(qtbot, window):
    window.cursor.frame = 4
    qtbot.waitUntil(lambda: window.canvas.is_current)
    window.actions_["absent"].trigger()

    assert not shows(window, 4) and shows(window, 3) and shows(window, 5)
    qtbot.waitUntil(lambda: not (window.canvas.masks.labels == 1).any())
    assert lane(window)[4] == SAID_ABSENT and window.actions_["absent"].isChecked()

    window.actions_["absent"].trigger()
    qtbot.waitUntil(lambda: (window.canvas.masks.labels == 1).any())
    assert shows(window, 4)
    assert not window.actions_["absent"].isChecked()
    assert "is not marked absent here any more." in window.status.currentMessage()


def test_in_a_range_the_object_is_absent_from_all_of_it_in_one_step_of_undo(qtbot, window):
    window.cursor.in_frame, window.cursor.out_frame, window.cursor.frame = 3, 7, 5
    steps = len(window.document.history)
    window.actions_["absent"].trigger()

    assert [shows(window, f) for f in range(2, 9)] == [True, *[False] * 5, True]
    assert lane(window)[3:8] == [SAID_ABSENT] * 5
    assert len(window.document.history) == steps + 1
    window.actions_["undo"].trigger()
    assert all(shows(window, frame) for frame in range(FRAMES))
    assert SAID_ABSENT not in lane(window)


def test_onwards_means_up_to_the_next_reference_that_shows_it(qtbot, window):
    window.cursor.frame = 8
    paint(window, top=30)
    qtbot.waitUntil(lambda: not window.bridge.busy, timeout=10_000)
    window.cursor.frame = 5
    window.actions_["absent-onwards"].trigger()

    assert [shows(window, f) for f in range(4, 9)] == [True, False, False, False, True]


def test_a_pass_leaves_the_object_away_and_only_the_frames_around_are_computed_anew(qtbot, window):
    window.bridge.refresh.is_on = False
    window.cursor.in_frame, window.cursor.out_frame, window.cursor.frame = 3, 5, 3
    window.actions_["absent"].trigger()
    assert lane(window) == [REFERENCE, STALE, STALE, *[SAID_ABSENT] * 3, *[STALE] * (FRAMES - 6)]

    window.actions_["clear-in"].trigger()
    window.actions_["clear-out"].trigger()
    window.cursor.frame = 0
    run(qtbot, window, "propagate")
    assert lane(window) == [REFERENCE, SURE, SURE, *[SAID_ABSENT] * 3, *[SURE] * (FRAMES - 6)]
    assert not any(shows(window, frame) for frame in (3, 4, 5))


def test_a_reference_loses_the_object_and_stays_a_reference(window):
    window.cursor.frame = 0
    window.actions_["absent"].trigger()

    assert not shows(window, 0) and lane(window)[0] == REFERENCE_ABSENT
    assert window.document.annotations.references == (0,)


def test_painting_it_says_that_it_is_there(qtbot, window):
    window.cursor.frame = 6
    window.actions_["absent"].trigger()
    paint(window, top=30)

    assert shows(window, 6) and lane(window)[6] == REFERENCE
    np.testing.assert_array_equal(
        np.flatnonzero((window.document.annotations[6] == 1).any(axis=1)), np.arange(30, 42)
    )
    window.actions_["undo"].trigger()
    assert not shows(window, 6) and lane(window)[6] == SAID_ABSENT


def test_a_locked_object_is_left_where_it_is(window):
    window.document.update_object(1, locked=True)
    window.cursor.frame = 6
    window.actions_["absent"].trigger()

    assert shows(window, 6) and not window.document.annotations.absences.ids
