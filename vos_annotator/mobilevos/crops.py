"""Objects computed where they are: parts of a frame in place of the whole of it.

For: the engine. Knows torch and the networks' heads.

Far from an object its mask is empty, and what the network computes there is either not asked
for (logits) or the same for every object of the frame (values). Boxes are of positions, 16 px
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

OUTSIDE = -10.0  # logits of an object where it was not looked for
_LIKELY = (0.02, 0.1, 0.2, 0.3)  # shares of an object in what a position reads, to look for it at
_WORTHWHILE = 0.45  # of a frame: the largest box that an object is looked for in, or all of it
_FAINT = 0.02  # share of a position that an object covers at least, where it is remembered
_AROUND = 4  # positions that are looked at around what was found
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
    return box if _area(box) <= _MOST * place.size else whole(place.shape)


def place_of(share: NDArray[np.float32]) -> Box | None:
    """Return where to look for an object: a part of the frame, if what is read points to one.

    Args:
        share: (h, w) 0..1, how much each position reads of the object.
    """
    boxes = (box_around(share > likely, _AROUND) for likely in _LIKELY)
    limit = _WORTHWHILE * share.size
    return next((box for box in boxes if _area(box) <= limit), whole(share.shape))


def whole(shape: tuple[int, int]) -> Box:
    """Return the box of all positions of a frame of `shape`."""
    return slice(0, shape[0]), slice(0, shape[1])


def decoded(
    decode: Callable[[Tensor, Prepared], Tensor],
    reads: Sequence[Tensor],
    boxes: Sequence[Box | None],
    prepared: Prepared,
) -> Tensor:
    """Return the logits of K objects, (K, 1, H/4, W/4).

    Args:
        decode: As `Runtime.decode`.
        reads: What each object read in its box, (1, C_v, h, w); of those with a box.
        boxes: Where each object may be; None where it is nowhere.
        prepared: Of the whole frame.
    """
    *_, (height, width) = (tensor.shape[2:] for tensor in prepared)
    logits = torch.full((len(boxes), 1, height, width), OUTSIDE, device=prepared[0].device)
    of_object = dict(zip((n for n, box in enumerate(boxes) if box), reads, strict=True))
    for members in _of_one_size(boxes):
        given = torch.cat([of_object[n] for n in members])
        found = decode(given, _cut(prepared, width * LOGIT_STRIDE, [boxes[n] for n in members]))
        for n, part in zip(members, found, strict=True):
            logits[n][_scaled(boxes[n], STRIDE // LOGIT_STRIDE)] = part.to(logits.dtype)
    return logits


def memorized(
    memorize: Callable[[Tensor, Prepared], Tensor], masks: Tensor, prepared: Prepared
) -> Tensor:
    """Return the values of all K objects of a frame, (K, C_v, H/16, W/16).

    Args:
        memorize: As `Runtime.memorize`.
        masks: (K, 1, H, W) in [0, 1], that sum to 1 at most.
        prepared: Of the whole frame.
    """
    everyone = masks.sum(0, keepdim=True).clamp(0, 1)
    pairs = torch.cat([masks, (everyone - masks).clamp(0, 1)], 1)
    places = F.avg_pool2d(masks, STRIDE)[:, 0].numpy() > _FAINT
    boxes = [box_around(place, _AROUND) for place in places]
    if sum(map(_area, boxes)) + places[0].size > places.size:  # of nobody, and of each
        return memorize(pairs, prepared)
    nobody = torch.cat([torch.zeros_like(everyone), everyone], 1)
    value = memorize(nobody, prepared).repeat(len(masks), 1, 1, 1)
    for members in _of_one_size(boxes):
        given = torch.stack([pairs[n][_scaled(boxes[n], STRIDE)] for n in members])
        found = memorize(given, _cut(prepared, masks.shape[3], [boxes[n] for n in members]))
        for n, part in zip(members, found, strict=True):
            (rows, columns), (high, wide) = boxes[n], places[0].shape
            (top, bottom), (left, right) = _without_rim(rows, high), _without_rim(columns, wide)
            inner = part[:, top : part.shape[1] - bottom, left : part.shape[2] - right]
            rows = slice(rows.start + top, rows.stop - bottom)
            columns = slice(columns.start + left, columns.stop - right)
            value[n][:, rows, columns] = inner.to(value.dtype)
    return value


def _without_rim(side: slice, limit: int) -> tuple[int, int]:
    """Return how much to leave out at either end of a side: nothing at the frame's border."""
    return _RIM * (side.start > 0), _RIM * (side.stop < limit)


def _area(box: Box | None) -> int:
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


def _scaled(box: Box, factor: int) -> tuple[slice, slice, slice]:
    """Return the box in a tensor (C, H, W) that is `factor` times as fine as positions are."""
    rows, columns = (slice(factor * side.start, factor * side.stop) for side in box)
    return slice(None), rows, columns


def _cut(prepared: Prepared, width: int, boxes: Sequence[Box]) -> Prepared:
    """Return what lies in boxes, one after the other; once, where it is the same for all.

    Args:
        prepared: (1, C, h, w), of the whole frame, at several strides.
        width: Of the frame, px.
        boxes: All of one size.
    """
    boxes = boxes if any(box != boxes[0] for box in boxes) else boxes[:1]
    factors = [STRIDE * tensor.shape[3] // width for tensor in prepared]
    return tuple(
        torch.stack([tensor[0][_scaled(box, factor)] for box in boxes])
        for tensor, factor in zip(prepared, factors, strict=True)
    )
