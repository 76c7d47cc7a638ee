"""Workers in processes of their own on this machine, each computing in one thread.

For: the `batch` command. A process that dies, of a full memory or a fault of a library, takes
its task along only: another one does it again, once.

One thread each, however many workers there are: a second thread of one network gives less than
a second worker, and libraries may round sums otherwise when they divide them otherwise.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from vos_annotator.batch.run import Ended, Progress
from vos_annotator.batch.work import Done, Engines, Task, work
from vos_annotator.core.translation import tr

_TRIES = 2
_THREADS = "OMP_NUM_THREADS"  # what torch, OpenCV and the libraries of both go by
_USUAL_MOST = 4  # workers that nobody asked for: each takes more than a gigabyte


def usual_workers() -> int:
    """Return how many workers there are where nobody says: one for each core, up to a few."""
    known = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1
    return min(cores, _USUAL_MOST)


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    task: Task | None = None


class Processes:
    """A pool of processes.

    Attributes:
        room: One task for each.
    """

    def __init__(self, workers: int) -> None:
        """Start none yet: each begins with its first task. The user's thread count stays."""
        self.room = workers
        self._threads = os.environ.get(_THREADS) or "1"
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._tries: dict[Task, int] = {}
        self._events: deque[Progress | Ended] = deque()

    def submit(self, task: Task) -> None:
        """Hand a task to a worker that has none, a new one if need be; see `room`."""
        worker = next((each for each in self._workers if each.task is None), None)
        if worker is None:
            worker = self._start()
            self._workers.append(worker)
        worker.task = task
        with suppress(OSError):  # it has died: `next` will find that out
            worker.pipe.send(task)

    def next(self) -> Progress | Ended:
        """Wait until a worker says something, or dies."""
        while not self._events:
            ready = wait([worker.pipe for worker in self._workers])  # a death closes it
            for n, worker in enumerate(self._workers):
                if worker.pipe in ready:
                    self._listen(n, worker)
        return self._events.popleft()

    def close(self) -> None:
        """End all workers, whatever they do."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=serve, args=(theirs, self._threads), name="batch", daemon=True
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _listen(self, n: int, worker: _Worker) -> None:
        """Take what a worker has said; replace it if it has died."""
        try:
            while worker.pipe.poll():
                event = worker.pipe.recv()
                if isinstance(event, Ended):
                    worker.task = None
                self._events.append(event)
        except (EOFError, OSError):
            worker.process.join()
            worker.pipe.close()
            self._workers[n] = self._start()
            if worker.task is not None:
                self._try_again(worker.task, worker.process.exitcode or 0)

    def _try_again(self, task: Task, code: int) -> None:
        self._tries[task] = self._tries.get(task, 1) + 1
        if self._tries[task] <= _TRIES:
            self.submit(task)
            return
        name = signal.Signals(-code).name if code < 0 else f"code {code}"
        error = tr(
            "The process that worked on it ended twice ({name}): if memory is short, try again "
            "with fewer at once.",
            name=name,
        )
        self._events.append(Ended(task, Done(error=error)))


def serve(pipe: Connection, threads: str) -> None:
    """Do what comes through a pipe, one task after the other, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started it ends it
    os.environ[_THREADS] = threads
    import cv2

    cv2.setNumThreads(int(threads))
    engines: Engines = {}
    with suppress(EOFError, OSError):  # nobody listens any more
        while True:
            task = pipe.recv()
            told = _Told(pipe, task)
            pipe.send(Ended(task, work(task, engines, told)))


@dataclass(frozen=True)
class _Told:
    pipe: Connection
    task: Task

    def __call__(self, done: int, total: int) -> None:
        try:
            self.pipe.send(Progress(self.task, done, total))
        except OSError:
            raise SystemExit(1) from None  # whoever wanted the masks has gone
