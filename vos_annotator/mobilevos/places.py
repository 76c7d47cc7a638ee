"""Where in a frame objects may be, found before all of the frame has read the memory.

For: the engine. Knows torch, readings and boxes.

Every other position of every other row reads first, and all of those around where the objects
were last: what they read of an object's mask says where it may be. Then the rest of that place
reads too. Elsewhere nobody asks, unless an object is found nowhere.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from vos_annotator.mobilevos.crops import Box, place_of
from vos_annotator.mobilevos.memory import MemoryFrame, Reading

_SPARSE = 2  # of so many rows and columns one is looked at
_AROUND = 2  # positions around an object's last place that are all looked at


def find_places(
    readings: Sequence[Reading],
    ids: Sequence[int],
    recent: Sequence[MemoryFrame],
    channel: int,
) -> list[Box | None]:
    """Return where each object may be, None where it is nowhere; these places are looked up.

    Args:
        readings: Of each object; several may have the same one.
        ids: The objects.
        recent: The frames of the pass that are remembered, in order.
        channel: Of values: the mask of the object itself, in [-1, 1].
    """
    for reading in _each_once(readings):
        first = torch.zeros_like(reading.known)
        first[::_SPARSE, ::_SPARSE] = True
        for object_id in ids:
            if recent and object_id in recent[-1].values:
                first |= _near(recent[-1].values[object_id][0, channel], reading.size)
        reading.look_up(first)
    pairs = list(zip(readings, ids, strict=True))
    boxes = [place_of(_share(reading, i, channel).numpy()) for reading, i in pairs]
    for n, (reading, object_id) in enumerate(pairs):
        if boxes[n] is None:  # what is small may lie between the positions that were looked at
            reading.look_up()
            boxes[n] = place_of(_share(reading, object_id, channel).numpy())
    for reading in _each_once(readings):
        asked = torch.zeros_like(reading.known)
        for (own, _), box in zip(pairs, boxes, strict=True):
            if own is reading and box is not None:
                asked[box] = True
        reading.look_up(None if asked.all() else asked)
    return boxes


def _each_once(readings: Sequence[Reading]) -> list[Reading]:
    return list({id(reading): reading for reading in readings}.values())


def _near(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Return which positions are near a mask (N,) in [-1, 1]."""
    share = (mask.float().reshape(1, 1, *size) + 1) / 2
    return F.max_pool2d(share, 2 * _AROUND + 1, 1, _AROUND)[0, 0] > 0.5


def _share(reading: Reading, object_id: int, channel: int) -> Tensor:
    """Return how much each position reads of an object, 0..1, or the sparse one that it is near."""
    share = (reading.share(object_id, channel) + 1) / 2
    height, width = share.shape
    sparse = share[::_SPARSE, ::_SPARSE].repeat_interleave(_SPARSE, 0)
    sparse = sparse.repeat_interleave(_SPARSE, 1)[:height, :width]
    return torch.where(reading.known, share, sparse)
