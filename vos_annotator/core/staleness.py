"""Which predictions are older than a correction, and which of them do until they are computed.

For: the annotations, and the bridge, which runs what is stale. Plain numpy.

A stale prediction is *passable* where a rough mask would be no better: it was computed roughly
since the last correction, the engine alone has learnt since, or it is there from an earlier
session. That is not kept on disk.

Thread rule: belongs to the thread that made it.
"""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.object_flags import ObjectFlags


class Staleness(ObjectFlags):
    """A flag for each object on each frame: its prediction is to be computed anew."""

    def __init__(self, frame_count: int, packed: Mapping[int, bytes] | None = None) -> None:
        """Start with nothing stale, or with what `packed` gave, which is passable."""
        super().__init__(frame_count, packed)
        self._passable = ObjectFlags(frame_count, packed)

    def urgent(self, object_id: int) -> NDArray[np.bool_]:
        """Return where an object is stale and not passable: a fresh (frame_count,) bool."""
        return self.frames(object_id) & ~self._passable.frames(object_id)

    def set(self, frame: int, ids: Collection[int]) -> None:
        """Have exactly the objects `ids` be stale on a frame; what was passable still is."""
        super().set(frame, ids)
        self._passable.set(frame, self._passable.at(frame).intersection(ids))

    def mark(self, frames: NDArray[np.intp], ids: Iterable[int]) -> NDArray[np.intp]:
        """Have `ids` be stale on `frames` too, and not passable; see `ObjectFlags.mark`."""
        ids = tuple(ids)
        self._passable.clear(frames, ids)
        return super().mark(frames, ids)

    def pass_for_now(self, frames: NDArray[np.intp], ids: Iterable[int]) -> None:
        """Have `ids` be passable wherever they are stale on `frames`."""
        for object_id in ids:
            self._passable.mark(frames[self.frames(object_id)[frames]], [object_id])
