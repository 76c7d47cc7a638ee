"""The inference thread: it does what was asked last, stops at once, and outlives every error."""

import threading

import numpy as np
import pytest

from tests.engine.fakes import (
    SHAPE,
    ShadeVideo,
    ToldEngine,
    ToldLearner,
    ToldRefiner,
    ToldScribbler,
    square,
)
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import decode_png, encode_png
from vos_annotator.core.stored_map import StoredMap
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.commands import (
    Failed,
    Finished,
    Learn,
    Learned,
    Load,
    Propagate,
    Ready,
    Scribble,
    Scribbled,
    Segmented,
    SetReference,
    SteppedDown,
    UseEngine,
)
from vos_annotator.engine.kept import KeptMaps
from vos_annotator.engine.merging import merged
from vos_annotator.engine.propagation import plan
from vos_annotator.engine.worker import RESULTS_WAITING, InferenceWorker


class Bench:
    """A worker with a told engine, and its results."""

    def __init__(self, engine, frames=10, load=None):
        self.engine = engine
        self.worker = InferenceWorker("told", ShadeVideo(frames), load=load or self._load)
        self.seen = []

    def _load(self, name, size):
        self.engine.size = size
        return self.engine

    def start(self, *commands):
        """Leave the commands first and start then, so that all of them wait."""
        for command in commands:
            self.worker.submit(command)
        self.worker.start()

    def until(self, kind):
        """Return the next result of a kind; those before it are in `seen`."""
        while True:
            result = self.worker.results.take(timeout=20)
            assert result is not None, f"no {kind.__name__}; so far {self.seen}"
            self.seen.append(result)
            if isinstance(result, kind):
                return result

    def reach_frame(self):
        """Wait until the engine is at work on a frame (of a gated engine)."""
        assert self.engine.reached.acquire(timeout=20)

    def frames(self):
        return [each.frame for each in self.seen if isinstance(each, Segmented)]


@pytest.fixture
def bench():
    made = []

    def make(engine=None, **how):
        made.append(Bench(engine or ToldEngine(), **how))
        return made[-1]

    yield make
    for each in made:
        each.engine.open_gate()
        each.worker.close()
    assert not [t for t in threading.enumerate() if t.name == "inference"], "a thread was left"


def reference(frame=0, *ids):
    return SetReference(frame, encode_png(square(*(ids or (1,)))))


def propagation(last=9, revision=1, references=(0,), **how):
    return Propagate(tuple(plan(references, 0, last)), revision, **how)


def test_a_pass_comes_back_frame_by_frame_and_ends_with_its_number(bench):
    bench = bench()
    bench.start(reference(0, 2, 7), propagation(last=4, revision=5))

    finished = bench.until(Finished)

    assert finished.revision == 5 and not finished.cancelled and finished.frames == 4
    assert bench.frames() == [1, 2, 3, 4]
    for each in bench.seen:
        if isinstance(each, Segmented):
            assert each.final and each.revision == 5 and each.seconds > 0
            assert set(np.unique(decode_png(each.png))) - {0} == set(each.ids)
            assert each.confidence.keys() == {2, 7}


def test_the_engine_is_loaded_in_the_thread_and_says_what_it_is(bench):
    loaded_in = []

    def load(name, size):
        loaded_in.append((name, threading.current_thread().name))
        return ToldEngine(size)

    bench = bench(load=load)
    assert not loaded_in
    bench.start(Load(), Load())

    assert bench.until(Ready) == Ready("told", "paper", 480, EngineChoice("told"))
    assert loaded_in == [("told", "inference")]


def test_of_several_waiting_passes_only_the_last_is_run(bench):
    bench = bench()
    bench.start(reference(), *(propagation(last=3, revision=n) for n in range(5)))

    bench.until(Finished)

    assert {each.revision for each in bench.seen if isinstance(each, Segmented)} == {4}
    assert bench.frames() == [1, 2, 3]


def test_of_several_label_maps_of_one_frame_only_the_last_is_memorized(bench):
    bench = bench()
    bench.start(reference(0, 1), reference(0, 2), reference(0, 3), propagation(last=1))
    bench.until(Finished)

    assert [each for each in bench.engine.log if each[0] == "memorize"] == [("memorize", 0)]
    assert bench.engine.ids == {0: (3,)}


