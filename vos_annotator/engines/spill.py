"""Tensors by a key, in a temporary file: any number of them in little memory.

For: engines that remember every reference. Knows safetensors. The file goes with the process.
"""

import tempfile
from collections.abc import Hashable
from os import SEEK_END

from safetensors.torch import load, save
from torch import Tensor


class Spill:
    """A file that only grows; what is dropped leaves its room unused."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this does
        self._places: dict[Hashable, tuple[int, int]] = {}  # offset and length

    def put(self, key: Hashable, tensors: dict[str, Tensor]) -> None:
        """Keep tensors, on the CPU, in place of older ones of that key."""
        data = save(tensors)
        self._places[key] = self._file.seek(0, SEEK_END), len(data)
        self._file.write(data)

    def get(self, key: Hashable) -> dict[str, Tensor]:
        """Return what was kept; KeyError where nothing was."""
        offset, length = self._places[key]
        self._file.seek(offset)
        return load(self._file.read(length))

    def drop(self, key: Hashable) -> None:
        """Keep nothing for a key."""
        self._places.pop(key, None)
