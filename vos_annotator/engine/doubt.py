"""Which frames a person should look at first.

For: the window's "next doubtful frame", the robot annotator and the report on doubt, which
must agree. Knows numpy.

The doubt of a frame, 0 to 1, is that of its least sure object. Far from every reference it
counts a little more: what an engine cannot see of its own mistakes grows with the distance.
"""

from collections.abc import Iterable, Mapping

import numpy as np

FARTHER = 0.12  # log-odds of error for each e-fold of the distance; fitted on training clips
_LEAST, _MOST = 1e-6, 1 - 1e-6


def frame_doubt(confidence: Mapping[int, float]) -> float:
    """Return the doubt of a frame from the confidence of each object in it, 0..1."""
    return 1.0 - min(confidence.values(), default=1.0)


def doubt_order(doubts: Mapping[int, float], references: Iterable[int]) -> list[int]:
    """Return frames, those first that are most worth looking at.

    Args:
        doubts: Of each predicted frame, 0..1.
        references: Frames that a person answers for.
    """
    known = np.array(sorted(references), float)

    def worth(frame: int) -> float:
        doubt = min(max(doubts[frame], _LEAST), _MOST)
        away = float(np.abs(known - frame).min()) if len(known) else 0.0
        return float(np.log(doubt / (1 - doubt)) + FARTHER * np.log1p(away))

    return sorted(doubts, key=lambda frame: (-worth(frame), frame))
