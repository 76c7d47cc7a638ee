"""Review by keys: the range or the span around the frame, undone like anything else."""

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QInputDialog, QLineEdit

from tests.ui.window import FRAMES, isolate_settings, make_clip, open_window
from vos_annotator.core.edits import ReviewSpan, ReviewState
from vos_annotator.ui.timeline_picture import GUTTER, REVIEW_TOP

END = FRAMES - 1
TO_DO, DONE, ACCEPTED, SENT_BACK = ReviewState


@pytest.fixture
def clip(qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    return make_clip(tmp_path / "clip")


@pytest.fixture
def window(qtbot, clip):
    with open_window(qtbot, clip) as window:
        yield window


def mark(window, action, first=None, last=None):
    window.cursor.in_frame, window.cursor.out_frame = first, last
    window.actions_[action].trigger()


def spans(window):
    return window.document.project.reviews.spans


def send_back(window, note, first, last):
    mark(window, "review-back", first, last)
    dialog = window.findChild(QInputDialog)
    dialog.setTextValue(note)
    dialog.accept()


def test_a_range_gets_a_state_and_undo_takes_it_back(window):
    mark(window, "review-done", 2, 5)
    assert spans(window) == (
        ReviewSpan(0, 1, TO_DO),
        ReviewSpan(2, 5, DONE),
        ReviewSpan(6, END, TO_DO),
    )
    assert window.status.currentMessage().startswith("Frames 2 to 5: done.")

    window.actions_["undo"].trigger()
    assert spans(window) == (ReviewSpan(0, END, TO_DO),)
    window.actions_["redo"].trigger()
    assert window.document.project.reviews.at(3).state is DONE


def test_without_a_range_the_span_around_the_frame_gets_the_state(window):
    mark(window, "review-done", 2, 5)
    window.cursor.frame = 4
    mark(window, "review-accepted")

    assert window.document.project.reviews.said == (ReviewSpan(2, 5, ACCEPTED),)

    mark(window, "review-to-do")
    assert window.document.project.reviews.said == ()


def test_the_same_word_twice_is_one_step_of_undo(window):
    mark(window, "review-accepted", 2, 5)
    mark(window, "review-accepted", 3, 4)
    window.actions_["undo"].trigger()

    assert not window.document.history.can_undo


def test_what_is_sent_back_has_a_note_also_after_a_restart(qtbot, clip):
    with open_window(qtbot, clip) as window:
        send_back(window, " the ear ", 3, 6)
    with open_window(qtbot, clip) as window:
        assert window.document.project.reviews.at(3) == ReviewSpan(3, 6, SENT_BACK, "the ear")
        window.actions_["undo"].trigger()
        assert window.document.project.reviews.said == ()


def test_the_question_for_a_note_says_of_which_frames_and_has_room_for_a_sentence(qtbot, window):
    mark(window, "review-back", 3, 6)
    dialog = window.findChild(QInputDialog)
    qtbot.waitUntil(dialog.isVisible)
    assert "Frames 3 to 6" in dialog.labelText()
    field = dialog.findChild(QLineEdit)
    sentence = "The handle is missing, and the border of the saucer is off."
    assert field.fontMetrics().horizontalAdvance(sentence) < field.width()
    dialog.reject()


def test_who_cancels_the_note_sends_nothing_back(window):
    mark(window, "review-back", 3, 6)
    window.findChild(QInputDialog).reject()

    assert window.document.project.reviews.said == ()


def test_a_reviewer_goes_from_one_span_to_the_next_that_is_not_accepted(window):
    mark(window, "review-accepted", 2, 4)
    mark(window, "review-done", 5, 7)
    mark(window, "review-accepted", 8, END)
    window.cursor.frame = 0

    window.actions_["next-unaccepted"].trigger()
    assert window.cursor.frame == 5
    window.actions_["next-unaccepted"].trigger()
    assert window.cursor.frame == 5 and window.status.currentMessage().startswith(
        "No further frames"
    )
    window.actions_["previous-unaccepted"].trigger()
    assert window.cursor.frame == 0


def test_the_timeline_shows_each_state_in_another_shape_and_tells_it_in_a_tooltip(window):
    timeline = window.workspace.timeline
    send_back(window, "the ear", 0, 2)
    mark(window, "review-done", 3, 5)
    mark(window, "review-accepted", 6, 8)
    window.cursor.in_frame = window.cursor.out_frame = None
    window.cursor.frame = END
    picture = timeline.viewport().grab().toImage()
    ratio = picture.devicePixelRatio()

    def shape(frame):
        """Return which pixels of a piece of the lane are of its ground."""
        left = GUTTER + timeline.axis.x(frame) + 3
        pixels = [
            picture.pixel(round((left + x) * ratio), round((REVIEW_TOP + y) * ratio))
            for y in range(3, 7)
            for x in range(12)
        ]
        return tuple(pixel == pixels[0] for pixel in pixels), pixels[0]

    shapes = [shape(frame) for frame in (1, 4, 7, 10)]
    assert len(set(shapes)) == 4

    where = QPointF(GUTTER + timeline.axis.center(1), REVIEW_TOP + 4)
    assert timeline._describe(where).startswith("Frames 0 to 2: sent back: the ear\n")
