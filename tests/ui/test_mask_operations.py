"""Operations on masks in the window: previewed, applied here or on a range, and taken back."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from superqt import QLabeledSlider

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
from vos_annotator.ui.job import Job
from vos_annotator.ui.operation_dialog import OperationDialog


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        qtbot.waitUntil(lambda: window.canvas.is_current)
        window.bridge.refresh.is_on = False
        paint(window)  # object 1: rows and columns 10 to 21
        window.cursor.object_id = 1
        yield window


def labels(window, frame=0):
    return window.document.annotations[frame]


def area(window, frame=0, object_id=1):
    return int((labels(window, frame) == object_id).sum())


def shown_area(window, object_id=1):
    return int((window.canvas.masks.labels == object_id).sum())


def dialog_of(qtbot, window, action):
    """Choose a command and return its dialog once the preview is there."""
    window.actions_[action].trigger()
    dialog = next(each for each in window.findChildren(OperationDialog) if each.isVisible())
    qtbot.waitUntil(lambda: dialog._preview is not None)
    return dialog


def predict(window, frame, label_map):
    window.document.project.predict(frame, encode_png(label_map), {1: 0.5}, "test")


def test_the_keys_are_the_dialogs_where_a_desktop_leaves_them_with_the_window(
    qtbot, window, monkeypatch
):
    asked = []
    monkeypatch.setattr(OperationDialog, "activateWindow", lambda dialog: asked.append(dialog))

    dialog = dialog_of(qtbot, window, "grow")
    assert asked == [dialog]


def test_the_preview_is_on_the_canvas_and_is_no_edit(qtbot, window):
    before, steps = area(window), len(window.document.history)
    dialog = dialog_of(qtbot, window, "grow")

    assert shown_area(window) > before
    assert area(window) == before
    assert len(window.document.history) == steps
    dialog.reject()


def test_a_larger_size_shows_more_and_ok_keeps_what_is_shown_in_one_step(qtbot, window):
    before, steps = area(window), len(window.document.history)
    dialog = dialog_of(qtbot, window, "grow")
    first = shown_area(window)
    dialog.findChild(QLabeledSlider).setValue(5)
    qtbot.waitUntil(lambda: shown_area(window) > first)
    shown = shown_area(window)
    dialog.accept()

    assert area(window) == shown
    assert len(window.document.history) == steps + 1
    window.document.undo()
    assert area(window) == before


def test_ok_before_the_preview_is_there_applies_what_was_chosen_last(qtbot, window):
    dialog = dialog_of(qtbot, window, "grow")
    dialog.findChild(QLabeledSlider).setValue(4)
    dialog.accept()

    qtbot.waitUntil(lambda: area(window) > 12 * 12)
    assert labels(window)[6, 15] == 1
    assert labels(window)[5, 15] == 0


def press_in(qtbot, dialog, key, modifiers=Qt.KeyboardModifier.NoModifier):
    """Press a key where the keyboard is once the dialog is in front."""
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    QTest.keyClick(QApplication.focusWidget() or dialog, key, modifiers)


def test_enter_in_the_dialog_applies_and_is_not_the_windows(qtbot, window):
    predict(window, 3, labels(window))
    window.cursor.frame = 3
    qtbot.waitUntil(lambda: window.canvas.is_current)
    dialog = dialog_of(qtbot, window, "grow")
    press_in(qtbot, dialog, Qt.Key.Key_Return)

    assert area(window, 3) > 144
    assert window.document.history.undo_text == "Grow"
    window.document.undo()
    assert window.document.annotations.status(3) is Status.PREDICTION


def test_a_size_that_is_typed_counts_with_enter(qtbot, window):
    dialog = dialog_of(qtbot, window, "grow")
    field = dialog.findChild(QLineEdit)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "4")
    press_in(qtbot, dialog, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: area(window) > 144)
    assert labels(window)[6, 15] == 1
    assert labels(window)[5, 15] == 0


def test_esc_in_the_dialog_closes_it_and_the_pass_goes_on(qtbot, window):
    dialog = dialog_of(qtbot, window, "grow")
    window.actions_["propagate"].trigger()
    assert window.actions_["stop"].isEnabled()
    press_in(qtbot, dialog, Qt.Key.Key_Escape)

    assert not [each for each in window.findChildren(OperationDialog) if each.isVisible()]
    finish_run(qtbot, window)
    assert window.document.annotations.status(FRAMES - 1) is Status.PREDICTION


@pytest.mark.parametrize(
    ("key", "amount"), [(Qt.Key.Key_Right, 3), (Qt.Key.Key_Home, 1), (Qt.Key.Key_End, 60)]
)
def test_the_keys_of_the_slider_move_it_and_not_the_frame(qtbot, window, key, amount):
    dialog = dialog_of(qtbot, window, "grow")
    press_in(qtbot, dialog, key)

    assert dialog.amount == amount
    assert window.cursor.frame == 0
    dialog.reject()


def test_keys_that_the_dialog_has_no_use_for_are_the_windows(qtbot, window):
    dialog = dialog_of(qtbot, window, "grow")
    press_in(qtbot, dialog, Qt.Key.Key_D)
    press_in(qtbot, dialog, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)

    assert (dialog.amount, window.cursor.frame) == (2, 11)
    dialog.reject()


def test_esc_leaves_everything_as_it_was(qtbot, window):
    before, steps = area(window), len(window.document.history)
    dialog = dialog_of(qtbot, window, "shrink")
    QTest.keyClick(dialog, Qt.Key.Key_Escape)

    assert shown_area(window) == area(window) == before
    assert len(window.document.history) == steps


def test_the_preview_follows_the_frame(qtbot, window):
    window.cursor.frame = 3
    paint(window, top=20, left=30, size=6)
    window.cursor.frame = 0
    qtbot.waitUntil(lambda: window.canvas.is_current)
    dialog = dialog_of(qtbot, window, "grow")
    window.cursor.frame = 3
    qtbot.waitUntil(lambda: window.canvas.is_current and shown_area(window) > 36)

    assert shown_area(window) < 144
    assert area(window, 3) == 36
    dialog.reject()


def test_looking_at_before_and_after_leaves_the_preview_that_ok_applies(qtbot, window):
    dialog = dialog_of(qtbot, window, "grow")
    shown = shown_area(window)
    QTest.keyPress(window, Qt.Key.Key_Y)
    assert window.workspace.wipe.is_on and shown_area(window) < shown
    QTest.keyRelease(window, Qt.Key.Key_Y)

    assert shown_area(window) == shown
    dialog.accept()
    assert area(window) == shown_area(window) == shown


def test_the_range_may_be_set_while_the_preview_is_looked_at(qtbot, window):
    for frame in (1, 2, 3):
        predict(window, frame, labels(window))
    dialog = dialog_of(qtbot, window, "grow")
    dialog._on_range.setChecked(True)
    window.cursor.in_frame, window.cursor.out_frame = 1, 2
    assert dialog._on_range.text() == "Frames 1 to 2"
    assert shown_area(window) == area(window)  # of a frame that stays as it is
    assert "not in the range" in dialog._note.text()

    window.cursor.frame = 2
    qtbot.waitUntil(lambda: window.canvas.is_current and shown_area(window) > 144)
    dialog.accept()
    qtbot.waitUntil(lambda: area(window, 2) > 144)
    finish_job(qtbot, window)
    assert [area(window, frame) > 144 for frame in range(4)] == [False, True, True, False]


def test_growing_never_takes_the_pixels_of_another_object(qtbot, window):
    paint(window, 2, left=22)
    other = area(window, object_id=2)
    dialog_of(qtbot, window, "grow").accept()

    assert area(window) > 12 * 12
    assert area(window, object_id=2) == other


@pytest.mark.parametrize("change", [{"locked": True}, {"visible": False}])
def test_an_object_that_is_locked_or_hidden_is_not_operated_on(window, change):
    window.document.update_object(1, **change)
    window.actions_["grow"].trigger()

    assert not [each for each in window.findChildren(OperationDialog) if each.isVisible()]


def test_locking_the_object_meanwhile_forbids_ok(qtbot, window):
    dialog = dialog_of(qtbot, window, "grow")
    window.document.update_object(1, locked=True)

    assert not dialog._buttons.button(dialog._buttons.StandardButton.Ok).isEnabled()
    assert shown_area(window) == area(window)
    dialog.reject()


def test_a_range_is_changed_in_one_step_and_each_frame_stays_what_it_is(qtbot, window):
    window.bridge.refresh.is_on = False  # what is stale is looked at
    for frame in (1, 2, 3):
        predict(window, frame, labels(window))
    window.cursor.in_frame, window.cursor.out_frame = 0, 2
    steps = len(window.document.history)
    dialog = dialog_of(qtbot, window, "grow")
    dialog._on_range.setChecked(True)
    dialog.accept()
    qtbot.waitUntil(lambda: len(window.document.history) == steps + 1)  # the last that is done
    annotations = window.document.annotations

    assert 144 < area(window) == area(window, 1) == area(window, 2)
    assert area(window, 3) == 144
    assert annotations.status(0) is Status.REFERENCE
    assert annotations.status(1) is Status.PREDICTION
    assert not annotations.stale(1)
    assert annotations.stale(3) == {1}
    window.document.undo()
    assert [area(window, frame) for frame in range(4)] == [144] * 4
    assert annotations.confidence(1) == {1: 0.5}


def test_a_step_on_a_range_names_the_object_that_was_changed(qtbot, window):
    hand = window.document.add_object("hand")
    paint(window, hand, top=30, left=40, size=8)
    dialog = dialog_of(qtbot, window, "grow")
    dialog._on_range.setChecked(True)
    window.cursor.object_id = hand
    dialog.accept()
    qtbot.waitUntil(lambda: area(window, object_id=hand) > 64)
    finish_job(qtbot, window)

    assert area(window) == 144
    assert window.document.history.undo_text == "Grow: hand"


def test_masks_that_change_while_a_range_is_computed_are_not_overwritten(qtbot, window):
    window.cursor.in_frame, window.cursor.out_frame = 0, 0
    dialog = dialog_of(qtbot, window, "grow")
    dialog._on_range.setChecked(True)
    dialog.accept()
    paint(window, top=30, left=40, size=4)
    finish_job(qtbot, window)

    assert area(window) == 144 + 16


def test_every_operation_can_be_chosen_and_does_what_it_says(qtbot, window):
    rough = labels(window).copy()
    rough[14:18, 14:18] = 0  # a hole
    rough[40:42, 40:42] = 1  # a speck
    results = {}
    for name in ("fill-holes", "drop-specks", "keep-largest", "shrink", "smooth"):
        window.document.paint(0, rough, "Paint")
        dialog_of(qtbot, window, name).accept()
        results[name] = labels(window).copy()
        window.document.undo()
        window.document.undo()

    assert (results["fill-holes"] == 1).sum() == 144 + 4
    for name in ("drop-specks", "keep-largest"):
        assert (results[name] == 1).sum() == 144 - 16
    assert (results["shrink"] == 1).sum() < 144 - 16
    assert not (results["smooth"] == rough).all()


def test_a_mask_is_pasted_on_another_frame_and_takes_nothing_from_others(window):
    window.actions_["copy-mask"].trigger()
    window.cursor.frame = 5
    paint(window, 2, top=10, left=10, size=4)
    window.cursor.object_id = 1
    window.actions_["paste-mask"].trigger()

    assert area(window, 5) == 144 - 16
    assert area(window, 5, object_id=2) == 16
    assert window.document.annotations.status(5) is Status.REFERENCE
    window.document.undo()
    assert area(window, 5) == 0


def test_pasting_over_a_locked_object_and_pasting_nothing_change_nothing(window):
    steps = len(window.document.history)
    window.actions_["paste-mask"].trigger()
    window.actions_["copy-mask"].trigger()
    window.document.update_object(1, locked=True)
    window.cursor.frame = 5
    window.actions_["paste-mask"].trigger()

    assert area(window, 5) == 0
    assert len(window.document.history) == steps + 1  # the lock


def test_between_two_references_the_object_moves_and_the_frames_are_predictions(qtbot, window):
    window.cursor.frame = 8
    paint(window, top=10, left=42)
    window.cursor.frame = 4
    window.actions_["interpolate"].trigger()
    qtbot.waitUntil(lambda: area(window, 7) > 0)
    columns = np.nonzero(labels(window, 4) == 1)[1]

    assert area(window, 4) == 144
    assert (columns.min(), columns.max()) == (26, 37)
    statuses = [window.document.annotations.status(frame) for frame in range(1, 8)]
    assert set(statuses) == {Status.PREDICTION}
    window.document.undo()
    assert window.document.annotations.status(4) is Status.EMPTY


def test_interpolating_while_a_job_runs_is_refused_and_the_pass_goes_on(qtbot, window):
    window.cursor.frame = 11
    paint(window)
    window.cursor.frame = 5
    go_on = threading.Event()
    window.start_job(Job("Export", lambda *_: go_on.wait(60)))
    window.actions_["propagate"].trigger()

    window.actions_["interpolate"].trigger()

    said, is_busy = window.status.currentMessage(), window.bridge.busy
    go_on.set()
    finish_job(qtbot, window)
    finish_run(qtbot, window)
    assert "Export is still running" in said and is_busy
    maps = window.document.annotations
    assert all(maps.status(frame) is Status.PREDICTION for frame in range(1, 11))


def test_interpolating_needs_the_object_on_a_reference_on_either_side(window):
    window.cursor.frame = 4
    window.actions_["interpolate"].trigger()
    window.cursor.frame = 8
    paint(window, 2)
    window.cursor.object_id = 1
    window.cursor.frame = 4
    window.actions_["interpolate"].trigger()

    assert not window._jobs.running
    assert area(window, 4) == 0


@pytest.mark.parametrize(
    ("action", "words"),
    [("clear-here", "has no mask on this frame."), ("copy-previous", "on the frame before.")],
)
def test_what_is_not_there_is_neither_cleared_nor_copied_over_what_is(qtbot, window, action, words):
    window.cursor.frame = 5
    qtbot.waitUntil(lambda: window.canvas.is_current)
    steps = len(window.document.history)
    window.actions_[action].trigger()

    assert words in window.status.currentMessage()
    assert len(window.document.history) == steps
