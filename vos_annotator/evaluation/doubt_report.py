"""Whether an engine knows where it is wrong: the doubt that it shows against the truth.

For: the `evaluate` command. Runs any engine of the registry from the first masks.
"""

import argparse
from collections.abc import Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from vos_annotator.core.tables import write_csv
from vos_annotator.core.video import open_video
from vos_annotator.engine.doubt import doubt_order, frame_doubt
from vos_annotator.engine.propagation import plan, propagate
from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.evaluation.metrics import region_similarity
from vos_annotator.evaluation.sequences import Sequence, frame_positions

COLUMNS = ["sequence", "frame", "object", "confidence", "J"]
BAD, SHOWN = 0.7, 10  # J of a frame that is truly bad; how many frames a person looks at
_CACHE_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Judged:
    """What an engine says of an object on a frame, and what is true."""

    sequence: str
    frame: int
    object_id: int
    confidence: float
    j: float


def run(args: argparse.Namespace, sequences: Many[Sequence], engine: SegmentationEngine) -> int:
    """Run `evaluate --doubt`; 0 when done.

    Raises:
        UserError: A file cannot be written.
    """
    judged: list[Judged] = []
    found: list[float] = []
    print(f"{'sequence':<20}{'frames':>8}{'rank':>8}{'bad':>6}{'shown':>7}")
    for sequence in sequences:
        rows = list(judge(engine, sequence))
        judged += rows
        bad, shown = bad_frames_shown(rows)
        found += [shown] if bad >= SHOWN else []
        rank = rank_correlation(rows)
        print(f"{sequence.name:<20}{len(rows):>8}{rank:>8.3f}{bad:>6}{shown:>7.2f}", flush=True)
    print(f"rank correlation of doubt and 1 - J over all: {rank_correlation(judged):.3f}")
    if found:
        print(
            f"share of frames below J {BAD} among the first {SHOWN} shown, {len(found)} "
            f"sequences that have as many: {np.mean(found):.2f}"
        )
    if args.csv is not None:
        cells = (
            [r.sequence, str(r.frame), str(r.object_id), f"{r.confidence:.4f}", f"{r.j:.4f}"]
            for r in judged
        )
        write_csv(args.csv, COLUMNS, cells)
    return 0


def judge(engine: SegmentationEngine, sequence: Sequence) -> Iterator[Judged]:
    """Yield every object of the first annotation on every frame after it."""
    with open_video(sequence.images, _CACHE_BYTES) as video:
        positions = frame_positions(sequence, video)
        first, last = min(positions), max(positions)
        try:
            engine.memorize(first, video[first], sequence.truth(positions[first]))
            for frame, found, _ in propagate(engine, video, plan([first], first, last)):
                if frame not in positions:
                    continue
                truth, mask = sequence.truth(positions[frame]), found.label_map()
                for object_id, confidence in found.confidence.items():
                    j = region_similarity(truth == object_id, mask == object_id)
                    yield Judged(sequence.name, frame, object_id, confidence, j)
        finally:
            engine.forget(first)
            engine.begin_pass()


def rank_correlation(judged: Many[Judged]) -> float:
    """Return Spearman's correlation of doubt and error; 0 where either does not vary."""
    doubts, errors = [1 - row.confidence for row in judged], [1 - row.j for row in judged]
    if len(set(doubts)) < 2 or len(set(errors)) < 2:
        return 0.0
    return float(spearmanr(doubts, errors).statistic)


def bad_frames_shown(judged: Many[Judged]) -> tuple[int, float]:
    """Return how many frames of a sequence are bad, and their share of those shown first."""
    by_frame: dict[int, list[Judged]] = {}
    for row in judged:
        by_frame.setdefault(row.frame, []).append(row)
    is_bad = {frame: min(row.j for row in rows) < BAD for frame, rows in by_frame.items()}
    doubts = {
        frame: frame_doubt({row.object_id: row.confidence for row in rows})
        for frame, rows in by_frame.items()
    }
    shown = doubt_order(doubts, [min(by_frame, default=0) - 1])[:SHOWN]
    return sum(is_bad.values()), float(np.mean([is_bad[f] for f in shown])) if shown else 0.0
