"""The space-time memory: what a frame in it is, and how a frame to segment reads it.

For: the engine (inference) and the trainer (the same reading rule). Knows torch only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_FAR = -0.99  # carried mask of a position that an object is far from
_SHOWS = 5  # positions that an object covers most: they tell how well a frame shows it
_AT_ONCE = 7 * 2**20  # similarities that are worked out together: 28 MB
_GROUP = 8  # positions that are looked at as one, first


def affinity(
    memory_key: Tensor, query_key: Tensor, top_k: int | None = None, bias: Tensor | None = None
) -> Tensor:
    """Return how much of each memory position every query position reads.

    The similarity is the negative squared L2 distance over sqrt(C), without the
    query's own norm, which the softmax over memory positions cancels.

    Args:
        memory_key: (B, C, N) keys, N = memory frames x H/16 x W/16, any order.
        query_key: (B, C, Q) keys of the frame to segment, Q = H/16 x W/16.
        top_k: Keep the k most similar memory positions of each query position and
            set the rest to 0; None keeps all. A k above N keeps all too.
        bias: Added to the similarity before the softmax; broadcasts to (B, Q, N).

    Returns:
        (B, Q, N) float32 in [0, 1]; sums to 1 over N.

    Raises:
        ValueError: The keys differ in B or C, or the memory is empty (N = 0).

    Source:
        Cheng, Tai & Tang, "Rethinking Space-Time Networks with Improved Memory
        Coverage" (STCN), NeurIPS 2021, sec. 3.2; top-k as in MiVOS, CVPR 2021.
    """
    batch, channels, memory_size = memory_key.shape
    if (batch, channels) != tuple(query_key.shape[:2]) or memory_size == 0:
        raise ValueError(
            f"memory key {tuple(memory_key.shape)} cannot be read "
            f"with query key {tuple(query_key.shape)}"
        )
    similarity = _similarity(memory_key, query_key, bias)
    if top_k is None or top_k >= memory_size:
        return similarity.softmax(dim=2)
    values, index = similarity.topk(top_k, dim=2, sorted=False)
    return torch.zeros_like(similarity).scatter_(2, index, values.softmax(dim=2))


def _similarity(memory_key: Tensor, query_key: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return the (B, Q, N) float32 similarity that `affinity` is the softmax of."""
    batch, channels, memory_size = memory_key.shape
    # Autocast would round the distances to bfloat16, too coarse for an exponential.
    with torch.autocast(memory_key.device.type, enabled=False):
        memory_key, query_key = memory_key.float(), query_key.float()
        offset = -memory_key.square().sum(1, keepdim=True) / channels**0.5  # (B, 1, N)
        if bias is not None:
            offset = offset + bias
        scaled_query = (2 / channels**0.5) * query_key.transpose(1, 2)
        return torch.baddbmm(
            offset.expand(batch, query_key.shape[2], memory_size), scaled_query, memory_key
        )


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


def nearest(
    memory_key: Tensor, query_key: Tensor, k: int, bias: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return what `affinity` with top_k = k keeps: the weights and where they point.

    Args:
        memory_key: (1, C, N).
        query_key: (1, C, Q).
        k: How many memory positions a query position reads; N if there are fewer.
        bias: As of `affinity`.

    Returns:
        (Q, k) float32 weights, which sum to 1 over k, and (Q, k) memory positions.
    """
    is_on_cpu = query_key.device.type == "cpu" and not torch.compiler.is_exporting()
    at_once = max(1, _AT_ONCE // memory_key.shape[2])
    if is_on_cpu and query_key.shape[2] > at_once:
        # Larger ones get memory from the system each time: half as long again.
        parts = (nearest(memory_key, part, k, bias) for part in query_key.split(at_once, 2))
        weights, positions = zip(*parts, strict=True)
        return torch.cat(weights), torch.cat(positions)
    similarity = _similarity(memory_key, query_key, bias)[0]
    values, positions = _largest(similarity, min(k, similarity.shape[1]))
    return values.softmax(1), positions


def _largest(similarity: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k largest of each row of (Q, N), and where they are, in any order.

    What `topk` does, in two thirds of its time or less: columns are put in groups of 8, and
    only the k groups with the largest members can hold what is wanted.
    """
    count = similarity.shape[1]
    groups = count // _GROUP
    if torch.compiler.is_exporting() or groups < 2 * k:  # a graph is for any number of them
        return similarity.topk(k, 1, sorted=False)
    # Members of a group lie `groups` apart, so that the maximum runs along whole rows.
    members = similarity[:, : _GROUP * groups].unflatten(1, (_GROUP, groups))
    best = members.amax(1).topk(k, 1, sorted=False).indices
    steps = groups * torch.arange(_GROUP, device=best.device)
    rest = torch.arange(_GROUP * groups, count, device=best.device)
    where = (best[:, :, None] + steps).flatten(1)
    where = torch.cat([where, rest.expand(len(where), -1)], 1)
    found = similarity.gather(1, where).topk(k, 1, sorted=False)
    return found.values, where.gather(1, found.indices)


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
        {i: _rows(parts, i).t()[None] for i in ids},
    )


def _rows(entries: Sequence[MemoryFrame], object_id: int) -> Tensor:
    """Return (N, C_v), what the positions of several frames hold of an object."""
    return torch.cat([entry.values[object_id][0].t() for entry in entries])


class Reading:
    """Which positions of memory frames a frame reads, before it is said of which object.

    Positions of the frame read nothing until they are looked up.

    Attributes:
        entries: The memory frames.
        size: Height and width of the frame's grid, Q = height x width.
        known: (height, width) bool: which positions of the frame are looked up.
    """

    def __init__(self, entries: Sequence[MemoryFrame], query: Tensor, bias: Tensor, k: int) -> None:
        """Look up nothing yet.

        Args:
            entries: The memory frames, N positions in all.
            query: (1, C, h, w) key of the frame.
            bias: (1, 1, N), as of `nearest`.
            k: Memory positions that a position reads.
        """
        self.entries, self.size = entries, query.shape[-2:]
        self._query, self._bias = query.flatten(2), bias
        self._key = torch.cat([entry.key.to(query.dtype) for entry in entries], 2)
        shape = self._query.shape[2], min(k, self._key.shape[2])
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
            self._weights, self._positions = nearest(self._key, self._query, k, self._bias)
        elif len(wanted):
            query = self._query[:, :, wanted]
            self._weights[wanted], self._positions[wanted] = nearest(
                self._key, query, k, self._bias
            )
        self.known |= unknown

    def share(self, object_id: int, channel: int) -> Tensor:
        """Return what is read of one channel of an object's values, (height, width)."""
        row = self._value(object_id)[0, channel]
        return (row[self._positions] * self._weights).sum(1).reshape(self.size)

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
            self._values[object_id] = _rows(self.entries, object_id).float().t()[None]
        return self._values[object_id]


def read_frames(
    query: Tensor, entries: Sequence[MemoryFrame], biases: Sequence[float], k: int
) -> Reading:
    """Return how a frame reads memory frames; nothing is looked up yet.

    Args:
        query: (1, C, h, w) key of the frame to segment.
        entries: The memory frames, at least one.
        biases: Similarity added to the positions of each.
        k: Memory positions that a position reads.
    """
    lengths = torch.tensor([entry.key.shape[2] for entry in entries])
    bias = torch.tensor(biases, dtype=torch.float32).repeat_interleave(lengths)
    return Reading(entries, query, bias[None, None].to(query.device), k)
