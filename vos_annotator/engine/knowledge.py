"""What people said of a video, and what of it is in the engine's memory by now.

For: the worker. Knows engines, videos and label maps; belongs to the worker's thread.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from vos_annotator.core.errors import UserError
from vos_annotator.core.identities import Look, looks
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.stored_map import StoredMap
from vos_annotator.core.video import Image, Video
from vos_annotator.engine.absences import NOWHERE, Absences
from vos_annotator.engine.commands import SetReference
from vos_annotator.engine.memory_shelf import MemoryShelf
from vos_annotator.engine.protocol import (
    DenyingEngine,
    RecallingEngine,
    Reference,
    SegmentationEngine,
)
from vos_annotator.engine.teachers import teachers


@dataclass
class Said:
    """What people said of a video: its references, and where objects are not to be seen."""

    references: dict[int, SetReference] = field(default_factory=dict)
    absences: Absences = NOWHERE

    def set(self, reference: SetReference) -> None:
        """Know a reference; one without a PNG is none any more."""
        if reference.png is None:
            self.references.pop(reference.frame, None)
        else:
            self.references[reference.frame] = reference


class Knowledge:
    """What people said, brought into an engine's memory when it is needed.

    Attributes:
        said: Another one, of another engine, may go by the same.
        unread: References that the engine was not taught, as their frames cannot be decoded: why.
    """

    def __init__(
        self, video: Video, shelf: MemoryShelf | None = None, said: Said | None = None
    ) -> None:
        """Teach what is `said`; what engines remember of references is kept on the shelf."""
        self.said = Said() if said is None else said
        self.unread: dict[int, str] = {}
        self._video, self._shelf = video, shelf
        self._memorized: dict[int, SetReference] = {}  # what is
        self._denied: dict[int, frozenset[int]] = {}  # what it knows of absences
        self._looks: dict[int, tuple[SetReference, dict[int, Look]]] = {}  # of a few references

    def forget_engine(self) -> None:
        """Begin with an engine that knows nothing."""
        self._memorized.clear()
        self._denied.clear()

    def teach(self, engine: SegmentationEngine, is_over: Callable[[], bool]) -> None:
        """Make the engine's memory hold exactly what people said; `is_over` ends it halfway.

        What is said of frames that cannot be decoded is left out; see `unread`.
        """
        self.unread = {}
        for frame, reference in list(self._memorized.items()):
            if self.said.references.get(frame) != reference:
                engine.forget(frame)  # at once: memorizing what takes its place may fail
                del self._memorized[frame]
        for frame, reference in sorted(self.said.references.items()):
            if is_over():
                return
            if frame not in self._memorized and self._memorize(engine, reference):
                self._memorized[frame] = reference
        if isinstance(engine, DenyingEngine):
            self._deny(engine, is_over)

    def check(self, ids: frozenset[int] | None) -> None:
        """See to it that the engine was taught all objects `ids` that it could be; None: all.

        Raises:
            UserError: Of one it knows nothing, as no frame that shows it can be decoded. What it
                finds would be that the object is nowhere.
        """
        lost = {each for frame in self.unread for each in self._ids(self.said.references[frame])}
        lost &= lost if ids is None else ids
        for frame, reference in self.said.references.items():
            if not lost:
                return
            lost -= frozenset() if frame in self.unread else self._ids(reference)
        if lost:
            raise UserError(
                "An object is drawn on frames alone that cannot be decoded: draw it on another "
                "one, or lock it. {why}",
                why=self.unread[min(self.unread)],
            )

    def _memorize(self, engine: SegmentationEngine, reference: SetReference) -> bool:
        """Make a reference the engine's: by what is on the shelf, or by looking at it.

        False if its frame cannot be decoded.
        """
        shelf = self._shelf if isinstance(engine, RecallingEngine) else None
        if shelf is not None:
            content = shelf.get(engine.memory_mark, reference)
            if content is not None and engine.recall(reference.frame, content):
                return True
        try:
            shown = self._shown(reference)
        except UserError as error:
            self.unread[reference.frame] = str(error)
            return False
        engine.memorize(reference.frame, *shown)
        if shelf is not None:
            shelf.put(engine.memory_mark, reference, engine.remembered(reference.frame))
        return True

    def _deny(self, engine: DenyingEngine, is_over: Callable[[], bool]) -> None:
        absent, nobody = self.said.absences.ends(), frozenset[int]()
        for frame in sorted(absent.keys() | self._denied.keys()):
            if is_over():
                return
            ids = absent.get(frame, nobody)
            if ids != self._denied.get(frame, nobody):
                try:
                    image = self._video[frame] if ids else None
                except UserError:
                    continue  # the pass that comes by tells of it
                engine.deny(frame, image, ids)
                self._denied[frame] = ids

    def teachers(self) -> Iterator[Reference]:
        """Yield the references to learn from, decoded one at a time, as far as they can be."""
        for frame in teachers(self._memorized):
            try:
                shown = self._shown(self._memorized[frame])
            except UserError:  # it was recalled: nobody has looked at it yet
                continue
            yield frame, *shown

    def reference(self, frame: int) -> tuple[Image, LabelMap]:
        """Return the picture and the label map of a frame that is in the engine's memory.

        It shows nothing if it was recalled, and cannot be decoded.
        """
        try:
            return self._shown(self._memorized[frame])
        except UserError:
            shape = self._video.shape
            return np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint8)

    def looks_around(self, frame: int) -> dict[int, list[Look]]:
        """Return what objects look like in the first reference and in the nearest on either side.

        Only those in the engine's memory count; what was seen of others is forgotten.
        """
        frames = sorted(self._memorized)
        place = bisect_left(frames, frame)
        around = {*frames[:1], *frames[max(place - 1, 0) : place + 1]}
        before, self._looks = self._looks, {}
        known: dict[int, list[Look]] = {}
        for each in sorted(around):
            reference = self._memorized[each]
            seen = before.get(each)
            if seen is None or seen[0] is not reference:
                seen = reference, looks(*self.reference(each))
            self._looks[each] = seen
            for object_id, look in seen[1].items():
                known.setdefault(object_id, []).append(look)
        return known

    def _shown(self, reference: SetReference) -> tuple[Image, LabelMap]:
        return self._video[reference.frame], self._label_map(reference)

    def _label_map(self, reference: SetReference) -> LabelMap:
        return StoredMap(reference.png, reference.hidden).decode()

    def _ids(self, reference: SetReference) -> frozenset[int]:
        return frozenset(object_ids(self._label_map(reference)))
