"""What an engine found for some objects, put into a frame without touching the others.

For: the worker and the headless command. Knows numpy and label maps only.
"""

from collections.abc import Iterable

import numpy as np

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
