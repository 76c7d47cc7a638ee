"""Objects computed where they are: parts of a frame in place of the whole of it.

For: the engine. Knows torch and the networks' heads.

Far from an object its mask is empty, and what the network computes there is either not asked
for (logits) or about the same for every such position (values). Boxes are of positions, 16 px
wide, as keys and values are; margins are about as wide as the network sees.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vos_annotator.mobilevos.heads import LOGIT_STRIDE, STRIDE, Prepared

Box = tuple[slice, slice]  # rows and columns of positions
Boxes = tuple[Box, ...]  # none of which meet
# What to compute in boxes of one size, and whether all boxes together are as large as the frame.
Compute = Callable[[Tensor, Sequence[Box], bool], Tensor]

OUTSIDE = -10.0  # logits of an object where it was not looked for
_LIKELY = (0.1, 0.2, 0.3)  # shares of an object in what a position reads, to look for it at
_HINT = 0.02  # such a share, where no position reads more: what is tiny, or almost hidden
_WORTHWHILE = 0.45  # of a frame: the largest box that an object is looked for in, or all of it
_CORE = 0.5  # share that each such place has somewhere, if any has
_FAINT = 0.25  # share of a position that an object covers at least, where it is remembered
TRACE = 0.05  # such a share in what the network drew, if no position is covered by more
_AROUND = 3  # positions that are looked at around what was found
_BESIDE = 2  # positions around an object whose values are computed, too
_RIM = 1  # positions: what is seen there lacks what lies beyond
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
        while meeting := [other for other in boxes if _meet(box, other)]:
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


def decoded(
    logits_in: Compute,
    reads: Sequence[Tensor],
    places: Sequence[Boxes],
    size: tuple[int, int],
) -> Tensor:
    """Return the logits of K objects, (K, 1, H/4, W/4).

    Args:
        logits_in: Returns logits of what was read, (B, C_v, h, w), in boxes of one size.
        reads: What was read in each box of each object, one after the other: (1, C_v, h, w).
        places: Where each object may be.
        size: Height and width of the frame in positions.
    """
    fine = STRIDE // LOGIT_STRIDE
    height, width = (fine * side for side in size)
    device = reads[0].device if reads else None
    logits = torch.full((len(places), 1, height, width), OUTSIDE, device=device)
    owners, boxes, is_all = _one_by_one(places, size)
    for members in _of_one_size(boxes):
        given = torch.cat([reads[n] for n in members])
        found = logits_in(given, [boxes[n] for n in members], is_all)
        for n, part in zip(members, found, strict=True):
            logits[owners[n]][:, *scaled(boxes[n], fine)] = part.to(logits.dtype)
    return logits


def placed(
    logits: Tensor, members: Sequence[int], window: Box, count: int, size: tuple[int, int]
) -> Tensor:
    """Return logits of some objects in a window as those of all objects in the whole frame.

    Args:
        logits: (K', h', w').
        members: Which of the objects these are.
        window: Where in the frame this is.
        count: Objects in all.
        size: Height and width of the frame in positions.
    """
    if window == whole(size) and len(members) == count:
        return logits
    fine = STRIDE // LOGIT_STRIDE
    height, width = (fine * side for side in size)
    everywhere = logits.new_full((count, height, width), OUTSIDE)
    everywhere[members, *scaled(window, fine)] = logits
    return everywhere


def memorized(
    value: Compute,
    masks: Tensor,
    everyone: Tensor,
    elsewhere: Sequence[Tensor | None],
    carried: int,
    trace: float = 0.0,
) -> list[Tensor]:
    """Return the value of each of K objects of a frame, (1, C_v, H/16, W/16), channels last.

    Args:
        value: Returns values of (B, 2, h, w), masks and others' masks in boxes of one size.
        masks: (K, 1, H, W) in [0, 1].
        everyone: (1, H, W), the sum of all objects' masks.
        elsewhere: For each object, what its value is far from it, which broadcasts to
            (1, C_v, H/16, W/16); None where that is not known.
        carried: How many channels, the last ones, are the masks themselves, in [-1, 1].
        trace: A share of a position that is no part of an object, however small that is.
    """
    shares = F.avg_pool2d(masks, STRIDE)
    size = shares.shape[2:]
    places = [
        (whole(size),) if far is None else boxes_around(_where(share[0], trace).numpy(), _BESIDE)
        for share, far in zip(shares, elsewhere, strict=True)
    ]
    lies = torch.channels_last
    values: list[Tensor | None] = [
        None if far is None else far.expand(1, -1, *size).clone(memory_format=lies)
        for far in elsewhere
    ]
    owners, boxes, is_all = _one_by_one(places, size)
    for members in _of_one_size(boxes):
        parts = [(owners[n], scaled(boxes[n], STRIDE)) for n in members]
        given = torch.stack([beside(masks[n][:, *box], everyone[:, *box]) for n, box in parts])
        found = value(given, [boxes[n] for n in members], is_all)
        for n, part in zip(members, found, strict=True):
            if values[owners[n]] is None:
                values[owners[n]] = part[None].contiguous(memory_format=lies)
            else:
                _put(part, values[owners[n]][0], boxes[n])
    together = F.avg_pool2d(everyone, STRIDE)
    for value, share in zip(values, shares, strict=True):
        value[0, -carried:] = (2 * beside(share, together) - 1).to(value.dtype)
    return values


def _where(share: Tensor, trace: float) -> Tensor:
    """Return where an object is, (h, w) bool, of the share of each position that it covers."""
    return share > min(_FAINT, max(share.max().item() / 2, trace))


def beside(own: Tensor, everyone: Tensor) -> Tensor:
    """Return masks of an object and of all others, (2, H, W), of its own and everyone's."""
    return torch.cat([own, (everyone - own).clamp(0, 1)])


def _put(found: Tensor, value: Tensor, box: Box) -> None:
    """Put what was computed in a box in its place, but for the rim, which lacks surroundings."""
    (rows, columns), (height, width) = box, value.shape[1:]
    (top, bottom), (left, right) = _without_rim(rows, height), _without_rim(columns, width)
    inner = found[:, top : found.shape[1] - bottom, left : found.shape[2] - right]
    rows = slice(rows.start + top, rows.stop - bottom)
    value[:, rows, columns.start + left : columns.stop - right] = inner.to(value.dtype)


def _without_rim(side: slice, limit: int) -> tuple[int, int]:
    """Return how much to leave out at either end of a side: nothing at the frame's border."""
    return _RIM * (side.start > 0), _RIM * (side.stop < limit)


def area(*boxes: Box) -> int:
    """Return how many positions are in boxes."""
    return sum((rows.stop - rows.start) * (cols.stop - cols.start) for rows, cols in boxes)


def _one_by_one(
    places: Sequence[Boxes], size: tuple[int, int]
) -> tuple[list[int], list[Box], bool]:
    """Return whose each box is, the boxes, and whether they are as large as a frame together."""
    owners = [n for n, boxes in enumerate(places) for _ in boxes]
    boxes = [box for boxes in places for box in boxes]
    return owners, boxes, area(*boxes) >= size[0] * size[1]


def _meet(one: Box, other: Box) -> bool:
    """Return whether two boxes have a position in common."""
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True))


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


def _of_one_size(boxes: Sequence[Box]) -> list[list[int]]:
    """Return which boxes are equally large; they can be computed together."""
    groups: dict[tuple[int, int], list[int]] = {}
    for n, box in enumerate(boxes):
        groups.setdefault(tuple(side.stop - side.start for side in box), []).append(n)
    return list(groups.values())


def scaled(box: Box, factor: int) -> Box:
    """Return the box in a grid that is `factor` times as fine as positions are."""
    rows, columns = (slice(factor * side.start, factor * side.stop) for side in box)
    return rows, columns


def cut(prepared: Prepared, width: int, boxes: Sequence[Box]) -> Prepared:
    """Return what lies in boxes, one after the other; once, where it is the same for all.

    Args:
        prepared: (1, C, h, w), of the whole frame, at several strides.
        width: Of the frame, px.
        boxes: All of one size.
    """
    boxes = boxes if any(box != boxes[0] for box in boxes) else boxes[:1]
    factors = [STRIDE * tensor.shape[3] // width for tensor in prepared]
    return tuple(
        torch.stack([tensor[0][:, *scaled(box, factor)] for box in boxes])
        for tensor, factor in zip(prepared, factors, strict=True)
    )
