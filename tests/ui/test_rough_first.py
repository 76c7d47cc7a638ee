"""Rough masks first: all of them soon, then the very masks that there would be without, in a pause.

A person who goes on is never in the way of it, nor it in theirs.
"""

import threading

import numpy as np
import pytest
from PySide6.QtCore import QSettings

from tests.engine.fakes import SHAPE
from tests.ui.desk import FRAMES, Counted, Desk
from tests.ui.window import isolate_settings
from vos_annotator.core.edits import Status
from vos_annotator.engine.commands import Learned, Scribble
from vos_annotator.engine.protocol import Segmentation
from vos_annotator.ui import bridge as bridge_module
from vos_annotator.ui import rough_first
from vos_annotator.ui.bridge import EngineBridge
from vos_annotator.ui.transport import words_of

ROUGH, FULL = 288, 480
PAUSE = 1500  # ms; as long as in use, where a test looks at the pause itself


class Sized(Counted):
    """Counts by its size, and if that is small, all masks are one row too low."""

    def __init__(self, size, visited, told):
        super().__init__(size)
        self.size, self.by_size, self.told = size, visited, told

    def segment(self, frame, image, absent=()):
        self.by_size.append((self.size, frame))
        found = super().segment(frame, image, absent)
        logits = np.roll(found.logits, 1, axis=1) if self.size == ROUGH else found.logits
        return Segmentation(found.ids, logits, found.shape)


class RoughDesk(Desk):
    """Two engines, which log into one list: (size, frame)."""

    def __init__(self, *how):
        self.visited, self.loaded = [], []
        super().__init__(*how)
        self.bridge.rough_first.is_on = True

    def load(self, name, size):
        self.loaded.append(size)
        return Sized(size, self.visited, self.engine.told)

    def rough(self):
        """Return whether each frame has a rough mask; None for references and empty frames."""
        fine = self.undisturbed()
        return [
            self.annotations[frame].tobytes() != fine[frame]
            if self.annotations.status(frame) is Status.PREDICTION
            else None
            for frame in range(FRAMES)
        ]

    def until_waiting(self):
        self.qtbot.waitUntil(lambda: self.bridge.rough_first.is_waiting, timeout=20_000)

    def pass_pause(self):
        """Have the pause be over now."""
        self.bridge.rough_first._pause.setInterval(0)
        self.bridge.rough_first._pause.start()
        self.qtbot.waitUntil(lambda: not self.bridge.rough_first.is_waiting)
        self.bridge.rough_first._pause.setInterval(PAUSE)

    def sizes(self):
        """Return the sizes in the order in which they had their turns."""
        sizes = [size for size, _ in self.visited]
        return [size for n, size in enumerate(sizes) if n == 0 or size != sizes[n - 1]]

    def frames_at(self, size):
        return {frame for each, frame in self.visited if each == size}


@pytest.fixture
def make_desk(qapp, qtbot, tmp_path, monkeypatch):
    isolate_settings(tmp_path / "settings")
    monkeypatch.setattr(bridge_module, "REFRESH_PAUSE", 10)
    desks = []

    def make(pause=10):
        monkeypatch.setattr(rough_first, "PAUSE", pause)
        desks.append(RoughDesk(qtbot, tmp_path, Counted(), FRAMES))
        return desks[-1]

    yield make
    for each in desks:
        each.close()
    QSettings().clear()


@pytest.fixture
def desk(make_desk):
    return make_desk()


@pytest.fixture
def patient(make_desk):
    """A desk where the pause takes as long as in use."""
    return make_desk(PAUSE)


def test_a_run_gives_rough_masks_of_all_frames_first_and_then_those_that_it_gives_without(patient):
    patient.paint(3, 1)
    patient.paint(14, 2)
    patient.bridge.propagate()
    patient.until_waiting()

    assert patient.rough() == [None if f in (3, 14) else True for f in range(FRAMES)]
    assert patient.stale().keys() == set(range(FRAMES)) - {3, 14}
    assert patient.frames_at(FULL) == set() and patient.bridge.busy

    patient.pass_pause()
    patient.finish()
    assert patient.masks() == patient.undisturbed() and patient.stale() == {}
    assert patient.sizes() == [ROUGH, FULL] and patient.loaded == [FULL, ROUGH]
    assert patient.annotations.references == (3, 14)


