"""What an engine is: numpy in, a `Segmentation` out, called from one thread.

For: those who write an engine and those who drive one (propagation, worker, evaluation).
Knows numpy, OpenCV and label maps; no Qt, no torch, no videos.

An engine keeps *reference frames*, whose label maps a person answers for, and segments other
frames by them. What it gives for a frame is a `Segmentation`: log-odds at its own resolution,
so that two passes can be blended before anything is rounded to labels.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.edits import NOTHING
from vos_annotator.core.masks import LabelMap
from vos_annotator.core.video import Image
from vos_annotator.engine.enlarging import box_of_positive, enlarged

ABSENT = -16.0  # log-odds of an object that an engine says nothing about
Reference = tuple[int, Image, LabelMap]  # frame, (H, W, 3) RGB, (H, W) object ids
# Of the signs of error in the log-odds of a mask's error, 1 - J; fitted on training clips.
UNSURE, APART, AT_BEST = 7.68, 3.08, -1.96


@dataclass(frozen=True)
class Segmentation:
    """Where the objects are in one frame, before it is rounded to labels.

    Attributes:
        ids: Object ids, sorted.
        logits: (K, h, w) float32 log-odds of each object against background, at the
            engine's own resolution.
        shape: (H, W) of the frame.
        is_carried: False in a scene to which the pass does not carry its masks.
        at_most: Of an object against which something else than its pixels speaks, the most
            that its confidence may be, 0..1.
        at_worst: The least confidence that each object had on the way here from the reference
            that the pass started from, 0..1; empty where nobody followed it.
    """

    ids: tuple[int, ...]
    logits: NDArray[np.float32]
    shape: tuple[int, int]
    is_carried: bool = True
    at_most: Mapping[int, float] = field(default_factory=lambda: NOTHING)
    at_worst: Mapping[int, float] = field(default_factory=lambda: NOTHING)

    def label_map(self) -> LabelMap:
        """Return a fresh label map of the frame's size.

        The logits are enlarged first and compared after, so that borders are smooth. A pixel
        goes to the object with the highest log-odds, to background if none is above 0.
        """
        label_map = np.zeros(self.shape, np.uint8)
        best = np.zeros(self.shape, np.float32) if len(self.ids) > 1 else None
        for object_id, logits in zip(self.ids, self.logits, strict=True):
            box = box_of_positive(logits, self.shape)
            if box is None:
                continue
            inside = enlarged(logits, box, self.shape)
            rival = 0.0 if best is None else best[box]
            np.copyto(label_map[box], np.uint8(object_id), where=inside > rival)
            if best is not None:
                np.maximum(best[box], inside, out=best[box])
        return label_map

    def without(self, ids: Collection[int]) -> "Segmentation":
        """Return the segmentation with some objects nowhere."""
        if not set(ids).intersection(self.ids):
            return self
        logits = self.logits.copy()
        logits[[object_id in ids for object_id in self.ids]] = ABSENT
        return replace(self, logits=logits)

    @cached_property
    def owners(self) -> NDArray[np.uint8]:
        """(h, w) the object that each pixel of the logits is of, 0 for background."""
        if not self.ids:
            return np.zeros(self.logits.shape[1:], np.uint8)
        winners = np.array(self.ids, np.uint8)[self.logits.argmax(0)]
        winners[self.logits.max(0) <= 0] = 0
        return winners

    @cached_property
    def confidence(self) -> dict[int, float]:
        """How right each object's mask is likely to be, 0 to 1: an estimate of its J."""
        confidence = {}
        for object_id, logits in zip(self.ids, self.logits, strict=True):
            likely = likely_j(*signs_of_error(logits, self.owners == object_id))
            confidence[object_id] = min(likely, self.at_most.get(object_id, 1.0))
        return confidence


def signs_of_error(logits: NDArray[np.float32], own: NDArray[np.bool_]) -> tuple[float, float]:
    """Return two signs that an object's mask is wrong, each 0..1.

    Args:
        logits: (h, w) log-odds of the object.
        own: (h, w) its mask: where it is likelier than background and other objects.

    Returns:
        How unsure its pixels are, 1 - the mean of their probability; of an object that is
        nowhere, half the probability of the likeliest pixel. And the share of its area that
        lies apart from its largest part.
    """
    count, _, stats, _ = cv2.connectedComponentsWithStats(own.view(np.uint8))
    if count == 1:
        return 0.5 / (1 + float(np.exp(-logits.max(initial=ABSENT)))), 0.0
    areas = stats[1:, cv2.CC_STAT_AREA]
    sure = float((1 / (1 + np.exp(-logits[own]))).mean())
    return 1 - sure, 1 - float(areas.max() / areas.sum())