def test_the_memory_holds_exactly_the_references(bench):
    bench = bench()
    bench.start(reference(0, 1), reference(4, 2), propagation(last=3, references=(0, 4)))
    bench.until(Finished)
    bench.worker.submit(SetReference(0, None))
    bench.worker.submit(reference(6, 3))
    bench.worker.submit(propagation(last=5, references=(4, 6)))
    bench.until(Finished)

    assert bench.engine.ids == {4: (2,), 6: (3,)}
    assert [each for each in bench.engine.log if each[0] == "memorize"] == [
        ("memorize", 0),
        ("memorize", 4),
        ("memorize", 6),
    ]


def test_cancelling_ends_a_pass_within_one_frame(bench):
    engine = ToldEngine()
    engine.is_gated = True
    bench = bench(engine)
    bench.start(reference(), propagation())
    engine.let_through(2)
    for _ in range(3):
        bench.reach_frame()

    bench.worker.cancel()
    engine.open_gate()
    finished = bench.until(Finished)

    assert finished.cancelled
    assert [each for each in engine.log if each[0] == "segment"][-1] == ("segment", 3)
    assert set(bench.frames()) <= {1, 2}


def test_what_is_submitted_after_cancelling_is_run(bench):
    bench = bench()
    bench.worker.submit(reference())
    bench.worker.submit(propagation(revision=1))
    bench.worker.cancel()
    bench.start(propagation(last=2, revision=2))

    finished = bench.until(Finished)

    assert (finished.revision, finished.cancelled, finished.frames) == (2, False, 2)


def test_a_changed_reference_ends_the_pass_that_reads_it(bench):
    engine = ToldEngine()
    engine.is_gated = True
    bench = bench(engine)
    bench.start(reference(0, 1), propagation())
    bench.reach_frame()

    bench.worker.submit(reference(0, 2))
    bench.worker.submit(propagation(last=2, revision=2))
    engine.open_gate()

    assert bench.until(Finished).cancelled
    assert not bench.until(Finished).cancelled
    assert engine.ids == {0: (2,)}
    assert engine.log.count(("segment", 1)) == 2 and ("segment", 3) not in engine.log


def strokes():
    marks = np.zeros(SHAPE, np.uint8)
    marks[3:5, 3:9] = 1
    return marks


def test_a_scribble_is_answered_between_two_frames_of_a_running_pass(bench):
    engine = ToldScribbler()
    engine.is_gated = True
    bench = bench(engine)
    bench.start(reference(), propagation(last=4))
    bench.reach_frame()

    bench.worker.submit(Scribble(7, 3, strokes(), None, token="mine"))
    engine.let_through(1)
    answer = bench.until(Scribbled)
    engine.open_gate()
    finished = bench.until(Finished)

    assert (answer.frame, answer.object_id, answer.token) == (7, 3, "mine")
    np.testing.assert_array_equal(answer.mask, strokes() == 1)
    assert not finished.cancelled and bench.frames() == [1, 2, 3, 4]
    assert engine.log.index(("scribble", 7)) < engine.log.index(("segment", 2))


def test_a_waiting_scribble_comes_before_a_waiting_pass(bench):
    bench = bench(ToldScribbler())
    bench.start(reference(), propagation(last=4), Scribble(7, 3, strokes(), None))
    bench.until(Finished)

    assert bench.engine.log.index(("scribble", 7)) < bench.engine.log.index(("segment", 1))


class Memorizing(ToldScribbler):
    """While it is gated each `memorize` waits to be let through."""

    def memorize(self, frame, image, label_map):
        if self.is_gated:
            self.reached.release()
            assert self._gate.acquire(timeout=20)
        super().memorize(frame, image, label_map)


@pytest.fixture
def changed(bench):
    """A worker that knows three references, and whose new engine is at work on the first."""
    engines = []

    def load(name, size):
        engines.append(Memorizing(size))
        engines[-1].is_gated = len(engines) == 2
        return engines[-1]

    bench = bench(load=load)
    bench.engines = engines
    bench.start(reference(0), reference(3), reference(5), propagation(last=1))
    bench.until(Finished)
    bench.worker.submit(UseEngine(EngineChoice("told")))
    bench.worker.submit(propagation(revision=2, references=(0, 3, 5)))
    bench.until(Ready)
    bench.engine = engines[1]
    bench.reach_frame()
    return bench


