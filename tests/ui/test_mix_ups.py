"""Words on objects that may be other ones: where they are said, and for how long."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from tests.ui.window import isolate_settings, make_clip, open_window, paint
from vos_annotator.core.masks import encode_png
from vos_annotator.engine.commands import Segmented
from vos_annotator.ui.timeline_picture import GUTTER, HEAD, ROW

FRAME = 6


@pytest.fixture
def clip(qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    return make_clip(tmp_path / "clip")


@pytest.fixture
def window(qtbot, clip):
    with open_window(qtbot, clip) as window:
        window.bridge.refresh.is_on = False
        for name in ("cat", "dog"):
            window.document.add_object(name)
        paint(window, 1)
        paint(window, 2, left=40)
        find(window, FRAME, {1: 2, 2: None})
        yield window


def find(window, frame, suspects):
    """Have an engine find the masks of the first frame on another one."""
    png = encode_png(np.asarray(window.document.annotations[0]))
    confidence = {each: 0.3 if each in suspects else 0.95 for each in (1, 2)}
    found = Segmented(frame, png, (1, 2), confidence, 0, True, 0.1, suspects)
    window.document.take(found, "test", may_fill=True)


def tooltip(window, lane):
    y = HEAD + lane * ROW + ROW // 2
    return window.timeline._describe(QPointF(GUTTER + window.timeline.axis.center(FRAME), y))


def test_the_timeline_says_which_objects_may_be_mixed_up(window):
    assert "cat may be mixed up with dog." in tooltip(window, 0)
    assert "dog is far from where it was a frame before." in tooltip(window, 1)


def test_the_next_doubtful_frame_is_there_and_the_status_bar_says_why(window):
    window.actions_["next-doubtful"].trigger()

    assert window.cursor.frame == FRAME
    assert "cat may be mixed up with dog." in window.messages.text.toPlainText()


def test_a_word_goes_with_the_masks_that_it_was_said_of(window):
    find(window, FRAME, {})
    assert window.document.mix_ups.sentences(FRAME) == []

    find(window, FRAME, {1: None})
    window.cursor.frame = FRAME
    window.verbs.keep()
    assert window.document.mix_ups.sentences(FRAME) == []


def test_words_are_kept_with_the_project(qtbot, window, clip):
    said = window.document.mix_ups.sentences(FRAME)
    assert len(said) == 2
    window.close_project()
    window.open_path(clip)

    assert window.document.mix_ups.sentences(FRAME) == said


def test_nothing_is_said_of_objects_that_are_gone(window):
    window.document.delete_object(2)

    assert window.document.mix_ups.sentences(FRAME) == [
        "cat is far from where it was a frame before."
    ]
