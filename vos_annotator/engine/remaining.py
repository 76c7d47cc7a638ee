"""What is still to be computed after references changed, cut into runs for the worker.

For: the bridge, which asks after every interruption. Plain Python.

Whole spans are run again, from reference to reference, never their remainder alone: so an
interrupted run ends with the very masks that an undisturbed one gives.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from vos_annotator.engine.propagation import Pass, plan


@dataclass(frozen=True)
class Run:
    """Passes for the objects `ids`; None for all."""

    passes: tuple[Pass, ...]
    ids: frozenset[int] | None

    @property
    def frames(self) -> list[int]:
        """The frames, without doubles, in the order in which they are first run."""
        return list(dict.fromkeys(frame for one in self.passes for frame in one.frames))

    @property
    def frame_count(self) -> int:
        """How many segmentations it takes, previews counted."""
        return sum(len(one.frames) for one in self.passes)


def remaining_runs(
    references: Sequence[int],
    needs: Mapping[int, frozenset[int] | None],
    predictions: Iterable[int],
    origin: int | None = None,
    within: Collection[int] | None = None,
) -> list[Run]:
    """Return the runs that give every frame what it needs, the nearest to `origin` first.

    Args:
        references: Reference frames, sorted.
        needs: frame -> the objects to compute there; None for all.
        predictions: Frames that have masks; those in a span that needs anything are run too.
        origin: The frame that a person corrected last.
        within: A range that was asked for; a span with needs inside it only stays inside it.
    """
    needed, known = _by_span(references, needs), _by_span(references, predictions)
    runs: list[tuple[int, int, Run]] = []
    for span, frames in needed.items():
        frames = set(frames)
        others = known.get(span, [])
        if within is not None and all(frame in within for frame in frames):
            others = [frame for frame in others if frame in within]
        first, last = min(frames.union(others)), max(frames.union(others))
        ids = _union(needs[frame] for frame in frames)
        distance = 0 if origin is None else max(first - origin, origin - last, 0)
        runs.append((distance, first, Run(tuple(plan(references, first, last)), ids)))
    runs.sort(key=lambda run: run[:2])
    return _outwards([run for _, _, run in runs], references, origin)


def _outwards(runs: list[Run], references: Sequence[int], origin: int | None) -> list[Run]:
    """Join the runs on both sides of a corrected frame, so that both its sides improve first."""
    touching = [run for run in runs if any(origin in (p.source, p.until) for p in run.passes)]
    if origin not in references or len({run.ids for run in touching}) != 1:
        return runs
    frames = [frame for run in touching for p in run.passes for frame in p.frames]
    passes = tuple(plan(references, min(frames), max(frames), origin))
    return [Run(passes, touching[0].ids), *(run for run in runs if run not in touching)]


def _by_span(references: Sequence[int], frames: Iterable[int]) -> dict[int, list[int]]:
    """Group frames that are no references by how many references lie before them."""
    spans: dict[int, list[int]] = {}
    for frame in frames:
        at = bisect_right(references, frame)
        if at == bisect_left(references, frame):
            spans.setdefault(at, []).append(frame)
    return spans


def _union(wanted: Iterable[frozenset[int] | None]) -> frozenset[int] | None:
    wanted = set(wanted)
    return None if None in wanted else frozenset().union(*wanted)
