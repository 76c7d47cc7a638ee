"""What a project took a person: steps, time at work, and how far corrections lie apart.

For: the `effort` command and the window. Knows projects and their history, which holds the last
thousand steps that stand; what was undone counts for nothing.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, pairwise

from vos_annotator.core.edits import FrameEdit, edits_of
from vos_annotator.core.project import Project

COLUMNS = ["step", "what", "at", "seconds", "frames", "first_frame", "last_frame"]
REST = 60.0  # s; whoever does nothing for longer was elsewhere


@dataclass(frozen=True)
class Step:
    """Something that a person did.

    Attributes:
        name: What it is called in the Edit menu.
        at: When, in seconds since the epoch; 0 if nobody noted it.
        frames: Whose masks it changed, or confirmed.
    """

    name: str
    at: float
    frames: tuple[int, ...]


@dataclass(frozen=True)
class Effort:
    """The steps of a project, oldest first."""

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, project: Project) -> "Effort":
        """Return what was done to the masks of a project."""
        history, steps = project.history, []
        for position, edit in history.steps_done():
            frames = tuple(sorted({each.frame for each in edits_of(FrameEdit, edit)}))
            if frames:
                steps.append(Step(history.name(position), history.time(position), frames))
        return cls(tuple(steps))

    @property
    def seconds(self) -> tuple[float, ...]:
        """Of each step, the time since the one before, spent at work: at most `REST`."""
        times = [step.at for step in self.steps]
        spent = [
            min(after - before, REST) if before and after >= before else 0.0
            for before, after in pairwise(times)
        ]
        return (0.0, *spent) if times else ()

    @property
    def frames(self) -> dict[int, int]:
        """How many steps each frame that was touched took, by frame."""
        counts = Counter(frame for step in self.steps for frame in step.frames)
        return dict(sorted(counts.items()))

    @property
    def distances(self) -> tuple[int, ...]:
        """How many frames lie between a touched frame and the next."""
        return tuple(after - before for before, after in pairwise(self.frames))

    @property
    def points(self) -> list[tuple[int, float]]:
        """Each frame that was touched, with the minutes at work until then, step by step."""
        minutes = [seconds / 60 for seconds in accumulate(self.seconds)]
        steps = zip(self.steps, minutes, strict=True)
        return [(frame, minute) for step, minute in steps for frame in step.frames]

    @property
    def rows(self) -> list[list[str]]:
        """A row under `COLUMNS` for each step."""
        rows = []
        for number, (step, seconds) in enumerate(zip(self.steps, self.seconds, strict=True), 1):
            at = datetime.fromtimestamp(step.at, UTC).isoformat(timespec="seconds")
            frames = [str(len(step.frames)), str(step.frames[0]), str(step.frames[-1])]
            when = at if step.at else ""
            rows.append([str(number), step.name, when, f"{seconds:.1f}", *frames])
        return rows