def test_a_scribble_is_answered_between_two_references_that_are_memorized(changed):
    changed.worker.submit(Scribble(7, 3, strokes(), None))
    changed.engine.let_through(1)
    changed.until(Scribbled)
    changed.engine.open_gate()

    assert changed.until(Finished).frames > 0
    memorized = [("memorize", frame) for frame in (0, 3, 5)]
    assert changed.engine.log[:4] == [memorized[0], ("scribble", 7), *memorized[1:]]


def test_a_change_ends_memorizing_so_that_what_it_drops_is_not_memorized(changed):
    changed.worker.submit(reference(9))
    changed.engine.let_through(1)
    changed.until(Finished)
    changed.reach_frame()
    changed.worker.submit(SetReference(5, None))
    changed.worker.submit(propagation(last=2, references=(0, 3, 9)))
    changed.engine.open_gate()

    assert not changed.until(Finished).cancelled
    assert sorted(changed.engine.memory) == [0, 3, 9]
    assert ("memorize", 5) not in changed.engine.log


def test_memorizing_for_a_changed_reference_can_be_cancelled_and_goes_on_with_the_next_pass(
    changed,
):
    changed.worker.submit(reference(9))
    changed.engine.let_through(1)
    changed.until(Finished)
    changed.reach_frame()
    changed.worker.cancel()
    changed.worker.submit(Scribble(7, 3, strokes(), None))
    changed.engine.open_gate()
    changed.until(Scribbled)
    assert sorted(changed.engine.memory) == [0, 3]

    changed.worker.submit(propagation(last=2, references=(0, 3, 5, 9)))
    changed.until(Finished)
    assert sorted(changed.engine.memory) == [0, 3, 5, 9]


def test_an_engine_that_a_scribble_brings_amid_memorizing_is_taught_all_references(changed):
    changed.engine.scribble = out_of_memory
    changed.worker.submit(Scribble(7, 3, strokes(), None))
    changed.engine.open_gate()
    changed.until(Scribbled)

    changed.until(Finished)
    assert changed.engine.log == [("memorize", 0)]
    assert sorted(changed.engines[2].memory) == [0, 3, 5]


def out_of_memory(*_):
    raise MemoryError


def test_only_the_latest_scribble_of_an_object_is_answered(bench):
    bench = bench(ToldScribbler())
    scribbles = [
        Scribble(7, object_id, strokes(), None, n) for n, object_id in enumerate((3, 4, 3))
    ]
    bench.start(*scribbles, Load(), reference(), propagation(last=1))
    bench.until(Finished)

    answers = [(e.object_id, e.token) for e in bench.seen if isinstance(e, Scribbled)]
    assert sorted(answers) == [(3, 2), (4, 1)]


def test_an_engine_without_scribbles_says_to_use_the_brush(bench):
    bench = bench()
    bench.start(Scribble(0, 1, strokes(), None))

    failed = bench.until(Failed)

    assert "cannot scribble: use the brush" in failed.message and failed.report == ""


# Errors


def test_an_engine_that_raises_ends_its_pass_only(bench):
    engine = ToldEngine()
    bench = bench(engine)
    engine.raises = ZeroDivisionError("no such luck")
    bench.start(reference(), propagation(last=2, revision=1))

    failed = bench.until(Failed)
    assert failed.message == "Memorizing a reference failed: no such luck."
    assert "ZeroDivisionError" in failed.report
    bench.until(Finished)
    assert bench.frames() == [1, 2]

    engine.raises = ValueError()
    bench.worker.submit(propagation(revision=2))
    failed = bench.until(Failed)
    assert failed.message == "Propagation failed: ValueError." and failed.command.revision == 2

    bench.worker.submit(propagation(last=3, revision=3))
    assert bench.until(Finished).revision == 3


class Failing(ToldEngine):
    """Memorizes frame 6 once."""

    def memorize(self, frame, image, label_map):
        if frame == 6 and ("memorize", 6) in self.log:
            raise OSError("The disk is full.")
        super().memorize(frame, image, label_map)


def test_a_reference_that_could_not_be_memorized_anew_is_gone_once_it_is_none_any_more(bench):
    bench = bench(Failing())
    bench.start(reference(3), reference(6), propagation(last=4, references=(3, 6)))
    bench.until(Finished)
    bench.worker.submit(reference(6, 1, 2))
    bench.until(Failed)
    bench.worker.submit(SetReference(6, None))
    bench.worker.submit(propagation(last=4, references=(3,)))
    bench.until(Finished)

    assert bench.engine.ids == {3: (1,)}


