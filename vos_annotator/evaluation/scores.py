"""The figures of one object in one sequence, and the mean over objects.

For: the `evaluate` command and the trainer. Knows metrics and sequences; where the masks come
from, an engine or files, is the caller's.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.evaluation.metrics import Statistics, contour_accuracy, region_similarity
from vos_annotator.evaluation.sequences import Sequence


@dataclass(frozen=True, slots=True)
class Score:
    """What is reported of one object; `object_id` None is the mean over objects."""

    sequence: str
    object_id: int | None
    frames: int  # scored
    j: Statistics
    f: Statistics
    ms_per_frame: float | None = None  # of the engine; None for masks that were there already

    @property
    def jf_mean(self) -> float:
        """J&F."""
        return (self.j.mean + self.f.mean) / 2


def score_masks(sequence: Sequence, masks: Iterable[tuple[int, LabelMap]]) -> list[Score]:
    """Score the masks of a sequence, one frame in memory at a time.

    Args:
        sequence: The truth.
        masks: (position, label map), each scored position once, in any order; others are
            passed over.

    Raises:
        UserError: A label map has another size than the truth or an object it does not know.
        ValueError: A scored position is missing.
    """
    figures: dict[int, dict[int, tuple[float, float]]] = defaultdict(dict)
    for position, label_map in masks:
        objects = [i for i, positions in sequence.scored.items() if position in positions]
        if not objects:
            continue
        truth = sequence.truth(position)
        _check(sequence, position, truth, label_map)
        for object_id in objects:
            true, ours = truth == object_id, label_map == object_id
            figures[object_id][position] = (
                region_similarity(true, ours),
                contour_accuracy(true, ours),
            )
    return [
        _score(sequence, object_id, figures[object_id], positions)
        for object_id, positions in sequence.scored.items()
    ]


def mean_score(scores: list[Score], name: str = "all") -> Score:
    """Return the mean over objects, which is how DAVIS-2017 sums up a set.

    The frames are those of the sequences, each counted once; time is the mean over them.
    """
    sequences = {score.sequence: score for score in sorted(scores, key=lambda s: s.frames)}
    frames = sum(score.frames for score in sequences.values())
    times = [(s.ms_per_frame, s.frames) for s in sequences.values() if s.ms_per_frame is not None]
    return Score(
        sequence=name,
        object_id=None,
        frames=frames,
        j=_mean([score.j for score in scores]),
        f=_mean([score.f for score in scores]),
        ms_per_frame=sum(ms * n for ms, n in times) / sum(n for _, n in times) if times else None,
    )


def _score(
    sequence: Sequence, object_id: int, figures: dict[int, tuple[float, float]], positions: range
) -> Score:
    missing = [position for position in positions if position not in figures]
    if missing:
        raise ValueError(f"{sequence.name} lacks masks at positions {missing[:5]}")
    j, f = zip(*(figures[position] for position in positions), strict=True)
    return Score(sequence.name, object_id, len(positions), Statistics.of(j), Statistics.of(f))


def _mean(parts: list[Statistics]) -> Statistics:
    return Statistics(
        mean=fmean(part.mean for part in parts),
        recall=fmean(part.recall for part in parts),
        decay=fmean(part.decay for part in parts),
    )


def _check(sequence: Sequence, position: int, truth: LabelMap, label_map: LabelMap) -> None:
    frame = f"{sequence.name}/{sequence.files[position].name}"
    if label_map.shape != truth.shape:
        raise UserError(
            f"The result for {frame} is {label_map.shape[1]}x{label_map.shape[0]}, the truth "
            f"{truth.shape[1]}x{truth.shape[0]}: give masks of the size of the annotations."
        )
    highest = max(*sequence.first_seen, *sequence.scored)
    found = max(object_ids(label_map), default=0)
    if found > highest:
        raise UserError(
            f"The result for {frame} shows object {found}, but the highest in the truth is "
            f"{highest}: give indexed PNGs whose ids are those of the annotations."
        )
