"""Masks put aside for another thread: what a run must leave as it is, what is exported.

For: the GUI thread, which fills it, and the worker or job, which then reads it. Plain Python.

They lie in a temporary file without a name: a run may visit fifty thousand frames, and memory
is not to grow with it. It is filled first and handed over then, so it needs no lock.
"""

import tempfile
from collections.abc import Iterator, Mapping

from vos_annotator.core.putting_aside import putting_aside
from vos_annotator.core.stored_map import StoredMap

_IN_MEMORY = 1 << 20  # bytes


class KeptMaps(Mapping[int, StoredMap]):
    """frame -> its label map; the file goes with the object."""

    def __init__(self) -> None:
        """Start empty."""
        # A file is made once there is more than a few masks: that takes the window milliseconds.
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - lives on
        self._where: dict[int, tuple[int, int, frozenset[int]]] = {}
        self._end = 0

    def add(self, frame: int, stored: StoredMap) -> None:
        """Put the label map of a frame aside.

        Raises:
            UserError: The temporary folder cannot take it.
        """
        with putting_aside():
            self._file.seek(self._end)
            self._file.write(stored.png)
        self._where[frame] = self._end, len(stored.png), stored.hidden
        self._end += len(stored.png)

    def __getitem__(self, frame: int) -> StoredMap:
        start, length, hidden = self._where[frame]
        self._file.seek(start)
        return StoredMap(self._file.read(length), hidden)

    def __iter__(self) -> Iterator[int]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)
