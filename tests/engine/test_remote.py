"""An engine in a process of its own does what it does here, and its end is not the program's."""

import logging
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.engine.fakes import SHAPE, ShadeVideo, square
from tests.engine.packages import entry, make_wheel, unpack
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.core.memory_budget import BUDGET
from vos_annotator.core.translation import use_language
from vos_annotator.engine import protocol
from vos_annotator.engine.commands import (
    Failed,
    Finished,
    Propagate,
    Ready,
    Restarted,
    Segmented,
    SetReference,
)
from vos_annotator.engine.hold import HoldEngine
from vos_annotator.engine.propagation import plan
from vos_annotator.engine.registry import load_engine
from vos_annotator.engine.remote import EngineDied, RemoteCatalogue, load_remote
from vos_annotator.engine.talk import FailedElsewhere
from vos_annotator.engine.worker import InferenceWorker

ABLE = '''
import gc, logging, os, signal, time
import numpy as np
from pathlib import Path
from vos_annotator.core.errors import UserError
from vos_annotator.core.memory_budget import BUDGET
from vos_annotator.engine.hold import HoldEngine

class Able(HoldEngine):
    """Can whatever an engine can, and says what it was given."""
    name = "able"
    def __init__(self, size=480, checkpoint="none"):
        super().__init__(size)
        self.provenance = {"checkpoint": checkpoint}
        self.denied = []
        self.sleep_if("load")
    def sleep_if(self, verb):
        if os.environ.get("ABLE_SLEEPS_IN") == verb:
            Path(os.environ["ABLE_SLEEPS"]).touch()
            time.sleep(60)
    def begin_pass(self):
        self.sleep_if("begin_pass")
        super().begin_pass()
    def deny(self, frame, image, ids):
        self.denied = [frame, image is not None, *sorted(ids)]
    def learn(self, references, cancelled=lambda: False):
        seen = [(n, int(image[0, 0, 0]), int(label.max())) for n, image, label in references]
        return seen == [(0, 0, 1), (2, 2, 2)] and not cancelled() and not cancelled()
    def unlearn(self):
        raise RuntimeError("there is nothing to forget")
    memory_mark = "mark"
    def remembered(self, frame):
        return bytes(range(256)) * 1000
    def recall(self, frame, content):
        return content == self.remembered(frame)
    def while_idle(self):
        raise MemoryError
    def settle(self):
        self.memory_mark = "settled"
    def refine(self, frame, image, label_map, reference):
        picture, labels = reference(frame + 1)
        assert not image.flags.writeable
        return label_map + labels + picture[..., 0] + np.uint8(len(self.denied))
    def segment(self, frame, image, absent=()):
        if 200 in absent:
            raise UserError("{path} is damaged: copy it again.", path="x")
        if 201 in absent:
            logging.getLogger("vos_annotator.able").warning("allowed %d", BUDGET.allowed)
            print("for nobody")
        if 202 in absent:
            raise UserError("{count} objects stay", count=gc.get_freeze_count())
        once = Path(os.environ.get("ABLE_DIES_ONCE", "-"))
        if frame == 5 and (os.environ.get("ABLE_DIES") or once.exists()):
            once.unlink(missing_ok=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().segment(frame, image, absent)
'''


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where an engine is installed that can whatever engines can."""
    folder = tmp_path_factory.mktemp("able")
    wheel = make_wheel(folder / "wheels", "able_package", ABLE, entry("able", "able_package:Able"))
    unpack(wheel, folder / "site")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder / "site")
        yield folder


@pytest.fixture(scope="module")
def engine(place):
    """That engine, in a process of its own."""
    engine = load_remote("able", size=48, checkpoint="some")
    yield engine
    engine.close()


def picture(frame, shape=SHAPE):
    return ShadeVideo(20, shape)[frame]


def process_of(engine):
    return engine._child._process


def test_it_says_what_the_engine_says_and_can_what_it_can(engine):
    assert (engine.name, engine.memory_mark) == ("able", "mark")
    assert engine.provenance == {"checkpoint": "some"}
    for kind in ("Segmentation", "Scribble", "Denying", "Learning", "Settling", "Refining"):
        assert isinstance(engine, getattr(protocol, f"{kind}Engine"))
    assert isinstance(engine, protocol.RecallingEngine)


def test_what_the_engine_cannot_it_cannot_and_one_that_is_killed_says_so_whatever_is_asked():
    engine, here = load_remote("hold", size=48), HoldEngine(48)
    for kind in ("Scribble", "Denying", "Learning", "Recalling", "Settling", "Refining"):
        kind = getattr(protocol, f"{kind}Engine")
        assert isinstance(engine, kind) == isinstance(here, kind)

    process_of(engine).kill()
    for _ in range(2):
        with pytest.raises(EngineDied, match=r"ended .*nothing is lost"):
            engine.begin_pass()
    assert engine.has_ended


@pytest.mark.parametrize("shape", [(24, 32), (480, 854)])  # with the message, and in shared memory
def test_what_it_gives_is_what_the_engine_gives_here_to_the_byte(engine, shape):
    here = load_engine("able", size=48)
    rng = np.random.default_rng(0)
    for each in (engine, here):
        each.memorize(3, picture(3, shape), square(4, 9, shape=shape))
        each.begin_pass()
    found, expected = (each.segment(4, picture(4, shape), [9]) for each in (engine, here))
    assert (found.ids, found.shape, found.is_carried) == (expected.ids, shape, True)
    assert found.at_most == expected.at_most and found.confidence == expected.confidence
    assert found.logits.dtype == np.float32 and found.logits.tobytes() == expected.logits.tobytes()

    strokes, current = rng.integers(0, 3, shape, np.uint8), rng.random(shape) > 0.5
    for mask in (current, None, current[::-1]):
        given = engine.scribble(4, picture(4, shape), strokes, mask)
        assert given.dtype == bool and given.flags.writeable
        np.testing.assert_array_equal(given, here.scribble(4, picture(4, shape), strokes, mask))
    engine.forget(3)
    assert engine.segment(4, picture(4, shape)).ids == ()


def test_what_it_asks_back_is_answered_before_it_goes_on(engine):
    engine.deny(7, picture(7), {2, 1})
    given = engine.refine(1, picture(1), square(1), lambda frame: (picture(frame), square(3)))
    np.testing.assert_array_equal(given, square(1) + square(3) + 2 + 4)

    references = [(0, picture(0), square(1)), (2, picture(2), square(2))]
    assert engine.learn(iter(references)) is True
    assert engine.learn(references[:1]) is False
    assert engine.learn(references, lambda: True) is False


def test_a_scribble_is_answered_while_it_learns(engine):
    masks = []

    def cancelled():
        strokes = square(1)
        masks.append(engine.scribble(0, picture(0), strokes, None))
        return False

    assert engine.learn([(0, picture(0), square(1)), (2, picture(2), square(2))], cancelled)
    assert len(masks) == 2 and masks[0].any()


def test_what_fails_in_what_it_asks_back_fails_here_as_it_is(engine):
    def lost(frame):
        raise UserError("Frame {frame} cannot be decoded: copy the video again.", frame=frame)

    with pytest.raises(UserError, match="Frame 2 cannot be decoded"):
        engine.refine(1, picture(1), square(1), lost)


def test_what_it_remembers_and_what_it_finds_out_comes_here(engine):
    content = engine.remembered(0)
    assert len(content) == 256_000 and engine.recall(0, content) and not engine.recall(0, b"")
    engine.settle()
    assert engine.memory_mark == "settled"


def test_its_failures_are_told_as_if_they_were_here(engine):
    with pytest.raises(UserError, match=r"x is damaged: copy it again\."):
        engine.segment(0, picture(0), [200])
    with pytest.raises(MemoryError):
        engine.while_idle()
    with pytest.raises(FailedElsewhere, match="there is nothing to forget") as failure:
        engine.unlearn()
    assert "able_package.py" in failure.value.__notes__[0]  # where it happened


def test_its_sentences_are_in_the_persons_language():
    use_language("de")
    try:
        with pytest.raises(UserError) as here:
            load_engine("magic")
        with pytest.raises(UserError) as there:
            load_remote("magic")
    finally:
        use_language("en")
    assert str(there.value) == str(here.value) and "magic" in str(there.value)


def test_its_log_is_the_programs_and_caches_there_take_what_is_allowed_here(
    engine, caplog, monkeypatch
):
    monkeypatch.setattr(BUDGET, "_allowed", 300 << 20)
    with caplog.at_level(logging.WARNING, "vos_annotator"):
        engine.segment(0, picture(0), [201])
    assert f"allowed {300 << 20}" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="as Linux tells it")
def test_it_gives_way_to_the_window_and_leaves_ctrl_c_to_it(engine):
    process = psutil.Process(process_of(engine).pid)
    assert process.nice() >= 10
    assert int(Path(f"/proc/{process.pid}/oom_score_adj").read_text()) > 0
    process.send_signal(signal.SIGINT)
    assert engine.recall(0, b"") is False  # it still answers


def test_what_it_made_at_its_start_is_not_looked_through_for_garbage_in_a_pass(engine):
    engine.memorize(0, picture(0), square(0))
    with pytest.raises(UserError) as told:
        engine.segment(1, picture(1), {202})

    assert int(str(told.value).split()[0]) > 10_000


def test_engines_are_described_without_being_loaded_here(place):
    catalogue = RemoteCatalogue()
    facts = catalogue.facts_of("able")
    assert (facts.package, facts.takes_checkpoint) == ("able_package", True)
    assert not facts.needs_checkpoint and facts.problem == ""
    assert "no engine magic" in catalogue.facts_of("magic").problem
    catalogue.close()
    assert "ended" in catalogue.facts_of("able").problem


class Bench:
    """A worker with a real engine in a real process."""

    def __init__(self, load=load_remote):
        self.loaded, self.seen = [], []
        self._make = load
        self.worker = InferenceWorker("able", ShadeVideo(10), load=self._load)
        for frame, object_id in ((0, 1), (9, 2)):
            reference = SetReference(frame, encode_png(square(object_id)))
            self.worker.submit(reference)
        self.worker.start()

    def _load(self, *how, **more):
        self.loaded.append(self._make(*how, **more))
        return self.loaded[-1]

    def run(self, revision=1):
        """Propagate; return what came of it, and the masks."""
        self.worker.submit(Propagate(tuple(plan([0, 9], 0, 9)), revision))
        masks = {}
        while True:
            result = self.worker.results.take(timeout=60)
            assert result is not None, self.seen
            self.seen.append(result)
            if isinstance(result, Segmented) and result.final:
                masks[result.frame] = result.png
            if isinstance(result, Finished | Failed):
                return result, masks


def test_a_pass_whose_engine_is_killed_goes_on_with_another_one_and_loses_nothing(
    place, monkeypatch
):
    alone = Bench(load_engine)
    _, expected = alone.run()
    alone.worker.close()
    once = place / "once"
    once.touch()
    monkeypatch.setenv("ABLE_DIES_ONCE", str(once))
    bench = Bench()
    finished, masks = bench.run()

    assert isinstance(finished, Finished) and not finished.cancelled and not once.exists()
    assert [type(each) for each in bench.seen if isinstance(each, Ready | Restarted)] == [
        Ready,
        Restarted,
        Ready,
    ]
    assert masks == expected and len(masks) == 8

    monkeypatch.setenv("ABLE_DIES", "always")  # what is asked ends each: no one asks for ever
    process_of(bench.loaded[-1]).kill()
    failed, _ = bench.run(2)
    assert isinstance(failed, Failed) and "SIGKILL" in failed.message and failed.report == ""
    assert len(bench.loaded) == 3

    monkeypatch.delenv("ABLE_DIES")
    finished, masks = bench.run(3)
    assert isinstance(finished, Finished) and masks == expected
    bench.worker.close()
    assert all(process_of(each).returncode is not None for each in bench.loaded)


@pytest.mark.parametrize("verb", ["load", "begin_pass"])
def test_closing_waits_for_nothing_that_an_engine_does_and_leaves_no_process_behind(
    place, tmp_path, monkeypatch, caplog, verb
):
    sleeps, others = tmp_path / "sleeps", set(psutil.Process().children())
    monkeypatch.setenv("ABLE_SLEEPS_IN", verb)
    monkeypatch.setenv("ABLE_SLEEPS", str(sleeps))
    bench = Bench()
    bench.worker.submit(Propagate(tuple(plan([0, 9], 0, 9)), 1))
    until = time.monotonic() + 60
    while not sleeps.exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert sleeps.exists() and set(psutil.Process().children()) - others
    started = time.monotonic()
    bench.worker.close()

    assert time.monotonic() - started < 10
    assert set(psutil.Process().children()) <= others
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


PARENT = """
import sys, time
from vos_annotator.engine.remote import load_remote
engine = load_remote("hold", size=48)
print(engine._child._process.pid, flush=True)
time.sleep(60)
"""


def test_it_ends_when_the_window_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    engine = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    assert psutil.wait_procs([engine], timeout=20)[0]
