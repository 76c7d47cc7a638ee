"""Which references an engine learns a video from.

For: the worker and the robot, so that both teach the same.
"""

from collections.abc import Collection

MOST = 12  # more cost time and bring little


def teachers(references: Collection[int]) -> list[int]:
    """Return at most a dozen of the frames, in order: the first, the last, evenly between."""
    frames = sorted(references)
    if len(frames) <= MOST:
        return frames
    return [frames[round(n * (len(frames) - 1) / (MOST - 1))] for n in range(MOST)]
