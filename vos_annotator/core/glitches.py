"""Glitches: an object that is wrong on one to three frames and right before and after.

For: the window, which looks for them at rest, and whoever measures how well that goes. Knows
label maps and OpenCV; nothing of projects, pictures or engines.

Before and after the run the object has nearly one shape, and within the run another, lies
somewhere else or is gone. Shapes are compared where the object would be if it had moved evenly,
for what moves is no glitch; and where it is, for what shakes is none either.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.masks import LabelMap
from vos_annotator.core.shapes import Mask

LONGEST = 3  # frames of a run; what lasts longer is no glitch
REACH = LONGEST + 1  # how far a frame's mask counts for the verdict on another
SIDE = 64  # px of the shorter side that label maps are looked at in

# Chosen on training clips, see docs/doubt.md.
_ALIKE = 0.6  # IoU of the shapes before and after a run at least
_ALIKE_GONE = 0.3  # the same if the object is nowhere within the run
_UNLIKE = 0.75  # IoU of each shape in the run with those at most
_APART = 0.12  # by which it is below the IoU of those two
_LEAST_AREA = 12  # px of SIDE; of less nothing can be said
_MOST_MOVED = 0.5  # sizes of the object that it may have moved over the run to be compared there
_SHAKE = 1.0  # sizes of the object that it may be off its way


@dataclass(frozen=True, order=True)
class Glitch:
    """A run of frames on which an object is not what it is on either side.

    Attributes:
        frames: One to three of them.
        object_id: Which object.
    """

    frames: range
    object_id: int

    @property
    def neighbours(self) -> tuple[int, int]:
        """The sound frames before and after."""
        return self.frames[0] - 1, self.frames[-1] + 1


def small(label_map: LabelMap) -> LabelMap:
    """Return a label map in the size in which glitches are looked for."""
    scale = SIDE / min(label_map.shape)
    if scale >= 1:
        return label_map
    return cv2.resize(label_map, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)


def find_glitches(
    maps: Mapping[int, LabelMap],
    object_ids: Iterable[int],
    is_answered: Callable[[int, int], bool],
    cuts: Collection[int] = (),
) -> list[Glitch]:
    """Return the glitches among some frames, in order.

    Args:
        maps: frame -> its `small` label map; frames without masks are left out.
        object_ids: The objects to look at.
        is_answered: Whether, on a frame, a person answers for an object: then it is right.
        cuts: First frames of shots, over which nothing is compared.
    """
    found = []
    for object_id in object_ids:
        masks = {frame: label_map == object_id for frame, label_map in maps.items()}
        last = -1
        for frame in sorted(masks):
            if frame <= last:
                continue
            for run in _runs(frame, masks, lambda each, i=object_id: is_answered(each, i), cuts):
                if _is_glitch(masks, run):
                    found.append(Glitch(run, object_id))
                    last = run[-1]
                    break
    return sorted(found, key=lambda each: (each.frames[0], each.object_id))


def _runs(
    first: int,
    masks: Mapping[int, Mask],
    is_answered: Callable[[int], bool],
    cuts: Collection[int],
) -> Iterator[range]:
    """Give the runs from a frame on that may be a glitch, the shortest first."""
    before = masks.get(first - 1)
    if before is None or first in cuts or not _differ(before, masks[first]):
        return
    for end in range(first + 1, first + REACH):
        if is_answered(end - 1) or end in cuts or end not in masks:
            return
        yield range(first, end)


def _differ(a: Mask, b: Mask) -> bool:
    return iou(a, b) <= _UNLIKE


def _is_glitch(masks: Mapping[int, Mask], run: range) -> bool:
    before, after = masks[run[0] - 1], masks[run[-1] + 1]
    area = min(np.count_nonzero(before), np.count_nonzero(after))
    if area < _LEAST_AREA:
        return False
    start, end, size = center(before), center(after), area**0.5
    is_gone = not any(masks[frame].any() for frame in run)
    has_moved_far = np.hypot(*(end - start)) > _MOST_MOVED * size
    alike = iou(before if has_moved_far else _moved(before, end - start), after)
    if alike < (_ALIKE_GONE if is_gone else _ALIKE):
        return False
    for place, frame in enumerate(run, start=1):
        expected = start + (end - start) * place / (len(run) + 1)
        fit = max(
            _fit(before, start, masks[frame], expected, size),
            _fit(after, end, masks[frame], expected, size),
        )
        if fit > min(_UNLIKE, alike - _APART):
            return False
    return True


def _fit(
    sound: Mask,
    middle: NDArray[np.float64],
    mask: Mask,
    expected: NDArray[np.float64],
    size: float,
) -> float:
    """Return the best IoU of a mask with a sound one: as it lies, on its way, or a little off."""
    fit = max(iou(sound, mask), iou(_moved(sound, expected - middle), mask))
    if mask.any():
        here = center(mask)
        if np.hypot(*(here - expected)) <= _SHAKE * size:
            fit = max(fit, iou(_moved(sound, here - middle), mask))
    return fit


def iou(a: Mask, b: Mask) -> float:
    """Return the overlap of two masks over their union; 1 for two empty ones."""
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def center(mask: Mask) -> NDArray[np.float64]:
    """Return the middle of a mask that is not empty, as x, y."""
    moments = cv2.moments(mask.view(np.uint8), binaryImage=True)
    return np.array([moments["m10"], moments["m01"]]) / moments["m00"]


def _moved(mask: Mask, by: NDArray[np.float64]) -> Mask:
    """Return a mask moved by the nearest whole pixels of (x, y)."""
    x, y = np.rint(by).astype(int)
    height, width = mask.shape
    after = np.zeros_like(mask)
    after[max(y, 0) : height + min(y, 0), max(x, 0) : width + min(x, 0)] = mask[
        max(-y, 0) : height - max(y, 0), max(-x, 0) : width - max(x, 0)
    ]
    return after
