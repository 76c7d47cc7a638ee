"""Two people's projects of one video, made one: what both say, and where they disagree.

For: the `merge` command and the window. Knows projects; no Qt, no torch.

Objects are the same if their names are. What one project alone says is taken. Where both say of
a frame what cannot both be, that is a conflict: it is listed, and nobody but the person who
merges decides it, by naming the project that is preferred there.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import numpy as np

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.corrections import listing_edits
from vos_annotator.core.database_place import parts
from vos_annotator.core.edits import (
    Edit,
    Edits,
    ReviewEdit,
    ReviewSpan,
    ReviewState,
    Status,
    VideoObject,
)
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import LabelMap, encode_png
from vos_annotator.core.merging_absences import absences_edits
from vos_annotator.core.merging_reviews import merged_reviews, review_pairs
from vos_annotator.core.merging_staleness import never_computed, older_predictions
from vos_annotator.core.objects import MOST
from vos_annotator.core.project import Project
from vos_annotator.core.translation import tr, tr_many

_AT_ONCE = 50  # references that are held in memory
_STEP = "Merge"  # of undo


@dataclass(frozen=True)
class Conflict:
    """What two projects say of a frame that cannot both be.

    Attributes:
        frame: Which frame; the first, of a review.
        names: The objects it is about; none, of a review.
        what: In words.
        is_open: Whether a preference decides it; else the words say what counts.
        last: The last frame, of a review.
    """

    frame: int
    names: tuple[str, ...]
    what: str
    is_open: bool = True
    last: int | None = None

    @property
    def frames(self) -> str:
        """The frames in words."""
        return f"{self.frame}" if self.last in (None, self.frame) else f"{self.frame}-{self.last}"

    def __str__(self) -> str:
        """Return a line for people."""
        about = f"{', '.join(self.names)}: " if self.names else ""
        word = "frame" if self.last in (None, self.frame) else "frames"
        return f"{word} {self.frames}: {about}{self.what}"


@dataclass(frozen=True)
class Preference:
    """Where a person had the second project count; everywhere else it is the first.

    Attributes:
        frames: Of masks.
        reviews: The first frames of conflicts of the review.
    """

    frames: Container[int] = ()
    reviews: Container[int] = ()


class Merge:
    """What two projects come to.

    Attributes:
        objects: Of both; those of the first keep their ids.
    """

    def __init__(self, first: Project, second: Project) -> None:
        """Match the objects by their names.

        Raises:
            UserError: A name is there twice in one project, or there are too many objects.
        """
        self._first, self._second = first, second
        ids = {each.name: each.id for each in _named(first).values()}
        others = _named(second)
        self.objects = list(first.objects)
        self._table = np.zeros(256, np.uint8)  # the second's ids -> the merged ones
        for name, each in others.items():
            if name not in ids:
                ids[name] = self._free_id(each.id)
                self.objects.append(replace(each, id=ids[name]))
            self._table[each.id] = ids[name]
        self._names = {each.id: each.name for each in self.objects}
        theirs = frozenset(int(self._table[each]) for each in second.objects.ids)
        self._ids = frozenset(first.objects.ids), theirs

    def _free_id(self, wanted: int) -> int:
        """Return `wanted`, or the lowest id that is free; those of deleted objects come last."""
        taken = {each.id for each in self.objects}
        free = [each for each in (wanted, *range(1, MOST + 1)) if each not in taken]
        if not free:
            raise UserError(
                "Both projects together have more than {most} objects: give fewer.",
                most=MOST,
            )
        return min(free, key=lambda each: each in self._first.objects.used)

    def conflicts(
        self, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> Iterator[Conflict]:
        """Yield every conflict, frame by frame, then those of the review."""
        for frame in range(count := self._first.video.frame_count):
            progress(frame, count)
            yield from self._merged(frame, prefers_second=False)[1]
            yield from self._away(frame)
        for pair in review_pairs(self._first.reviews, self._second.reviews):
            if pair.is_conflict:
                what = tr(
                    "review: {first} in one project, {second} in the other",
                    first=_said(pair.ours),
                    second=_said(pair.theirs),
                )
                yield Conflict(pair.ours.first, (), what, last=pair.ours.last)

    def save(
        self,
        path: Path,
        prefers: Preference,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> int:
        """Write what both come to as a new project; return how many references it has.

        Raises:
            UserError: It cannot be written. Whatever is raised, then nothing is there.
        """
        self._first.save_copy(path)
        try:
            with Project.open(path, self._first.video.fork()) as merged:
                self.write(merged, prefers, progress)
                return len(merged.annotations.references)
        except BaseException:
            for part in parts(path):
                part.unlink(missing_ok=True)
            raise

    def write(
        self,
        into: Project,
        prefers: Preference,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Bring a project, which is a copy of the first, up to what both come to."""
        new = self.objects[len(self._first.objects) :]
        _do(into, Edits(tuple(listing_edits(into, new))))
        frames = iter(range(count := self._first.video.frame_count))
        while some := list(islice(frames, _AT_ONCE)):
            progress(some[0], count)
            self._write(into, some, prefers.frames)
        _do(into, Edits(tuple(absences_edits(self._first, self._second, into, self._table))))
        of_first = older_predictions(self._first, into, np.arange(256, dtype=np.uint8))
        of_second = older_predictions(self._second, into, self._table, preferred=self._first)
        new = never_computed(self._first, self._second, into, self._table)
        for object_id, older in chain(of_first, of_second, new):
            into.mark_stale(older, [object_id])
        spans = merged_reviews(self._first.reviews, self._second.reviews, prefers.reviews)
        known = into.reviews
        new = [each for each in spans if known.within(each.first, each.last) != (each,)]
        if new:
            _do(into, Edits(tuple(ReviewEdit((each,)) for each in new)))

    def _away(self, frame: int) -> Iterator[Conflict]:
        """Yield the objects that one project says are absent, and the other's reference shows."""
        projects = self._first.annotations, self._second.annotations
        for away, shown in (projects, projects[::-1]):
            if shown.status(frame) is not Status.REFERENCE:
                continue
            for object_id in sorted(self._merged_ids(away, away.absences.at(frame))):
                if object_id in self._merged_ids(shown, np.unique(shown[frame]).tolist()):
                    names = (self._names[object_id],)
                    what = tr("absent in one project, drawn in the other: the drawing counts")
                    yield Conflict(frame, names, what, is_open=False)

    def _merged_ids(self, annotations: Annotations, ids: Iterable[int]) -> set[int]:
        """Return what the ids of a project are after the merge."""
        is_first = annotations is self._first.annotations
        return {i if is_first else int(self._table[i]) for i in ids} - {0}

    def _write(self, into: Project, frames: list[int], of_second: Container[int]) -> None:
        first, second = self._first.annotations, self._second.annotations
        references: dict[int, LabelMap] = {}
        for frame in frames:
            labels, _, status = self._merged(frame, frame in of_second)
            if labels is None:
                continue
            if status is Status.REFERENCE:
                references[frame] = labels
            else:
                theirs = second.confidence(frame).items()
                told = {int(self._table[i]): c for i, c in theirs if self._table[i]}
                told |= first.confidence(frame)
                stale = into.annotations.stale(frame)
                into.predict(frame, encode_png(labels), told, "merge", stale=stale)
        into.set_references(references, _STEP)

    def _merged(
        self, frame: int, prefers_second: bool
    ) -> tuple[LabelMap | None, list[Conflict], Status]:
        """Return a frame's label map if it is not the first's as it is, and what is against it."""
        known = self._first.annotations, self._second.annotations
        status = tuple(each.status(frame) for each in known)
        if status[1] is Status.EMPTY:
            return None, [], status[0]
        ours = known[0][frame]
        theirs = self._table[known[1][frame]]
        if status[0] is Status.EMPTY:
            return theirs, [], status[1]
        if status == (Status.REFERENCE, Status.REFERENCE):
            return self._both(frame, ours, theirs, prefers_second)
        if Status.REFERENCE in status:
            return self._one(frame, ours, theirs, status.index(Status.REFERENCE))
        only = list(self._ids[1] - self._ids[0])
        merged = np.where((ours == 0) & np.isin(theirs, only), theirs, ours)
        return (None if np.array_equal(merged, ours) else merged), [], Status.PREDICTION

    def _both(
        self, frame: int, ours: LabelMap, theirs: LabelMap, prefers_second: bool
    ) -> tuple[LabelMap | None, list[Conflict], Status]:
        """Merge two references: each object as whoever knows it drew it."""
        shared = self._ids[0] & self._ids[1]
        conflicts = []
        for object_id in sorted(shared):
            differ = np.count_nonzero((ours == object_id) != (theirs == object_id))
            if differ:
                names = (self._names[object_id],)
                what = tr_many(
                    "drawn differently, by {count} pixel",
                    "drawn differently, by {count} pixels",
                    int(differ),
                )
                conflicts.append(Conflict(frame, names, what))
        above, below = (theirs, ours) if prefers_second else (ours, theirs)
        knows = self._ids[1] if prefers_second else self._ids[0]
        extra = list((self._ids[0] | self._ids[1]) - knows)  # of them the other alone can speak
        added = np.isin(below, extra)
        overlap = added & (above != 0)
        for pair in sorted({*zip(ours[overlap].tolist(), theirs[overlap].tolist(), strict=True)}):
            names = tuple(self._names[each] for each in pair)
            conflicts.append(Conflict(frame, names, tr("drawn over each other")))
        merged = np.where(added & (above == 0), below, above)
        return (None if np.array_equal(merged, ours) else merged), conflicts, Status.REFERENCE

    def _one(
        self, frame: int, ours: LabelMap, theirs: LabelMap, drawn: int
    ) -> tuple[LabelMap | None, list[Conflict], Status]:
        """Merge a reference with a prediction: fine where that shows nothing else."""
        reference, prediction = (ours, theirs) if drawn == 0 else (theirs, ours)
        extra = self._ids[1 - drawn] - self._ids[drawn]
        found = sorted(extra.intersection(np.unique(prediction).tolist()))
        conflicts = []
        if found:
            names = tuple(self._names[each] for each in found)
            what = tr(
                "predicted by one project where the other drew without it: the drawing counts"
            )
            conflicts.append(Conflict(frame, names, what, is_open=False))
        return (None if drawn == 0 else reference), conflicts, Status.REFERENCE


def _said(span: ReviewSpan) -> str:
    """Return what a span says, in words."""
    words = {
        ReviewState.DONE: tr("done"),
        ReviewState.ACCEPTED: tr("accepted"),
        ReviewState.SENT_BACK: tr("sent back"),
    }
    return f"{words[span.state]} ({span.note})" if span.note else words[span.state]


def _do(project: Project, edit: Edit) -> None:
    """Make an edit that can be undone."""
    with project.together():
        project.history.push(_STEP, project.apply(edit))


def _named(project: Project) -> dict[str, VideoObject]:
    """Return the objects by their names.

    Raises:
        UserError: Two have the same.
    """
    named: dict[str, VideoObject] = {}
    for each in project.objects:
        if each.name in named:
            raise UserError(
                "{path} has two objects that are called {name}: give one of them another name, or "
                "they could not be told apart.",
                path=project.path,
                name=each.name,
            )
        named[each.name] = each
    return named
