"""The masks as they were before the last step, for a person to compare with what is now.

For: the document and the bridge, which tell it what is about to change, and the wipe. They lie
in a temporary file: a correction may be followed by thousands of predictions.
"""

import logging
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.edits import Status
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import LabelMap
from vos_annotator.core.stored_map import StoredMap
from vos_annotator.engine.kept import KeptMaps

log = logging.getLogger(__name__)


class Before:
    """What frames showed before a person last changed masks, and what followed from that.

    Where only a person's word on absence changed, nothing is kept but the word: the masks are
    stored as they were.
    """

    def __init__(self, annotations: Annotations) -> None:
        self._annotations = annotations
        self._kept, self._were_empty = KeptMaps(), set[int]()
        self._absent: dict[int, NDArray[np.bool_]] | None = None  # None: no step was made yet

    def begin(self) -> None:
        """Forget everything: a step that changes masks begins."""
        self._kept, self._were_empty = KeptMaps(), set()
        absences = self._annotations.absences
        self._absent = {each: absences.frames(each).copy() for each in absences.ids}

    def note(self, frame: int) -> None:
        """Keep what a frame shows, which is about to change; the first time counts."""
        if frame in self._kept or frame in self._were_empty:
            return
        if self._annotations.status(frame) is Status.EMPTY:
            self._were_empty.add(frame)
            return
        try:
            self._kept.add(frame, self._as_it_was_shown(frame))
        except UserError:  # it is not worth a word: the change itself goes on
            log.warning("frame %d cannot be compared with what it was", frame, exc_info=True)

    def label_map(self, frame: int) -> LabelMap | None:
        """Return what a frame showed; None where nothing changed."""
        if frame in self._were_empty:
            return np.zeros(self._annotations.shape, np.uint8)
        if frame in self._kept:
            return self._kept[frame].decode()
        if self._annotations.status(frame) is Status.EMPTY:
            return None
        was = self._as_it_was_shown(frame)
        return None if was == self._annotations.stored_map(frame) else was.decode()

    def _as_it_was_shown(self, frame: int) -> StoredMap:
        """Return a frame's masks with those objects hidden that were absent before the step."""
        stored, absent = self._annotations.stored_map(frame), self._absent
        if absent is None:
            return stored
        away = {each for each, flags in absent.items() if flags[frame]}
        hidden = self._annotations.hidden.union(away)
        return replace(stored, hidden=hidden.intersection(self._annotations.state(frame).ids))
