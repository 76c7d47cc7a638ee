"""Learning at rest: begun by corrections, ended by anything a person does, counted everywhere."""

import threading

import numpy as np
import pytest

from tests.engine.fakes import ShadeVideo, ToldLearner
from tests.ui.window import isolate_settings, make_clip, open_window
from vos_annotator.core.corrections import prediction_edits
from vos_annotator.core.edits import Edits, FrameEdit, Status
from vos_annotator.core.project import Project
from vos_annotator.ui import bridge as bridge_module
from vos_annotator.ui import learning
from vos_annotator.ui.bridge import EngineBridge
from vos_annotator.ui.document import Document

FRAMES = 12


class Desk:
    """A document of two objects and a bridge to an engine that learns as it is told."""

    def __init__(self, qtbot, tmp_path):
        self.qtbot, self.engine = qtbot, ToldLearner()
        project = Project.create(tmp_path / "shades.vos", ShadeVideo(FRAMES))
        self.document = Document(project)
        for _ in range(2):
            self.document.add_object()
        self.annotations = self.document.annotations
        self.bridge = EngineBridge(self.document, "told", load=lambda name, size: self.engine)
        self.messages = []
        self.bridge.message.connect(self.messages.append)

    def paint(self, *frames):
        for frame in frames:
            after = self.annotations[frame].copy()
            after[:] = 0
            after[2:9, 4 : 10 + frame] = 1
            self.document.paint(frame, after, "Paint")

    def propagate(self):
        self.bridge.propagate()
        self.wait(lambda: not self.bridge.busy)

    def wait(self, condition):
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=20_000)

    def learnt(self):
        return [entry for entry in self.engine.log if entry[0] == "learn"]

    def is_idle(self):
        """Return whether nothing runs, and nothing is left that could begin by itself."""
        waiting = self.bridge.learning._rest.isActive() or self.bridge._pause.isActive()
        return not waiting and not self.bridge.stoppable

    def shown(self):
        """Return the predicted frames that show an object; what was learnt shows none."""
        return [
            frame
            for frame in range(FRAMES)
            if frame not in self.annotations.references and self.annotations[frame].any()
        ]

    def close(self):
        self.engine.open_gate()
        self.bridge.close()
        self.document.project.close()


@pytest.fixture
def desk(qapp, qtbot, tmp_path, monkeypatch):
    isolate_settings(tmp_path / "settings")
    monkeypatch.setattr(bridge_module, "REFRESH_PAUSE", 10)
    monkeypatch.setattr(learning, "REST", 30)
    desk = Desk(qtbot, tmp_path)
    yield desk
    desk.close()


def test_after_a_correction_it_learns_and_every_prediction_is_computed_again(desk):
    desk.paint(0)
    desk.propagate()
    assert desk.shown()

    desk.paint(6)
    desk.wait(lambda: desk.engine.has_learnt and desk.is_idle())

    assert desk.learnt() == [("learn", 0, 6)]
    assert desk.shown() == []
    assert not any(desk.annotations.stale(frame) for frame in range(FRAMES))
    assert any("Learning from 2 references" in text for text in desk.messages)


def test_it_learns_once_for_each_change_of_references(desk):
    desk.paint(0)
    desk.propagate()
    desk.paint(6)
    desk.wait(lambda: desk.engine.has_learnt and desk.is_idle())
    desk.propagate()
    desk.wait(desk.is_idle)
    assert len(desk.learnt()) == 1

    desk.paint(9)
    desk.wait(lambda: len(desk.learnt()) == 2 and desk.is_idle())

    assert desk.learnt()[1] == ("learn", 0, 6, 9)


def test_references_stay_as_they_were_drawn(desk):
    desk.paint(0)
    desk.propagate()
    desk.paint(6)
    drawn = {frame: desk.annotations[frame].copy() for frame in (0, 6)}

    desk.wait(lambda: desk.engine.has_learnt and desk.is_idle())

    for frame, label_map in drawn.items():
        np.testing.assert_array_equal(desk.annotations[frame], label_map)


def test_what_an_undone_reference_taught_is_forgotten_and_every_prediction_computed_again(desk):
    desk.paint(0)
    desk.propagate()
    desk.paint(6)
    desk.wait(lambda: desk.engine.has_learnt and desk.is_idle())

    desk.document.undo()
    desk.wait(lambda: not desk.engine.has_learnt and desk.is_idle())

    assert desk.annotations.references == (0,)
    assert desk.shown() == list(range(1, FRAMES))
    desk.paint(9)
    desk.wait(lambda: desk.engine.has_learnt and desk.is_idle())
    assert desk.learnt()[-1] == ("learn", 0, 9)


def test_a_correction_during_learning_ends_it_and_comes_first(desk):
    desk.paint(0)
    desk.propagate()
    desk.engine.patience = 10_000_000  # it ends by what is done meanwhile alone
    desk.paint(6)
    desk.wait(lambda: desk.bridge.learning.is_active)
    desk.engine.is_gated = True
    desk.paint(3)
    desk.engine.patience = 3
    desk.engine.open_gate()

    desk.wait(lambda: desk.engine.has_learnt and desk.is_idle())

    assert desk.learnt()[-1] == ("learn", 0, 3, 6)
    assert desk.shown() == []


