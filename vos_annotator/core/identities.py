"""Whether objects are still the ones they were: by their colours, and by where they are.

For: the worker, which makes a person doubt what speaks against. Knows label maps, pictures and
OpenCV; nothing of engines.

An engine that takes an object for another one that looks like it is as sure of it as ever. Three
things speak against a mask: two objects look more like what each other looked like than like
themselves; two have changed places from one frame to the next; one is far from where it just was.
All is looked at in a small picture.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.colors import histogram
from vos_annotator.core.glitches import center, iou, small
from vos_annotator.core.masks import LabelMap
from vos_annotator.core.video import Image

Look = NDArray[np.float32]  # a histogram of colours

# Chosen on training clips, see docs/doubt.md.
_MARGIN = 0.1  # by which two objects look more like each other than like themselves
_LEAST_AREA = 20  # px of the small picture whose colours say something
_THERE, _ELSEWHERE = 0.5, 0.2  # IoU at least with the other's place, at most with one's own
_FAR = 3.0  # sizes of the object that are a jump
_LEAST_TO_JUMP = 12  # px of the small picture


def looks(image: Image, label_map: LabelMap) -> dict[int, Look]:
    """Return what each object that is large enough looks like."""
    labels = small(label_map)
    picture = cv2.resize(image, labels.shape[::-1], interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2Lab)
    areas = np.bincount(labels.ravel(), minlength=256)
    areas[0] = 0
    return {i: histogram(lab[labels == i]) for i in np.flatnonzero(areas >= _LEAST_AREA).tolist()}


def look_exchanged(now: Mapping[int, Look], known: Mapping[int, Sequence[Look]]) -> dict[int, int]:
    """Return the objects that look like another one, which looks like them: both to each other.

    Args:
        now: What objects look like.
        known: What they looked like where a person showed them, once or several times.
    """
    found: dict[int, tuple[float, int]] = {}
    for a, b in combinations(sorted(now.keys() & known.keys()), 2):
        own = _best(now[a], known[a]) + _best(now[b], known[b])
        crossed = _best(now[a], known[b]) + _best(now[b], known[a])
        if crossed - own > _MARGIN:
            for each, other in ((a, b), (b, a)):
                found[each] = max(found.get(each, (0.0, 0)), (crossed - own, other))
    return {each: other for each, (_, other) in found.items()}


def moved_oddly(before: LabelMap, now: LabelMap) -> dict[int, int | None]:
    """Return the objects that cannot have moved so between two neighbouring frames.

    Args:
        before: A `small` label map.
        now: That of the next frame, or of the one before.

    Returns:
        The object that each changed places with; None where it jumped elsewhere.
    """
    ids = sorted(set(np.unique(before).tolist()) & set(np.unique(now).tolist()) - {0})
    was, here = {i: before == i for i in ids}, {i: now == i for i in ids}
    odd: dict[int, int | None] = {}
    for each in ids:
        own = iou(was[each], here[each])
        size = min(np.count_nonzero(was[each]), np.count_nonzero(here[each])) ** 0.5
        way = np.hypot(*(center(here[each]) - center(was[each])))
        if own == 0 and size**2 >= _LEAST_TO_JUMP and way > _FAR * size:
            odd[each] = None
    for a, b in combinations(ids, 2):
        crossed = min(iou(was[a], here[b]), iou(was[b], here[a]))
        own = max(iou(was[a], here[a]), iou(was[b], here[b]))
        if crossed >= _THERE and own <= _ELSEWHERE:
            odd[a], odd[b] = b, a
    return odd


def _best(look: Look, known: Sequence[Look]) -> float:
    """Return how much of a look is that of the most similar one that is known: 0..1."""
    return max(float(np.sqrt(look * each).sum()) for each in known)