def test_the_users_mistakes_come_without_a_traceback(bench):
    def load(name, size):
        raise UserError("The engine told needs paper: buy some.")

    bench = bench(load=load)
    bench.start(Load())

    failed = bench.until(Failed)
    assert (failed.message, failed.report) == ("The engine told needs paper: buy some.", "")


def test_an_engine_that_failed_to_load_is_tried_again_with_the_next_command(bench):
    engine, attempts = ToldEngine(), []

    def load(name, size):
        attempts.append(name)
        if len(attempts) == 1:
            raise OSError("not there yet")
        return engine

    bench = bench(engine, load=load)
    bench.start(Load(), reference(), propagation(last=2))

    bench.until(Failed)
    assert bench.until(Finished).frames == 2


def test_when_memory_runs_short_it_goes_on_at_a_smaller_size_and_says_so(bench):
    engines = []

    def load(name, size):
        engine = ToldEngine(size)
        if size > 288:
            engine.raises = RuntimeError("[enforce fail] can't allocate memory: 8 GB")
        engines.append(engine)
        return engine

    bench = bench(load=load)
    bench.start(reference(), propagation(last=2))

    finished = bench.until(Finished)

    assert [engine.size for engine in engines] == [480, 384, 288]
    assert [each.size for each in bench.seen if isinstance(each, SteppedDown)] == [384, 288]
    assert finished.frames == 2 and engines[-1].ids == {0: (1,)}
    assert not [each for each in bench.seen if isinstance(each, Failed)]


def test_at_the_smallest_size_running_out_of_memory_is_a_failure(bench):
    def load(name, size):
        raise MemoryError

    bench = bench(load=load)
    bench.start(Load())

    assert bench.until(Failed).message == "Loading the engine failed: MemoryError."
    assert [each.size for each in bench.seen[:-1]] == [384, 288, 192]


# Pace and end


def test_the_worker_waits_for_results_to_be_taken(bench):
    bench = bench(frames=60)
    bench.start(reference(), propagation(last=59))
    first = bench.until(Segmented)
    assert first.frame == 1

    bench.until(Finished)
    assert bench.frames() == list(range(1, 60))
    # One result each is in the hands of the engine, of the worker and of this test.
    assert len(bench.worker.results) <= RESULTS_WAITING


def test_no_more_than_a_few_results_wait(bench):
    engine = ToldEngine()
    engine.is_gated = True
    bench = bench(engine, frames=60)
    bench.start(reference(), propagation(last=59))
    bench.until(Ready)
    for _ in range(RESULTS_WAITING + 1):
        bench.reach_frame()
        engine.let_through()

    assert not engine.reached.acquire(timeout=0.3), "it went on although nobody took anything"
    assert len(bench.worker.results) == RESULTS_WAITING


@pytest.mark.parametrize("moment", ["unstarted", "idle", "mid-pass", "results full"])
def test_closing_joins_the_thread_and_lets_go_of_the_video(bench, moment):
    engine = ToldEngine()
    engine.is_gated = moment == "mid-pass"
    bench = bench(engine, frames=60)
    if moment == "idle":
        bench.start(Load())
        bench.until(Ready)
    elif moment == "mid-pass":
        bench.start(reference(), propagation(last=59))
        bench.reach_frame()
        engine.let_through()
    elif moment == "results full":
        bench.start(reference(), propagation(last=59))
        bench.until(Segmented)

    bench.worker.close()
    bench.worker.close()

    assert not bench.worker._thread.is_alive()
    assert len([each for each in engine.log if each[0] == "segment"]) < 30
    if moment != "unstarted":
        assert bench.worker._video._is_closed


# Runs of some objects


def test_a_run_of_some_objects_leaves_the_others_byte_for_byte(bench):
    bench = bench()
    bench.engine.level = lambda frame: 5.0  # everything is object 1
    kept = KeptMaps()
    before = {frame: square(2, 1, 3) for frame in range(1, 4)}
    for frame, label_map in before.items():
        kept.add(frame, StoredMap(encode_png(label_map)))
    bench.start(reference(0, 1), propagation(last=4, ids=frozenset({1}), kept=kept))
    bench.until(Finished)

    for each in bench.seen:
        if isinstance(each, Segmented):
            found = decode_png(each.png)
            old = before.get(each.frame, np.zeros(SHAPE, np.uint8))
            np.testing.assert_array_equal(found[old > 1], old[old > 1])
            assert (found[old <= 1] == 1).all()
            assert each.confidence.keys() == {1}


