"""A person who does anything at any time, by chance: for walks through the program."""

import time
from functools import partial

import numpy as np
from PySide6.QtCore import QCoreApplication

from tests.engine.echo import Echo, place_of
from tests.engine.fakes import SHAPE, ShadeVideo
from vos_annotator.core.corrections import prediction_edits, release_edits
from vos_annotator.core.edits import FrameEdit, Status
from vos_annotator.core.masks import encode_png, shielded
from vos_annotator.core.merging_projects import Merge, Preference
from vos_annotator.core.project import Project
from vos_annotator.core.reach import irreplaceable_at
from vos_annotator.core.shapes import between, with_mask
from vos_annotator.engine.headless import propagate
from vos_annotator.engine.landing import runnable
from vos_annotator.ui.big_change import BigChange
from vos_annotator.ui.bridge import EngineBridge
from vos_annotator.ui.document import Document

FRAMES, MOST = 16, 10  # objects, deleted ones included

EDITS = (
    *("paint", "paint_several", "erase", "copy", "keep", "release", "accept_range"),
    *("release_range", "add", "delete", "lock", "hide", "absent", "interpolate"),
    *("import_references", "import_predictions", "undo_many", "redo_many"),
)
OTHERS = (
    *("run_all", "run_range", "run_one_frame", "run_from_here", "run_objects", "stop"),
    *("switch_refresh", "reopen", "copy_project", "merge"),
)
ALWAYS = ("paint", "undo", "redo"), ("run_to_the_end", "run_to_the_end", "rest", "rest")


