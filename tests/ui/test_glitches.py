"""Glitches in the window: found at rest, marked, visited, bridged in one step."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from tests.ui.window import FRAMES, finish_job, isolate_settings, make_clip, open_window, paint
from vos_annotator.core.edits import Status
from vos_annotator.core.glitches import Glitch
from vos_annotator.core.masks import encode_png
from vos_annotator.ui.timeline_picture import GUTTER, HEAD, ROW

WRONG = range(5, 7)


def moving(window, frame, wrong=()):
    label_map = np.zeros(window.document.video.shape, np.uint8)
    if frame not in wrong:
        label_map[10:30, 8 + frame : 28 + frame] = 1
    return label_map


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        window.bridge.refresh.is_on = False
        window.document.paint(0, moving(window, 0), "Paint")
        window.cursor.object_id = 1
        for frame in range(1, FRAMES):
            predict(window, frame, moving(window, frame, WRONG))
        yield window


def predict(window, frame, label_map):
    window.document.project.predict(frame, encode_png(label_map), {1: 0.9}, "test")


def look(qtbot, window):
    scan = window.workspace.glitches
    scan.look()
    qtbot.waitUntil(lambda: scan.is_done, timeout=10_000)
    return scan.glitches


def bridge(qtbot, window):
    window.actions_["bridge"].trigger()
    finish_job(qtbot, window)


def test_a_glitch_is_found_and_marked_on_the_lane_of_its_object(qtbot, window):
    before = window.timeline.viewport().grab().toImage()
    assert look(qtbot, window) == [Glitch(WRONG, 1)]
    after = window.timeline.viewport().grab().toImage()

    y = HEAD + ROW // 2
    x = GUTTER + round(window.timeline.axis.center(WRONG[0]))
    assert before.pixel(x, y) != after.pixel(x, y)
    assert "glitch" in window.timeline._describe(QPointF(x, y))


def test_a_key_goes_to_the_glitch_and_chooses_its_object(qtbot, window):
    look(qtbot, window)
    window.cursor.object_id = window.document.add_object("dog")
    window.actions_["next-glitch"].trigger()

    assert (window.cursor.frame, window.cursor.object_id) == (WRONG[0], 1)
    window.actions_["next-glitch"].trigger()
    assert window.cursor.frame == WRONG[0]
    window.cursor.frame = FRAMES - 1
    window.actions_["previous-glitch"].trigger()
    assert window.cursor.frame == WRONG[0]


def test_the_keys_for_doubtful_frames_come_to_glitches_too_and_to_each_place_once(qtbot, window):
    project = window.document.project
    for frame in (9, 10):
        project.predict(frame, encode_png(moving(window, frame)), {1: 0.1}, "test")
    project.predict(2, encode_png(moving(window, 2)), {1: 0.75}, "test")
    for frame in WRONG:
        project.predict(frame, encode_png(moving(window, frame, WRONG)), {1: 0.7}, "test")
    look(qtbot, window)
    window.cursor.object_id = window.document.add_object("dog")
    said, visited = [], []
    for _ in range(4):
        window.actions_["next-doubtful"].trigger()
        visited.append(window.cursor.frame)
        said.append(window.messages.text.toPlainText().splitlines()[-1])

    assert visited == [9, WRONG[0], 2, 2]
    assert window.cursor.object_id == 1
    assert "1 of 3: Object 1 is doubtful here." in said[0]
    assert "2 of 3: Object 1 has a glitch on frames 5 to 6. R mends it." in said[1]
    assert "No other place." in said[3]
    window.actions_["previous-doubtful"].trigger()
    assert window.cursor.frame == WRONG[0]


def test_bridging_puts_shapes_in_between_which_a_person_answers_for(qtbot, window):
    look(qtbot, window)
    window.cursor.frame = WRONG[-1]
    steps = window.document.history.done
    bridge(qtbot, window)

    annotations = window.document.annotations
    for frame in WRONG:
        assert annotations.status(frame) is Status.REFERENCE
        np.testing.assert_array_equal(annotations[frame], moving(window, frame))
    assert window.document.history.done == steps + 1
    assert look(qtbot, window) == []

    window.verbs.undo()
    assert not annotations[WRONG[0]].any()
    assert annotations.status(WRONG[0]) is Status.PREDICTION
    assert look(qtbot, window) == [Glitch(WRONG, 1)]


def said_last(window):
    return window.messages.text.toPlainText().splitlines()[-1]


@pytest.mark.parametrize("frame", WRONG)
def test_a_glitch_that_was_not_looked_for_yet_is_bridged_whole(qtbot, window, frame):
    window.workspace.glitches.rest_while(True)  # a pass runs
    window.cursor.frame = frame
    bridge(qtbot, window)

    for each in WRONG:
        np.testing.assert_array_equal(window.document.annotations[each], moving(window, each))
    assert "2 frames" in said_last(window) and "alone" not in said_last(window)


def test_a_frame_on_which_no_glitch_is_found_is_bridged_alone_and_that_is_said(qtbot, window):
    dented = moving(window, 8)
    dented[10:14, 16:24] = 0  # seen by eyes alone
    predict(window, 8, dented)
    look(qtbot, window)
    window.cursor.frame = 8
    bridge(qtbot, window)

    np.testing.assert_array_equal(window.document.annotations[8], moving(window, 8))
    assert window.document.annotations.status(9) is Status.PREDICTION
    assert "this frame alone was bridged" in said_last(window)


def test_references_locked_objects_and_the_ends_of_the_video_are_not_bridged(qtbot, window):
    steps = window.document.history.done
    for frame in (0, FRAMES - 1):
        window.cursor.frame = frame
        bridge(qtbot, window)
    assert window.document.history.done == steps

    look(qtbot, window)
    window.cursor.frame = WRONG[0]
    window.document.update_object(1, locked=True)
    bridge(qtbot, window)
    assert not window.document.annotations[WRONG[0]].any()


def test_what_a_person_says_is_absent_is_no_glitch(qtbot, window):
    window.document.set_absent(1, WRONG, True)

    assert look(qtbot, window) == []


def test_what_was_known_of_frames_that_change_is_forgotten_at_once(qtbot, window):
    look(qtbot, window)
    window.cursor.frame = WRONG[0]
    paint(window)

    assert window.workspace.glitches.glitches == []


def test_nothing_is_looked_at_while_something_runs(qtbot, window):
    scan = window.workspace.glitches
    scan.rest_while(True)
    scan.look()
    assert not scan.is_done and scan.glitches == []

    scan.rest_while(False)
    qtbot.waitUntil(lambda: scan.is_done, timeout=10_000)
    assert scan.glitches == [Glitch(WRONG, 1)]


def test_glitches_of_a_deleted_object_go_and_come_back_with_it(qtbot, window):
    look(qtbot, window)
    window.document.delete_object(1)
    assert look(qtbot, window) == []

    window.verbs.undo()
    assert look(qtbot, window) == [Glitch(WRONG, 1)]
