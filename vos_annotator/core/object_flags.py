"""A flag for each object on each frame: what is stale, where an object is absent.

For: the annotations, and the project, which keeps the flags on disk. Plain numpy.

A correction makes the predictions of a whole span stale at once, and an object may be away for
thousands of frames. So this is one array an object, not a field of each frame: setting, finding
and writing flags costs the same for fifty frames and for fifty thousand.

Thread rule: belongs to the thread that made it.
"""

import zlib
from collections.abc import Collection, Iterable, Mapping
from operator import index

import numpy as np
from numpy.typing import NDArray


class ObjectFlags:
    """A flag for each object on each frame.

    Attributes:
        unsaved: Objects with flags that changed; whoever keeps them on disk empties it.
    """

    def __init__(self, frame_count: int, packed: Mapping[int, bytes] | None = None) -> None:
        """Start with no flag set, or with those that `packed` gave."""
        self._nothing = _locked(np.zeros(frame_count, bool))
        self._flags: dict[int, NDArray[np.bool_]] = {}
        for object_id, data in (packed or {}).items():
            self._flags[object_id] = unpack(data, frame_count)
        self.unsaved: set[int] = set()

    @property
    def ids(self) -> tuple[int, ...]:
        """The objects that have a flag set somewhere, in order."""
        return tuple(sorted(i for i, flags in self._flags.items() if flags.any()))

    def at(self, frame: int) -> frozenset[int]:
        """Return the objects whose flag is set on a frame."""
        return frozenset(i for i, flags in self._flags.items() if flags[frame])

    def frames(self, object_id: int) -> NDArray[np.bool_]:
        """Return the flags of an object: (frame_count,), read-only."""
        flags = self._flags.get(object_id)
        return self._nothing if flags is None else _locked(flags.view())

    def set(self, frame: int, ids: Collection[int]) -> None:
        """Have exactly the flags of the objects `ids` set on a frame."""
        ids = frozenset(map(index, ids))  # NumPy's numbers cannot be written
        for object_id in self.at(frame) ^ ids:
            self._flags_of(object_id)[frame] = object_id in ids
            self.unsaved.add(object_id)

    def mark(self, frames: NDArray[np.intp], ids: Iterable[int]) -> NDArray[np.intp]:
        """Set the flags of `ids` on `frames` too; return those of the frames that changed."""
        is_new = np.zeros(len(frames), bool)
        for object_id in map(index, ids):
            flags = self._flags_of(object_id)
            fresh = ~flags[frames]
            if fresh.any():
                flags[frames] = True
                is_new |= fresh
                self.unsaved.add(object_id)
        return frames[is_new]

    def clear(self, frames: NDArray[np.intp], ids: Iterable[int]) -> None:
        """Have no flag of `ids` set on `frames`."""
        for object_id in ids:
            if self.frames(object_id)[frames].any():
                self._flags[object_id][frames] = False
                self.unsaved.add(object_id)

    def replace(self, object_id: int, frames: range, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Have the flags of an object on consecutive `frames` be `flags`; return the old ones."""
        stretch = slice(frames.start, frames.stop)
        old = self.frames(object_id)[stretch].copy()
        if (old != flags).any():
            self._flags_of(object_id)[stretch] = flags
            self.unsaved.add(object_id)
        return old

    def packed(self, object_id: int) -> bytes:
        """Return an object's flags for the disk: a hundred bytes, 6 KB for 50,000 at worst."""
        return pack(self.frames(object_id))

    def packed_unsaved(self) -> dict[int, bytes]:
        """Return the `packed` flags of the objects that are `unsaved`."""
        return {object_id: self.packed(object_id) for object_id in self.unsaved}

    def _flags_of(self, object_id: int) -> NDArray[np.bool_]:
        return self._flags.setdefault(object_id, np.zeros(len(self._nothing), bool))


def pack(flags: NDArray[np.bool_]) -> bytes:
    """Return flags (N,) as few bytes."""
    return zlib.compress(np.packbits(flags), 1)


def unpack(data: bytes, count: int) -> NDArray[np.bool_]:
    """Return the `count` flags that `pack` made bytes of.

    Raises:
        ValueError: The bytes are no flags.
    """
    try:
        bits = np.frombuffer(zlib.decompress(data), np.uint8)
    except zlib.error as error:
        raise ValueError(f"no flags: {error}") from error
    return np.unpackbits(bits, count=count).view(bool)


def _locked(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    flags.flags.writeable = False
    return flags