class Wanderer:
    """A person at a document with a bridge; each knows a part of all that can be done.

    Whoever watches overrides what is to be looked at: `edit`, `run`, `rest`, `merge` and so on.
    """

    def __init__(self, folder, seed):
        self.folder, self.rng, self.log = folder, np.random.default_rng(seed), []
        share, self.haste = self.rng.choice([0.3, 0.5, 1.0]), self.rng.choice([0.1, 0.5, 0.9])
        self.deeds = [
            (*(each for each in some if self.rng.random() < share), *always)
            for some, always in zip((EDITS, OTHERS), ALWAYS, strict=True)
        ]
        self.has_rough, self.merges = self.rng.random() < 0.3, 0
        self.open(Project.create(folder / "walk.vos", ShadeVideo(FRAMES)))

    def open(self, project):
        self.project, self.document = project, Document(project)
        self.known, self.objects = project.annotations, project.objects
        self.bridge = EngineBridge(self.document, "echo", load=lambda _, size: Echo(size))
        self.bridge.rough_first.is_on = self.has_rough
        self.failures = []
        self.bridge.failed.connect(lambda *what: self.failures.append(what))

    def close(self):
        self.bridge.close()
        self.project.close()

    def walk(self, steps):
        """Begin with some objects and masks, and do something `steps` times."""
        for _ in range(3):
            self.add()
        for deed in ("paint_several", "paint_several", "run_to_the_end")[self.rng.integers(2) :]:
            self.do(deed)
        for _ in range(steps):
            edits, others = self.deeds
            self.do(self.one_of(edits if self.rng.random() < 0.7 else others))
            if self.rng.random() > self.haste:
                self.wait(frames=int(self.rng.integers(1, 20)))

    def do(self, deed):
        self.log.append(deed)
        getattr(self, deed)()

    # By chance

    def one_of(self, some):
        return some[self.rng.integers(len(some))]

    def some_of(self, some):
        return [each for each in some if self.rng.random() < 0.6]

    def some_frame(self):
        return int(self.rng.integers(FRAMES))

    def some_range(self):
        first, last = sorted((self.some_frame(), self.some_frame()))
        return range(first, last + 1)

    def some_object(self):
        """Return an object that may be changed; 0 if there is none, which is nothing."""
        return self.one_of([i for i in self.objects.ids if not self.document.refusal(i)] or [0])

    def with_noise(self, label_map, ids):
        """Return a label map in which objects have some pixels of their places."""
        for each in ids:
            mask = np.zeros(SHAPE, bool)
            mask[place_of(each)] = self.rng.random(mask[place_of(each)].shape) < 0.5
            label_map = with_mask(label_map, each, mask)
        return label_map

    # Edits

    def edit(self, make):
        """Have something made that can be undone."""
        make()
        self.document.settle()

    def change(self, edits):
        """Make many edits as the window's jobs do, while what was computed comes in."""
        note = partial(self.document.history.push, "Change")
        change = BigChange("Change", self.document, iter(edits), len(edits), note)
        change.start()
        while self.document.finish_change is not None:
            QCoreApplication.processEvents()

    def paint(self):
        self._paint([self.some_object()])

    def paint_several(self):
        self._paint(self.some_of(i for i in self.objects.ids if not self.document.refusal(i)))

    def _paint(self, ids):
        frame = self.some_frame()
        after = self.with_noise(self.known[frame], [i for i in ids if i])
        self.edit(lambda: self.document.paint(frame, after, "Paint"))

    def erase(self):
        frame, object_id = self.some_frame(), self.some_object()
        self.edit(lambda: self.document.clear_object(frame, object_id))

    def copy(self):
        frame, source, object_id = self.some_frame(), self.some_frame(), self.some_object()
        if object_id:
            self.edit(lambda: self.document.copy_from(frame, source, object_id))

    def keep(self):
        frame = self.some_frame()
        self.edit(lambda: self.document.keep(frame))

    def release(self):
        frame = self.one_of(self.known.references or (0,))
        self.edit(lambda: self.document.release(frame))

    def accept_range(self):
        frames = [f for f in self.some_range() if self.known.status(f) is Status.PREDICTION]
        edits = [FrameEdit(frame, Status.REFERENCE) for frame in frames[:4]]
        self.edit(lambda: self.change(edits))

    def release_range(self):
        edits = release_edits(self.project, set(self.some_range()) & {*self.known.references})
        self.edit(lambda: self.change(edits))

    def add(self):
        if self.objects.highest_id < MOST:
            self.edit(self.document.add_object)

    def delete(self):
        """Delete an object; one with masks that nothing else gives, if there is any."""
        ids = [each.id for each in self.objects if not each.locked]
        dear = [i for i in ids if irreplaceable_at(self.known, self.objects, i)]
        if len(ids) > 1:
            object_id = self.one_of(dear or ids)
            self.edit(lambda: self.document.delete_object(object_id))

    def lock(self):
        for each in self.some_of(self.objects)[:1]:
            self.edit(partial(self.document.update_object, each.id, locked=not each.locked))

    def hide(self):
        for each in self.some_of(self.objects)[:1]:
            self.edit(partial(self.document.update_object, each.id, visible=not each.visible))

    def absent(self):
        frames, object_id, is_so = self.some_range(), self.some_object(), self.rng.random() < 0.6
        if object_id:
            self.edit(lambda: self.document.set_absent(object_id, frames, bool(is_so)))

    def interpolate(self):
        """Put shapes between two references, as the window does: what runs is stopped first."""
        (first, last), object_id = self.known.span(self.some_frame()), self.some_object()
        if first < 0 or last >= FRAMES or not object_id:
            return
        self.stop()
        ends, edits = [self.known[each] == object_id for each in (first, last)], []
        for frame in range(first + 1, last) if all(each.any() for each in ends) else ():
            if self.known.status(frame) is Status.REFERENCE:
                continue
            mask = between(*ends, (frame - first) / (last - first))
            png = encode_png(with_mask(self.known[frame], object_id, mask))
            stale = self.known.stale(frame) - {object_id}
            edits.append(FrameEdit(frame, Status.PREDICTION, png=png, stale=stale))
        self.edit(lambda: self.change(edits))

    def _imported(self):
        frames, ids = self.some_range()[:5], self.some_of(range(1, MOST))[:2]
        return {f: self.with_noise(np.zeros(SHAPE, np.uint8), ids) for f in frames}, ids

    def import_references(self):
        label_maps, _ = self._imported()
        self.edit(lambda: self.document.import_references(label_maps))

    def import_predictions(self):
        label_maps, ids = self._imported()
        protected = self.objects.protected_ids
        maps = ((f, shielded(self.known[f], each, protected)) for f, each in label_maps.items())
        edits = list(prediction_edits(self.project, maps, ids))
        self.edit(lambda: self.change(edits))

    def undo(self):
        if self.project.history.can_undo:
            self.edit(self.document.undo)

    def redo(self):
        if self.project.history.can_redo:
            self.edit(self.document.redo)

    def undo_many(self):
        for _ in range(self.rng.integers(2, 6)):
            self.undo()

    def redo_many(self):
        for _ in range(self.rng.integers(2, 6)):
            self.redo()

    # Runs

    def run(self, frames=range(FRAMES), origin=None, ids=None):
        """Ask for a run; return whether there is something to run."""
        return self.bridge.propagate(origin, frames[0], frames[-1], ids)

    def run_all(self):
        self.run()

    def run_range(self):
        self.run(self.some_range())

    def run_one_frame(self):
        self.run(range(first := self.some_frame(), first + 1))

    def run_from_here(self):
        self.run(frames := self.some_range(), self.one_of(frames))

    def run_objects(self):
        self.run(ids=self.some_of(self.objects.ids))

    def run_to_the_end(self):
        self.rest()
        self.run()
        self.rest()

    def stop(self):
        self.bridge.stop()

    def switch_refresh(self):
        self.bridge.refresh.is_on = bool(self.rng.random() < 0.6)

    def wait(self, frames):
        """Let some frames of what runs come in, or all that there are."""
        landed = []
        self.bridge.progress.connect(landed.append)
        self._until(lambda: len(landed) >= frames)
        self.bridge.progress.disconnect(landed.append)

    def rest(self):
        """Wait until nothing runs and nothing is about to."""
        self._until(lambda: False)

    def _until(self, is_enough):
        end = time.monotonic() + 60
        while self._is_busy() and not is_enough():
            QCoreApplication.processEvents()
            time.sleep(0.0002)  # s, for the worker
            assert time.monotonic() < end, "it runs and runs"

    def _is_busy(self):
        bridge = self.bridge
        return bridge.busy or bridge._pause.isActive() or bridge._warm_up.isActive()

    # Files

    def reopen(self):
        self.bridge.close()
        self.project.close()
        self.open(Project.open(self.project.path, ShadeVideo(FRAMES)))

    def copy_project(self):
        self.project.save_copy(self.folder / "copy.vos")

    def merge(self):
        """Go on with what this project and an older copy, in which others worked, come to."""
        path = self.folder / "copy.vos"
        if not path.exists():
            return
        self.bridge.close()
        self.merges += 1
        merged = self.folder / f"merged-{self.merges}.vos"
        with Project.open(path, ShadeVideo(FRAMES)) as other:
            ids = self.some_of(other.objects.ids)
            other.set_references({f: self.with_noise(other.annotations[f], ids) for f in (3, 9)})
            if self.rng.random() < 0.5 and runnable(other, None) != frozenset():
                propagate(other, Echo())
            Merge(self.project, other).save(merged, Preference(self.some_of(range(FRAMES))))
        self.project.close()
        self.open(Project.open(merged, ShadeVideo(FRAMES)))
