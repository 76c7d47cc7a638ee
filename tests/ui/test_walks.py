"""Whatever people do in whatever order, a correction counts, and what they said stays as it is.

Each walk is another one by its seed; `WALKS=1000` has so many walked. They are held against runs
of fresh projects in which people said the same. What may differ from these, by design:

- masks of locked objects, and imported ones of objects that no reference shows: runs leave them
- masks of objects that nobody meant: a frame painted for one is a reference for all that it shows,
  and passes begin at it; what is computed of the others stays until it is asked for
- masks of a range that neither begins nor ends at a reference, and of spans with empty frames
- other masks that people put into predictions: imported, interpolated
"""

import os

import numpy as np
import pytest

from tests.drill.witness import digest
from tests.engine.echo import Echo, nearest
from tests.engine.fakes import SHAPE, ShadeVideo
from tests.ui.wanderer import FRAMES, Wanderer
from tests.ui.window import isolate_settings
from vos_annotator.core.edits import AbsenceEdit, FrameEdit, ObjectsEdit, Status, VideoObject
from vos_annotator.core.object_flags import pack
from vos_annotator.core.project import Project
from vos_annotator.core.reach import irreplaceable, irreplaceable_at
from vos_annotator.engine.headless import propagate
from vos_annotator.engine.merging import merged
from vos_annotator.ui import bridge, gathering, inference, rough_first

STEPS = 30


def said(project):
    """Return what people said: masks of references, objects, and where these are absent."""
    known, ids = project.annotations, project.objects.ids
    masks = {frame: known[frame].tobytes() for frame in known.references}
    return masks, tuple(project.objects), {i: known.absences.frames(i).tobytes() for i in ids}


def shown(project):
    """Return the masks of all frames, and who answers for them."""
    known = project.annotations
    return [(known.status(frame), known[frame].tobytes()) for frame in range(FRAMES)]


def protected(project):
    """Return the masks that no run may change: (object, frame) -> mask."""
    known, objects = project.annotations, project.objects
    return {
        (i, frame): known.stored(frame) == i
        for i in objects.ids
        for frame in irreplaceable_at(known, objects, i)
    }


def fresh_run(project, folder):
    """Return the label maps that a run gives in a new project in which the same is said."""
    known, blank = project.annotations, np.zeros(SHAPE, np.uint8)
    for each in folder.glob("fresh.vos*"):
        each.unlink()
    with Project.create(folder / "fresh.vos", ShadeVideo(FRAMES)) as fresh:
        listed = tuple(VideoObject(each.id, each.name, each.color) for each in project.objects)
        fresh.apply(ObjectsEdit(listed))
        for frame in known.references:
            fresh.apply(FrameEdit.between(frame, blank, known[frame]))
        for i in project.objects.ids:
            fresh.apply(AbsenceEdit(i, range(FRAMES), pack(known.absences.frames(i))))
        propagate(fresh, Echo())
        return [fresh.annotations[frame].copy() for frame in range(FRAMES)]


def reads(project):
    """Return of each object what is read for each frame, and for the whole span of each."""
    known, found = project.annotations, {}
    maps = {frame: known[frame] for frame in known.references}
    spans = [known.span(frame) for frame in range(FRAMES)]
    for i in project.objects.ids:
        away = known.absences.frames(i)
        shows = {f: (each == i).tobytes() for f, each in maps.items() if (each == i).any()}
        padded = np.pad(away, 1)
        ends = np.flatnonzero(away & ~(padded[:-2] & padded[2:])).tolist()
        own = [
            bool(away[frame])
            or (
                [(f, shows.get(f)) for f in (min(shows, default=None), *nearest(shows, frame))],
                nearest(ends, frame),
            )
            for frame in range(FRAMES)
        ]
        found[i] = own, [(span, own[span[0] + 1 : span[1]]) for span in spans]
    return found


