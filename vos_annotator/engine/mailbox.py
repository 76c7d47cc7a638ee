"""What two threads pass to each other: the newest of a kind, in order, at a bearable pace.

For: the worker, whose commands and results each go through one; it shares nothing else with the
window but caches. Plain Python.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


def _never() -> bool:
    return False


class Mailbox(Generic[T]):
    """Items in the order in which they were left; any thread may put and take.

    Latest wins: an item takes the place of a waiting one with the same key. Back-pressure:
    whoever puts into a full mailbox waits until there is room.
    """

    def __init__(
        self, capacity: int | None = None, on_filled: Callable[[], None] = lambda: None
    ) -> None:
        """Make an empty mailbox.

        Args:
            capacity: How many items wait at most; None for any number.
            on_filled: Called by the thread that puts, each time the mailbox stops being empty.
        """
        self._capacity = capacity
        self._on_filled = on_filled
        self._items: OrderedDict[Hashable, T] = OrderedDict()
        self._turn = threading.Condition()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T, key: Hashable = None, unless: Callable[[], bool] = _never) -> bool:
        """Leave an item; False if the mailbox closed or `unless()` came true meanwhile.

        A waiting item with the same `key` is replaced; a key of None is like no other.
        """
        key = object() if key is None else key
        with self._turn:
            while self._is_full_for(key) and not self._is_closed and not unless():
                self._turn.wait(0.05)  # s; bounds how late `unless` is seen
            if self._is_closed or unless():
                return False
            was_empty = not self._items
            self._items.pop(key, None)  # the newer item waits at the end, not in its place
            self._items[key] = item
            self._turn.notify_all()
        if was_empty:
            self._on_filled()
        return True

    def take(self, timeout: float | None = None) -> T | None:
        """Return the oldest item, or None once `timeout` s passed or the mailbox closed."""
        with self._turn:
            self._turn.wait_for(lambda: self._items or self._is_closed, timeout)
            if not self._items:
                return None
            return self._pop(next(iter(self._items)))

    def take_if(self, wanted: Callable[[T], bool]) -> T | None:
        """Return the oldest item that is `wanted`, without waiting; None if there is none."""
        with self._turn:
            for key, item in self._items.items():
                if wanted(item):
                    return self._pop(key)
        return None

    def holds(self, wanted: Callable[[T], bool]) -> bool:
        """Whether an item that is `wanted` waits."""
        with self._turn:
            return any(wanted(item) for item in self._items.values())

    def close(self) -> None:
        """Drop what waits and let everybody go who waits; nothing can be put any more."""
        with self._turn:
            self._is_closed = True
            self._items.clear()
            self._turn.notify_all()

    def _is_full_for(self, key: Hashable) -> bool:
        return (
            self._capacity is not None
            and key not in self._items
            and len(self._items) >= self._capacity
        )

    def _pop(self, key: Hashable) -> T:
        item = self._items.pop(key)
        self._turn.notify_all()
        return item
