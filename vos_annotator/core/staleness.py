"""Which predictions are older than a correction, object by object.

For: the annotations, and the project, which keeps it on disk. Plain numpy.

A correction makes the predictions of a whole span stale at once, thousands of frames maybe.
So this is one flag a frame in an array an object, not a field of each frame: marking, finding
and writing stale frames costs the same for fifty and for fifty thousand.

Thread rule: belongs to the thread that made it.
"""

import zlib
from collections.abc import Collection, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray


class Staleness:
    """A flag for each object on each frame.

    Attributes:
        unsaved: Objects with flags that changed; whoever keeps them on disk empties it.
    """

    def __init__(self, frame_count: int, packed: Mapping[int, bytes] | None = None) -> None:
        """Start with nothing stale, or with what `packed` gave."""
        self._nothing = _locked(np.zeros(frame_count, bool))
        self._flags: dict[int, NDArray[np.bool_]] = {}
        for object_id, data in (packed or {}).items():
            bits = np.frombuffer(zlib.decompress(data), np.uint8)
            self._flags[object_id] = np.unpackbits(bits, count=frame_count).view(bool)
        self.unsaved: set[int] = set()

    def at(self, frame: int) -> frozenset[int]:
        """Return the objects that are stale on a frame."""
        return frozenset(i for i, flags in self._flags.items() if flags[frame])

    def frames(self, object_id: int) -> NDArray[np.bool_]:
        """Return on which frames an object is stale: (frame_count,), read-only."""
        flags = self._flags.get(object_id)
        return self._nothing if flags is None else _locked(flags.view())

    def set(self, frame: int, ids: Collection[int]) -> None:
        """Have exactly the objects `ids` stale on a frame."""
        for object_id in self.at(frame).symmetric_difference(ids):
            self._flags_of(object_id)[frame] = object_id in ids
            self.unsaved.add(object_id)

    def mark(self, frames: NDArray[np.intp], ids: Iterable[int]) -> NDArray[np.intp]:
        """Have `ids` stale on `frames` too; return those of the frames that changed."""
        is_new = np.zeros(len(frames), bool)
        for object_id in ids:
            flags = self._flags_of(object_id)
            fresh = ~flags[frames]
            if fresh.any():
                flags[frames] = True
                is_new |= fresh
                self.unsaved.add(object_id)
        return frames[is_new]

    def packed(self, object_id: int) -> bytes:
        """Return an object's flags for the disk: a hundred bytes, 6 KB for 50,000 at worst."""
        return zlib.compress(np.packbits(self.frames(object_id)), 1)

    def _flags_of(self, object_id: int) -> NDArray[np.bool_]:
        return self._flags.setdefault(object_id, np.zeros(len(self._nothing), bool))


def _locked(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    flags.flags.writeable = False
    return flags
