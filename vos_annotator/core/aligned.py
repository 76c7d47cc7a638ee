"""Parts of what is made larger or smaller that come out as those of the whole do.

For: what shrinks pictures and what enlarges log-odds.
"""

import math


def aligned(part: slice, source: int, target: int, margin: int = 0) -> tuple[slice, int, int]:
    """Return what is needed of a side of `source` pixels for a part of the `target` it becomes.

    That begins and ends where borders of pixels fall on borders of those that they become.

    Args:
        part: Of the target.
        source: How long the side is, px.
        target: How long it becomes, px.
        margin: How much beside the part is blended with it, px of the target.

    Returns:
        What to take of the side, how many pixels it becomes, and at which of these the part begins.
    """
    blocks = math.gcd(source, target)
    step, stride = source // blocks, target // blocks
    first = max(0, (part.start - margin) // stride)
    last = min(blocks, -(-(part.stop + margin) // stride))
    return slice(first * step, last * step), (last - first) * stride, part.start - first * stride
