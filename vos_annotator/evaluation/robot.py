"""A simulated annotator who corrects a video until it is right: what a correction is worth.

For: the `robot` part of the `evaluate` command. Runs any engine of the registry through the
functions that the window uses. Knows numpy, the metrics and sequences.

The robot marks the first frame, has the engine propagate, and then, round by round, takes
one frame, corrects it, makes it a reference and propagates again. Everything is scored
against the truth on all frames after each round.
"""

import time
from collections.abc import Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.video import Image, Video, open_video
from vos_annotator.engine.doubt import doubt_order, frame_doubt
from vos_annotator.engine.merging import with_strokes
from vos_annotator.engine.propagation import plan, propagate
from vos_annotator.engine.protocol import (
    DenyingEngine,
    LearningEngine,
    RefiningEngine,
    ScribbleEngine,
    SegmentationEngine,
)
from vos_annotator.engine.teachers import teachers
from vos_annotator.evaluation.continuity import Continuity, continuity, transitions
from vos_annotator.evaluation.metrics import contour_accuracy, region_similarity
from vos_annotator.evaluation.scribbles import draw_next
from vos_annotator.evaluation.sequences import Sequence, frame_positions

_CACHE_BYTES = 256 << 20  # pictures are read in every round
STROKES = 3  # of a correction by strokes


class Corrections(StrEnum):
    """What a correction does to the other frames."""

    ALONE = "alone"  # nothing: it mends its own frame
    FORWARD = "forward"  # it is remembered, and a pass runs from it to the next one
    BOTH = "both"  # as in the window: passes from both sides of a span, blended


class Order(StrEnum):
    """Which frame is corrected next."""

    DOUBT = "doubt"  # the one that the tool shows first
    TRUTH = "truth"  # the worst one: no annotator can know it, no order can beat it


@dataclass(frozen=True)
class Habits:
    """How the robot works.

    Attributes:
        rounds: Corrections after the first frame.
        by_strokes: It draws strokes; else it gives the true mask.
        order: Which frame it takes.
        corrections: What a correction does.
        learns: It lets the engine learn from the references after each.
        refines: The engine looks at each object of a large frame from near.
    """

    rounds: int = 8
    by_strokes: bool = False
    order: Order = Order.DOUBT
    corrections: Corrections = Corrections.BOTH
    learns: bool = False
    refines: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """Where a sequence stands after a round.

    Attributes:
        sequence: Its name; "all" for the mean over sequences.
        number: 0 after the first frame was marked.
        frame: That was corrected.
        jf: J&F, the mean over objects and all frames, the corrected ones included.
        strokes: Drawn so far.
        seconds: The engine's so far.
        continuity: How evenly the masks go on; None for the mean over sequences.
    """

    sequence: str
    number: int
    frame: int | None
    jf: float
    strokes: int
    seconds: float
    continuity: Continuity | None = None


