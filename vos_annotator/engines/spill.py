"""Tensors by a key, in a temporary file: any number of them in little memory.

For: engines that remember every reference. Knows safetensors. The file goes with the process.
"""

import tempfile
from collections.abc import Hashable
from os import SEEK_END

from safetensors.torch import load, save
from torch import Tensor

from vos_annotator.core.putting_aside import putting_aside


class Spill:
    """A file that only grows; what is dropped leaves its room unused."""

    def __init__(self) -> None:
        # Without a buffer: what the disk did not take must not wait there for the next reading.
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - lives on
        self._places: dict[Hashable, tuple[int, int]] = {}  # offset and length

    def put(self, key: Hashable, tensors: dict[str, Tensor]) -> None:
        """Keep tensors, on the CPU, in place of older ones of that key.

        Raises:
            UserError: The temporary folder cannot take them.
        """
        self.drop(key)
        left = memoryview(data := save(tensors))
        with putting_aside():
            start = self._file.seek(0, SEEK_END)
            while left:
                left = left[self._file.write(left) :]
        self._places[key] = start, len(data)

    def get(self, key: Hashable) -> dict[str, Tensor]:
        """Return what was kept; KeyError where nothing was."""
        offset, length = self._places[key]
        self._file.seek(offset)
        return load(self._file.read(length))

    def drop(self, key: Hashable) -> None:
        """Keep nothing for a key."""
        self._places.pop(key, None)
