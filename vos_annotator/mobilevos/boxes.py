"""Parts of a frame: boxes of positions around what counts.

For: the engine. Knows numpy and OpenCV. Positions are 16 px wide, as keys and values are.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[slice, slice]  # rows and columns of positions
Boxes = tuple[Box, ...]  # none of which meet

_LIKELY = (0.1, 0.2, 0.3)  # shares of an object in what a position reads, to look for it at
_HINT = 0.02  # such a share, where no position reads more: what is tiny, or almost hidden
_WORTHWHILE = 0.45  # of a frame: the largest box that an object is looked for in, or all of it
_CORE = 0.5  # share that each such place has somewhere, if any has
_AROUND = 3  # positions that are looked at around what was found
_STEP = 2  # positions; sizes are multiples of it, so that few differ
_MOST = 0.7  # of a frame: a larger box is all of it


def boxes_around(
    place: NDArray[np.bool_], margin: int, core: NDArray[np.bool_] | None = None
) -> Boxes:
    """Return boxes of positions around what is true in (h, w), at some distance from one another.

    Parts that lie so near that their boxes meet have one; where boxes take most of the frame,
    there is one for all of it. Parts without anything of a `core` are left out, if one is given.
    """
    _, labels, parts, _ = cv2.connectedComponentsWithStats(place.view(np.uint8))
    wanted = range(1, len(parts)) if core is None else np.unique(labels[core & place])
    boxes: list[Box] = []
    for left, top, width, height, _ in parts[wanted].tolist():
        rows = slice(top - margin, top + height + margin)
        columns = slice(left - margin, left + width + margin)
        box = _stretched((rows, columns), place.shape)
        while meeting := [other for other in boxes if common(box, other)]:
            boxes = [other for other in boxes if other not in meeting]
            box = _stretched(_around_all([box, *meeting]), place.shape)
        boxes.append(box)
    return tuple(boxes) if area(*boxes) <= _MOST * place.size else (whole(place.shape),)


def places_of(share: NDArray[np.float32]) -> Boxes:
    """Return where to look for an object: parts of the frame, if what is read points to some.

    Args:
        share: (h, w) 0..1, how much each position reads of the object.
    """
    core = share > _CORE if (share > _CORE).any() else None
    shares = _LIKELY if share.max() > _LIKELY[0] else (_HINT,)
    found = (boxes_around(share > likely, _AROUND, core) for likely in shares)
    limit = _WORTHWHILE * share.size
    return next((boxes for boxes in found if area(*boxes) <= limit), (whole(share.shape),))


def whole(shape: tuple[int, int]) -> Box:
    """Return the box of all positions of a frame of `shape`."""
    return slice(0, shape[0]), slice(0, shape[1])


def area(*boxes: Box) -> int:
    """Return how many positions are in boxes."""
    return sum((rows.stop - rows.start) * (cols.stop - cols.start) for rows, cols in boxes)


def scaled(box: Box, factor: int) -> Box:
    """Return the box in a grid that is `factor` times as fine as positions are."""
    rows, columns = (slice(factor * side.start, factor * side.stop) for side in box)
    return rows, columns


def common(one: Box, other: Box) -> Box | None:
    """Return what two boxes have in common, if anything."""
    rows, columns = (
        slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def _around_all(boxes: Sequence[Box]) -> Box:
    """Return the smallest box around some."""
    rows, columns = (
        slice(min(side.start for side in sides), max(side.stop for side in sides))
        for sides in zip(*boxes, strict=True)
    )
    return rows, columns


def _stretched(box: Box, shape: tuple[int, int]) -> Box:
    """Return a box within a frame of `shape`, its sides stretched to multiples of the step."""
    rows, columns = map(_stretch, box, shape)
    return rows, columns


def _stretch(side: slice, limit: int) -> slice:
    """Return a side within 0..limit - 1, or more, in multiples of the step."""
    start, stop = max(0, side.start), min(limit, side.stop)
    length = min(limit, -(-(stop - start) // _STEP) * _STEP)
    start = min(start, limit - length)
    return slice(start, start + length)
