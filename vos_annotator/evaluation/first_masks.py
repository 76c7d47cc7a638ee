"""An engine's way through DAVIS sequences, from the first masks alone, and its scores.

For: the `evaluate` command and the trainer. Runs any engine over each clip from its first
annotation, as semi-supervised DAVIS asks.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import numpy as np

from vos_annotator.core.atomic import put_file, writing
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import LabelMap, encode_png
from vos_annotator.core.video import Image, Video, open_video
from vos_annotator.engine.propagation import Pass, plan, propagate
from vos_annotator.engine.protocol import RefiningEngine, SegmentationEngine
from vos_annotator.evaluation.scores import Score, score_masks
from vos_annotator.evaluation.sequences import Sequence, find_sequences, frame_positions

_CACHE_BYTES = 32 << 20  # pictures are read once, in order


def evaluate_engine(
    engine: SegmentationEngine, root: str | Path, names: list[str] | None = None
) -> list[Score]:
    """Return the scores of an engine, one per object; `mean_score` sums them up.

    Args:
        engine: Has no reference frames, and has none afterwards.
        root: A DAVIS root.
        names: Its sequences; None as `find_sequences` has it.
    """
    return [
        s for sequence in find_sequences(root, names) for s in evaluate_sequence(engine, sequence)
    ]


def evaluate_sequence(
    engine: SegmentationEngine,
    sequence: Sequence,
    save: Path | None = None,
    refines: bool = False,
) -> list[Score]:
    """Run an engine on one sequence and score it.

    Args:
        engine: Has no reference frames, and has none afterwards.
        sequence: What it runs on.
        save: Keeps its masks in save/NAME.
        refines: Whether it looks at each object of a large frame from near.
    """
    segmented = _Run(engine, sequence, save, refines)
    scores = score_masks(sequence, segmented)
    return [replace(score, ms_per_frame=segmented.ms_per_frame) for score in scores]


class _Run:
    """One engine's way through one sequence, forwards from the first annotation.

    An object that appears later is given to the engine where it first appears, drawn over
    the engine's own masks of the other objects: no truth but the objects' first masks is
    ever seen.
    """

    def __init__(
        self, engine: SegmentationEngine, sequence: Sequence, save: Path | None, refines: bool
    ) -> None:
        self._engine = engine
        self._refines = refines and isinstance(engine, RefiningEngine)
        self._references: dict[int, LabelMap] = {}
        self._sequence = sequence
        self._save = save
        self._seconds = 0.0
        self._frames = 0

    @property
    def ms_per_frame(self) -> float | None:
        """Time of a segmented frame, from the picture's file to the label map."""
        return 1000 * self._seconds / self._frames if self._frames else None

    def __iter__(self) -> Iterator[tuple[int, LabelMap]]:
        with open_video(self._sequence.images, _CACHE_BYTES) as video:
            positions = frame_positions(self._sequence, video)
            for frame, label_map in self._segment(video, positions):
                if self._save is not None:
                    self._keep(Path(video.files[frame]).stem, label_map)
                if frame in positions:
                    yield positions[frame], label_map

    def _segment(self, video: Video, positions: dict[int, int]) -> Iterator[tuple[int, LabelMap]]:
        """Yield each frame from the first annotation on, once, in order."""
        first_seen = set(self._sequence.first_seen.values())
        starts = [frame for frame, position in positions.items() if position in first_seen]
        label_map = np.zeros(video.shape, np.uint8)
        try:
            for start, end in zip_longest(starts, starts[1:]):
                label_map = self._with_new_objects(label_map, positions[start])
                self._references[start] = label_map
                self._engine.memorize(start, video[start], label_map)
                yield start, label_map
                passes = plan([start], start, video.frame_count - 1 if end is None else end)
                for frame, label_map in self._timed(video, passes):
                    if frame != end:  # the end is yielded as the next start
                        yield frame, label_map
        finally:
            for start in starts:
                self._engine.forget(start)
            self._engine.begin_pass()

    def _timed(self, video: Video, passes: Iterable[Pass]) -> Iterator[tuple[int, LabelMap]]:
        def reference(frame: int) -> tuple[Image, LabelMap]:
            return video[frame], self._references[frame]

        steps = propagate(self._engine, video, passes)
        while True:
            began = time.perf_counter()
            step = next(steps, None)
            if step is None:
                return
            frame, segmentation, _ = step
            label_map = segmentation.label_map()
            if self._refines:
                label_map = self._engine.refine(frame, video[frame], label_map, reference)
            self._seconds += time.perf_counter() - began
            self._frames += 1
            yield frame, label_map

    def _with_new_objects(self, label_map: LabelMap, position: int) -> LabelMap:
        truth = self._sequence.truth(position)
        if truth.shape != label_map.shape:
            raise UserError(
                f"{self._sequence.files[position]} and the pictures in {self._sequence.images} "
                "differ in size: give pictures and annotations of one size."
            )
        new = [i for i, first in self._sequence.first_seen.items() if first == position]
        return np.where(np.isin(truth, new), truth, label_map)

    def _keep(self, stem: str, label_map: LabelMap) -> None:
        file = self._save / self._sequence.name / f"{stem}.png"
        with writing(file.parent):
            file.parent.mkdir(parents=True, exist_ok=True)
        put_file(file, encode_png(label_map))