class Watched(Wanderer):
    """A wanderer who is watched at each step.

    Attributes:
        may_differ: (256, FRAMES) where an object may differ from what a fresh run gives.
    """

    def __init__(self, folder, seed):
        self.may_differ = np.zeros((256, FRAMES), bool)
        self._might_differ = {}  # steps done -> where they might then
        self._deleted = {}  # steps done -> the masks that the next one took, and no run gives
        self._is_stopped, self._touched = False, set()
        super().__init__(folder, seed)
        self._note()

    def open(self, project):
        super().open(project)
        self.document.reference_changed.connect(lambda _, ids: self._touched.update(ids))

    def do(self, deed):
        super().do(deed)
        self.check_runs()

    # Whatever runs do

    def _note(self):
        self._kept = said(self.project), protected(self.project), self.project.history.done

    def check_runs(self):
        """No run changes what people said, nor masks that it could not give again."""
        assert not self.failures
        now, masks, done = self._kept
        assert said(self.project) == now and self.project.history.done == done
        for (i, frame), mask in masks.items():
            np.testing.assert_array_equal(self.known.stored(frame) == i, mask, f"{i} on {frame}")

    # Whatever people do

    def edit(self, make):
        self.check_runs()
        before, masks, read = self.project.history.done, self._stored(), reads(self.project)
        absent, dear, might = said(self.project)[2], protected(self.project), self.may_differ.copy()
        self._touched = set()
        super().edit(make)
        after = self.project.history.done
        if after < before:
            self._check_deletion(after)
        elif after > before and make != self.document.redo:
            self._forget_from(before)
            self._deleted[before] = {k: m for k, m in dear.items() if k[0] not in self.objects}
        self._doubt_unmeant(read, self._meant(absent))
        self._might_differ[before] = might
        then = self._might_differ.get(after, np.ones_like(might))
        for frame, (was, now) in enumerate(zip(masks, self._stored(), strict=True)):
            if was != now and self.known.status(frame) is Status.PREDICTION:
                self.may_differ[:, frame] = then[:, frame]  # undo brings back what was
        self._note()

    def _stored(self):
        known = self.known
        return [(known.status(frame), known.stored(frame).tobytes()) for frame in range(FRAMES)]

    def _check_deletion(self, position):
        """An object that comes back has the masks that no run gives again."""
        for (i, frame), mask in self._deleted.get(position, {}).items():
            np.testing.assert_array_equal(self.known.stored(frame) == i, mask, f"{i} on {frame}")

    def _forget_from(self, position):
        """What was taken back is not made again any more."""
        for known in (self._might_differ, self._deleted):
            for each in [each for each in known if each > position]:
                del known[each]

    def _meant(self, were_absent):
        """Return the objects of which references or absences say something else than before."""
        now = said(self.project)[2]
        moved = {i for i in now.keys() & were_absent.keys() if now[i] != were_absent[i]}
        self._is_stopped &= not moved | self._touched
        return moved | self._touched

    def _doubt_unmeant(self, before, meant=frozenset()):
        """Masks that nobody meant stay, though something else would be read for them now."""
        for i, (_, spans) in reads(self.project).items():
            if i not in meant:
                was = before[i][1] if i in before else [None] * FRAMES
                self.may_differ[i] |= [a != b for a, b in zip(was, spans, strict=True)]

    def _note(self):
        """Keep what runs are not to change; those in spans with empty frames begin anywhere."""
        for frame in np.flatnonzero(self.known.statuses == Status.EMPTY).tolist():
            left, right = self.known.span(frame)
            self.may_differ[:, left + 1 : right] = True
        self._kept = said(self.project), protected(self.project), self.project.history.done

    def run(self, frames=range(FRAMES), origin=None, ids=None):
        if frames != range(FRAMES):
            self.may_differ[:, frames.start : frames.stop] = True
        has_begun = super().run(frames, origin, ids)
        self._is_stopped &= not has_begun
        return has_begun

    def run_to_the_end(self):
        """A run of everything leaves no doubt but of what it is to leave."""
        super().run_to_the_end()
        if self.known.references:
            ids = set(self.objects.ids) - irreplaceable(self.known, self.objects)
            self.may_differ[list(ids)] = False
            self._note()
            self.check_rest()

    def stop(self):
        super().stop()
        self._is_stopped = True

    def switch_refresh(self):
        super().switch_refresh()
        self._is_stopped &= not self.bridge.refresh.is_on

    def rest(self):
        super().rest()
        self.check_runs()
        self.check_rest()

    def check_rest(self):
        """Nothing is stale that may be computed, and the rest is as a fresh run gives it."""
        known, free = self.known, set(self.objects.ids) - self.objects.locked_ids
        if not known.references:
            return
        if self.bridge.refresh.is_on and not self._is_stopped:
            assert not any(known.stale(frame) & free for frame in range(FRAMES))
        fresh, kept = fresh_run(self.project, self.folder), protected(self.project)
        for frame in np.flatnonzero(known.statuses == Status.PREDICTION).tolist():
            for i in free - known.stale(frame):
                if not self.may_differ[i, frame] and (i, frame) not in kept:
                    name = f"object {i} on frame {frame}"
                    np.testing.assert_array_equal(known[frame] == i, fresh[frame] == i, name)

    def reopen(self):
        """A project is what it was when it is opened again."""
        self.bridge.close()
        self.check_runs()
        before = digest(self.project)
        super().reopen()
        assert digest(self.project) == before

    def merge(self):
        """Predictions are stale where they would be other ones in what both projects come to."""
        self.check_runs()
        project, read = self.project, reads(self.project)
        computed, nothing = self.known.statuses == Status.PREDICTION, ([None] * FRAMES,) * 2
        super().merge()
        if self.project is project:
            return
        for i, now in reads(self.project).items():
            (own, spans), (was_own, was_spans) = now, read.get(i, nothing)
            for frame in range(FRAMES):
                is_same = own[frame] == was_own[frame] and spans[frame] != was_spans[frame]
                self.may_differ[i, frame] |= is_same or i not in read or not computed[frame]
        self._is_stopped = False
        self._might_differ.clear()
        self._deleted.clear()
        self._note()

    # In the end

    def check_whole_run(self):
        """A run of everything gives what a fresh one does, but for what it is to leave."""
        self.bridge.refresh.is_on = True
        if not self.known.references:
            self.edit(lambda: self.document.keep(0))
        self.may_differ[:] = True
        self.run_to_the_end()
        fresh, kept, known = (
            fresh_run(self.project, self.folder),
            protected(self.project),
            self.known,
        )
        ids = set(self.objects.ids) - irreplaceable(known, self.objects)
        for frame in set(range(FRAMES)).difference(known.references) if ids else ():
            free = ids - {i for i, of_frame in kept if of_frame == frame}
            expected = merged(fresh[frame], known[frame], free)
            np.testing.assert_array_equal(known[frame], expected, f"frame {frame}")

    def check_history(self):
        """To undo everything leaves nothing; to redo it brings the last of it back, to the byte."""
        self.bridge.refresh.is_on = False
        self.stop()
        Wanderer.rest(self)
        history = self.project.history
        while history.can_redo:
            self.document.redo()
        last = said(self.project), shown(self.project)
        while history.can_undo:
            self.document.undo()
        assert said(self.project) == ({}, (), {})
        while history.can_redo:
            self.document.redo()
        assert (said(self.project), shown(self.project)) == last
        self._note()


@pytest.fixture
def quick(qapp, tmp_path, monkeypatch):
    """Let pauses be short, and masks come in one by one; settings are as at first afterwards."""
    isolate_settings(tmp_path / "settings")
    for module, name in (
        *((bridge, "REFRESH_PAUSE"), (bridge, "_WARM_UP_DELAY"), (rough_first, "PAUSE")),
        *((inference, "VISIT"), (gathering, "VISIT")),
    ):
        monkeypatch.setattr(module, name, 0 if name == "VISIT" else 2)
    yield
    isolate_settings(tmp_path / "settings")


@pytest.mark.parametrize("seed", range(int(os.environ.get("WALKS", 3))))
def test_whatever_people_do_corrections_count_and_nothing_that_they_said_is_changed(
    quick, tmp_path, seed
):
    walked = Watched(tmp_path, seed)
    try:
        walked.walk(STEPS)
        walked.check_whole_run()
        walked.check_history()
        walked.check_whole_run()
    except BaseException as error:
        error.add_note(f"after {' '.join(walked.log)}")
        raise
    finally:
        walked.close()
