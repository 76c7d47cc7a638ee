"""The course of a batch: what is handed out next, what has become of every clip.

For: the `batch` command. Knows tasks and a pool that does them, wherever; nothing of videos.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vos_annotator.batch.clips import Clip
from vos_annotator.batch.places import Output
from vos_annotator.batch.work import Divided, Done, Settings, Task, note


@dataclass(frozen=True)
class Progress:
    """How far a worker is with a task."""

    task: Task
    done: int
    total: int


@dataclass(frozen=True)
class Ended:
    """A task that is no longer worked on."""

    task: Task
    result: Done | Divided


class Pool(Protocol):
    """Workers, in whatever processes and on whatever machines.

    Attributes:
        room: How many tasks it is good to have handed out.
    """

    room: int

    def submit(self, task: Task) -> None:
        """Hand out a task."""

    def next(self) -> Progress | Ended:
        """Wait until something happens to a task that was handed out."""

    def close(self) -> None:
        """Give up whatever is worked on."""


@dataclass
class Entry:
    """What is known of a clip.

    Attributes:
        clip: Which.
        state: "waiting", "running", "done", "known" (it was finished before) or "failed".
        frames: That are in the output, of those parts that have ended.
        written: Of them, those that were not there before.
        seconds: Of work, those of its parts added up.
        parts: How many it was cut into.
        error: Why it failed, in one sentence.
        report: Where in the program, if it was not the user's mistake.
        running: Frames done and their number, of each part that is worked on.
    """

    clip: Clip
    state: str = "waiting"
    frames: int = 0
    written: int = 0
    seconds: float = 0.0
    parts: int = 1
    error: str = ""
    report: str = ""
    running: dict[tuple[int, int] | None, tuple[int, int]] = field(default_factory=dict)
    left: int = 1
    is_given_up: bool = False
    is_new: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will be done about it."""
        return self.state in ("done", "known", "failed")

    def take(self, part: tuple[int, int] | None, done: Done) -> None:
        """Note what became of a part, or of the whole."""
        self.running.pop(part, None)
        self.left -= 1
        self.frames += done.frames
        self.written += done.written
        self.seconds += done.seconds
        self.is_new |= done.is_new
        if done.error and not self.error:
            self.error, self.report = done.error, done.report
        self.is_given_up |= bool(done.error) and done.ends_clip
        if self.left == 0:
            self.state = "failed" if self.error else "done" if self.is_new else "known"


def run(
    clips: Sequence[Clip],
    settings: Settings,
    out: str,
    pool: Pool,
    changed: Callable[[Entry], None] = lambda entry: None,
) -> list[Entry]:
    """Do all clips, whatever becomes of each; return what became of them, in order.

    Args:
        clips: Of different names.
        settings: How masks are computed.
        out: Where they go, a folder or a URL.
        pool: Who does it; closed by whoever made it.
        changed: Called with an entry that has changed, by this thread.
    """
    entries = {clip.name: Entry(clip) for clip in clips}
    output, waiting, handed_out = Output(out), deque(Task(c, settings, out) for c in clips), 0
    while waiting or handed_out:
        while waiting and handed_out < pool.room:
            task = waiting.popleft()
            entry = entries[task.clip.name]
            if entry.is_given_up:  # another part has failed: this one would be in vain
                entry.take(task.part, Done(is_new=False))
                changed(entry)
                continue
            entry.state = "running"
            pool.submit(task)
            handed_out += 1
        if not handed_out:
            break
        event = pool.next()
        entry = entries[event.task.clip.name]
        match event:
            case Progress(task, done, total):
                entry.running[task.part] = done, total
            case Ended(task, Divided(tasks)):
                handed_out -= 1
                entry.parts = entry.left = len(tasks)
                waiting.extendleft(reversed(tasks))  # so that a clip that is begun is finished
            case Ended(task, Done() as done):
                handed_out -= 1
                entry.take(task.part, done)
                if task.part is not None and entry.state in ("done", "known"):
                    note(task, output, None, Done(entry.frames, 0, entry.seconds))
        changed(entry)
    return list(entries.values())
