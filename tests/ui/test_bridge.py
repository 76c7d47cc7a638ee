"""The bridge: corrections count at once, only what they touch is run again, nothing late lands."""

import sys
import threading
from collections import defaultdict
from functools import partial

import numpy as np
import pytest

from tests.engine.fakes import SHAPE, ToldScribbler
from tests.ui.desk import FRAMES, Counted, Desk
from vos_annotator.core import masks
from vos_annotator.core.corrections import prediction_edits
from vos_annotator.core.edits import Edits, FrameEdit, Status
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.engine.commands import Finished, Scribble, Scribbled, Segmented
from vos_annotator.engine.headless import propagate
from vos_annotator.engine.hold import HoldEngine
from vos_annotator.engine.kept import KeptMaps
from vos_annotator.ui import bridge as bridge_module
from vos_annotator.ui import gathering
from vos_annotator.ui.agenda import Agenda
from vos_annotator.ui.bridge import EngineBridge


@pytest.fixture
def make_desk(qapp, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(bridge_module, "REFRESH_PAUSE", 10)
    desks = []

    def make(engine=None, frames=FRAMES):
        desks.append(Desk(qtbot, tmp_path, engine or Counted(), frames))
        return desks[-1]

    yield make
    for each in desks:
        each.close()


@pytest.fixture
def desk(make_desk):
    return make_desk()


# Runs


def test_a_run_gives_every_frame_the_masks_that_the_engine_gives_without_a_window(desk):
    desk.paint(3, 1)
    desk.paint(14, 2)
    desk.run()

    assert desk.masks() == desk.undisturbed()
    assert desk.stale() == {} and desk.annotations.references == (3, 14)
    assert all(desk.annotations.confidence(f) for f in range(FRAMES) if f not in (3, 14))


def test_references_are_never_written_by_a_run(desk):
    for frame in (0, 9, 23):
        desk.paint(frame, top=frame // 2)
    before = {frame: desk.annotations.png(frame) for frame in (0, 9, 23)}
    desk.run()

    assert {frame: desk.annotations.png(frame) for frame in (0, 9, 23)} == before
    assert not {0, 9, 23} & set(desk.engine.visited)


def test_progress_counts_up_to_the_end_and_then_there_is_none(desk):
    desk.paint(0)
    desk.paint(10)
    desk.run()

    *counted, end = desk.progress
    assert end is None
    assert [each.done for each in counted] == list(range(1, 9 * 2 + 13 + 1))
    assert {each.total for each in counted} == {9 * 2 + 13}
    assert counted[-1].seconds_left == 0
    assert all(each.seconds_left > 0 and each.fps > 0 for each in counted[:-1])


def test_a_range_is_all_that_a_ranged_run_touches(desk):
    desk.paint(2)
    desk.run(first=6, last=9)

    assert sorted(set(desk.engine.visited)) == [6, 7, 8, 9]
    statuses = [desk.annotations.status(f) for f in range(FRAMES)]
    assert [f for f, each in enumerate(statuses) if each is Status.PREDICTION] == [6, 7, 8, 9]


def test_without_a_reference_a_run_says_to_paint_first(desk):
    desk.run()

    assert "paint an object on a frame first" in desk.messages[0]
    assert not desk.engine.visited


def test_references_of_an_opened_project_are_in_the_memory_too(make_desk, tmp_path):
    first = make_desk()
    first.paint(5)
    first.bridge.close()

    engine = Counted()
    second = EngineBridge(first.document, "counted", load=lambda name, size: engine)
    second.propagate()
    first.qtbot.waitUntil(lambda: not second.busy, timeout=20_000)
    second.close()

    assert first.masks() == first.undisturbed()


# Corrections


def test_a_correction_in_mid_run_counts_and_ends_as_if_nothing_had_been_running(desk):
    desk.paint(0)
    desk.shut_gate()
    desk.bridge.propagate()
    desk.let_through(4)

    desk.paint(12, top=9)
    desk.engine.told.open_gate()
    desk.finish()

    assert desk.annotations.references == (0, 12)
    assert desk.masks() == desk.undisturbed()
    assert desk.stale() == {}


@pytest.mark.parametrize("seed", range(6))
def test_any_storm_of_corrections_ends_with_the_masks_of_the_last_references(desk, seed):
    def delete_second():
        if 2 in desk.document.objects:
            desk.document.delete_object(2)

    desk.storm(seed, 5, delete_second)


def test_only_the_neighbourhood_of_a_correction_is_run_again_outwards_from_it(desk):
    for frame in (0, 8, 16):
        desk.paint(frame, top=frame // 2)
    desk.run()
    desk.engine.visited.clear()

    desk.paint(8, top=12)
    desk.finish()

    assert sorted(set(desk.engine.visited)) == [*range(1, 8), *range(9, 16)]
    outwards = [*range(9, 16), *range(7, 0, -1)]
    assert desk.engine.visited[:14] == outwards
    assert desk.masks() == desk.undisturbed()


@pytest.mark.parametrize("auto_refresh", [True, False])
def test_an_object_begun_later_is_carried_beyond_references_that_do_not_show_it(desk, auto_refresh):
    for frame in (0, 14, 18):
        desk.paint(frame)
    desk.run()
    desk.bridge.refresh.is_on = auto_refresh
    desk.paint(7, 2, top=14)
    desk.engine.visited.clear()

    desk.run(origin=7)

    assert set(desk.engine.visited) == set(range(FRAMES)) - {0, 7, 14, 18}
    assert set(desk.engine.visited[:12]) == {*range(1, 7), *range(8, 14)}
    assert desk.stale() == {}
    desk.engine.visited.clear()
    desk.run(origin=7)
    assert not set(desk.engine.visited) & set(range(14, FRAMES))  # that is done


def test_what_is_asked_for_first_keeps_nothing_stale_from_being_computed_after_it(desk):
    for frame in (0, 8, 16):
        desk.paint(frame, top=frame // 2)
    desk.run()
    desk.engine.visited.clear()

    desk.paint(0, top=12)
    desk.bridge.propagate(origin=0)
    desk.finish()

    assert desk.engine.visited[:7] == list(range(1, 8))
    assert set(desk.engine.visited) == set(range(FRAMES)) - {0, 8, 16}
    assert desk.masks() == desk.undisturbed() and desk.stale() == {}


def test_a_correction_of_the_first_frame_is_followed_near_it_first_and_then_everywhere(desk):
    for frame in (0, 8, 16):
        desk.paint(frame, top=frame // 2)
    desk.run()
    desk.engine.visited.clear()

    desk.paint(0, top=12)
    desk.finish()

    near, middle, far = (set(range(first, first + 7)) for first in (1, 9, 17))
    order = desk.engine.visited
    assert [set(order[:14]), set(order[14:28]), set(order[28:])] == [near, middle, far]
    assert desk.stale() == {}


def test_a_run_in_a_range_computes_what_is_stale_of_its_objects_there_alone(desk):
    for frame in (0, 6, 14, 18):
        desk.paint(frame)
    desk.run()
    desk.bridge.refresh.is_on = False
    desk.paint(3, 2, top=14)
    desk.engine.visited.clear()

    desk.run(origin=3, first=1, last=10)

    assert set(desk.engine.visited) == {1, 2, 4, 5, 7, 8, 9, 10}


def test_a_correction_that_changes_nothing_runs_nothing(desk):
    desk.paint(0)
    desk.run()
    desk.engine.visited.clear()

    desk.paint(0)
    desk.finish()

    assert desk.engine.visited == []


def test_undoing_a_correction_brings_back_the_masks_of_before(desk):
    desk.paint(0)
    desk.run()
    before = desk.masks()
    desk.paint(12, top=12)
    desk.finish()
    assert desk.masks() != before

    desk.document.undo()
    assert desk.annotations.references == (0,)
    desk.finish()

    assert desk.masks() == before
    assert desk.stale() == {}


def test_stale_masks_that_undo_brings_back_are_computed_anew(desk):
    desk.paint(0)
    desk.run()
    desk.bridge.refresh.is_on = False
    desk.paint(0, top=9)
    imported = [(5, np.zeros(SHAPE, np.uint8))]
    desk.document.edit("Import", *prediction_edits(desk.document.project, imported, [1]))
    desk.bridge.refresh.is_on = True
    desk.finish()
    assert desk.stale() == {}

    desk.document.undo()
    desk.finish()

    assert desk.stale() == {} and desk.masks() == desk.undisturbed()


def test_what_a_correction_left_stale_when_the_project_was_closed_is_computed_when_it_is_opened(
    desk, monkeypatch
):
    desk.paint(0)
    desk.run()
    desk.paint(20, top=9)
    desk.bridge.close()
    assert set(desk.stale()) == {*range(1, 20), 21, 22, 23}

    monkeypatch.setattr(bridge_module, "_WARM_UP_DELAY", 10)
    again = EngineBridge(desk.document, "counted", load=desk.load)
    desk.qtbot.waitUntil(lambda: not desk.stale() and not again.busy, timeout=20_000)
    again.close()

    assert desk.masks() == desk.undisturbed()


def test_without_auto_refresh_a_correction_marks_and_runs_nothing(desk):
    desk.paint(0)
    desk.run()
    desk.bridge.refresh.is_on = False
    desk.engine.visited.clear()

    desk.paint(20, top=9)
    desk.finish()

    assert desk.engine.visited == []
    assert set(desk.stale()) == {*range(1, 20), 21, 22, 23}


def test_turning_auto_refresh_on_begins_with_what_is_stale_by_then(desk):
    desk.paint(0)
    desk.run()
    desk.bridge.refresh.is_on = False
    desk.paint(20, top=9)
    desk.finish()

    desk.bridge.refresh.is_on = True
    desk.finish()

    assert desk.stale() == {} and desk.masks() == desk.undisturbed()


def test_turning_auto_refresh_off_ends_the_run_that_nobody_asked_for(desk):
    desk.paint(0)
    desk.run()
    desk.shut_gate()
    desk.paint(20, top=9)
    desk.qtbot.waitUntil(lambda: desk.bridge.busy)
    desk.let_through(2)

    desk.bridge.refresh.is_on = False
    desk.engine.told.open_gate()
    desk.finish()

    assert desk.stale() and desk.progress[-1] is None


def test_turning_auto_refresh_off_ends_nothing_that_was_asked_for(desk):
    desk.paint(0)
    desk.shut_gate()
    desk.bridge.propagate()
    desk.let_through(2)

    desk.bridge.refresh.is_on = False
    desk.engine.told.open_gate()
    desk.finish()

    assert desk.masks() == desk.undisturbed()


def test_what_is_left_to_run_is_worked_out_once_when_a_project_is_opened(desk, monkeypatch):
    desk.paint(0)
    desk.run()
    desk.paint(20, top=9)
    desk.bridge.close()
    asked, runs = [], Agenda.runs
    monkeypatch.setattr(Agenda, "runs", lambda *how: asked.append(how) or runs(*how))
    monkeypatch.setattr(bridge_module, "_WARM_UP_DELAY", 10)

    again = EngineBridge(desk.document, "counted", load=desk.load)
    with desk.qtbot.waitSignal(again.began, timeout=20_000):
        pass
    again.close()

    assert len(asked) == 1


def test_a_frame_painted_and_unpainted_in_mid_run_is_filled_in_the_end(desk):
    desk.paint(0)
    desk.shut_gate()
    desk.bridge.propagate()
    desk.let_through(2)

    desk.paint(15, top=9)
    desk.document.undo()
    desk.engine.told.open_gate()
    desk.finish()

    assert desk.annotations.status(15) is Status.PREDICTION
    assert desk.masks() == desk.undisturbed()


def test_what_comes_late_for_an_older_revision_is_dropped(desk):
    desk.paint(0)
    desk.run()
    desk.shut_gate()
    desk.bridge.propagate()
    revision = desk.bridge._revision
    desk.paint(12, top=9)
    before = desk.masks()

    late = Segmented(
        5, encode_png(np.full(SHAPE, 2, np.uint8)), (2,), {2: 1.0}, revision, True, 0.1
    )
    desk.bridge.inference.arrived.emit(late)
    desk.bridge.inference.arrived.emit(Finished(revision, False, 9, 1.0))

    assert desk.masks() == before
    assert desk.bridge.busy


def test_an_empty_frame_outside_a_refresh_stays_empty(desk):
    desk.paint(0)
    desk.run(first=1, last=5)
    desk.paint(0, top=9)
    desk.finish()

    statuses = [desk.annotations.status(f) for f in range(FRAMES)]
    assert statuses[6:] == [Status.EMPTY] * (FRAMES - 6)
    assert desk.masks().items() >= desk.undisturbed(1, 5).items()


# Stop


def test_stop_ends_a_run_within_one_frame_and_keeps_what_is_there(desk):
    desk.paint(0)
    desk.shut_gate()
    desk.bridge.propagate()
    desk.let_through(3)

    desk.bridge.stop()
    desk.engine.told.open_gate()
    desk.finish()

    assert desk.engine.visited == [1, 2, 3, 4]
    assert [desk.annotations.status(f) for f in (1, 2, 3, 5)] == [Status.PREDICTION] * 3 + [
        Status.EMPTY
    ]
    assert desk.progress[-1] is None


def test_stopping_right_at_the_end_of_a_run_begins_nothing_else(desk):
    for frame in (0, 8):
        desk.paint(frame)
    desk.run()
    desk.paint(0, top=12)
    desk.shut_gate()
    desk.bridge.propagate(origin=0)
    desk.let_through(3)
    revision = desk.bridge._revision

    desk.bridge.stop()
    desk.bridge.inference.arrived.emit(Finished(revision, False, 7, 1.0))  # it was faster

    assert not desk.bridge.busy and desk.stale()
    desk.engine.told.open_gate()


def test_a_stopped_run_is_done_by_asking_again(desk):
    desk.paint(0)
    desk.paint(20, 2)
    desk.shut_gate()
    desk.bridge.propagate()
    desk.let_through(3)
    desk.bridge.stop()
    desk.engine.told.open_gate()
    desk.finish()

    desk.run()

    assert desk.masks() == desk.undisturbed()


def test_previews_of_a_stopped_span_are_stale_because_the_other_side_is_not_heard(desk):
    desk.paint(0)
    desk.paint(20)
    desk.shut_gate()
    desk.bridge.propagate(first=1, last=19)
    desk.let_through(3)
    desk.bridge.stop()
    desk.engine.told.open_gate()
    desk.finish()

    assert set(desk.stale()) >= {1, 2, 3}


def test_a_correction_after_stop_does_not_take_the_stopped_run_up_again(desk):
    desk.paint(0)
    desk.shut_gate()
    desk.bridge.propagate()
    desk.let_through(3)
    desk.bridge.stop()
    desk.paint(0, top=9)
    desk.engine.told.open_gate()
    desk.finish()

    assert desk.annotations.status(FRAMES - 1) is Status.EMPTY
    assert desk.stale() == {}


def test_stopping_while_masks_are_put_aside_is_fine(desk, monkeypatch):
    desk.paint(0, 1)
    desk.paint(0, 2, top=14)
    desk.run()
    monkeypatch.setattr(gathering, "VISIT", 0.0)  # one mask a visit
    desk.bridge.propagate(ids=[1])
    assert desk.bridge.busy

    desk.bridge.stop()
    assert not desk.bridge.busy
    desk.run(ids=[1])

    assert desk.masks() == desk.undisturbed()


def test_a_full_temporary_folder_ends_the_run_in_a_sentence(desk, monkeypatch):
    desk.paint(0, 1)
    desk.paint(0, 2, top=14)
    desk.run()

    def add(self, frame, png):
        raise UserError("The temporary folder is full: free some space.")

    monkeypatch.setattr(KeptMaps, "add", add)
    desk.bridge.propagate(ids=[1])

    assert desk.failures == [("The temporary folder is full: free some space.", "")]
    assert not desk.bridge.busy


def test_deleting_an_object_in_mid_run_takes_it_out_of_the_run(desk):
    desk.paint(0, 1)
    desk.paint(0, 2, top=14)
    desk.shut_gate()
    desk.bridge.propagate()
    desk.let_through(3)

    desk.document.delete_object(2)
    desk.engine.told.open_gate()
    desk.finish()

    assert desk.masks() == desk.undisturbed()
    assert all(desk.annotations.objects_at(f) == (1,) for f in range(FRAMES))
    assert 2 not in desk.engine.segment(5, desk.document.video[5]).ids

    desk.document.undo()
    desk.finish()
    assert desk.masks() == desk.undisturbed()
    assert all(desk.annotations.objects_at(f) == (1, 2) for f in range(FRAMES))


def test_closing_in_mid_run_joins_the_thread(desk):
    desk.paint(0)
    desk.bridge.propagate()
    desk.qtbot.waitUntil(lambda: bool(desk.progress), timeout=20_000)

    desk.bridge.close()

    assert not desk.bridge.busy
    desk.paint(5)  # nobody listens any more, and that is fine


# Frames that cannot be decoded


def test_a_run_goes_on_past_frames_that_cannot_be_decoded_and_says_so_once(desk):
    desk.document.video.damaged.update((5, 6, 20))
    desk.paint(0)
    desk.paint(12)
    desk.run()

    known = desk.annotations
    empty = {f for f in range(FRAMES) if known.status(f) is Status.EMPTY}
    assert empty == {5, 6, 20} and desk.stale() == {}
    ((text, report),) = desk.failures
    assert text.startswith("3 frames were passed over") and report == ""
    assert text.endswith("Frame 5 of shades is damaged.")

    desk.paint(12, top=9)
    desk.finish()
    assert len(desk.failures) == 1  # it is known by now
    desk.run()
    assert len(desk.failures) == 2  # who asks for these frames is told


def test_a_frame_that_cannot_be_decoded_keeps_its_old_mask_which_stays_stale(desk):
    desk.paint(0)
    desk.run()
    desk.bridge.close()
    old = desk.annotations.png(5)
    desk.document.video.damaged.add(5)
    desk.bridge = EngineBridge(desk.document, "counted", load=desk.load)
    desk.bridge.failed.connect(lambda *what: desk.failures.append(what))

    desk.paint(0, top=9)
    desk.finish()

    assert desk.annotations.png(5) == old and desk.stale() == {5: {1}}
    assert [text.split(" and ")[0] for text, _ in desk.failures] == ["1 frame was passed over"]


def test_a_run_goes_on_without_a_reference_whose_frame_cannot_be_decoded_and_says_so_once(desk):
    desk.document.video.damaged.add(12)
    desk.paint(0)
    desk.paint(12, top=14)
    drawn = desk.annotations.png(12)
    desk.run()

    assert desk.stale() == {} and desk.annotations.png(12) == drawn
    found = {desk.annotations[f].tobytes() for f in range(FRAMES) if f != 12}
    assert found == {desk.annotations[0].tobytes()}
    ((text, report),) = desk.failures
    assert text.startswith("1 reference was left out") and report == ""
    assert text.endswith("Frame 12 of shades is damaged.")

    desk.paint(0, top=9)
    desk.finish()
    assert desk.stale() == {} and len(desk.failures) == 1


def test_what_only_references_that_cannot_be_decoded_show_is_not_found_to_be_nowhere(desk):
    desk.paint(0, 1)
    desk.paint(12, 2, top=14)
    desk.run()
    desk.bridge.close()
    before = {f: desk.annotations[f] == 2 for f in range(FRAMES)}
    desk.engine.forget(12)
    desk.document.video.damaged.add(12)
    desk.bridge = EngineBridge(desk.document, "counted", load=desk.load)
    desk.bridge.failed.connect(lambda *what: desk.failures.append(what))

    desk.run()
    ((text, _),) = desk.failures
    assert text.startswith("An object is drawn on frames alone that cannot be decoded")
    assert text.endswith("Frame 12 of shades is damaged.")

    desk.paint(0, 1, top=0, size=4)
    desk.finish()
    assert desk.stale() == {}
    for frame in range(FRAMES):
        np.testing.assert_array_equal(desk.annotations[frame] == 2, before[frame])


# Some objects


def test_a_run_of_one_object_leaves_the_others_byte_for_byte(desk):
    desk.paint(0, 1)
    desk.paint(0, 2, top=14)
    desk.run()
    before = {f: desk.annotations[f] == 2 for f in range(FRAMES)}
    desk.bridge.refresh.is_on = False
    desk.paint(0, 1, top=0, size=4)
    desk.paint(0, 2, top=18, size=4)

    desk.run(ids=[1])

    for frame in range(1, FRAMES):
        np.testing.assert_array_equal(desk.annotations[frame] == 2, before[frame])
        assert desk.annotations[frame][0, 4] == 1
    assert desk.stale() == {frame: {2} for frame in range(1, FRAMES)}


@pytest.mark.parametrize("is_undone", [False, True])
def test_predictions_that_a_person_changes_in_mid_run_are_not_put_back_as_they_were(
    desk, is_undone
):
    desk.paint(0, 1)
    desk.paint(0, 2, top=14)
    desk.run()

    def change_second():
        edits = []
        for frame in range(5, 15):
            after = desk.annotations[frame].copy()
            after[after == 2], after[20:] = 0, 2
            ids = frozenset({2})
            edits.append(FrameEdit(frame, Status.PREDICTION, png=encode_png(after), ids=ids))
        desk.document.edit("Move", Edits(tuple(edits)))

    if is_undone:
        change_second()
    desk.shut_gate()
    desk.bridge.propagate(ids=[1])
    desk.let_through(2)
    (desk.document.undo if is_undone else change_second)()
    expected = {f: desk.annotations[f] == 2 for f in range(FRAMES)}
    desk.engine.told.open_gate()
    desk.finish()

    for frame in range(FRAMES):
        np.testing.assert_array_equal(desk.annotations[frame] == 2, expected[frame])


def test_locked_objects_keep_their_masks_through_every_run(desk):
    desk.correct_beside_a_lock(then=desk.run)


def test_what_became_stale_of_an_object_while_it_was_locked_is_run_once_it_is_unlocked(desk):
    desk.paint(0, 1)
    desk.paint(0, 2, top=14)
    desk.run()
    desk.document.update_object(2, locked=True)
    desk.document.keep(9)
    desk.finish()
    assert all(each == {2} for each in desk.stale().values()) and desk.stale()

    desk.document.update_object(2, locked=False)
    desk.finish()

    assert desk.stale() == {} and desk.masks() == desk.undisturbed()


def test_what_a_person_stopped_does_not_go_on_because_something_else_is_locked(desk):
    desk.paint(0, 1)
    desk.paint(0, 2, top=14)
    desk.run()
    desk.document.keep(9)
    desk.bridge.stop()
    desk.engine.visited.clear()

    desk.document.update_object(1, locked=True)
    desk.finish()

    assert not desk.engine.visited and desk.stale()


def test_what_a_person_is_stopping_is_not_begun_anew_because_something_is_locked(desk):
    desk.paint(0, 1)
    desk.paint(0, 2, top=14)
    desk.run()
    desk.engine.visited.clear()
    desk.shut_gate()
    desk.paint(12, 2, top=18, size=4)
    desk.qtbot.waitUntil(lambda: bool(desk.engine.visited), timeout=20_000)
    desk.bridge.stop()

    desk.document.update_object(1, locked=True)
    desk.engine.told.open_gate()
    desk.finish()

    assert len(desk.engine.visited) == 1 and desk.stale()


def import_second(desk):
    """Draw object 1, import predictions of object 2, and return these, by frame."""
    desk.paint(0, 1)
    desk.paint(20, 1)
    imported = {}
    for frame in range(5, 10):
        imported[frame] = desk.annotations[frame].copy()
        imported[frame][20:] = 2
    edits = prediction_edits(desk.document.project, imported.items(), [1, 2])
    desk.document.edit("Import", Edits(tuple(edits)))
    return imported


def lock_second(desk):
    desk.paint(0, 1)
    desk.paint(0, 2, top=14)
    desk.run()
    desk.document.update_object(2, locked=True)


@pytest.mark.parametrize("prepare", [import_second, lock_second], ids=["not drawn", "locked"])
def test_a_deleted_object_comes_back_with_the_masks_that_no_run_gives_again(desk, prepare):
    prepare(desk)
    before = {f: desk.annotations[f] == 2 for f in range(FRAMES)}
    desk.document.delete_object(2)
    assert not any((desk.annotations[f] == 2).any() for f in range(FRAMES))
    desk.run()
    desk.paint(12, 1, top=0, size=4)
    desk.finish()
    desk.document.undo()

    desk.document.undo()
    desk.finish()

    for frame in range(FRAMES):
        np.testing.assert_array_equal(desk.annotations[frame] == 2, before[frame])
    assert desk.stale() == {}
    desk.document.redo()
    assert not any((desk.annotations[f] == 2).any() for f in range(FRAMES))


def test_what_a_locked_object_missed_is_computed_though_others_were_imported_meanwhile(desk):
    lock_second(desk)
    desk.document.keep(9)
    desk.finish()
    assert desk.stale()[5] == {2}
    project, masks = desk.document.project, {5: desk.annotations[5].copy()}
    masks[5][masks[5] == 1] = 0
    desk.document.edit("Import", *prediction_edits(project, masks.items(), [1, 2]))
    assert desk.stale()[5] == {2}

    desk.document.update_object(2, locked=False)
    desk.finish()
    assert desk.stale() == {}


@pytest.mark.parametrize("how", [{"locked": True}, {"visible": False}], ids=["locked", "hidden"])
def test_masks_imported_on_empty_frames_are_stale_for_what_was_protected_and_computed_later(
    desk, how
):
    desk.paint(0, 1)
    desk.paint(0, 2, top=14)
    desk.document.set_absent(2, range(8, FRAMES), True)
    for object_id in (2, desk.document.add_object()):  # the last is drawn nowhere
        desk.document.update_object(object_id, **how)
    desk.bridge.refresh.is_on = False
    project, masks = desk.document.project, {f: np.ones(SHAPE, np.uint8) for f in (5, 9)}
    for label_map in masks.values():
        label_map[14:] = 0
    desk.document.edit("Import", Edits(tuple(prediction_edits(project, masks.items(), [1]))))
    assert desk.stale() == {5: {2}}
    desk.document.undo()
    assert desk.stale() == {}
    desk.document.redo()

    desk.document.update_object(2, locked=False, visible=True)
    desk.bridge.refresh.is_on = True
    desk.finish()
    assert desk.stale() == {}
    np.testing.assert_array_equal(desk.annotations[5] == 1, masks[5] == 1)
    assert desk.annotations.objects_at(5) == (1, 2) and desk.annotations.objects_at(9) == (1,)


def import_beside_stale_masks(desk):
    """Have masks of object 2 of which nobody draws it any more, and import others of it."""
    desk.paint(0, 1)
    desk.run()
    desk.paint(6, 2, top=14)
    desk.finish()
    desk.bridge.refresh.is_on = False
    desk.document.undo()
    imported = {f: np.where(desk.annotations[f] == 2, 0, desk.annotations[f]) for f in range(6, 10)}
    for label_map in imported.values():
        label_map[20:] = 2
    edits = prediction_edits(desk.document.project, imported.items(), [1, 2])
    desk.document.edit("Import", Edits(tuple(edits)))
    return {f: imported.get(f, np.zeros(SHAPE)) == 2 for f in range(FRAMES)}


def test_imported_masks_outlast_the_run_that_removes_what_lost_its_references(desk):
    imported = import_beside_stale_masks(desk)
    assert all((desk.annotations[f] == 2).any() and desk.stale()[f] == {2} for f in (5, 10))

    desk.bridge.refresh.is_on = True
    desk.finish()

    assert desk.stale() == {}
    for frame in range(FRAMES):
        np.testing.assert_array_equal(desk.annotations[frame] == 2, imported[frame])


def test_imported_masks_outlast_the_runs_after_the_one_that_removes_the_last_stale_mask(desk):
    desk.paint(0, 1)
    desk.paint(12, 1)
    desk.run()
    desk.paint(6, 2, top=14)
    desk.finish()
    desk.bridge.refresh.is_on = False
    desk.document.undo()
    desk.bridge.propagate()
    imported = {f: np.full(SHAPE, 2, np.uint8) for f in range(13, FRAMES)}
    edits = prediction_edits(desk.document.project, imported.items(), [2])
    desk.document.edit("Import", Edits(tuple(edits)))  # what runs is cut in two: one run a span
    desk.finish()

    assert desk.stale() == {}
    shown = [f for f in range(FRAMES) if 2 in desk.annotations.objects_at(f)]
    assert shown == [*imported]


def test_the_window_decodes_and_encodes_no_mask_where_a_run_meets_imported_ones(desk, monkeypatch):
    import_beside_stale_masks(desk)
    threads = defaultdict(set)

    def watched(function, *arguments):
        threads[function.__name__].add(threading.current_thread().name)
        return function(*arguments)

    for function in (masks.banded_pixels, masks.banded_png):
        monkeypatch.setattr(masks, function.__name__, partial(watched, function))
    desk.bridge.refresh.is_on = True
    desk.finish()

    assert threads == {"banded_pixels": {"inference"}, "banded_png": {"inference"}}


def test_a_run_without_a_window_leaves_imported_masks_too_and_removes_what_is_stale(desk):
    imported = import_beside_stale_masks(desk)
    propagate(desk.document.project, HoldEngine())

    assert desk.stale() == {}
    for frame in range(FRAMES):
        np.testing.assert_array_equal(desk.annotations[frame] == 2, imported[frame])


def test_a_deleted_object_comes_back_with_imported_masks_though_others_had_lost_their_references(
    desk,
):
    imported = import_beside_stale_masks(desk)
    desk.document.delete_object(2)
    desk.run()
    desk.document.undo()
    desk.bridge.refresh.is_on = True
    desk.finish()

    for frame in range(6, 10):
        np.testing.assert_array_equal(desk.annotations[frame] == 2, imported[frame])


def test_a_frame_that_a_run_fills_is_stale_for_what_was_locked_and_computed_once_it_is_not(desk):
    desk.paint(0, 1)
    desk.paint(12, 2, top=14)
    desk.document.set_absent(2, range(20, FRAMES), True)
    desk.document.add_object()  # drawn nowhere: nothing is to be computed of it
    for object_id in (2, 3):
        desk.document.update_object(object_id, locked=True)

    desk.run()
    assert desk.stale() == {f: {2} for f in range(1, 20) if f != 12}
    desk.run()  # what is computed again stays stale
    assert desk.stale() == {f: {2} for f in range(1, 20) if f != 12}

    desk.document.update_object(2, locked=False)
    desk.finish()
    assert desk.stale() == {}
    assert all(2 in desk.annotations.objects_at(frame) for frame in range(12, 20))


@pytest.mark.parametrize(
    "deed",
    [
        lambda desk: desk.bridge.propagate(),
        lambda desk: desk.bridge.propagate(ids=[2]),
        lambda desk: desk.document.keep(12),
        lambda desk: desk.document.release(20),
        lambda desk: desk.document.update_object(1, locked=True) or desk.bridge.propagate(),
    ],
    ids=["run", "run of it", "keep", "release", "lock and run"],
)
def test_what_no_reference_ever_showed_keeps_the_masks_that_were_imported(desk, deed):
    imported = import_second(desk)

    deed(desk)
    desk.finish()

    assert [f for f in range(FRAMES) if 2 in desk.annotations.objects_at(f)] == [*imported]
    assert all((desk.annotations[f][20:] == 2).all() for f in imported)


def test_when_all_objects_are_locked_a_run_says_so(desk):
    desk.paint(0)
    for object_id in (1, 2):
        desk.document.update_object(object_id, locked=True)
    desk.run()

    assert "Every object is locked" in desk.messages[0] and not desk.engine.visited


# Scribbles and failures


def test_a_scribble_is_answered_with_a_mask_even_in_mid_run(desk, qtbot):
    desk.paint(0)
    desk.shut_gate()
    desk.bridge.propagate()
    assert desk.engine.told.reached.acquire(timeout=20)
    strokes = np.zeros(SHAPE, np.uint8)
    strokes[4:8, 4:20] = 1

    with qtbot.waitSignal(desk.bridge.scribbled, timeout=20_000) as signal:
        desk.bridge.scribble(Scribble(7, 2, strokes, None))
        desk.engine.told.let_through()

    frame, object_id, mask = signal.args
    assert (frame, object_id) == (7, 2)
    assert mask[strokes == 1].all() and desk.bridge.busy


def test_an_answer_to_an_older_scribble_is_not_passed_on(make_desk):
    desk = make_desk(ToldScribbler())
    answers = []
    desk.bridge.scribbled.connect(lambda *what: answers.append(what))
    strokes = np.ones(SHAPE, np.uint8)
    desk.bridge.scribble(Scribble(7, 2, strokes, None))
    token = desk.bridge._scribbles._count
    desk.bridge.scribble(Scribble(7, 2, strokes, None))

    old = Scribbled(7, 2, strokes == 1, token, 0.1)
    desk.bridge.inference.arrived.emit(old)

    assert answers == []
    desk.qtbot.waitUntil(lambda: len(answers) == 1, timeout=20_000)


def test_an_engine_that_fails_is_reported_once_and_the_next_run_goes_well(desk):
    desk.paint(0)
    desk.engine.raises = ZeroDivisionError("no such luck")
    desk.run()

    assert [message for message, _ in desk.failures] == ["Propagation failed: no such luck."]
    assert "ZeroDivisionError" in desk.failures[0][1]
    assert desk.progress[-1] is None

    desk.run()
    assert desk.masks() == desk.undisturbed() and len(desk.failures) == 1


# Pace


def calls_of(work, *arguments):
    """Return how many calls `work(*arguments)` makes, of Python functions and of those below."""
    count = 0

    def note(frame, event, what):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work(*arguments)
    finally:
        sys.setprofile(None)
    return count


def test_a_correction_among_five_thousand_predictions_is_as_much_work_as_among_fifty(make_desk):
    calls = {}
    for frames in (50, 5_000):
        desk = make_desk(frames=frames)
        project, png = desk.document.project, encode_png(np.ones(SHAPE, np.uint8))
        with project.together():
            for frame in range(frames):
                project.predict(frame, png, {1: 0.9}, "hold", ids=(1,))
        desk.bridge.refresh.is_on = False
        correction = desk.document.paint, frames // 2, np.full(SHAPE, 2, np.uint8), "Paint"
        calls[frames] = calls_of(*correction)
        desk.bridge.close()
        assert len(desk.stale()) == frames - 1

    assert calls[5_000] < calls[50] + 100
