"""Which frames a person should look at first.

For: the window's "next doubtful frame", the robot annotator and the report on doubt. Knows numpy.

The doubt of a frame, 0 to 1, is that of its least sure object. A correction mends the frames
around it too, so a frame is worth as much as there is to doubt within its reach, up to the
neighbouring references: in the middle of what is wrong one correction mends most, and where it
is worst, as where objects cross, a frame shows them badly to all the others.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

REACH = 12.0  # frames; so far away a correction mends 1/e of what it mends near by
FAR = round(3 * REACH)  # beyond it hardly anything
_MENDED = np.exp(-np.abs(np.arange(-FAR, FAR + 1)) / REACH)


def frame_doubt(confidence: Mapping[int, float]) -> float:
    """Return the doubt of a frame from the confidence of each object in it, 0..1."""
    return 1.0 - min(confidence.values(), default=1.0)


def worth_of(doubts: NDArray[np.float64], references: Iterable[int]) -> NDArray[np.float64]:
    """Return what it is worth to correct each frame: how much doubt is within its reach.

    Args:
        doubts: (T,) 0..1, of each frame.
        references: Frames that a person answers for; no correction reaches beyond one.

    Returns:
        (T,), 0 for references and where nothing near by is doubted.
    """
    worth = np.zeros(len(doubts))
    inside = {frame for frame in references if 0 <= frame < len(doubts)}
    edges = [-1, *sorted(inside), len(doubts)]
    for before, after in pairwise(edges):
        span = doubts[before + 1 : after]
        if span.any():
            worth[before + 1 : after] = np.convolve(span, _MENDED)[FAR : FAR + len(span)]
    return worth


def doubt_order(doubts: Mapping[int, float], references: Iterable[int]) -> list[int]:
    """Return frames, those first that it is worth most to correct.

    Args:
        doubts: Of each predicted frame, 0..1.
        references: Frames that a person answers for.
    """
    references = list(references)
    first = min([*doubts, *references], default=0)
    of_all = np.zeros(max([*doubts, *references], default=0) - first + 1)
    for frame, doubt in doubts.items():
        of_all[frame - first] = doubt
    worth = worth_of(of_all, [frame - first for frame in references])
    return sorted(doubts, key=lambda frame: (-worth[frame - first], frame))