def test_what_brings_nothing_computes_nothing_again(desk):
    desk.paint(0)
    desk.propagate()
    desk.engine.teaches = False
    desk.paint(6)
    desk.wait(desk.learnt)
    passes = desk.engine.passes
    desk.wait(desk.is_idle)

    assert desk.engine.passes == passes and desk.shown()


def test_one_reference_or_no_prediction_is_not_learnt_from(desk):
    desk.paint(0)
    desk.propagate()
    desk.wait(desk.is_idle)

    assert desk.learnt() == []


def test_the_switch_forgets_what_was_learnt_and_is_kept_for_the_next_start(desk):
    desk.paint(0)
    desk.propagate()
    desk.paint(6)
    desk.wait(lambda: desk.engine.has_learnt and desk.is_idle())

    desk.bridge.learning.is_on = False
    desk.wait(lambda: not desk.engine.has_learnt and desk.is_idle())
    assert desk.shown()
    desk.paint(9)
    desk.wait(desk.is_idle)
    assert len(desk.learnt()) == 1

    assert not learning.Learning(desk.document, desk.bridge).is_on
    desk.bridge.learning.is_on = True
    desk.paint(3)
    desk.wait(lambda: desk.engine.has_learnt and desk.is_idle())
    assert desk.shown() == []


def test_the_switch_counts_in_the_midst_of_learning_too(desk):
    desk.paint(0)
    desk.propagate()
    has_begun, may_go_on, learn = threading.Event(), threading.Event(), desk.engine.learn

    def learn_slowly(references, cancelled):
        has_begun.set()
        assert may_go_on.wait(20)
        return learn(references, cancelled)

    desk.engine.learn = learn_slowly
    desk.paint(6)
    desk.wait(has_begun.is_set)
    desk.bridge.learning.is_on = False
    may_go_on.set()
    desk.wait(desk.is_idle)
    desk.propagate()

    assert not desk.engine.has_learnt and desk.shown()


def test_what_a_correction_kept_from_being_forgotten_is_forgotten_in_the_next_rest(desk):
    desk.paint(0)
    desk.propagate()
    desk.paint(6)
    desk.wait(lambda: desk.engine.has_learnt and desk.is_idle())
    assert desk.shown() == []

    desk.bridge.learning.is_on = False
    desk.paint(9)
    desk.wait(lambda: not desk.engine.has_learnt and desk.is_idle())

    assert desk.shown() == [frame for frame in range(FRAMES) if frame not in (0, 6, 9)]


def test_stop_ends_learning_until_the_next_correction(desk):
    desk.paint(0)
    desk.propagate()
    desk.engine.patience = 10_000_000
    desk.paint(6)
    desk.wait(lambda: desk.learnt())

    desk.bridge.stop()
    desk.propagate()  # the worker does it after what was stopped, and then there is rest again
    desk.wait(desk.is_idle)
    assert len(desk.learnt()) == 1 and not desk.engine.has_learnt

    desk.engine.patience = 3
    desk.paint(9)
    desk.wait(lambda: desk.engine.has_learnt and desk.is_idle())


def test_learning_that_fails_is_over_until_the_next_correction(desk):
    failures, told = [], []
    desk.bridge.failed.connect(lambda text, report: failures.append(text))
    desk.bridge.learning.wanted.connect(lambda is_wanted: told.append("began"))
    desk.bridge.ended.connect(lambda: told.append(desk.bridge.stoppable))
    desk.paint(0)
    desk.propagate()
    learn, desk.engine.learn = desk.engine.learn, lambda *_: 1 / 0
    desk.paint(6)
    desk.wait(lambda: failures)

    assert failures == ["Learning the video failed: division by zero."]
    assert desk.is_idle() and told[-2:] == ["began", False]
    desk.engine.learn = learn
    desk.paint(9)
    desk.wait(lambda: desk.engine.has_learnt and desk.is_idle())


def test_a_locked_object_keeps_its_masks(desk):
    desk.paint(0)
    desk.propagate()
    before = {frame: desk.annotations[frame] == 1 for frame in range(1, FRAMES)}
    assert any(mask.any() for mask in before.values())
    desk.document.update_object(1, locked=True)
    desk.document.edit("Accept", FrameEdit(6, Status.REFERENCE))

    desk.wait(lambda: desk.engine.has_learnt and desk.is_idle())

    for frame, mask in before.items():
        np.testing.assert_array_equal(desk.annotations[frame] == 1, mask)


def test_an_object_that_nobody_drew_keeps_the_masks_that_were_imported(desk):
    desk.paint(0, 6)
    imported = np.full(desk.annotations.shape, 2, np.uint8)
    edits = prediction_edits(desk.document.project, [(3, imported)], [2])
    desk.document.edit("Import", Edits(tuple(edits)))

    desk.wait(lambda: desk.engine.has_learnt and desk.is_idle())

    assert (desk.annotations[3] == 2).any()


def test_the_row_says_that_it_learns_and_nothing_is_left_to_stop_when_it_gained_nothing(
    qapp, qtbot, tmp_path
):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        window.bridge.learning._begin()
        assert window.workspace.transport.left.text() == "Learning …"
        assert window.actions_["stop"].isEnabled()

        qtbot.waitUntil(lambda: not window.bridge.stoppable)  # its engine learns nothing
        assert window.workspace.transport.left.text() == ""
        assert not window.actions_["stop"].isEnabled()
