"""Where in a frame objects may be, found before all of the frame has read the memory.

For: the engine. Knows torch, readings and boxes.

Every other position of every other row reads first, and all of those around where the objects
were last: what they read of an object's mask says where it may be. Then the rest of that place
reads too. Elsewhere nobody asks, unless an object is found nowhere.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vos_annotator.mobilevos.boxes import Boxes, places_of
from vos_annotator.mobilevos.memory import MemoryFrame, Reading

_SPARSE = 2  # of so many rows and columns one is looked at
_FAINT = 0.02  # share of a position that an object covers, in a landmark
_RIM, _SURROUNDINGS = 1, 5  # positions around it that are all in a landmark, or every other one
_AROUND = 2  # positions around an object's last place that are all looked at


def find_places(
    readings: Sequence[Reading],
    ids: Sequence[int],
    last: Tensor | None,
    channel: int,
) -> list[Boxes]:
    """Return where each object may be, nowhere or in some boxes; these places are looked up.

    Args:
        readings: Of each object; several may have the same one.
        ids: The objects.
        last: (K, h, w) how much of each position objects covered on the frame before, if known.
        channel: Of values: the mask of the object itself, in [-1, 1].
    """
    places: dict[int, Boxes] = {}
    for reading in {id(reading): reading for reading in readings}.values():
        first = torch.zeros_like(reading.known)
        first[::_SPARSE, ::_SPARSE] = True
        if last is not None:
            first |= _near(last, _AROUND, 0.5)
        reading.look_up(first)
        readers = [n for n, each in enumerate(readings) if each is reading]
        places |= zip(readers, _places(reading, [ids[n] for n in readers], channel), strict=True)
        missing = [n for n in readers if not places[n]]
        if missing:  # what is small may lie between the positions that were looked at
            reading.look_up()
            again = _places(reading, [ids[n] for n in missing], channel)
            places |= zip(missing, again, strict=True)
        asked = torch.zeros_like(reading.known)
        for n in readers:
            for box in places[n]:
                asked[box] = True
        reading.look_up(asked)
    return [places[n] for n in range(len(readings))]


def landmark(entry: MemoryFrame, size: tuple[int, int], channel: int) -> Tensor:
    """Return which positions of a whole memory frame, of a grid of `size`, are worth keeping.

    These are those of objects and right beside, and of their surroundings every other one, as
    on a checkerboard: what looks like an object, but is none, is mostly near. (N,) bool.
    """
    rows, columns = (torch.arange(side, device=entry.key.device) for side in size)
    is_dark = (rows[:, None] + columns) % 2 == 0
    masks = [value[0, channel].float().reshape(size) for value in entry.values.values()]
    if not masks:
        return torch.zeros(len(rows) * len(columns), dtype=torch.bool, device=entry.key.device)
    shares = (torch.stack(masks) + 1) / 2
    around = _near(shares, _SURROUNDINGS, _FAINT) & is_dark
    return (around | _near(shares, _RIM, _FAINT)).flatten()


def _near(shares: Tensor, around: int, least: float) -> Tensor:
    """Return which positions are `around` some of (K, h, w) that have more than `least`."""
    there = (shares > least).any(0)
    return F.max_pool2d(there[None].float(), 2 * around + 1, 1, around)[0].bool()


def _places(reading: Reading, ids: Sequence[int], channel: int) -> list[Boxes]:
    """Return where each object may be, by how much each position reads of it, 0..1.

    A position that was not looked up counts as the sparse one that it is near.
    """
    shares = ((reading.shares(ids, channel) + 1) / 2).numpy()
    height, width = reading.size
    sparse = shares[:, ::_SPARSE, ::_SPARSE].repeat(_SPARSE, 1).repeat(_SPARSE, 2)
    shares = np.where(reading.known.numpy(), shares, sparse[:, :height, :width])
    return [places_of(share) for share in shares]
