"""What is still to be run: what a person asked for, and what their corrections made stale.

For: the bridge, which asks after every interruption. Knows the document; nothing of the worker.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vos_annotator.core.edits import Status
from vos_annotator.core.errors import UserError
from vos_annotator.engine.landing import nothing_to_run, runnable
from vos_annotator.engine.propagation import plan
from vos_annotator.engine.remaining import Flags, Run, remaining_runs
from vos_annotator.engine.unread import said_of
from vos_annotator.ui.document import Document


@dataclass
class _Request:
    """A propagation that a person asked for, and the frames that it still owes.

    What is stale of the objects `shown` where it sets out is owed too, on all of the frames: the
    neighbours may not show them, and then they are carried beyond.
    """

    frames: range
    ids: frozenset[int] | None
    missing: Flags
    shown: frozenset[int]


class Agenda:
    """The work that is left, whatever interrupts it.

    Attributes:
        origin: The frame from which a person looks: what is near it comes first.
    """

    def __init__(self, document: Document) -> None:
        self._document, self._annotations = document, document.annotations
        self._request: _Request | None = None
        self._unread: set[int] = set()  # frames that cannot be decoded
        self._untold: dict[int, str] = {}  # those of them that nobody knows of yet: why
        self.origin: int | None = None

    @property
    def is_asked(self) -> bool:
        """Whether a person asked for something that is not done yet."""
        return self._request is not None

    @property
    def missing(self) -> Flags:
        """The frames that were asked for and are not done: a fresh (frame_count,) bool."""
        if self._request is None:
            return np.zeros(self._annotations.frame_count, bool)
        return self._request.missing.copy()

    def ask(self, frames: range, origin: int | None, ids: frozenset[int] | None) -> Run:
        """Owe a range of frames, and return the run that gives them.

        Args:
            frames: The range; it may be empty.
            origin: A frame whose two neighbouring spans are run, and then what is stale of its
                objects; None runs every span.
            ids: The objects; None for all. Those that are not `runnable` are left out.

        Raises:
            UserError: There is nothing to run from, or nothing to run.
        """
        if not frames:
            raise UserError(
                "Nothing to propagate this way: the range lies on the other side. Go into it, or "
                "clear its ends with key:clear-in and key:clear-out."
            )
        passes = tuple(plan(self._annotations.references, frames[0], frames[-1], origin))
        if not passes:
            raise UserError("Nothing to propagate: each frame there is a reference.")
        runnable_ids = self.runnable(ids)
        if runnable_ids is not None and not runnable_ids:
            raise UserError(nothing_to_run(self._document.project, ids))
        self.origin = origin
        self._unread.clear()
        missing = np.zeros(self._annotations.frame_count, bool)
        for one in passes:
            first, last = sorted((one.frames[0], one.frames[-1]))
            missing[first : last + 1] = True
        shown = frozenset(() if origin is None else self._annotations.objects_at(origin))
        self._request = _Request(frames, ids, missing, shown if ids is None else shown & ids)
        return Run(passes, runnable_ids)

    def settle(self, frame: int) -> None:
        """Note that a frame is done."""
        if self._request is not None:
            self._request.missing[frame] = False

    def pass_over(self, unread: Mapping[int, str]) -> None:
        """Owe nothing on frames that cannot be decoded, until a person asks again."""
        self._untold |= {frame: why for frame, why in unread.items() if frame not in self._unread}
        self._unread |= unread.keys()
        for frame in unread:
            self.settle(frame)

    def unread_to_tell(self) -> str:
        """Return what is to be said of frames that were passed over: once, and then nothing."""
        untold, self._untold = self._untold, {}
        return said_of(untold, self._annotations.references) if untold else ""

    def forget_request(self) -> None:
        """Owe nothing but what is stale."""
        self._request = None

    def runnable(self, ids: frozenset[int] | None) -> frozenset[int] | None:
        """Return those of the ids that may be computed; None if that means all there are."""
        return runnable(self._document.project, ids)

    def has_stale(self, ids: frozenset[int]) -> bool:
        """Return whether anything is stale of the objects `ids` that are listed and unlocked."""
        objects = self._document.objects
        unlocked = frozenset(objects.ids) - objects.locked_ids
        return bool(ids.intersection(self._annotations.staleness.ids, unlocked))

    def runs(self, with_stale: bool, roughly: bool = False) -> list[Run]:
        """Return the runs that are left; those of stale frames only if `with_stale`.

        If it is for rough masks, what has masks that are passable or not stale is left out.
        """
        if not self._annotations.references:
            return []
        staleness = self._annotations.staleness
        due = staleness.urgent if roughly else staleness.frames
        needs: dict[int | None, Flags] = {}
        request, is_meant = self._request, np.ones(self._annotations.frame_count, bool)
        is_meant[list(self._unread)] = False
        meant = frozenset(self._document.objects.ids if with_stale else ())
        if request is not None and not with_stale:
            meant = request.shown
            is_meant[: request.frames.start] = is_meant[request.frames.stop :] = False
        for object_id in meant - self._document.objects.locked_ids:
            needs[object_id] = due(object_id) & is_meant
        if request is not None:
            ids, missing = self.runnable(request.ids), request.missing
            if roughly:
                for object_id in self._document.objects.ids if ids is None else ids:
                    needs[object_id] = needs.get(object_id, False) | due(object_id) & missing
                missing = missing & (self._annotations.statuses == Status.EMPTY)
            for object_id in (None,) if ids is None else ids:
                needs[object_id] = missing | needs.get(object_id, False)
        return remaining_runs(
            self._annotations.references,
            needs,
            self._annotations.statuses == Status.PREDICTION,
            origin=self.origin,
            within=None if request is None else request.frames,
        )
