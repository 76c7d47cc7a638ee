"""What the memory keeps: all references, and the latest frames of the running pass.

For: the engine. Knows torch; how it is read is in `memory`.

All reference frames are kept; what is *read* is bounded by `MemoryBank.select`, so a
frame costs the same after ten corrections and after five hundred.
"""

import tempfile
from bisect import bisect_right, insort
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable
from itertools import accumulate, takewhile
from operator import itemgetter
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from vos_annotator.core.memory_budget import BUDGET, REFERENCES
from vos_annotator.core.putting_aside import putting_aside
from vos_annotator.mobilevos.memory import MemoryFrame, ValueRows, by_position, far_value, how_shown

Tell = Callable[[Tensor, int], Any]
_WITHOUT = "without"  # marks what a frame is known to lack
SPARSE = 5  # of so many frames of a pass an unbounded memory keeps one
LANDMARK_EVERY, LANDMARKS = 5, 5  # of so many frames one is a landmark, and as many are kept
LANDMARK_ROOM = 1.5  # frames: what they may have together, so that many objects cost no more


def packed(entry: MemoryFrame) -> bytes:
    """Return a memory frame as bytes."""
    named = {"key": entry.key} | {str(i): value for i, value in entry.values.items()}
    return save({name: tensor.cpu().contiguous() for name, tensor in named.items()})


def unpacked(data: bytes) -> MemoryFrame:
    """Return what was `packed`; SafetensorError, KeyError or ValueError where that is damaged."""
    tensors = load(data)
    key = tensors.pop("key")
    return MemoryFrame(key, {int(name): by_position(value) for name, value in tensors.items()})


class ReferenceStore:
    """Memory frames of all references: as many in memory as the budget says, others in a file.

    The temporary file has no name and goes with the process. What lies there is equal to what
    was kept, so it never matters to a mask which frames happened to be in memory.

    Attributes:
        kind, most, weight, size: As of `memory_budget.Cache`.
    """

    kind, most, weight = REFERENCES, None, 1.0

    def __init__(self) -> None:
        self._resident = OrderedDict[Hashable, MemoryFrame]()
        # Its offset and length in the file, and where its tensors were.
        self._spilled: dict[Hashable, tuple[int, int, torch.device]] = {}
        # Without a buffer: what the disk did not take must not wait there for the next reading.
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - lives on
        self.size = 0
        BUDGET.add(self)

    def put(self, frame: Hashable, entry: MemoryFrame) -> None:
        """Keep `entry` for `frame`, in place of an older one.

        Raises:
            UserError: The temporary folder cannot take what there is no memory for.
        """
        self.drop(frame)
        self._make_resident(frame, entry)

    def put_aside(self, frame: Hashable, content: bytes, device: torch.device) -> None:
        """Keep what was `packed` for `frame`, to be read when it is wanted."""
        self.drop(frame)
        self._spilled[frame] = self._write(content, device)

    def get(self, frame: Hashable) -> MemoryFrame:
        """Return what was kept for `frame`; KeyError where nothing was."""
        if frame in self._resident:
            self._resident.move_to_end(frame)
            return self._resident[frame]
        offset, length, device = self._spilled[frame]
        self._file.seek(offset)
        entry = unpacked(self._file.read(length)).to(device)
        self._make_resident(frame, entry)
        return entry

    def drop(self, frame: Hashable) -> None:
        """Keep nothing for `frame`."""
        self._release(self._resident.pop(frame, None))
        self._spilled.pop(frame, None)

    def _make_resident(self, frame: Hashable, entry: MemoryFrame) -> None:
        """Make room, then take it in: if the file takes no more, everything is as before."""
        most = BUDGET.share(self) - entry.nbytes
        while self.size > most and self._resident:
            oldest = next(iter(self._resident))
            if oldest not in self._spilled:
                evicted = self._resident[oldest]
                self._spilled[oldest] = self._write(packed(evicted), evicted.key.device)
            self._release(self._resident.pop(oldest))
        self._resident[frame] = entry
        self.size += entry.nbytes

    def _release(self, entry: MemoryFrame | None) -> None:
        self.size -= 0 if entry is None else entry.nbytes

    def trim(self) -> None:
        """Leave it to the thread that the store belongs to, which will with its next frame."""

    def _write(self, data: bytes, device: torch.device) -> tuple[int, int, torch.device]:
        with putting_aside():
            offset = self._file.seek(self._gap(len(data)))
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
        return offset, len(data), device

    def _gap(self, length: int) -> int:
        """Return the first place in the file where so many bytes are free."""
        start = 0
        for offset, taken, _ in sorted(self._spilled.values(), key=itemgetter(0)):
            if offset - start >= length:
                break
            start = offset + taken
        return start


