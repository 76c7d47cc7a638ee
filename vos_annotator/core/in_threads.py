"""One reader, several workers: what is read in order is worked on in threads, and never piles up.

For: exports, whose encoders and disks have time for each other. Standard library only.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

MAX_THREADS = 4  # each holds a picture, and the program has other things to do


def in_threads(
    work: Callable[..., Result], items: Iterable[tuple], threads: int | None = None
) -> Iterator[Result]:
    """Yield what `work` returns for each of `items`, in their order.

    Args:
        work: Called with an item's values, in one of the threads.
        items: Taken in the calling thread, at most one more ahead than there are threads.
        threads: None takes as many as there are cores, up to four.

    Raises:
        Exception: Whatever `work` raised, in the item's turn; those that are begun are still
            worked on, no other is.
    """
    threads = threads or min(MAX_THREADS, os.cpu_count() or 1)
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, "encoder") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, *item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()
