"""How much memory caches may take, all together and each kind, and how much they take.

For: every cache, which asks how much it may keep; and the window, which shows it and lets a
person choose. The one place that knows these bounds. Knows the machine through psutil and, in a
container, the bound that is set there.

A *kind* has a share of what is allowed. Caches of a kind divide it: those that never need more
than some bytes get these, the others what is left. Where memory runs short, everything is halved
(`step_down`) down to a least amount, and stays so until somebody chooses again.

Thread rule: everything here may be called from any thread.
"""

import logging
import threading
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

import psutil

from vos_annotator.core.translation import marked

log = logging.getLogger(__name__)

MIB = 1 << 20
LEAST = 256 * MIB  # with less, a step back in 4K decodes a group of pictures anew
MOST = 8 << 30  # chosen by nobody; more is of no use to a clip of minutes
_INSTALLED_SHARE = 8  # an eighth of what is installed
_SHORT = 0.05  # of it: less than that left means that memory runs short
_SHORT_BYTES = 400 * MIB  # or less than that, on large machines

FRAMES, AHEAD, MASKS, FILM, REFERENCES = "frames", "ahead", "masks", "film", "references"
KINDS = {  # kind: its name and its share
    FRAMES: (marked("Decoded frames"), 0.68),
    AHEAD: (marked("Frames read ahead"), 0.08),
    MASKS: (marked("Decoded masks"), 0.10),
    FILM: (marked("Small pictures"), 0.02),
    REFERENCES: (marked("What the engine remembers"), 0.12),
}


class Cache(Protocol):
    """What keeps things that can be had again.

    Attributes:
        kind: One of `KINDS`.
        most: Bytes that it never needs more of; None where more is always better.
        weight: How much of its kind's share it gets beside others that have no `most`.
        size: Bytes that it holds.
    """

    kind: str
    most: int | None
    weight: float
    size: int

    def trim(self) -> None:
        """Hold no more than the budget says; called from any thread."""


class MemoryBudget:
    """What is allowed, and who takes part.

    Attributes:
        installed: Bytes of memory that this process can have at all.
        steps: How often it was stepped down.
    """

    def __init__(self, installed: int) -> None:
        self.installed, self.steps = installed, 0
        self._allowed = self.usual
        self._caches: WeakSet[Cache] = WeakSet()
        self._turn = threading.RLock()

    @property
    def usual(self) -> int:
        """What is allowed unless somebody chooses."""
        return min(max(self.installed // _INSTALLED_SHARE, LEAST), MOST)

    @property
    def allowed(self) -> int:
        """Bytes that all caches may take together."""
        return self._allowed

    def allow(self, size: int) -> None:
        """Choose how much; no less than the least."""
        self._allowed = max(size, LEAST)
        self._trim()

    def add(self, cache: Cache) -> None:
        """Have a cache take part for as long as it lives."""
        with self._turn:
            self._caches.add(cache)

    def remove(self, cache: Cache) -> None:
        """Have a cache take part no more."""
        with self._turn:
            self._caches.discard(cache)

    def cap(self, kind: str) -> int:
        """Return how many bytes all caches of a kind may take."""
        return int(self._allowed * KINDS[kind][1])

    def share(self, cache: Cache) -> int:
        """Return how many bytes a cache may take."""
        cap = self.cap(cache.kind)
        if cache.most is not None:
            return min(cache.most, cap)
        with self._turn:
            same = [each for each in self._caches if each.kind == cache.kind]
        others = [each for each in same if each.size or each is cache]  # the rest is not in use
        modest = sum(min(each.most, each.size) for each in others if each.most is not None)
        weights = sum(each.weight for each in others if each.most is None)
        return int(max(cap - modest, cap // 2) * cache.weight / max(weights, cache.weight))

    def used(self) -> dict[str, int]:
        """Return the bytes that each kind takes."""
        with self._turn:
            caches = list(self._caches)
        return {kind: sum(each.size for each in caches if each.kind == kind) for kind in KINDS}

    def step_down(self) -> bool:
        """Allow half as much, because memory ran short; False if that would be too little."""
        with self._turn:
            smaller = max(self._allowed // 2, LEAST)
            if smaller == self._allowed:
                return False
            self._allowed = smaller
            self.steps += 1
        log.warning("memory ran short: caches may take %d MiB now", smaller // MIB)
        self._trim()
        return True

    def is_short(self) -> bool:
        """Return whether little memory is left to this process."""
        left = min([psutil.virtual_memory().available, *(most - used for most, used in limits())])
        return left < min(self.installed * _SHORT, _SHORT_BYTES)

    def _trim(self) -> None:
        with self._turn:
            caches = list(self._caches)
        for each in caches:
            each.trim()


def installed_memory() -> int:
    """Return the bytes of memory that this process can have: the machine's or the container's."""
    return min([psutil.virtual_memory().total, *(limit for limit, _ in limits())])


def limits(
    groups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> list[tuple[int, int]]:
    """Return the bounds that control groups set, each with what counts towards it by now.

    Args:
        groups: Where control groups are mounted.
        own: Tells those that this process is in, a line a hierarchy: number:controllers:path.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return []  # only Linux has them
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            top, names = groups / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")
        elif not controllers:
            top, names = groups, ("memory.max", "memory.current")
        else:
            continue
        inside = top / path.lstrip("/")
        for folder in (inside, *inside.parents):
            if folder.is_relative_to(top):  # a group is bound by those that it is in, too
                found += _limit(folder, *names)
    return found


def _limit(folder: Path, limit_name: str, used_name: str) -> list[tuple[int, int]]:
    try:
        limit = int((folder / limit_name).read_text())
        used = int((folder / used_name).read_text())
        stat = (folder / "memory.stat").read_text().split()
    except (OSError, ValueError):
        return []  # no bound here, or it says "max"
    counts = dict(zip(stat[::2], stat[1::2], strict=False))
    # Pages of files that can be dropped do not count.
    files = int(counts.get("total_inactive_file", counts.get("inactive_file", 0)))
    return [(limit, max(used - files, 0))]


BUDGET = MemoryBudget(installed_memory())
