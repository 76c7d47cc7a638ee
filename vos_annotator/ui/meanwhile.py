"""Waits for something that takes a moment, while the window goes on being drawn.

For: opening videos. What a person types and clicks meanwhile is done afterwards.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from PySide6.QtCore import QEventLoop, QObject, Qt, Signal

T = TypeVar("T")


def meanwhile(work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise what it raises; it runs in a thread of its own."""
    loop, done = QEventLoop(), _Done()
    # Queued: the work may be done, and told of by this very thread, before the loop has begun.
    done.told.connect(loop.quit, Qt.ConnectionType.QueuedConnection)
    with ThreadPoolExecutor(1, "meanwhile") as pool:
        future: Future[T] = pool.submit(work)
        future.add_done_callback(lambda _: done.told.emit())
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    return future.result()


class _Done(QObject):
    told = Signal()
