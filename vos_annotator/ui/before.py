"""The masks as they were before the last step, for a person to compare with what is now.

For: the document and the bridge, which tell it what is about to change, and the wipe. They lie
in a temporary file: a correction may be followed by thousands of predictions.
"""

import logging

import numpy as np

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.edits import Status
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import LabelMap
from vos_annotator.engine.kept import KeptMaps

log = logging.getLogger(__name__)


class Before:
    """What frames showed before a person last changed masks, and what followed from that."""

    def __init__(self, annotations: Annotations) -> None:
        self._annotations = annotations
        self._kept, self._were_empty = KeptMaps(), set[int]()

    def begin(self) -> None:
        """Forget everything: a step that changes masks begins."""
        self._kept, self._were_empty = KeptMaps(), set()

    def note(self, frame: int) -> None:
        """Keep what a frame shows, which is about to change; the first time counts."""
        if frame in self._kept or frame in self._were_empty:
            return
        if self._annotations.status(frame) is Status.EMPTY:
            self._were_empty.add(frame)
            return
        try:
            self._kept.add(frame, self._annotations.stored_map(frame))
        except UserError:  # it is not worth a word: the change itself goes on
            log.warning("frame %d cannot be compared with what it was", frame, exc_info=True)

    def label_map(self, frame: int) -> LabelMap | None:
        """Return what a frame showed; None where nothing changed."""
        if frame in self._were_empty:
            return np.zeros(self._annotations.shape, np.uint8)
        return self._kept[frame].decode() if frame in self._kept else None
