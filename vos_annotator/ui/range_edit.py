"""One change of one object on many frames: computed in the job thread, one step of undo.

For: the commands on masks. A reference stays a reference; what is none is a prediction
afterwards, so propagation may go over it again; unless the person looked at what comes of it,
frame by frame: then they answer for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from vos_annotator.core.edits import Edit, FrameEdit, Status
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.core.reach import missed
from vos_annotator.core.shapes import Mask, with_mask
from vos_annotator.core.stored_map import StoredMap
from vos_annotator.core.translation import tr, tr_many
from vos_annotator.ui.big_change import BigChange
from vos_annotator.ui.gathering import Gathering
from vos_annotator.ui.job import Job
from vos_annotator.ui.language import number

if TYPE_CHECKING:
    from vos_annotator.ui.document import Document
    from vos_annotator.ui.main_window import MainWindow

_Change = tuple[int, bytes, StoredMap | None]  # frame, PNG of its masks afterwards, masks before


class RangeEdit:
    """Changes an object's masks from one frame to another."""

    def __init__(
        self,
        window: MainWindow,
        object_id: int,
        title: str,
        *,
        is_answered: bool = False,
        remark: str = "",
    ) -> None:
        """Make ready.

        Args:
            window: Whose document is changed.
            object_id: The object.
            title: Names the step of undo and the job.
            is_answered: Whether the frames that change become references.
            remark: A sentence to say beside, once it is done.
        """
        self._window, self._object_id, self._title = window, object_id, title
        self._is_answered, self._remark = is_answered, remark
        self._document: Document = window.document

    def start(self, frames: range, change: Callable[[int, Mask], Mask]) -> None:
        """Replace the mask of every frame by `change(frame, mask)`, which runs in a thread.

        What an engine is computing stops: it would write the same frames. While another job
        runs nothing is begun or stopped, and that is said.
        """
        if not self._window.has_room():
            return
        workspace = self._window.workspace
        self._document.settle()
        workspace.bridge.stop()
        self._statuses = self._document.annotations.statuses.copy()
        gathering = Gathering(self._document.annotations, workspace)
        gathering.done.connect(lambda kept: self._compute(frames, kept, change))
        gathering.failed.connect(self._window.warn)
        workspace.closing.connect(gathering.stop)
        gathering.start(frames)

    def _compute(
        self, frames: range, kept: Mapping[int, StoredMap], change: Callable[[int, Mask], Mask]
    ) -> None:
        shape, object_id = self._document.annotations.shape, self._object_id

        def work(
            progress: Callable[[int, int], None], cancelled: Callable[[], bool]
        ) -> list[_Change]:
            changes = []
            for done, frame in enumerate(frames):
                if cancelled():
                    return []
                progress(done, len(frames))
                stored = kept.get(frame)
                before = np.zeros(shape, np.uint8) if stored is None else stored.decode()
                mask = before == object_id
                after = with_mask(before, object_id, change(frame, mask))
                if (after != before).any():
                    changes.append((frame, encode_png(after), stored))
            return changes

        job = Job(self._title, work)
        job.succeeded.connect(lambda changes: self._apply(changes, job))
        self._window.start_job(job)

    def _apply(self, changes: Iterable[_Change], job: Job) -> None:
        if self._window.workspace is None or self._window.document is not self._document:
            return  # another project was opened meanwhile
        changes, objects = list(changes), self._document.objects
        if self._object_id not in objects or self._object_id in objects.protected_ids:
            self._window.say(
                tr("{step}: the object was locked, hidden or deleted meanwhile.", step=self._title)
            )
        elif not changes:
            self._window.say(tr("{step}: nothing to change.", step=self._title))
        else:
            note = partial(self._document.history.push, self._title)
            edits, count = self._checked(changes), len(changes)
            change = BigChange(self._title, self._document, edits, count, note)
            change.succeeded.connect(lambda _: self._say_done(count))
            self._window.start_job(change, after=job)

    def _checked(self, changes: Iterable[_Change]) -> Iterator[Edit]:
        """Give the edits, as long as masks, and who answers for them, are still what they were."""
        annotations = self._document.annotations
        for frame, png, before in changes:
            is_other = annotations.status(frame) != self._statuses[frame]
            if is_other or annotations.stored_map(frame) != before:
                raise UserError(
                    "{step}: the masks changed meanwhile. Please try again.", step=self._title
                )
            yield self._edit(frame, png)

    def _edit(self, frame: int, png: bytes) -> FrameEdit:
        """Return the edit that gives a frame other masks of the object."""
        annotations, objects = self._document.annotations, self._document.objects
        ids = frozenset({self._object_id})
        if self._is_answered or annotations.status(frame) is Status.REFERENCE:
            return FrameEdit(frame, Status.REFERENCE, png=png, ids=ids)
        confidence = dict(annotations.confidence(frame))
        confidence.pop(self._object_id, None)
        is_new = annotations.status(frame) is Status.EMPTY
        old = missed(annotations, objects, frame) if is_new else annotations.stale(frame)
        return FrameEdit(
            frame, Status.PREDICTION, png=png, stale=old - ids, confidence=confidence, ids=ids
        )

    def _say_done(self, count: int) -> None:
        said = tr_many(
            "{step}: {count} frame. key:undo takes it back.",
            "{step}: {count} frames. key:undo takes it back.",
            count,
            step=self._title,
            count=number(count),
        )
        self._window.say(f"{said} {self._remark}".rstrip())
