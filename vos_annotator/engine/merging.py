"""What an engine found for some objects, put into a frame without touching the others.

For: the worker, the headless command and whoever draws strokes. Knows label maps only.
"""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.masks import LabelMap


def merged(found: LabelMap, before: LabelMap | None, ids: Iterable[int]) -> LabelMap:
    """Return `before` with the masks of the objects `ids` replaced by those in `found`.

    Pixels of other objects stay byte for byte: `ids` only get what nobody else has. A
    `before` of None is an empty frame.
    """
    ids = list(ids)
    taken = np.zeros(256, np.uint8)
    taken[ids] = ids
    found = taken[found]
    if before is None:
        return found
    others = np.arange(256, dtype=np.uint8)
    others[ids] = 0
    others = others[before]
    return np.where(others == 0, found, others)


def with_strokes(
    before: LabelMap, object_id: int, mask: NDArray[np.bool_], strokes: NDArray[np.uint8]
) -> LabelMap:
    """Return a label map in which an object has the mask that strokes gave.

    Another object's pixels change hands only where a person says so: under a stroke inside, and
    in those regions of the mask that such a stroke runs through. None do under a stroke outside.

    Args:
        before: (H, W).
        object_id: Which object.
        mask: (H, W).
        strokes: (H, W): 1 inside the object, 2 outside it, 0 elsewhere.
    """
    after = before.copy()
    after[after == object_id] = 0
    stroked, theirs = strokes == 1, after > 0
    _, regions = cv2.connectedComponents((mask & theirs).view(np.uint8), connectivity=8)
    meant = np.isin(regions, np.setdiff1d(regions[stroked], 0))
    after[mask & (meant | ~theirs) & (strokes != 2)] = object_id
    after[stroked] = object_id
    return after
