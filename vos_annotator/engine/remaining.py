"""What is still to be computed after references changed, cut into runs for the worker.

For: the bridge, which asks after every interruption. Plain Python and numpy.

Whole spans are run again, from reference to reference, never their remainder alone: so an
interrupted run ends with the very masks that an undisturbed one gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vos_annotator.engine.propagation import Pass, plan

Flags = NDArray[np.bool_]  # one a frame


@dataclass(frozen=True)
class Run:
    """Passes for the objects `ids`; None for all."""

    passes: tuple[Pass, ...]
    ids: frozenset[int] | None

    @property
    def frame_count(self) -> int:
        """How many segmentations it takes, previews counted."""
        return sum(len(one.frames) for one in self.passes)

    @property
    def first(self) -> int:
        """The first frame of the video that it visits."""
        return min(min(one.frames[0], one.frames[-1]) for one in self.passes)

    @property
    def last(self) -> int:
        """The last frame of the video that it visits."""
        return max(max(one.frames[0], one.frames[-1]) for one in self.passes)


def remaining_runs(
    references: Sequence[int],
    needs: Mapping[int | None, Flags],
    predictions: Flags,
    origin: int | None = None,
    within: range | None = None,
) -> list[Run]:
    """Return the runs that give every frame what it needs, the nearest to `origin` first.

    Args:
        references: Reference frames, sorted.
        needs: object -> the frames on which it is to be computed; None stands for all.
        predictions: Frames that have masks; those in a span that needs anything are run too.
        origin: The frame that a person corrected last.
        within: A range that was asked for; a span with needs inside it only stays inside it.
    """
    needed = np.logical_or.reduce([np.zeros_like(predictions), *needs.values()])
    needed[list(references)] = False
    has_masks = needed | predictions
    runs: list[tuple[int, Run]] = []
    for left, right in zip([-1, *references], [*references, len(needed)], strict=True):
        span = slice(left + 1, right)
        if not needed[span].any():
            continue
        first, last = _reach(needed, span)
        known = span
        if within is not None and first in within and last in within:
            known = slice(max(span.start, within.start), min(span.stop, within.stop))
        first, last = _reach(has_masks, known)
        ids = frozenset(i for i, flags in needs.items() if flags[span].any())
        run = Run(tuple(plan(references, first, last)), None if None in ids else ids)
        runs.append((0 if origin is None else max(first - origin, origin - last, 0), run))
    runs.sort(key=lambda entry: (entry[0], entry[1].first))
    return _outwards([run for _, run in runs], references, origin)


def _outwards(runs: list[Run], references: Sequence[int], origin: int | None) -> list[Run]:
    """Join the runs on both sides of a corrected frame, so that both its sides improve first."""
    touching = [run for run in runs if any(origin in (p.source, p.until) for p in run.passes)]
    if origin not in references or len({run.ids for run in touching}) != 1:
        return runs
    first, last = min(run.first for run in touching), max(run.last for run in touching)
    passes = tuple(plan(references, first, last, origin))
    return [Run(passes, touching[0].ids), *(run for run in runs if run not in touching)]


def _reach(flags: Flags, span: slice) -> tuple[int, int]:
    """Return the first and the last frame of a span that has a flag."""
    flagged = np.flatnonzero(flags[span])
    return int(flagged[0]) + span.start, int(flagged[-1]) + span.start
