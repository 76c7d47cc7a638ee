"""Which frames a person should look at first.

For: the window's "next unsure frame" and the robot annotator, which must agree. Knows numpy.

The doubt of a frame, 0 to 1, is that of its least sure object. A frame near a reference is
worth less of a person's time: its neighbour was just seen to.
"""

from collections.abc import Iterable, Mapping

import numpy as np

NEAR = 4.0  # frames: at this distance from a reference a doubt counts 63 %


def frame_doubt(confidence: Mapping[int, float]) -> float:
    """Return the doubt of a frame from the confidence of each object in it, 0..1."""
    return 1.0 - min(confidence.values(), default=1.0)


def doubt_order(doubts: Mapping[int, float], references: Iterable[int]) -> list[int]:
    """Return frames, those first that are most worth looking at.

    Args:
        doubts: Of each predicted frame.
        references: Frames that a person answers for.
    """
    known = np.array(sorted(references), float)

    def worth(frame: int) -> float:
        away = np.abs(known - frame).min() if len(known) else np.inf
        return doubts[frame] * (1 - np.exp(-away / NEAR))

    return sorted(doubts, key=lambda frame: (-worth(frame), frame))