def test_it_says_which_of_the_two_runs(desk):
    desk.paint(0)
    desk.run()

    *counted, end = [each and words_of(each).split(" · ")[0] for each in desk.progress]
    rough, fine = counted[: FRAMES - 1], counted[FRAMES - 1 :]
    assert rough[0] == f"Rough masks: {FRAMES - 2} left"
    assert rough[-1] == "Rough masks are there; full size follows"
    assert fine[0] == f"Full size: {FRAMES - 2} left" and fine[-1] == "Full size: 0 left"
    assert end is None


def test_a_correction_while_the_full_size_runs_is_followed_roughly_and_then_in_full(desk):
    desk.paint(0)
    desk.paint(12, top=9)
    desk.bridge.propagate()
    desk.qtbot.waitUntil(lambda: (FULL, 20) in desk.visited, timeout=20_000)
    desk.shut_gate()
    before = len(desk.visited)
    desk.paint(18, top=12)
    drawn = desk.annotations.png(18)
    desk.engine.told.open_gate()
    desk.finish()

    assert desk.annotations.png(18) == drawn
    assert desk.masks() == desk.undisturbed() and desk.stale() == {}
    after = desk.visited[before:]
    first_rough = next(n for n, each in enumerate(after) if each[0] == ROUGH)
    assert first_rough <= 1  # the frame that was under way
    rough = [frame for size, frame in after if size == ROUGH]
    assert {*range(13, 18), *range(19, FRAMES)} == set(rough)