def test_merging_takes_the_chosen_objects_and_only_free_pixels():
    found = np.array([[1, 1, 2, 0, 1]], np.uint8)
    before = np.array([[3, 0, 0, 1, 1]], np.uint8)

    assert merged(found, before, {1}).tolist() == [[3, 1, 0, 0, 1]]
    assert merged(found, None, {2}).tolist() == [[0, 0, 2, 0, 0]]


def test_masks_that_were_put_aside_come_back_and_their_file_goes():
    kept = KeptMaps()
    for frame in (5, 2, 9):
        kept.add(frame, StoredMap(bytes([frame]) * frame, frozenset({frame})))

    assert dict(kept) == {
        frame: StoredMap(bytes([frame]) * frame, frozenset({frame})) for frame in (5, 2, 9)
    }
    assert kept.get(3) is None and len(kept) == 3


def references(*frames):
    return [reference(frame) for frame in frames]


def test_learning_sees_the_references_in_order_and_says_that_it_has_learnt(bench):
    bench = bench(ToldLearner())
    bench.start(*references(7, 0, 4), Learn(revision=3))

    learned = bench.until(Learned)

    assert bench.engine.log[-1] == ("learn", 0, 4, 7)
    assert learned.has_learnt and not learned.cancelled and learned.revision == 3


def test_of_many_references_a_dozen_teach_the_first_and_the_last_among_them(bench):
    bench = bench(ToldLearner(), frames=100)
    bench.start(*references(*range(0, 100, 3)), Learn(revision=1))
    bench.until(Learned)

    (_, *frames) = bench.engine.log[-1]
    assert len(frames) == 12 and frames[0] == 0 and frames[-1] == 99
    steps = np.diff(frames)
    assert steps.min() >= 6 and steps.max() <= 12


def test_what_was_learnt_counts_in_the_passes_after_and_can_be_forgotten(bench):
    bench = bench(ToldLearner())
    bench.start(*references(0, 9), Learn(revision=1), propagation(last=3))
    bench.until(Finished)
    assert all(not each.ids for each in bench.seen if isinstance(each, Segmented))

    bench.worker.submit(Learn(revision=2, wanted=False))
    assert not bench.until(Learned).has_learnt
    bench.seen.clear()
    bench.worker.submit(propagation(last=3))
    bench.until(Finished)

    assert all(each.ids for each in bench.seen if isinstance(each, Segmented))


def test_a_correction_ends_learning(bench):
    bench = bench(ToldLearner())
    bench.engine.is_gated, bench.engine.patience = True, 10_000
    bench.start(*references(0, 9), Learn(revision=1))
    bench.reach_frame()

    bench.worker.submit(reference(5))
    bench.engine.open_gate()

    learned = bench.until(Learned)
    assert learned.cancelled and not bench.engine.has_learnt


def test_an_engine_that_cannot_learn_says_that_it_has_not(bench):
    bench = bench(ToldEngine())
    bench.start(*references(0, 9), Learn(revision=1))

    assert not bench.until(Learned).has_learnt


def first_rows(bench):
    """Return frame -> whether its final mask has anything in the first row."""
    found = [each for each in bench.seen if isinstance(each, Segmented) and each.final]
    return {each.frame: bool(decode_png(each.png)[0].any()) for each in found}


def test_final_frames_are_looked_at_closer_if_that_is_asked(bench):
    bench = bench(ToldRefiner())
    bench.start(*references(0, 4), propagation(last=4, references=(0, 4), refines=True))
    bench.until(Finished)

    refined = [entry[1] for entry in bench.engine.log if entry[0] == "refine"]
    assert sorted(refined) == [1, 2, 3]  # once each, though each was segmented twice
    assert first_rows(bench) == {1: False, 2: False, 3: False}

    bench.seen.clear()
    bench.worker.submit(propagation(last=4, references=(0, 4)))
    bench.until(Finished)
    assert all(first_rows(bench).values())


def test_looking_closer_an_engine_is_shown_the_references_as_it_knows_them(bench):
    bench = bench(ToldRefiner())
    hidden = SetReference(4, encode_png(square(1)), frozenset({1}))
    bench.start(reference(0), hidden, propagation(last=1, refines=True))
    bench.until(Finished)

    assert ("refine", 1, True, False) in bench.engine.log
