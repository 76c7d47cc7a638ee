"""Cuts in the window: found behind its back, shown, kept, and respected by passes."""

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QImage

from tests.core.test_shots import scene
from tests.ui.window import finish_run, isolate_settings, open_window
from vos_annotator.ui.timeline_picture import GUTTER, HEAD
from vos_annotator.ui.timeline_states import ABSENT, DOUBT, SURE

CUT, FRAMES = 7, 14


@pytest.fixture
def clip(qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    folder = tmp_path / "clip"
    folder.mkdir()
    for n, picture in enumerate(scene(1, CUT) + scene(2, FRAMES - CUT)):
        cv2.imwrite(str(folder / f"{n:05d}.png"), picture)
    return folder


def scan(qtbot, window):
    window.workspace.shots.start()
    qtbot.waitUntil(lambda: window.workspace.shots.is_done, timeout=10_000)


def test_cuts_are_found_and_drawn_on_the_timeline(qtbot, clip):
    with open_window(qtbot, clip) as window:
        timeline = window.timeline
        before = timeline.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        scan(qtbot, window)
        qtbot.waitUntil(lambda: window.workspace.shots.cuts == [CUT])
        qtbot.waitUntil(lambda: timeline._picture.cuts.tolist() == [CUT])
        after = timeline.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)

        row = HEAD + 1
        differing = [x for x in range(after.width()) if before.pixel(x, row) != after.pixel(x, row)]
        assert differing == [GUTTER + round(timeline.axis.x(CUT))]


def test_a_video_is_looked_through_once(qtbot, clip):
    with open_window(qtbot, clip) as window:
        scan(qtbot, window)
    with open_window(qtbot, clip) as window:
        assert window.workspace.shots.is_done
        assert window.workspace.shots.cuts == [CUT]
        window.workspace.shots.start()
        assert window.workspace.shots._thread is None


def test_it_rests_while_something_is_computed(qtbot, clip):
    with open_window(qtbot, clip) as window:
        window.workspace.shots.rest_while(True)
        window.workspace.shots.start()
        assert not window.workspace.shots.is_done

        window.workspace.shots.rest_while(False)
        qtbot.waitUntil(lambda: window.workspace.shots.is_done, timeout=10_000)


def test_masks_end_at_the_cut_and_the_next_doubtful_frame_is_the_first_of_the_other_shot(
    qtbot, clip
):
    with open_window(qtbot, clip) as window:
        cat = window.document.add_object("cat")
        window.document.paint(0, np.ones(window.document.video.shape, np.uint8), "Paint")
        window.verbs.propagate()
        finish_run(qtbot, window)

        states = window.timeline.states
        assert {states.code(frame, cat) for frame in range(1, CUT)} == {SURE}
        assert states.code(CUT, cat) >= DOUBT
        assert {states.code(frame, cat) for frame in range(CUT + 1, FRAMES)} == {ABSENT}
        window.actions_["next-doubtful"].trigger()
        assert window.cursor.frame == CUT


def test_keys_go_from_shot_to_shot(qtbot, clip):
    with open_window(qtbot, clip) as window:
        window.workspace.shots.start()
        qtbot.waitUntil(lambda: window.workspace.shots.is_done, timeout=10_000)
        visited = []
        for action in ("next-shot", "next-shot", "previous-shot", "previous-shot"):
            window.actions_[action].trigger()
            visited.append(window.cursor.frame)

        assert visited == [CUT, CUT, 0, 0]
        assert "No further shot this way." in window.messages.text.toPlainText()
