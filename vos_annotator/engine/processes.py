"""A process of the program's own that serves this one, and goes with it, whatever happens.

For: the engine beside the window, and what else is started with it. Knows processes and pipes;
nothing of engines.

It gives way to the window where cores are short, and is the first to be ended where memory is. The
terminal's Ctrl-C is not for it. It ends when its pipe does: with the one who started it, however
that ends; on Linux at once, in the midst of whatever it does.
"""

import contextlib
import ctypes
import faulthandler
import mmap
import os
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import psutil

from vos_annotator.engine.talk import ROOM, Talk

NICENESS = 10  # of the engine and of jobs: where cores are short, the window goes first
_EXPENDABLE = 500  # of 1000: how much rather than others it is ended where memory runs out
_DIE_WITH_PARENT = 1  # of prctl
_PATIENCE = 2.0  # s that a process has to end by itself when its pipe has
_TOLD = 4000  # bytes of its last words

_turn = threading.Lock()
_all: "weakref.WeakSet[Child]" = weakref.WeakSet()


class Child:
    """A module of the program that runs as a process, and the conversation with it.

    On Linux it goes with the thread that started it.

    Attributes:
        talk: This end of the conversation.
        thread: The one that started it.
    """

    def __init__(self, module: str) -> None:
        """Start `module`, whose `main` calls `talking`."""
        self.thread = threading.current_thread()
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - what it says to nobody
        shared = _shared_memory()
        words = [] if shared is None else [str(shared)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(_places())},
            pass_fds=() if shared is None else (shared,),
        )
        memory = None if shared is None else mmap.mmap(shared, ROOM)
        if shared is not None:
            os.close(shared)
        self.talk = Talk(self._process.stdout, self._process.stdin, memory)
        self._end = weakref.finalize(self, _end, self._process)
        with _turn:
            _all.add(self)

    @property
    def is_ended(self) -> bool:
        """Whether `end` was called; it may have come to its end without."""
        return not self._end.alive

    @property
    def resident(self) -> int:
        """Bytes of memory that it takes; 0 once it has ended."""
        with contextlib.suppress(psutil.Error):
            return psutil.Process(self._process.pid).memory_info().rss
        return 0

    def end(self) -> None:
        """End it in the midst of whatever it does; ending twice is fine."""
        self._end()

    def obituary(self) -> tuple[str, str]:
        """Return how it came to its end, in a word, and its last words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)  # its pipe ends a moment before it does
        self.end()
        code = self._process.returncode
        self._words.seek(max(0, self._words.seek(0, os.SEEK_END) - _TOLD))
        told = self._words.read().decode(errors="replace").strip()
        return signal.Signals(-code).name if code < 0 else f"code {code}", told


def resident() -> int:
    """Return the bytes of memory that the processes take which were started here."""
    with _turn:
        children = list(_all)
    return sum(each.resident for each in children)


def end_those_of(thread: threading.Thread) -> None:
    """End the processes that a thread started, as `Child.end`; it waits for none any more."""
    with _turn:
        children = [each for each in _all if each.thread is thread]
    for each in children:
        each.end()


def talking(say_aside: Callable[[], object]) -> Talk:
    """Return the end of the conversation that a process has which a `Child` started.

    What it prints from now on goes to nobody: the pipe is for the conversation.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started it ends it
    die_with_parent()
    _give_way()
    faulthandler.enable()
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    memory = mmap.mmap(int(sys.argv[1]), ROOM) if len(sys.argv) > 1 else None
    return Talk(incoming, outgoing, memory, say_aside)


def die_with_parent() -> None:
    """End this process when the thread that started it ends, where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _give_way() -> None:
    with contextlib.suppress(OSError, AttributeError):
        os.nice(max(0, NICENESS - os.getpriority(os.PRIO_PROCESS, 0)))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_EXPENDABLE))


def _shared_memory() -> int | None:
    """Return a file without a name, for memory that two processes share; None without such."""
    if not hasattr(os, "memfd_create"):
        return None
    file = os.memfd_create("vos-annotator")
    os.ftruncate(file, ROOM)
    return file


def _places() -> list[str]:
    """Return where the other process is to look for modules: wherever this one does."""
    return [each or os.getcwd() for each in sys.path]


def _end(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):  # whoever waits at one does so no more
        with contextlib.suppress(OSError):
            pipe.close()
