"""A small engine beside the one in use: asked for rough masks only, and the first one to go."""

import numpy as np
import psutil
import pytest

from tests.engine.fakes import ShadeVideo, ToldRefiner, ToldScribbler, square
from vos_annotator.core.masks import encode_png
from vos_annotator.engine.absences import Absences
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.commands import (
    Failed,
    Finished,
    Learn,
    Learned,
    NoRough,
    Propagate,
    Ready,
    Restarted,
    Scribble,
    Scribbled,
    Segmented,
    SetAbsences,
    SetReference,
    SteppedDown,
    UseEngine,
)
from vos_annotator.engine.propagation import plan
from vos_annotator.engine.remote import load_remote
from vos_annotator.engine.worker import InferenceWorker

FRAMES = 6


class Engine(ToldRefiner, ToldScribbler):
    """Refines and scribbles, and notes where an object is absent."""

    def segment(self, frame, image, absent=()):
        if absent:
            self._enter("away", frame)
        return super().segment(frame, image, absent)


class Bench:
    """A worker that makes engines of every size, and what they did."""

    def __init__(self, size=480, load=None):
        self.engines, self.seen, self.raising = [], [], {}
        self.worker = InferenceWorker("told", ShadeVideo(FRAMES), size=size, load=load or self.load)
        self.submit(SetReference(0, encode_png(square(1))))
        self.worker.start()

    def load(self, name, size):
        if isinstance(error := self.raising.pop(f"load {size}", None), Exception):
            raise error
        engine = Engine(size)
        engine.name = name
        self.engines.append(engine)
        return engine

    def submit(self, command):
        self.worker.submit(command)

    def until(self, kind):
        while True:
            result = self.worker.results.take(timeout=60)
            assert result is not None, self.seen
            self.seen.append(result)
            if isinstance(result, kind):
                return result

    def run(self, is_rough=True, **how):
        """Propagate; return whether its masks were rough."""
        self.submit(Propagate(tuple(plan([0], 0, FRAMES - 1)), 1, is_rough=is_rough, **how))
        before = len(self.seen)
        assert isinstance(self.until(Finished | Failed), Finished), self.seen
        found = [each for each in self.seen[before:] if isinstance(each, Segmented)]
        assert [each.frame for each in found][-FRAMES + 1 :] == list(range(1, FRAMES))
        return {each.is_rough for each in found[-FRAMES + 1 :]} == {True}

    def told(self, kind):
        return [each for each in self.seen if isinstance(each, kind)]

    @property
    def sizes(self):
        return [engine.size for engine in self.engines]


@pytest.fixture
def bench():
    made = []

    def make(**how):
        made.append(Bench(**how))
        return made[-1]

    yield make
    for each in made:
        each.worker.close()


def asked(engine, verb):
    return [entry for entry in engine.log if entry[0] == verb]


def test_rough_masks_come_from_a_small_engine_that_nobody_else_hears_of(bench):
    bench = bench()
    assert not bench.run(is_rough=False) and bench.sizes == [480]
    assert bench.run(refines=True) and bench.run() and not bench.run(is_rough=False, refines=True)

    full, small = bench.engines
    assert (full.size, small.size) == (480, 288)
    assert [each.size for each in bench.told(Ready)] == [480]
    assert not asked(small, "refine") and len(asked(full, "refine")) == FRAMES - 1
    assert len(asked(small, "segment")) == len(asked(full, "segment")) == 2 * (FRAMES - 1)


def test_it_knows_what_people_said_before_and_after_it_was_loaded(bench):
    bench = bench()
    bench.submit(SetReference(3, encode_png(square(1, 2))))
    assert bench.run()
    bench.submit(SetReference(3, None))
    bench.submit(SetReference(5, encode_png(square(7))))
    bench.submit(SetAbsences(Absences({1: (range(2, 4),)})))
    assert bench.run()

    full, small = bench.engines
    assert small.ids == full.ids == {0: (1,), 5: (7,)}
    assert asked(small, "memorize") == [("memorize", each) for each in (0, 3, 5)]
    assert asked(small, "away") == [("away", 2), ("away", 3)]


