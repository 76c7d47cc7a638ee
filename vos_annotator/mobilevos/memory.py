"""The space-time memory: what is kept, what is read for a frame, and how it is read.

For: the engine (inference) and the trainer (the same reading rule). Knows torch only.

All reference frames are kept; what is *read* is bounded by `MemoryBank.select`, so a
frame costs the same after ten corrections and after five hundred.
"""

import tempfile
from bisect import bisect_right, insort
from collections import OrderedDict
from dataclasses import dataclass
from os import SEEK_END

import torch
import torch.nn.functional as F
from safetensors.torch import load, save
from torch import Tensor

_GROUP = 8  # positions that are looked at as one, first
EVERY = 5  # of the frames of a pass, the ones that an unbounded memory keeps


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
    rows = memory_value[0].t().float().contiguous()
    read = F.embedding_bag(positions, rows, mode="sum", per_sample_weights=weights)
    return read.t().reshape(1, -1, *size)


@dataclass(frozen=True)
class MemoryFrame:
    """One frame in memory.

    Attributes:
        key: (1, C, N) key of the frame.
        values: Value of each object, (1, C_v, N); N = H/16 x W/16.
    """

    key: Tensor
    values: dict[int, Tensor]

    def halved(self) -> "MemoryFrame":
        """Return the frame in half precision: what references are kept in."""
        return MemoryFrame(self.key.half(), {i: v.half() for i, v in self.values.items()})


class ReferenceStore:
    """Memory frames of all references: a few in memory, the others in a temporary file.

    The file has no name and goes with the process. What lies there is equal to what was
    kept, so it never matters to a mask which frames happened to be in memory.
    """

    def __init__(self, resident: int = 8) -> None:
        self._resident, self._capacity = OrderedDict[int, MemoryFrame](), resident
        self._spilled: dict[int, tuple[int, int]] = {}  # frame -> offset and length in the file
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the store

    def put(self, frame: int, entry: MemoryFrame) -> None:
        """Keep `entry` for `frame`, in place of an older one."""
        self.drop(frame)
        self._make_resident(frame, entry)

    def get(self, frame: int) -> MemoryFrame:
        """Return what was kept for `frame`; KeyError where nothing was."""
        if frame in self._resident:
            self._resident.move_to_end(frame)
            return self._resident[frame]
        offset, length = self._spilled[frame]
        self._file.seek(offset)
        tensors = load(self._file.read(length))
        key = tensors.pop("key")
        entry = MemoryFrame(key, {int(name): value for name, value in tensors.items()})
        self._make_resident(frame, entry)
        return entry

    def drop(self, frame: int) -> None:
        """Keep nothing for `frame`."""
        self._resident.pop(frame, None)
        self._spilled.pop(frame, None)

    def _make_resident(self, frame: int, entry: MemoryFrame) -> None:
        self._resident[frame] = entry
        if len(self._resident) > self._capacity:
            oldest, evicted = self._resident.popitem(last=False)
            if oldest not in self._spilled:
                self._spilled[oldest] = self._write(evicted)

    def _write(self, entry: MemoryFrame) -> tuple[int, int]:
        named = {"key": entry.key} | {str(i): value for i, value in entry.values.items()}
        data = save({name: tensor.cpu().contiguous() for name, tensor in named.items()})
        offset = self._file.seek(0, SEEK_END)
        self._file.write(data)
        return offset, len(data)


class MemoryBank:
    """All reference frames, and the latest frames of the running pass."""

    def __init__(self, length: int = 2) -> None:
        """Make it empty.

        Args:
            length: Frames of a pass that are read, its reference included: 2 adds the latest
                frame. 0 keeps the latest frame and every fifth before, without end, as STCN
                does; the cost of a frame then grows along the pass.
        """
        self._store = ReferenceStore()
        self._showing: dict[int, list[int]] = {}  # object id -> the references that show it, sorted
        self._length = length
        self._pass: list[MemoryFrame] = []
        self._count = 0  # frames of the running pass

    @property
    def recent(self) -> tuple[MemoryFrame, ...]:
        """The frames of the running pass that are read, in order."""
        return tuple(self._pass)

    def begin_pass(self) -> None:
        """Drop everything that is not a reference frame."""
        self._pass, self._count = [], 0

    def follow(self, entry: MemoryFrame) -> None:
        """Take the next frame of the running pass."""
        self._count += 1
        if self._length == 0:
            if self._pass and self._count % EVERY != 1:  # the one before was there as the latest
                self._pass.pop()
            self._pass.append(entry)
        else:
            self._pass = [*self._pass, entry][-(self._length - 1) :] if self._length > 1 else []

    def object_ids(self) -> tuple[int, ...]:
        """Return the ids of the objects that at least one reference shows, in order."""
        return tuple(sorted(self._showing))

    def keep(self, frame: int, entry: MemoryFrame) -> None:
        """Make `frame` a reference; again for the same frame replaces it."""
        self.forget(frame)
        self._store.put(frame, entry.halved())
        for object_id in entry.values:
            insort(self._showing.setdefault(object_id, []), frame)

    def forget(self, frame: int) -> None:
        """Drop the reference `frame`; one that is not there is fine."""
        self._store.drop(frame)
        for object_id, frames in list(self._showing.items()):
            if frame in frames:
                frames.remove(frame)
            if not frames:
                del self._showing[object_id]

    def select(self, frame: int, object_id: int, without: int | None = None) -> tuple[int, ...]:
        """Return the references that are read for an object on `frame`: at most three.

        They are the first one that shows the object, the nearest at or before `frame`, and
        the nearest after it. One that does not show it may be older than the object, and
        would only vote against it. The reference `without` is left out, and if there is no
        other, nothing is left.
        """
        frames = [each for each in self._showing[object_id] if each != without]
        if not frames:
            return ()
        after = bisect_right(frames, frame)
        return tuple(sorted({frames[0], *frames[max(after - 1, 0) : after + 1]}))

    def __getitem__(self, frame: int) -> MemoryFrame:
        return self._store.get(frame)