def test_what_is_fine_stays_fine_unless_a_correction_reaches_it(patient):
    for frame in (0, 8, 16):
        patient.paint(frame, top=frame // 2)
    patient.bridge.propagate()
    patient.until_waiting()
    patient.pass_pause()
    patient.qtbot.waitUntil(lambda: not patient.stale().keys() & {*range(1, 8)}, timeout=20_000)

    patient.paint(20, top=14)
    patient.until_waiting()
    near = {*range(17, 20), *range(21, FRAMES)}
    rough = patient.rough()
    assert not any(rough[frame] for frame in range(1, 8))
    assert all(rough[frame] for frame in near)

    patient.pass_pause()
    patient.finish()
    assert patient.masks() == patient.undisturbed()
    roughly = [frame for size, frame in patient.visited if size == ROUGH]
    assert all(roughly.count(frame) <= 2 for frame in range(1, 16))  # from either side, once


def test_only_what_a_correction_reaches_is_done_roughly_again_before_its_full_size(patient):
    for frame in (0, 8, 16):
        patient.paint(frame, top=frame // 2)
    patient.bridge.propagate()
    patient.until_waiting()
    patient.visited.clear()

    patient.paint(8, top=12)
    patient.until_waiting()

    assert patient.frames_at(ROUGH) == {*range(1, 8), *range(9, 16)}
    assert patient.frames_at(FULL) == set() and len(patient.stale()) == FRAMES - 3
    patient.pass_pause()
    patient.finish()
    assert patient.masks() == patient.undisturbed()


@pytest.mark.parametrize("seed", range(6))
def test_any_storm_of_corrections_ends_with_the_masks_of_the_last_references(desk, seed):
    def switch():
        desk.bridge.rough_first.is_on = not desk.bridge.rough_first.is_on

    desk.storm(seed, 39, switch)


def test_without_auto_refresh_what_was_asked_for_is_done_roughly_and_then_in_full(desk):
    desk.bridge.refresh.is_on = False
    desk.paint(2)
    desk.run(first=6, last=9)

    assert desk.visited == [(size, frame) for size in (ROUGH, FULL) for frame in (6, 7, 8, 9)]
    assert desk.stale() == {}
    assert desk.masks().items() >= desk.undisturbed(6, 9).items()
    desk.visited.clear()
    desk.paint(20)
    desk.finish()
    assert desk.visited == [] and desk.stale()


def test_asking_again_for_what_is_up_to_date_does_nothing_roughly(desk):
    desk.paint(0)
    desk.run()
    desk.visited.clear()
    desk.run()

    assert desk.sizes() == [FULL]


def test_who_asks_in_the_pause_does_not_wait_for_its_end(patient):
    patient.paint(0)
    patient.bridge.propagate()
    patient.until_waiting()
    patient.bridge.propagate()

    assert not patient.bridge.rough_first.is_waiting
    patient.finish()
    assert patient.sizes() == [ROUGH, FULL] and patient.masks() == patient.undisturbed()


def test_the_full_size_has_its_turn_near_where_a_person_looks_first(patient):
    for frame in (0, 8, 16):
        patient.paint(frame)
    patient.bridge.propagate()
    patient.until_waiting()
    patient.visited.clear()
    patient.bridge.rough_first.note_place(12)
    patient.pass_pause()
    patient.finish()

    assert {frame for _, frame in patient.visited[:14]} == {*range(9, 16)}


def test_who_draws_on_in_the_pause_puts_the_full_size_off(patient):
    patient.paint(0)
    patient.bridge.propagate()
    patient.until_waiting()
    waiting = patient.bridge.rough_first._pause
    patient.qtbot.waitUntil(lambda: waiting.remainingTime() < waiting.interval() - 100)
    left = waiting.remainingTime()
    patient.bridge.scribble(Scribble(7, 2, np.zeros(SHAPE, np.uint8), None))

    assert waiting.remainingTime() > left


def test_stop_in_the_pause_leaves_rough_masks_that_are_stale(patient):
    patient.paint(0)
    patient.bridge.propagate()
    patient.until_waiting()
    patient.bridge.stop()

    assert not patient.bridge.busy and patient.progress[-1] is None
    assert patient.frames_at(FULL) == set() and len(patient.stale()) == FRAMES - 1
    patient.run()
    assert patient.masks() == patient.undisturbed() and patient.stale() == {}


def test_switched_off_in_the_pause_the_full_size_has_its_turn_at_once(patient):
    patient.paint(0)
    patient.bridge.propagate()
    patient.until_waiting()
    patient.bridge.rough_first.is_on = False
    patient.finish()

    assert patient.masks() == patient.undisturbed() and patient.sizes() == [ROUGH, FULL]


def test_a_project_that_is_opened_with_rough_masks_has_them_computed_at_full_size(
    patient, monkeypatch
):
    patient.paint(0)
    patient.bridge.propagate()
    patient.until_waiting()
    patient.bridge.close()
    packed = patient.annotations.staleness.packed(1)
    staleness = type(patient.annotations.staleness)(FRAMES, {1: packed})
    assert not staleness.urgent(1).any() and staleness.frames(1)[1:].all()
    patient.annotations.staleness = staleness
    patient.visited.clear()

    monkeypatch.setattr(bridge_module, "_WARM_UP_DELAY", 10)
    monkeypatch.setattr(rough_first, "PAUSE", 10)
    again = EngineBridge(patient.document, "counted", load=patient.load)
    assert again.rough_first.is_on  # it is kept for the next start
    patient.qtbot.waitUntil(lambda: not patient.stale() and not again.busy, timeout=20_000)
    again.close()

    assert patient.sizes() == [FULL] and patient.masks() == patient.undisturbed()


def test_switched_off_there_is_one_engine_and_one_run(desk):
    desk.bridge.rough_first.is_on = False
    desk.paint(3)
    desk.run()
    desk.paint(14, 2)
    desk.finish()

    assert desk.loaded == [FULL] and desk.sizes() == [FULL]
    assert {words_of(each).split(":")[0] for each in desk.progress if each} & {
        "Rough masks",
        "Full size",
    } == set()
    assert desk.masks() == desk.undisturbed()


def test_what_learning_makes_stale_is_not_done_roughly(desk):
    desk.paint(0)
    desk.paint(12)
    desk.run()
    desk.visited.clear()
    desk.bridge.learning._asked = True
    taught = Learned(desk.bridge._revision, True, False, True, 0.1)
    desk.bridge.inference.arrived.emit(taught)
    desk.finish()

    assert desk.sizes() == [FULL] and desk.stale() == {}


def test_locked_objects_keep_their_masks(desk):
    desk.correct_beside_a_lock()

    assert desk.sizes().count(ROUGH) == 2


def test_closing_while_rough_masks_are_computed_leaves_no_thread(desk):
    desk.paint(0)
    desk.shut_gate()
    desk.bridge.propagate()
    desk.let_through(3)
    desk.engine.told.open_gate()
    desk.bridge.close()

    assert not [each for each in threading.enumerate() if each.name == "inference"]