def likely_j(unsure: float, apart: float) -> float:
    """Return the J to expect, 0..1, from the `signs_of_error`."""
    return float(1 / (1 + np.exp(UNSURE * unsure + APART * apart + AT_BEST)))


@runtime_checkable
class SegmentationEngine(Protocol):
    """The four verbs; one thread calls them.

    The same references give the same segmentations, in whatever order they were memorized
    and whatever passes were run before.
    """

    name: str

    def memorize(self, frame: int, image: Image, label_map: LabelMap) -> None:
        """Make `frame` a reference; again for the same frame replaces it."""

    def forget(self, frame: int) -> None:
        """Undo `memorize`; a frame that is no reference is fine."""

    def begin_pass(self) -> None:
        """Drop everything that is not a reference frame."""

    def segment(self, frame: int, image: Image, absent: Collection[int] = ()) -> Segmentation:
        """Segment a frame by the references; may remember it until the next pass.

        The ids are among those memorized; without references there are none.

        Args:
            frame: Its index.
            image: (H, W, 3) RGB.
            absent: Objects that are known not to be there: nothing is remembered as theirs.
        """


@runtime_checkable
class ScribbleEngine(Protocol):
    """An engine that also turns strokes on a frame into a mask; it remembers nothing of it."""

    def scribble(
        self,
        frame: int,
        image: Image,
        strokes: NDArray[np.uint8],
        current: NDArray[np.bool_] | None,
        object_id: int | None = None,
        others: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.bool_]:
        """Return the (H, W) mask of the one object that strokes mark.

        Args:
            frame: Its index.
            image: (H, W, 3) RGB.
            strokes: (H, W): 1 inside the object, 2 outside it, 0 elsewhere.
            current: The object's mask before these strokes, if there is one.
            object_id: Which object it is, if it has an id: other references may show it.
            others: (H, W) what other objects have. The mask may reach into that: of what it
                takes there `with_strokes` leaves what strokes are about.
        """


@runtime_checkable
class DenyingEngine(Protocol):
    """An engine that also learns from frames what an object is not."""

    def deny(self, frame: int, image: Image | None, ids: Collection[int]) -> None:
        """Know that exactly the objects `ids` are not on a frame; no ids undo it, unseen.

        What is seen there is not taken for them on the frames around. References stay what
        they are, and `begin_pass` does not touch it.
        """


@runtime_checkable
class LearningEngine(Protocol):
    """An engine that can also learn from the references of a video how its objects look."""

    def learn(
        self, references: Iterable[Reference], cancelled: Callable[[], bool] = lambda: False
    ) -> bool:
        """Segment by what these references teach, from now on; return whether they teach it.

        What was learnt before is forgotten first, so the same references teach the same. The
        engine tries what it learns on references that it did not learn from, and leaves it if
        that does no good. Scribbles stay as they are.

        Args:
            references: Some of those that are memorized; more than a dozen bring little.
            cancelled: Asked now and then; True leaves everything as it was.
        """

    def unlearn(self) -> None:
        """Undo `learn`."""


@runtime_checkable
class RecallingEngine(Protocol):
    """An engine whose memory of a reference can be kept, and taken up by another of its kind.

    Attributes:
        memory_mark: Equal for engines that remember the same of the same reference: it stands
            for weights, size, precision and whatever else makes a difference. Letters and digits.
    """

    memory_mark: str

    def remembered(self, frame: int) -> bytes:
        """Return what is remembered of a frame that was memorized."""

    def recall(self, frame: int, content: bytes) -> bool:
        """Make `frame` a reference as `memorize` did when `content` was remembered.

        False, and nothing changes, if it is not what this engine would remember.
        """


@runtime_checkable
class SettlingEngine(Protocol):
    """An engine that finds out by trying, once on a machine, what suits that machine best."""

    def while_idle(self) -> None:
        """Begin to, in the background, for later sessions; what it gives stays as it is."""

    def settle(self) -> None:
        """Find it out now, and go by it; its memory is empty, and nobody waits at a window."""


@runtime_checkable
class RefiningEngine(Protocol):
    """An engine that can look again, closer, at what it found in a large frame."""

    def refine(
        self,
        frame: int,
        image: Image,
        label_map: LabelMap,
        reference: Callable[[int], tuple[Image, LabelMap]],
    ) -> LabelMap:
        """Return a label map with the same objects, and borders as fine as the frame is.

        A frame that shows no more from near is returned as it is. Nothing is remembered but
        what references look like from near.

        Args:
            frame: Its index.
            image: (H, W, 3) RGB.
            label_map: What was found, (H, W).
            reference: Gives the picture and the label map of a memorized frame, as memorized.
        """