def test_strokes_and_learning_are_for_the_full_size(bench):
    bench = bench()
    assert bench.run()
    bench.submit(Scribble(2, 1, np.ones((24, 32), np.uint8), None))
    bench.until(Scribbled)
    bench.submit(Learn(1))
    bench.until(Learned)

    full, small = bench.engines
    assert asked(full, "scribble") and not asked(small, "scribble")


@pytest.mark.parametrize("size", [288, 192])
def test_where_the_full_size_is_small_there_is_no_other_engine(bench, size):
    bench = bench(size=size)

    assert not bench.run()
    assert bench.sizes == [size] and not bench.told(NoRough)


def test_where_a_second_engine_cannot_be_loaded_masks_are_computed_at_full_size(bench):
    bench = bench()
    bench.raising["load 288"] = RuntimeError("no second one")

    assert not bench.run() and not bench.run()
    assert bench.sizes == [480] and len(bench.told(NoRough)) == 1
    bench.submit(UseEngine(EngineChoice("other")))
    assert bench.run()
    assert bench.sizes == [480, 480, 288] and bench.engines[-1].name == "other"


def test_another_engine_has_another_small_one(bench):
    bench = bench()
    assert bench.run()
    bench.submit(UseEngine(EngineChoice("other")))
    assert bench.run()

    assert [(each.name, each.size) for each in bench.engines] == [
        ("told", 480),
        ("told", 288),
        ("other", 480),
        ("other", 288),
    ]
    assert [each.engine for each in bench.told(Ready)] == ["told", "other"]


def test_where_memory_runs_short_the_small_engine_goes_before_the_size_does(bench):
    bench = bench()
    assert bench.run()
    bench.engines[1].raises = MemoryError()
    assert not bench.run()
    assert len(bench.told(NoRough)) == 1 and not bench.told(SteppedDown)

    bench.submit(UseEngine(EngineChoice("other")))
    assert bench.run()
    bench.engines[2].raises = MemoryError()  # the one in use, while there are two
    assert not bench.run(is_rough=False)
    assert len(bench.told(NoRough)) == 2 and not bench.told(SteppedDown)
    bench.engines[2].raises = MemoryError()
    assert not bench.run()
    assert [each.size for each in bench.told(SteppedDown)] == [384]
    assert bench.sizes[-1] == 384 and not bench.told(Failed)


# In processes of their own


def children():
    return {each.pid for each in psutil.Process().children()}


class RemoteBench(Bench):
    """The same with engines in processes."""

    def __init__(self):
        super().__init__(load=self.load)

    def load(self, name, size):
        self.engines.append(load_remote("hold", size=size))
        return self.engines[-1]


def test_closing_amid_rough_masks_ends_both_processes():
    before, bench = children(), RemoteBench()
    assert not bench.run(is_rough=False)
    bench.submit(Propagate(tuple(plan([0], 0, FRAMES - 1)), 1, is_rough=True))
    assert bench.until(Segmented).is_rough
    assert len(children() - before) == 2
    bench.worker.close()

    assert children() <= before


def test_a_small_engine_whose_process_ends_is_done_without(caplog):
    bench = RemoteBench()
    assert bench.run()
    bench.engines[1]._child._process.kill()

    assert not bench.run() and not bench.run()
    assert len(bench.told(NoRough)) == 1 and not bench.told(Restarted)
    assert len(bench.told(Ready)) == 1 and len(bench.engines) == 2
    bench.worker.close()


def test_if_the_process_of_the_one_in_use_ends_another_one_takes_its_place():
    bench = RemoteBench()
    assert bench.run()
    bench.engines[0]._child._process.kill()

    assert not bench.run(is_rough=False)
    assert len(bench.told(NoRough)) == len(bench.told(Restarted)) == 1
    assert len(bench.told(Ready)) == 2
    bench.worker.close()