class MemoryBank:
    """All reference frames, and the latest frames of the running pass.

    Attributes:
        revision: Rises with whatever is changed but by `follow`.
        rows: Of the frames that are read along the running pass.
    """

    def __init__(self, length: int = 2, every: int = 1) -> None:
        """Make it empty.

        Args:
            length: Frames of a pass that are read whole, its reference included: 2 adds the latest
                frame. 0 keeps the latest frame and every fifth before, without end, as STCN
                does; the cost of a frame then grows along the pass.
            every: Of so many frames of a pass one is remembered, beginning with the first; of
                each where the memory is without end.
        """
        self._store = ReferenceStore()
        self._showing: dict[int, list[int]] = {}  # object id -> the references that show it, sorted
        self._lacking: dict[int, list[int]] = {}  # object id -> frames that it is not on, sorted
        self._told: dict[tuple[int, int, Tell], Any] = {}  # of a reference, an object: see `_once`
        self._length, self._every = length, every if length else 1
        self._pass: list[MemoryFrame] = []
        self._landmarks: deque[tuple[MemoryFrame, MemoryFrame]] = deque(maxlen=LANDMARKS + 1)
        self._count = 0  # frames of the running pass
        self._room = 0.0  # positions that landmarks may have together
        self.rows = ValueRows()
        self.revision = 0

    @property
    def recent(self) -> tuple[MemoryFrame, ...]:
        """The frames of the running pass that are read: landmarks, then whole ones, in order."""
        latest = self._pass[-1:]
        marks = [mark for entry, mark in self._landmarks if not latest or entry is not latest[0]]
        taken = accumulate(mark.key.shape[2] for mark in reversed(marks))
        fitting = sum(1 for _ in takewhile(lambda positions: positions <= self._room, taken))
        return *marks[len(marks) - min(fitting, LANDMARKS) :], *self._pass

    @property
    def wants_next(self) -> bool:
        """Whether the next frame of the running pass is one to remember."""
        return self._length != 1 and self._count % self._every == 0

    @property
    def wants_landmark(self) -> bool:
        """Whether the next frame of the running pass is to be a landmark."""
        return self._length > 1 and self._count % LANDMARK_EVERY == 0

    def begin_pass(self) -> None:
        """Drop everything that is not a reference frame."""
        self._pass, self._count, self.rows = [], 0, ValueRows()
        self._landmarks.clear()
        self.revision += 1

    def follow(
        self, entry: MemoryFrame | None = None, near: Tensor | None = None, whole: int = 0
    ) -> None:
        """Take the next frame of the running pass: nothing of it, if it is not wanted.

        Args:
            entry: The frame.
            near: (N,) bool: its positions near objects, if it is wanted as a landmark: these
                are read for some time, to tell look-alikes apart.
            whole: Positions of all of the frame, seen or not, if it is wanted as a landmark.
        """
        self._count += 1
        if entry is None:
            return
        if near is not None:
            self._landmarks.append((entry, entry.at(near)))
            self._room = LANDMARK_ROOM * whole
        if self._length == 0:
            if self._pass and self._count % SPARSE != 1:  # the one before was there as the latest
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

    def keep_packed(
        self, frame: int, ids: Iterable[int], content: bytes, device: torch.device
    ) -> None:
        """Make `frame` a reference that shows `ids`, by what was `packed` of it."""
        self.forget(frame)
        self._store.put_aside(frame, content, device)
        for object_id in ids:
            insort(self._showing.setdefault(object_id, []), frame)

    def forget(self, frame: int) -> None:
        """Drop the reference `frame`; one that is not there is fine."""
        self.revision += 1
        self._store.drop(frame)
        _drop(self._showing, frame)
        self._told = {key: told for key, told in self._told.items() if key[0] != frame}

    def select(self, frame: int, object_id: int, without: int | None = None) -> tuple[int, ...]:
        """Return the references that are read for an object on `frame`: at most three.

        They are the first one that shows the object, the nearest at or before `frame`, and
        the nearest after it. One that does not show it may be older than the object, and
        would only vote against it. The reference `without` is left out, and if there is no
        other, nothing is left.
        """
        frames = [each for each in self._showing.get(object_id, ()) if each != without]
        if not frames:
            return ()
        after = bisect_right(frames, frame)
        return tuple(sorted({frames[0], *frames[max(after - 1, 0) : after + 1]}))

    def shown_elsewhere(self, frame: int, object_id: int) -> list[tuple[Tensor, Tensor]]:
        """Return keys and values of an object on the references that `frame` reads but itself."""
        entries = [self[each] for each in self.select(frame, object_id, without=frame)]
        return [(entry.key, entry.values[object_id]) for entry in entries]

    def far_value(self, object_id: int, references: Iterable[int], carried: int) -> Tensor | None:
        """Return an object's value far from it, by the first reference that has such a place.

        Args:
            object_id: Shown by the references.
            references: What `select` says.
            carried: As of `memory.far_value`.
        """
        values = (self._once(far_value, object_id, each, carried) for each in references)
        return next((value for value in values if value is not None), None)

    def how_shown(self, object_id: int, reference: int, carried: int) -> float:
        """Return how well a reference shows an object, as `memory.how_shown`."""
        return self._once(how_shown, object_id, reference, carried)

    def _once(self, tell: Tell, object_id: int, reference: int, carried: int) -> Any:
        """Return what `tell` says of an object's value on a reference; it is asked once."""
        key = reference, object_id, tell
        if key not in self._told:
            self._told[key] = tell(self[reference].values[object_id], carried)
        return self._told[key]

    def __getitem__(self, chosen: Hashable) -> MemoryFrame:
        """Return what `select` or `lacking` named."""
        return self._store.get(chosen)

    def deny(self, frame: int, entry: MemoryFrame | None) -> None:
        """Know that exactly the objects of an entry are not on a frame; None: all may be."""
        self.revision += 1
        _drop(self._lacking, frame)
        self._store.drop((_WITHOUT, frame))
        if entry is not None:
            self._store.put((_WITHOUT, frame), entry.halved())
            for object_id in entry.values:
                insort(self._lacking.setdefault(object_id, []), frame)

    def lacking(self, frame: int, object_id: int) -> tuple[Hashable, ...]:
        """Return what is read of frames without an object: the nearest before and after."""
        frames = self._lacking.get(object_id, [])
        after = bisect_right(frames, frame)
        return tuple((_WITHOUT, each) for each in frames[max(after - 1, 0) : after + 1])


def _drop(by_object: dict[int, list[int]], frame: int) -> None:
    """Take a frame off the list of every object."""
    for object_id, frames in list(by_object.items()):
        if frame in frames:
            frames.remove(frame)
        if not frames:
            del by_object[object_id]
