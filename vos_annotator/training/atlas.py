"""An atlas: all pictures in the memory of a GPU, once, and bits of them at any place.

For: `atlas_scenes`. Knows `material`, torch and numpy. The same code runs on a CPU.

Pictures of any size lie one after another in a single buffer, a pixel in 32 bits (RGB, and
an id or an alpha), each at five sizes. One gather reads one neighbour of every pixel that is
drawn, for all clips of a batch at once.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vos_annotator.training.layers import halved, halved_shape
from vos_annotator.training.material import Material
from vos_annotator.training.plans import LEVELS

_READERS = 16  # threads
_SENT = 64  # pictures that are copied to the device at once
_NOTHING = 16, 16  # shape of a picture that cannot be read; no clip shows it


class Atlas:
    """Pictures on a device.

    Attributes:
        pixels: (N,) int32 of all pictures.
        starts: (pictures, 5) where each begins, halved so often.
        sizes: (pictures, 5, 2) int32 widths and heights.
    """

    def __init__(self, material: Material, device: torch.device) -> None:
        """Read all pictures, twice; `material` knows all facts afterwards.

        First come their sizes, so that the device has to hold what they take and no more.
        """
        numbers = range(len(material))
        with ThreadPoolExecutor(_READERS) as readers:
            shapes = [
                _NOTHING if each is None else each.shape
                for each in readers.map(material.facts, numbers)
            ]
            levels = [[halved_shape(shape, n) for n in range(LEVELS)] for shape in shapes]
            sizes = np.array(levels, np.int64)
            areas = sizes.prod(-1).ravel()
            starts = np.cumsum(areas) - areas
            self.pixels = torch.empty(int(areas.sum()), dtype=torch.int32, device=device)
            self.starts = torch.from_numpy(starts.reshape(-1, LEVELS)).to(device)
            self.sizes = torch.from_numpy(sizes[..., ::-1].astype(np.int32)).to(device)
            for first in range(0, len(material), _SENT):
                part = numbers[first : first + _SENT]
                flat = np.concatenate([*readers.map(partial(_read, material), part)])
                start = int(starts[first * LEVELS])
                self.pixels[start : start + len(flat)] = torch.from_numpy(flat)

    def taps(
        self, pictures: Tensor, levels: Tensor, x: Tensor, y: Tensor, is_mirrored: bool
    ) -> "list[tuple[Tensor, Tensor]]":
        """Return the four pixels around places, and how much each counts.

        Args:
            pictures: (J,) numbers.
            levels: (J,) how often they are halved.
            x: (J, ...) columns, pixel centres are whole numbers.
            y: (J, ...) rows.
            is_mirrored: Mirror pictures past their edges; else nothing lies there.

        Returns:
            Four of (J, ..., 4) uint8 and (J, ...) weights, 0 where nothing lies. Pixels
            there are the nearest ones.
        """
        shape = (-1,) + (1,) * (x.dim() - 1)
        start = self.starts[pictures, levels].view(shape)
        width, height = (side.view(shape) for side in self.sizes[pictures, levels].unbind(-1))
        left, top = x.floor(), y.floor()
        columns = [_fold(left.int() + step, width, is_mirrored) for step in (0, 1)]
        rows = [_fold(top.int() + step, height, is_mirrored) for step in (0, 1)]
        right_share, lower_share = x - left, y - top
        found = []
        for (row, row_is_in), row_share in zip(rows, (1 - lower_share, lower_share), strict=True):
            line = start + row * width
            for (column, column_is_in), share in zip(
                columns, (1 - right_share, right_share), strict=True
            ):
                pixel = self.pixels[line + column]
                weight = share * row_share
                if not is_mirrored:
                    weight = weight * (row_is_in & column_is_in)
                found.append((pixel.view(torch.uint8).view(*pixel.shape, 4), weight))
        return found


def _fold(index: Tensor, length: Tensor, is_mirrored: bool) -> tuple[Tensor, Tensor]:
    """Return an index that lies within, and whether it did before."""
    last = length - 1
    inside = (index >= 0) & (index <= last)
    if not is_mirrored:
        return index.clamp_min(0).minimum(last), inside
    period = (2 * last).clamp_min(1)
    index = index.abs() % period
    return torch.minimum(index, period - index).minimum(last), inside


def _read(material: Material, number: int) -> NDArray[np.int32]:
    """Return the pixels of a picture at all its sizes; black ones where it cannot be read."""
    picture = np.zeros((*_NOTHING, 4), np.uint8)
    if material.facts(number) is not None:
        picture = np.ascontiguousarray(material.read(number))
    is_soft = material.is_cut_out(number)
    levels = (halved(picture, times, is_soft) for times in range(LEVELS))
    return np.concatenate([np.ascontiguousarray(each).view(np.int32).ravel() for each in levels])
