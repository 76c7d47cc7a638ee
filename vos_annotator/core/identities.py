"""Whether objects are still the ones they were: by their colours, and by where they are.

For: the worker, which makes a person doubt what speaks against. Knows label maps, pictures and
OpenCV; nothing of engines.

An engine that takes an object for another one that looks like it is as sure of it as ever. Three
things speak against a mask: two objects look more like what each other looked like than like
themselves; two have changed places from one frame to the next; one is far from where it just was.
All is looked at in a small picture.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.colors import histogram
from vos_annotator.core.glitches import center, small
from vos_annotator.core.masks import LabelMap
from vos_annotator.core.shrinking import shrunk
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
    picture = shrunk(image, labels.shape)
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
    ids = sorted(now.keys() & known.keys())
    if len(ids) < 2:
        return {}
    shown = np.stack([look for each in ids for look in known[each]])
    starts = np.cumsum([0, *(len(known[each]) for each in ids[:-1])])
    # How much of each object's look is that of the most similar one known of each: 0..1.
    alike = np.stack(
        [np.maximum.reduceat(np.sqrt(now[each] * shown).sum(1), starts) for each in ids]
    ).astype(float)
    own = alike.diagonal()
    gain = alike + alike.T - (own[:, None] + own)
    others = len(ids) - 1 - gain[:, ::-1].argmax(1)
    return {
        each: ids[other]
        for each, other, most in zip(ids, others, gain.max(1), strict=True)
        if most > _MARGIN
    }


def moved_oddly(before: LabelMap, now: LabelMap) -> dict[int, int | None]:
    """Return the objects that cannot have moved so between two neighbouring frames.

    Args:
        before: A `small` label map.
        now: That of the next frame, or of the one before.

    Returns:
        The object that each changed places with; None where it jumped elsewhere.
    """
    pairs = np.bincount((before.astype(np.intp) * 256 + now).ravel(), minlength=256 * 256)
    both = pairs.reshape(256, 256)  # pixels by what they were and what they are
    was, here = both.sum(1), both.sum(0)
    was[0] = 0
    ids = np.flatnonzero((was > 0) & (here > 0))
    was, here, both = was[ids], here[ids], both[np.ix_(ids, ids)]
    overlap = both / (was[:, None] + here - both)
    own = overlap.diagonal()
    odd: dict[int, int | None] = {}
    for n in np.flatnonzero(own == 0):
        size = min(was[n], here[n]) ** 0.5
        way = np.hypot(*(center(now == ids[n]) - center(before == ids[n])))
        if size**2 >= _LEAST_TO_JUMP and way > _FAR * size:
            odd[int(ids[n])] = None
    exchanged = (np.minimum(overlap, overlap.T) >= _THERE) & (
        np.maximum(own[:, None], own) <= _ELSEWHERE
    )
    for a, b in ids[np.argwhere(np.triu(exchanged, 1))].tolist():
        odd[a], odd[b] = b, a
    return odd
