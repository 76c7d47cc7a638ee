"""What a batch did, for a person and for a program.

For: the `batch` command. Plain values only.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import vos_annotator
from vos_annotator.batch.run import Entry
from vos_annotator.batch.work import Settings


@dataclass(frozen=True)
class Report:
    """The outcome of a batch.

    Attributes:
        entries: Of every clip; those that an interrupted batch did not come to are waiting.
        settings: How masks were computed.
        workers: Who did it, in words.
        seconds: From the beginning to the end.
        left_out: Videos of the folder that have no masks.
    """

    entries: Sequence[Entry]
    settings: Settings
    workers: str
    seconds: float
    left_out: Sequence[str]

    def count(self, *states: str) -> int:
        """Return how many clips are in one of some states."""
        return sum(entry.state in states for entry in self.entries)

    @property
    def is_complete(self) -> bool:
        """Whether the masks of every clip are there."""
        return self.count("done", "known") == len(self.entries)

    def as_json(self) -> dict[str, object]:
        """Return everything, for a program."""
        return {
            "version": vos_annotator.__version__,
            "settings": asdict(self.settings),
            "workers": self.workers,
            "seconds": round(self.seconds, 3),
            "left_out": list(self.left_out),
            "clips": [_row(entry) for entry in self.entries],
        }

    def as_text(self) -> str:
        """Return it as a table, the failures with their sentences below."""
        width = max([4, *(len(entry.clip.name) for entry in self.entries)])
        lines = [f"{'clip':{width}}  {'':7} {'frames':>7} {'written':>7} {'s':>8} {'ms/frame':>8}"]
        for entry in self.entries:
            each = milliseconds(entry)
            lines.append(
                f"{entry.clip.name:{width}}  {entry.state:7} {entry.frames:7} {entry.written:7} "
                f"{entry.seconds:8.1f} {'-' if each is None else f'{each:.0f}':>8}"
            )
        failed = [entry for entry in self.entries if entry.error]
        lines += ["", *(f"{entry.clip.name}: {entry.error}" for entry in failed)] if failed else []
        lines += [f"{name} has no masks beside it: left out." for name in self.left_out]
        return "\n".join([*lines, "", self.summary()])

    def summary(self) -> str:
        """Return the whole in one line."""
        frames = sum(entry.frames for entry in self.entries if entry.state == "done")
        done = self.count("done")
        parts = [f"{done} {'clip' if done == 1 else 'clips'} done ({frames} frames)"]
        for state, words in (
            ("known", "finished before"),
            ("failed", "failed"),
            ("waiting", "not begun"),
            ("running", "not finished"),
        ):
            if n := self.count(state):
                parts.append(f"{n} {words}")
        return f"{', '.join(parts)}; {self.seconds:.1f} s with {self.workers}"


def milliseconds(entry: Entry) -> float | None:
    """Return what a frame of a clip took; None where nothing was computed."""
    return 1000 * entry.seconds / entry.frames if entry.frames and entry.seconds else None


def _row(entry: Entry) -> dict[str, object]:
    each = milliseconds(entry)
    return {
        "name": entry.clip.name,
        "inputs": list(entry.clip.inputs),
        "state": entry.state,
        "frames": entry.frames,
        "written": entry.written,
        "parts": entry.parts,
        "seconds": round(entry.seconds, 3),
        "ms_per_frame": None if each is None else round(each, 2),
        "error": entry.error,
        "report": entry.report,
    }
