"""What the status bar says of steps and passes: what was done, where, and what it did besides."""

import numpy as np
import pytest

from tests.ui.window import (
    FRAMES,
    finish_job,
    finish_run,
    isolate_settings,
    make_clip,
    open_window,
    paint,
)
from vos_annotator.core.edits import Status
from vos_annotator.core.masks import encode_png


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        qtbot.waitUntil(lambda: window.canvas.is_current)
        window.bridge.refresh.is_on = False
        yield window


def said(window):
    return window.status.currentMessage()


def both(window, frame, confidence):
    """Have objects 1 and 2 predicted on a frame, as sure as is said of each."""
    label_map = np.zeros(window.document.video.shape, np.uint8)
    label_map[2:10, 2:10], label_map[30:40, 40:50] = 1, 2
    window.document.project.predict(frame, encode_png(label_map), confidence, "test", (1, 2))


def trigger(qtbot, window, action):
    window.actions_[action].trigger()
    finish_run(qtbot, window)


def test_undo_and_redo_say_what_and_on_which_frame_wherever_the_person_is(window):
    window.cursor.frame = 6
    paint(window)
    window.cursor.frame = 2
    window.actions_["undo"].trigger()
    assert said(window) == "Undone: Paint, frame 6."
    window.actions_["redo"].trigger()
    assert said(window) == "Redone: Paint, frame 6."
    window.document.set_absent(1, range(3, 6), True)
    window.actions_["undo"].trigger()
    assert said(window).endswith(", frames 3 to 5.")
    window.document.update_object(1, name="cat")
    window.actions_["undo"].trigger()
    assert said(window) == "Undone: Change Object 1."


def test_undoing_a_change_of_many_frames_says_so_when_all_of_it_is_undone(qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip", 40)) as window:
        maps = {frame: np.full(window.document.video.shape, 1, np.uint8) for frame in range(30)}
        window.document.import_references(maps)
        window.actions_["undo"].trigger()
        finish_job(qtbot, window)
        assert said(window) == "Undone: Import 30 masks, frames 0 to 29."


def test_a_frame_that_is_kept_is_said_to_be(window):
    window.document.add_object()
    window.cursor.frame = 4
    window.actions_["keep"].trigger()
    assert said(window) == "Frame 4 is kept as a reference."
    window.verbs.keep()
    assert said(window) == "This frame is a reference already."


def test_a_stroke_for_one_object_names_the_doubtful_ones_that_become_a_reference_with_it(window):
    for _ in range(2):
        window.document.add_object()
    both(window, 5, {1: 0.9, 2: 0.4})
    window.cursor.frame = 5
    paint(window, 1, top=20)
    assert window.document.annotations.status(5) is Status.REFERENCE
    assert said(window) == "Doubtful here, and kept as it is: Object 2."
    window.status.clearMessage()
    paint(window, 1, top=24)
    assert said(window) == ""
    both(window, 7, {1: 0.4, 2: 0.9})
    window.cursor.frame = 7
    paint(window, 1, top=20)
    assert said(window) == ""


def test_painting_over_all_of_another_object_says_that_it_is_gone(window):
    for _ in range(2):
        window.document.add_object()
    both(window, 5, {1: 0.9, 2: 0.9})
    window.cursor.frame = 5
    paint(window, 2, top=0, left=0, size=5)
    assert said(window) == ""
    paint(window, 2, top=0, left=0, size=12)
    assert said(window) == "Object 1 is now absent here. Ctrl+Z undoes it."


def test_the_end_of_a_pass_says_how_many_places_there_are_to_look_at(qtbot, window):
    paint(window)
    trigger(qtbot, window, "propagate")
    assert said(window) == "All is computed, and no frame is doubtful."
    both(window, 9, {1: 0.3})
    window.cursor.in_frame, window.cursor.out_frame = 2, 5
    trigger(qtbot, window, "propagate")
    assert said(window) == "1 place to look at: N goes there."


def test_the_end_of_a_pass_over_a_part_does_not_say_that_all_is_computed(qtbot, window):
    paint(window)
    window.cursor.in_frame, window.cursor.out_frame = 0, 5
    trigger(qtbot, window, "propagate")
    assert said(window) == f"No frame is doubtful; {FRAMES - 6} are not computed."

    window.cursor.in_frame = window.cursor.out_frame = None
    trigger(qtbot, window, "propagate")
    assert said(window) == "All is computed, and no frame is doubtful."

    paint(window, top=20)  # which makes the others stale
    window.cursor.in_frame, window.cursor.out_frame = 0, FRAMES - 2
    trigger(qtbot, window, "propagate")
    assert said(window) == "No frame is doubtful; 1 is not computed."


def test_the_end_of_a_refresh_does_not_hide_what_was_just_said(qtbot, window):
    paint(window)
    trigger(qtbot, window, "propagate")
    window.bridge.refresh.is_on = True
    window.cursor.frame = 6
    paint(window, top=20)
    window.say("Just said.")
    qtbot.waitUntil(lambda: window.document.annotations.stale(7) == frozenset())
    finish_run(qtbot, window)
    assert said(window) == "Just said."
    assert "no frame is doubtful" in window.messages.text.toPlainText().splitlines()[-1]


def test_references_without_a_new_object_are_told_of_at_the_end_and_n_leads_to_them(qtbot, window):
    for frame in (0, 8):
        window.cursor.frame = frame
        paint(window)
    trigger(qtbot, window, "propagate")
    window.document.add_object()
    window.cursor.frame = 4
    paint(window, 2, top=30, left=40)
    for frame in (*range(1, 4), *range(5, 8), *range(9, FRAMES)):
        both(window, frame, {1: 0.9, 2: 0.9})  # as an engine that knows it again does
    window.cursor.in_frame = window.cursor.out_frame = 2
    trigger(qtbot, window, "propagate")
    assert said(window) == (
        "2 places to look at: N goes from one to the next. 2 references do not show Object 2."
    )
    trigger(qtbot, window, "next-doubtful")
    assert (window.cursor.frame, window.cursor.object_id) == (0, 2)
    assert "Object 2 is on the frames beside, but not on this reference" in said(window)
    trigger(qtbot, window, "next-doubtful")
    assert window.cursor.frame == 8
    trigger(qtbot, window, "next-doubtful")
    assert said(window) == "No other place."
    window.cursor.in_frame = window.cursor.out_frame = None
    trigger(qtbot, window, "absent")
    assert all(place.frame != 8 for place in window.workspace.unsure_places())
