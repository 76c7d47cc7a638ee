"""The space-time memory: what a frame in it is, and how a frame to segment reads it.

For: the engine (inference) and the trainer (the same reading rule). Knows torch only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

import torch
import torch.nn.functional as F
from torch import Tensor

from vos_annotator.mobilevos.similarity import nearest

_FAR = -0.99  # carried mask of a position that an object is far from
_SHOWS = 5  # positions that an object covers most: they tell how well a frame shows it


def readout(weights: Tensor, memory_value: Tensor, size: tuple[int, int]) -> Tensor:
    """Return what each query position reads.

    Args:
        weights: (B, Q, N), an `affinity`.
        memory_value: (B, C, N).
        size: Height and width of the query grid, Q = height x width.

    Returns:
        (B, C, height, width), the value's dtype.
    """
    read = memory_value @ weights.transpose(1, 2).to(memory_value.dtype)
    return read.reshape(*memory_value.shape[:2], *size)


def readout_nearest(
    weights: Tensor, positions: Tensor, memory_value: Tensor, size: tuple[int, int]
) -> Tensor:
    """Return what `readout` does, from the `nearest` alone: a fraction of its products.

    Args:
        weights: (Q, k).
        positions: (Q, k).
        memory_value: (1, C, N).
        size: Height and width of the query grid, Q = height x width.

    Returns:
        (1, C, height, width) float32.
    """
    rows = memory_value[0].t().float().contiguous()  # for nothing, if it is `by_position`
    read = F.embedding_bag(positions, rows, mode="sum", per_sample_weights=weights)
    return read.t().reshape(1, -1, *size)


def far_value(value: Tensor, carried: int) -> Tensor | None:
    """Return the mean of an object's value where the object is not; None if it is everywhere.

    Args:
        value: (1, C, N).
        carried: How many channels, the last ones, are masks in [-1, 1], the object's first.

    Returns:
        (1, C, 1, 1) float32.
    """
    far = value[0, -carried] < _FAR
    if not far.any():
        return None
    return value[:, :, far].float().mean(2)[..., None, None]


def how_shown(value: Tensor, carried: int) -> float:
    """Return how well a frame shows an object, 0..1: the share of its best covered positions.

    Args:
        value: (1, C, N).
        carried: As of `far_value`.
    """
    share = (value[0, -carried].float() + 1) / 2
    return share.topk(min(_SHOWS, len(share))).values.mean().item()


def by_position(value: Tensor) -> Tensor:
    """Return (1, C, N) equal to `value`, with all that a position holds side by side.

    That is how it is read: a few positions, all of each.
    """
    return value.transpose(1, 2).contiguous().transpose(1, 2)


@dataclass(frozen=True)
class MemoryFrame:
    """One frame in memory.

    Attributes:
        key: (1, C, N) key of the frame.
        values: Value of each object, (1, C_v, N); N = H/16 x W/16. Quickest `by_position`.
    """

    key: Tensor
    values: dict[int, Tensor]

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        return self.key.nbytes + sum(value.nbytes for value in self.values.values())

    def to(self, device: torch.device) -> "MemoryFrame":
        """Return the frame on a device."""
        return MemoryFrame(self.key.to(device), {i: v.to(device) for i, v in self.values.items()})

    def at(self, positions: Tensor) -> "MemoryFrame":
        """Return some of its positions: those that are true in (N,) bool."""
        values = {i: value.transpose(1, 2)[:, positions] for i, value in self.values.items()}
        values = {i: value.transpose(1, 2) for i, value in values.items()}
        return MemoryFrame(self.key[:, :, positions], values)

    def halved(self) -> "MemoryFrame":
        """Return the frame in half precision: what references are kept in."""
        return MemoryFrame(self.key.half(), {i: v.half() for i, v in self.values.items()})


def joined(parts: Sequence[MemoryFrame]) -> MemoryFrame:
    """Return one memory frame of the positions of several, which show the same objects."""
    if len(parts) == 1:
        return parts[0]
    ids = parts[0].values
    return MemoryFrame(
        torch.cat([part.key for part in parts], 2),
        {i: torch.cat([part.values[i][0].t() for part in parts]).t()[None] for i in ids},
    )


class ValueRows:
    """Values of objects on the frames that are read, side by side, from frame to frame of a pass.

    Most of what is read stays from one frame to the next, and only the rest is copied.
    """

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Tensor, list[Tensor]]] = {}  # rows, and what they are from

    def of(self, object_id: int, entries: Sequence[MemoryFrame]) -> Tensor:
        """Return (N, C_v) float32 of an object; the next call for it overwrites them."""
        values = [entry.values[object_id] for entry in entries]
        ends = [0, *accumulate(value.shape[2] for value in values)]
        rows, before = self._kept.get(object_id, (None, []))
        there = sum(
            1 for _ in takewhile(lambda pair: pair[0] is pair[1], zip(values, before, strict=False))
        )
        if rows is None or len(rows) < ends[-1]:
            shape = ends[-1] + ends[-1] // 4, values[0].shape[1]
            rows, there = torch.empty(shape, device=values[0].device), 0
        for n, value in enumerate(values[there:], there):
            rows[ends[n] : ends[n + 1]] = value[0].t()
        self._kept[object_id] = rows, values
        return rows[: ends[-1]]


class Reading:
    """Which positions of memory frames a frame reads, before it is said of which object.

    Positions of the frame read nothing until they are looked up.

    Attributes:
        entries: The memory frames.
        size: Height and width of the frame's grid, Q = height x width.
        known: (height, width) bool: which positions of the frame are looked up.
    """

    def __init__(
        self,
        entries: Sequence[MemoryFrame],
        query: Tensor,
        bias: Tensor,
        k: int,
        rows: ValueRows | None = None,
    ) -> None:
        """Look up nothing yet.

        Args:
            entries: The memory frames, N positions in all.
            query: (1, C, h, w) key of the frame.
            bias: (1, 1, N), as of `nearest`.
            k: Memory positions that a position reads.
            rows: Of readings of which only the latest is used.
        """
        self._rows = rows or ValueRows()
        self.entries, self.size = entries, query.shape[-2:]
        self._query = query.flatten(2)
        self._keys = torch.cat([entry.key.to(query.dtype) for entry in entries], 2)
        self._bias = bias
        shape = self._query.shape[2], min(k, self._keys.shape[2])
        self._weights = torch.zeros(shape, device=query.device)
        self._positions = torch.zeros(shape, dtype=torch.long, device=query.device)
        self.known = torch.zeros(self.size, dtype=torch.bool, device=query.device)
        self._values: dict[int, Tensor] = {}  # of each object that was asked for, (1, C_v, N)

    def look_up(self, where: Tensor | None = None) -> None:
        """Look up the positions that are true in `where`, (height, width) bool; None: all."""
        unknown = ~self.known if where is None else where & ~self.known
        wanted = unknown.flatten().nonzero()[:, 0]
        k = self._weights.shape[1]
        if len(wanted) == len(self._weights):
            self._weights, self._positions = nearest(self._keys, self._query, k, self._bias)
        elif len(wanted):
            found = nearest(self._keys, self._query[:, :, wanted], k, self._bias)
            self._weights[wanted], self._positions[wanted] = found
        self.known |= unknown

    def shares(self, ids: Sequence[int], channel: int) -> Tensor:
        """Return what is read of one channel of the values of K objects, (K, height, width)."""
        rows = torch.stack([self._value(i)[0, channel] for i in ids], 1)
        read = F.embedding_bag(self._positions, rows, mode="sum", per_sample_weights=self._weights)
        return read.t().reshape(-1, *self.size)

    def read(self, object_id: int, box: tuple[slice, slice] | None = None) -> Tensor:
        """Return what is read of an object, (1, C_v, h, w) float32; of a box, if one is given."""
        weights, positions, size = self._weights, self._positions, self.size
        if box is not None:
            weights, positions = (
                each.unflatten(0, size)[box].flatten(0, 1) for each in (weights, positions)
            )
            size = tuple(side.stop - side.start for side in box)
        return readout_nearest(weights, positions, self._value(object_id), size)

    def _value(self, object_id: int) -> Tensor:
        """Return what all entries hold of an object, (1, C_v, N) float32."""
        if object_id not in self._values:
            self._values[object_id] = self._rows.of(object_id, self.entries).t()[None]
        return self._values[object_id]


def read_frames(
    query: Tensor,
    entries: Sequence[MemoryFrame],
    biases: Sequence[float],
    k: int,
    rows: ValueRows | None = None,
) -> Reading:
    """Return how a frame reads memory frames; nothing is looked up yet.

    Args:
        query: (1, C, h, w) key of the frame to segment.
        entries: The memory frames, at least one.
        biases: Similarity added to the positions of each.
        k: Memory positions that a position reads.
        rows: As of `Reading`.
    """
    lengths = torch.tensor([entry.key.shape[2] for entry in entries])
    bias = torch.tensor(biases, dtype=torch.float32).repeat_interleave(lengths)
    return Reading(entries, query, bias[None, None].to(query.device), k, rows)