class Robot:
    """Works through one sequence."""

    def __init__(
        self, engine: SegmentationEngine, sequence: Sequence, video: Video, habits: Habits
    ) -> None:
        self._engine, self._sequence, self._video, self._habits = engine, sequence, video, habits
        self._positions = frame_positions(sequence, video)
        self._ids = sorted(sequence.first_seen)
        frames = sorted(self._positions)
        self._first, self._last = frames[0], frames[-1]
        self._truths: dict[int, LabelMap] = {}
        self._masks: dict[int, LabelMap] = {}
        self._doubts: dict[int, float] = {}
        self._scores: dict[int, float] = {}
        self._references: list[int] = []
        self._denied: list[int] = []
        self._strokes, self._seconds = 0, 0.0

    def run(self) -> Iterator[Round]:
        """Yield where it stands after each round; the engine is left without references."""
        try:
            self._correct(self._first)
            self._propagate(None)
            yield self._round(0, self._first)
            for number in range(1, self._habits.rounds + 1):
                frame = self._next()
                if frame is None:
                    return
                self._correct(frame)
                if self._habits.learns:
                    self._learn()
                self._propagate(None if self._habits.learns else frame)
                yield self._round(number, frame)
        finally:
            for frame in self._references:
                self._engine.forget(frame)
            for frame in self._denied:
                self._engine.deny(frame, None, ())
            self._engine.begin_pass()
            if self._habits.learns:
                self._engine.unlearn()

    def _next(self) -> int | None:
        """Return the frame to correct, None when all are references."""
        left = [f for f in self._positions if f not in self._references]
        if not left:
            return None
        if self._habits.order is Order.TRUTH:
            return min(left, key=lambda frame: (self._scores[frame], frame))
        return doubt_order({frame: self._doubts[frame] for frame in left}, self._references)[0]

    def _correct(self, frame: int) -> None:
        truth = self._truth(frame)
        mask = self._by_strokes(frame, truth) if self._habits.by_strokes else truth
        erased = set(object_ids(self._masks.get(frame, mask))).difference(object_ids(mask))
        self._set(frame, mask)
        self._references = sorted([*self._references, frame])
        self._doubts.pop(frame, None)
        is_remembered = self._habits.corrections is not Corrections.ALONE
        if is_remembered or len(self._references) == 1:
            began = time.perf_counter()
            self._engine.memorize(frame, self._video[frame], mask)
            if erased and isinstance(self._engine, DenyingEngine):
                self._engine.deny(frame, self._video[frame], erased)
                self._denied.append(frame)
            self._seconds += time.perf_counter() - began

    def _by_strokes(self, frame: int, truth: LabelMap) -> LabelMap:
        """Return the mask after `STROKES` strokes, each for the object that is most wrong.

        On a frame without any mask every object gets as many: it has to be shown first.
        """
        if not isinstance(self._engine, ScribbleEngine):
            raise UserError(f"The engine {self._engine.name} cannot scribble: leave out --strokes.")
        mask = self._masks.get(frame)
        shown = [i for i in self._ids if (truth == i).any()]
        is_new = mask is None
        mask = np.zeros_like(truth) if is_new else mask.copy()
        strokes = {i: np.zeros(truth.shape, np.uint8) for i in self._ids}
        image = self._video[frame]
        for n in range(STROKES * (len(shown) if is_new else 1)):
            if is_new:
                target = shown[n // STROKES]
            else:
                target = max(self._ids, key=lambda i: np.count_nonzero((truth == i) ^ (mask == i)))
            wanted, current = truth == target, mask == target
            drawn = strokes[target].copy()
            draw_next(drawn, wanted, current if current.any() else None)
            if np.array_equal(drawn, strokes[target]):
                continue
            strokes[target] = drawn
            began = time.perf_counter()
            before, others = current if current.any() else None, (mask > 0) & ~current
            found = self._engine.scribble(frame, image, drawn, before, target, others)
            self._seconds += time.perf_counter() - began
            self._strokes += 1
            mask = with_strokes(mask, target, found, drawn)
        return mask

    def _learn(self) -> None:
        """Let the engine learn from what is drawn so far."""
        began = time.perf_counter()
        frames = teachers(self._references)
        self._engine.learn((frame, *self._reference(frame)) for frame in frames)
        self._seconds += time.perf_counter() - began

    def _propagate(self, corrected: int | None) -> None:
        """Run what the correction calls for; None runs everything."""
        corrections = self._habits.corrections
        if corrected is None:
            passes = plan(self._references, self._first, self._last)
        elif corrections is Corrections.ALONE:
            return
        elif corrections is Corrections.BOTH:
            passes = plan(self._references, self._first, self._last, corrected)
        else:
            later = [frame for frame in self._references if frame > corrected]
            passes = plan([corrected], corrected, later[0] - 1 if later else self._last)
        began = time.perf_counter()
        for frame, segmentation, is_final in propagate(self._engine, self._video, passes):
            if is_final and frame in self._positions:
                mask = segmentation.label_map()
                if self._habits.refines and isinstance(self._engine, RefiningEngine):
                    mask = self._engine.refine(frame, self._video[frame], mask, self._reference)
                self._seconds += time.perf_counter() - began
                self._doubts[frame] = frame_doubt(segmentation.confidence)
                self._set(frame, mask)
                began = time.perf_counter()
        self._seconds += time.perf_counter() - began

    def _reference(self, frame: int) -> tuple[Image, LabelMap]:
        return self._video[frame], self._masks[frame]

    def _set(self, frame: int, mask: LabelMap) -> None:
        self._masks[frame] = mask
        truth = self._truth(frame)
        self._scores[frame] = float(np.mean([_jf(truth == i, mask == i) for i in self._ids]))

    def _truth(self, frame: int) -> LabelMap:
        if frame not in self._truths:
            self._truths[frame] = self._sequence.truth(self._positions[frame])
        return self._truths[frame]

    def _round(self, number: int, frame: int) -> Round:
        jf = float(np.mean([self._scores[each] for each in self._positions]))
        truths = {each: self._truth(each) for each in self._masks}
        even = continuity(transitions(self._masks, truths, self._ids, self._references))
        return Round(self._sequence.name, number, frame, jf, self._strokes, self._seconds, even)


def run_sequence(engine: SegmentationEngine, sequence: Sequence, habits: Habits) -> Iterator[Round]:
    """Yield the rounds of one sequence.

    Raises:
        UserError: The engine cannot do what the habits ask.
    """
    if habits.learns and not isinstance(engine, LearningEngine):
        raise UserError(f"The engine {engine.name} cannot learn: leave out --learn.")
    with open_video(sequence.images, _CACHE_BYTES) as video:
        yield from Robot(engine, sequence, video, habits).run()


def mean_rounds(rounds: Many[Round], count: int) -> list[Round]:
    """Return the mean over sequences of each round; one that ended early keeps its last."""
    by_name: dict[str, list[Round]] = {}
    for each in rounds:
        by_name.setdefault(each.sequence, []).append(each)
    means = []
    for number in range(count + 1):
        there = [line[min(number, len(line) - 1)] for line in by_name.values()]
        figures = np.mean([(r.jf, r.strokes, r.seconds) for r in there], axis=0).tolist()
        means.append(Round("all", number, None, figures[0], figures[1], figures[2]))
    return means


def rounds_to(rounds: Many[Round], goal: float) -> dict[str, int | None]:
    """Return how many corrected frames each sequence took to reach a J&F; None if it did not."""
    reached: dict[str, int | None] = {each.sequence: None for each in rounds}
    for each in rounds:
        if each.jf >= goal and reached[each.sequence] is None:
            reached[each.sequence] = each.number
    return reached


def _jf(truth: NDArray[np.bool_], mask: NDArray[np.bool_]) -> float:
    return (region_similarity(truth, mask) + contour_accuracy(truth, mask)) / 2
