"""A document with a bridge to an engine that is quick and predictable: for tests of the bridge."""

import threading

import numpy as np

from tests.engine.fakes import ShadeVideo, ToldEngine
from vos_annotator.core.project import Project
from vos_annotator.engine.hold import HoldEngine
from vos_annotator.engine.propagation import plan, propagate
from vos_annotator.ui.bridge import EngineBridge
from vos_annotator.ui.document import Document

FRAMES = 24


class Counted(HoldEngine):
    """Holds still, notes what it is asked for, and waits at a gate while that is shut."""

    def __init__(self, size=480):
        super().__init__(size)
        self.visited = []
        self.told = ToldEngine(size)
        self.raises = None

    def segment(self, frame, image, absent=()):
        if self.raises is not None:
            error, self.raises = self.raises, None
            raise error
        self.visited.append(frame)
        if self.told.is_gated:
            self.told.segment(frame, image)
        return super().segment(frame, image)


class Desk:
    """A document of objects 1 and 2, a bridge and its engine."""

    def __init__(self, qtbot, tmp_path, engine, frames):
        self.qtbot, self.engine = qtbot, engine
        project = Project.create(tmp_path / f"shades-{frames}.vos", ShadeVideo(frames))
        self.document = Document(project)
        for _ in range(2):
            self.document.add_object()
        self.annotations = self.document.annotations
        self.bridge = EngineBridge(self.document, "counted", load=self.load)
        self.progress, self.messages, self.failures = [], [], []
        self.bridge.progress.connect(self.progress.append)
        self.bridge.message.connect(self.messages.append)
        self.bridge.failed.connect(lambda *what: self.failures.append(what))

    def load(self, name, size):
        return self.engine

    def close(self):
        gate = getattr(self.engine, "told", self.engine)
        gate.open_gate()
        self.bridge.close()
        self.document.project.close()
        assert not [t for t in threading.enumerate() if t.name == "inference"]

    def paint(self, frame, object_id=1, top=2, size=8):
        after = self.annotations[frame].copy()
        after[after == object_id] = 0
        after[top : top + size, 4 : 4 + size] = object_id
        self.document.paint(frame, after, "Paint")

    def finish(self):
        """Wait until nothing runs and nothing is about to."""
        self.qtbot.waitUntil(
            lambda: not self.bridge.busy and not self.bridge._pause.isActive(), timeout=20_000
        )

    def run(self, **how):
        self.bridge.propagate(**how)
        self.finish()

    def shut_gate(self):
        self.engine.told.is_gated = True

    def let_through(self, frames):
        """Have so many frames done and landed, and the engine wait in the next one."""
        landed = len(self.progress)
        for _ in range(frames):
            assert self.engine.told.reached.acquire(timeout=20)
            self.engine.told.let_through()
        self.qtbot.waitUntil(lambda: len(self.progress) >= landed + frames, timeout=20_000)

    def masks(self):
        return {f: self.annotations[f].tobytes() for f in range(self.annotations.frame_count)}

    def stale(self):
        found = {f: set(self.annotations.stale(f)) for f in range(self.annotations.frame_count)}
        return {frame: ids for frame, ids in found.items() if ids}

    def storm(self, seed, most, *others):
        """Correct, undo, redo or do one of `others` at random, each after up to `most` frames.

        In the end nothing is stale, and a run gives the masks of the last references.
        """
        rng = np.random.default_rng(seed)

        def correct():
            self.paint(int(rng.integers(FRAMES)), int(rng.integers(1, 3)), int(rng.integers(0, 15)))

        deeds = (correct, correct, self.document.undo, self.document.redo, *others)
        self.paint(int(rng.integers(FRAMES)))
        self.bridge.propagate()
        for _ in range(8):
            landed = len(self.progress) + int(rng.integers(1, most + 1))
            self.qtbot.waitUntil(
                lambda n=landed: len(self.progress) >= n or not self.bridge.busy, timeout=20_000
            )
            deeds[rng.integers(len(deeds))]()
        if not self.annotations.references:
            self.document.keep(0)
        self.finish()
        listed = set(self.document.objects.ids)
        assert not any(listed & ids for ids in self.stale().values())
        self.run()
        assert self.masks() == self.undisturbed()

    def correct_beside_a_lock(self, then=lambda: None):
        """Correct object 1 while 2 is locked, `then` do something: 2 keeps its masks."""
        self.paint(0, 1)
        self.paint(0, 2, top=14)
        self.run()
        before = {f: self.annotations[f] == 2 for f in range(FRAMES)}
        self.document.update_object(2, locked=True)
        self.paint(12, 1, top=0, size=4)
        self.finish()
        then()
        for frame in range(FRAMES):
            np.testing.assert_array_equal(self.annotations[frame] == 2, before[frame])
        assert (self.annotations[13][:4, 4:8] == 1).all()

    def undisturbed(self, first=0, last=FRAMES - 1):
        """Return the masks that these references give without a window, by frame."""
        engine = HoldEngine()
        references = self.annotations.references
        for frame in references:
            engine.memorize(frame, self.document.video[frame], self.annotations[frame])
        found = propagate(engine, self.document.video, plan(references, first, last))
        finals = {frame: each.label_map().tobytes() for frame, each, final in found if final}
        return finals | {f: self.annotations[f].tobytes() for f in references}
