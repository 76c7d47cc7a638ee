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
# What to compute in boxes of one size, and whether all boxes together are as large as the frame.
Compute = Callable[[Tensor, Sequence[Box], bool], Tensor]

OUTSIDE = -10.0  # logits of an object where it was not looked for
_LIKELY = (0.02, 0.1, 0.2, 0.3)  # shares of an object in what a position reads, to look for it at
_WORTHWHILE = 0.45  # of a frame: the largest box that an object is looked for in, or all of it
_FAINT = 0.02  # share of a position that an object covers at least, where it is remembered
_AROUND = 4  # positions that are looked at around what was found
_BESIDE = 2  # positions around an object whose values are computed, too
_RIM = 1  # positions: what is seen there lacks what lies beyond
_STEP = 4  # positions; sizes are multiples of it, so that few differ
_MOST = 0.7  # of a frame: a larger box is all of it


def box_around(place: NDArray[np.bool_], margin: int) -> Box | None:
    """Return the box of positions around what is true in (h, w); None where nothing is."""
    left, top, width, height = cv2.boundingRect(place.view(np.uint8))
    if width == 0:
        return None
    rows = _stretch(top - margin, top + height + margin, place.shape[0])
    columns = _stretch(left - margin, left + width + margin, place.shape[1])
    box = rows, columns
    return box if area(box) <= _MOST * place.size else whole(place.shape)


def place_of(share: NDArray[np.float32]) -> Box | None:
    """Return where to look for an object: a part of the frame, if what is read points to one.

    Args:
        share: (h, w) 0..1, how much each position reads of the object.
    """
    boxes = (box_around(share > likely, _AROUND) for likely in _LIKELY)
    limit = _WORTHWHILE * share.size
    return next((box for box in boxes if area(box) <= limit), whole(share.shape))


def whole(shape: tuple[int, int]) -> Box:
    """Return the box of all positions of a frame of `shape`."""
    return slice(0, shape[0]), slice(0, shape[1])


def decoded(
    logits_in: Compute,
    reads: Sequence[Tensor],
    boxes: Sequence[Box | None],
    size: tuple[int, int],
) -> Tensor:
    """Return the logits of K objects, (K, 1, H/4, W/4).

    Args:
        logits_in: Returns logits of what was read, (B, C_v, h, w), in boxes of one size.
        reads: What each object read in its box, (1, C_v, h, w); of those with a box.
        boxes: Where each object may be; None where it is nowhere.
        size: Height and width of the frame in positions.
    """
    fine = STRIDE // LOGIT_STRIDE
    height, width = (fine * side for side in size)
    device = reads[0].device if reads else None
    logits = torch.full((len(boxes), 1, height, width), OUTSIDE, device=device)
    is_all = sum(map(area, boxes)) >= size[0] * size[1]
    of_object = dict(zip((n for n, box in enumerate(boxes) if box), reads, strict=True))
    for members in _of_one_size(boxes):
        given = torch.cat([of_object[n] for n in members])
        found = logits_in(given, [boxes[n] for n in members], is_all)
        for n, part in zip(members, found, strict=True):
            logits[n][:, *scaled(boxes[n], fine)] = part.to(logits.dtype)
    return logits


def placed(logits: Tensor, window: Box, size: tuple[int, int]) -> Tensor:
    """Return logits of a window, (K, 1, h', w'), in the whole frame, whose grid is `size`."""
    if window == whole(size):
        return logits
    fine = STRIDE // LOGIT_STRIDE
    height, width = (fine * side for side in size)
    everywhere = logits.new_full((len(logits), 1, height, width), OUTSIDE)
    everywhere[:, :, *scaled(window, fine)] = logits
    return everywhere


def memorized(
    value: Compute,
    masks: Tensor,
    others: Tensor,
    elsewhere: Sequence[Tensor | None],
    carried: int,
) -> Tensor:
    """Return the values of K objects of a frame, (K, C_v, H/16, W/16).

    Args:
        value: Returns values of (B, 2, h, w), masks and others' masks in boxes of one size.
        masks: (K, 1, H, W) in [0, 1].
        others: (K, 1, H, W), the sum of the other objects' masks, in [0, 1].
        elsewhere: For each object, what its value is far from it, which broadcasts to
            (1, C_v, H/16, W/16); None where that is not known.
        carried: How many channels, the last ones, are the masks themselves, in [-1, 1].
    """
    pairs = torch.cat([masks, others], 1)
    shares = F.avg_pool2d(pairs, STRIDE)
    size = shares.shape[2:]
    boxes = [
        whole(size) if far is None else box_around((share[0] > _FAINT).numpy(), _BESIDE)
        for share, far in zip(shares, elsewhere, strict=True)
    ]
    values: list[Tensor | None] = [
        None if far is None else far.expand(1, -1, *size)[0].clone() for far in elsewhere
    ]
    is_all = sum(map(area, boxes)) >= size[0] * size[1]
    for members in _of_one_size(boxes):
        given = torch.stack([pairs[n][:, *scaled(boxes[n], STRIDE)] for n in members])
        found = value(given, [boxes[n] for n in members], is_all)
        for n, part in zip(members, found, strict=True):
            if values[n] is None:
                values[n] = part
            else:
                _put(part, values[n], boxes[n])
    result = torch.stack(values)
    result[:, -carried:] = (2 * shares - 1).to(result.dtype)
    return result


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


def area(box: Box | None) -> int:
    """Return how many positions are in a box."""
    return 0 if box is None else (box[0].stop - box[0].start) * (box[1].stop - box[1].start)


def _stretch(start: int, stop: int, limit: int) -> slice:
    """Return positions start..stop - 1 of 0..limit - 1, or more, in multiples of the step."""
    start, stop = max(0, start), min(limit, stop)
    length = min(limit, -(-(stop - start) // _STEP) * _STEP)
    start = min(start, limit - length)
    return slice(start, start + length)


def _of_one_size(boxes: Sequence[Box | None]) -> list[list[int]]:
    """Return which boxes are equally large; they can be computed together."""
    groups: dict[tuple[int, int], list[int]] = {}
    for n, box in enumerate(boxes):
        if box is not None:
            size = tuple(side.stop - side.start for side in box)
            groups.setdefault(size, []).append(n)
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
