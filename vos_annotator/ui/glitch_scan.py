"""Glitches of the whole video, looked for in a thread of its own while nothing else runs.

For: the workspace, whose timeline shows them, and the commands that go to them. Masks are read
between other events, a stretch at a time, and looked at behind the window's back; where masks
change, what was known there is forgotten at once and looked for again in the next rest.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from vos_annotator.core.edits import Status
from vos_annotator.core.errors import UserError
from vos_annotator.core.glitches import REACH, Glitch, find_glitches, small
from vos_annotator.core.stored_map import StoredMap
from vos_annotator.ui.document import Document
from vos_annotator.ui.gathering import Gathering
from vos_annotator.ui.inference import give_way, single_shot
from vos_annotator.ui.latest import Latest
from vos_annotator.ui.shot_scan import ShotScan

log = logging.getLogger(__name__)

_REST = 500  # ms without a change
_STRETCH = 128  # frames that are looked at in one go


@dataclass(frozen=True)
class _Look:
    """What one look needs to know; belongs to the thread that looks.

    Attributes:
        frames: Where glitches may begin.
        answered: object -> the frames on which a person answers for it.
        cuts: First frames of shots.
    """

    frames: range
    answered: Mapping[int, frozenset[int]]
    cuts: frozenset[int]

    def find(self, kept: Mapping[int, StoredMap]) -> tuple[range, list[Glitch]]:
        """Return the frames and the glitches among the masks that were put aside."""
        try:
            maps = {frame: small(kept[frame].decode()) for frame in kept}
        except UserError:  # a damaged mask is for others to complain of
            log.warning("no glitches are shown in frames %s", self.frames, exc_info=True)
            return self.frames, []
        found = find_glitches(maps, self.answered, lambda f, i: f in self.answered[i], self.cuts)
        return self.frames, [each for each in found if each.frames[0] in self.frames]


class GlitchScan(QObject):
    """Looks through a document's masks.

    Attributes:
        glitches: Those that are known, in order.

    Signals:
        found(): There are others now.
    """

    found = Signal()

    def __init__(self, document: Document, shots: ShotScan, parent: QObject) -> None:
        super().__init__(parent)
        self._document, self._annotations, self._shots = document, document.annotations, shots
        self.glitches: list[Glitch] = []
        self._due = self._annotations.statuses != Status.EMPTY
        self._is_busy = self._is_looking = False
        self._ids, self._cut_count = document.objects.ids, len(shots.cuts)
        self._look: _Look | None = None
        self._gathering = Gathering(self._annotations, self)
        self._gathering.done.connect(self._on_gathered)
        self._gathering.failed.connect(self._on_not_gathered)
        self._latest = Latest(self)
        self._latest.done.connect(self._land)
        self._rest = single_shot(self, _REST, self.look)
        document.frame_changed.connect(lambda frame, _box: self._forget(range(frame, frame + 1)))
        document.absence_changed.connect(lambda _id, frames: self._forget(frames))
        document.objects_changed.connect(self._on_objects_changed)
        shots.found.connect(self._on_cut_found)
        self._rest.start()

    @property
    def is_done(self) -> bool:
        """Whether all masks were looked at as they are now."""
        return not (self._due.any() or self._is_looking)

    def of(self, object_id: int, frame: int) -> Glitch | None:
        """Return the glitch of an object that a frame lies in, looked for now if it was not yet."""
        around = self._clipped(range(frame, frame + 1))
        known = self.glitches
        if self._is_looking or self._due[around.start : around.stop].any():
            stored = ((each, self._annotations.stored_map(each)) for each in around)
            known = self._look_at(around, [object_id]).find({f: s for f, s in stored if s})[1]
        return next((g for g in known if g.object_id == object_id and frame in g.frames), None)

    def rest_while(self, is_busy: bool) -> None:
        """Leave the processor to something else for as long as it `is_busy`."""
        self._is_busy = is_busy
        if not is_busy:
            self._rest.start()

    def look(self) -> None:
        """Look at the next stretch that is due, unless something else runs."""
        if self._is_busy or self._is_looking or not self._due.any():
            return
        first = int(self._due.argmax())
        frames = range(first, min(first + _STRETCH, len(self._due)))
        self._due[first : frames.stop] = False
        self._is_looking = True
        self._look = self._look_at(frames, self._document.objects.ids)
        self._gathering.start(self._clipped(frames))

    def close(self) -> None:
        """Stop, and wait for the thread."""
        self._rest.stop()
        self._gathering.stop()
        self._latest.close()

    def _look_at(self, frames: range, object_ids: Iterable[int]) -> _Look:
        around = self._clipped(frames)
        answered = {each: self._answered(each, around) for each in object_ids}
        return _Look(frames, answered, frozenset(self._shots.cuts))

    def _answered(self, object_id: int, frames: range) -> frozenset[int]:
        """Return on which of some frames a person answers for an object."""
        there = slice(frames.start, frames.stop)
        is_reference = self._annotations.statuses[there] == Status.REFERENCE
        is_absent = self._annotations.absences.frames(object_id)[there]
        return frozenset((frames.start + np.flatnonzero(is_reference | is_absent)).tolist())

    def _on_gathered(self, kept: Mapping[int, StoredMap]) -> None:
        look = self._look
        self._latest.ask(lambda: (give_way(), look.find(kept))[1])

    def _on_not_gathered(self, message: str) -> None:
        log.warning("no glitches are looked for: %s", message)
        self._is_looking = False

    def _land(self, found: tuple[range, list[Glitch]]) -> None:
        frames, new = found
        self._is_looking = False
        ids = self._document.objects.ids
        new = [each for each in new if each.object_id in ids and not self._due[each.frames[0]]]
        first, end = self._places(frames)
        is_changed = new != self.glitches[first:end]
        self.glitches[first:end] = new
        if is_changed:
            self.found.emit()
        self._rest.setInterval(0 if self._due.any() else _REST)
        self._rest.start()

    # What changes what is known

    def _forget(self, frames: range) -> None:
        """Forget what is known of frames and of those on which they count, to look again."""
        frames = self._clipped(frames)
        self._due[frames.start : frames.stop] = True
        first, end = self._places(frames)
        if first < end:
            del self.glitches[first:end]
            self.found.emit()
        self._rest.setInterval(_REST)
        self._rest.start()

    def _on_objects_changed(self) -> None:
        known, self._ids = frozenset(self._ids), self._document.objects.ids
        has_gone = any(each.object_id not in self._ids for each in self.glitches)
        come = frozenset(self._ids) - known
        if has_gone or any(any(self._annotations.appearances(each)) for each in come):
            self._forget(range(len(self._due)))

    def _on_cut_found(self) -> None:
        cuts = self._shots.cuts
        known, self._cut_count = self._cut_count, len(cuts)
        for cut in cuts[known : self._cut_count]:
            self._forget(range(cut, cut + 1))

    def _places(self, frames: range) -> tuple[int, int]:
        """Return which of the known glitches begin within frames, as bounds."""
        first, end = (
            bisect_left(self.glitches, bound, key=lambda each: each.frames[0])
            for bound in (frames.start, frames.stop)
        )
        return first, end

    def _clipped(self, frames: range) -> range:
        """Return frames and those around them that count for each other, within the video."""
        return range(max(frames.start - REACH, 0), min(frames.stop + REACH, len(self._due)))
