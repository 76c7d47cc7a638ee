"""Objects computed where they are: parts of a frame in place of the whole of it.

For: the engine. Knows torch, boxes and the networks' heads.

Far from an object its mask is empty, and what the network computes there is either not asked
for (logits) or about the same for every such position (values). Margins are about as wide as
the network sees.
"""

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from vos_annotator.mobilevos.boxes import Box, Boxes, area, boxes_around, scaled, whole
from vos_annotator.mobilevos.heads import LOGIT_STRIDE, STRIDE, Prepared
from vos_annotator.mobilevos.patches import Patch

# Computes batches, each in boxes of one size; told whether all boxes together are as large as
# the frame.
Compute = Callable[[Sequence[Tensor], Sequence[Sequence[Box]], bool], Sequence[Tensor]]

OUTSIDE = -10.0  # logits of an object where it was not looked for
_FAINT = 0.25  # share of a position that an object covers at least, where it is remembered
TRACE = 0.05  # such a share in what the network drew, if no position is covered by more
_BESIDE = 2  # positions around an object whose values are computed, too
_RIM = 1  # positions: what is seen there lacks what lies beyond


def decoded(
    logits_in: Compute,
    reads: Sequence[Tensor],
    places: Sequence[Boxes],
    size: tuple[int, int],
    lanes: int = 1,
) -> Tensor:
    """Return the logits of K objects, (K, 1, H/4, W/4).

    Args:
        logits_in: Returns logits of what was read, (B, C_v, h, w) in each batch.
        reads: What was read in each box of each object, one after the other: (1, C_v, h, w).
        places: Where each object may be.
        size: Height and width of the frame in positions.
        lanes: How many batches are computed side by side.
    """
    fine = STRIDE // LOGIT_STRIDE
    height, width = (fine * side for side in size)
    device = reads[0].device if reads else None
    logits = torch.full((len(places), 1, height, width), OUTSIDE, device=device)
    owners, boxes, is_all = _one_by_one(places, size)
    batches = _batches(boxes, lanes)
    given = [torch.cat([reads[n] for n in members]) for members in batches]
    found = logits_in(given, [[boxes[n] for n in members] for members in batches], is_all)
    for members, parts in zip(batches, found, strict=True):
        for n, part in zip(members, parts, strict=True):
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
    masks: Sequence[Patch],
    everyone: Tensor,
    elsewhere: Sequence[Tensor | None],
    carried: int,
    trace: float = 0.0,
    lanes: int = 1,
) -> list[Tensor]:
    """Return the value of each of K objects of a frame, (1, C_v, H/16, W/16), channels last.

    Args:
        value: Returns values of masks and others' masks, (B, 2, h, w) in each batch.
        masks: K of them.
        everyone: (H, W), the sum of all objects' masks.
        elsewhere: For each object, what its value is far from it, which broadcasts to
            (1, C_v, H/16, W/16); None where that is not known.
        carried: How many channels, the last ones, are the masks themselves, in [-1, 1].
        trace: A share of a position that is no part of an object, however small that is.
        lanes: As of `decoded`.
    """
    together = F.avg_pool2d(everyone[None], STRIDE)[0]
    size = tuple(together.shape)
    shares = [mask.shares(size) for mask in masks]
    places = [
        (whole(size),) if far is None else boxes_around(_where(share, trace).numpy(), _BESIDE)
        for share, far in zip(shares, elsewhere, strict=True)
    ]
    lies = torch.channels_last
    values: list[Tensor | None] = [
        None if far is None else far.expand(1, -1, *size).clone(memory_format=lies)
        for far in elsewhere
    ]
    owners, boxes, is_all = _one_by_one(places, size)
    batches = _batches(boxes, lanes)
    pairs = [
        beside(masks[owner].within(box), everyone[scaled(box, STRIDE)])
        for owner, box in zip(owners, boxes, strict=True)
    ]
    given = [torch.stack([pairs[n] for n in members]) for members in batches]
    found = value(given, [[boxes[n] for n in members] for members in batches], is_all)
    for members, parts in zip(batches, found, strict=True):
        for n, part in zip(members, parts, strict=True):
            if values[owners[n]] is None:
                values[owners[n]] = part[None].contiguous(memory_format=lies)
            else:
                _put(part, values[owners[n]][0], boxes[n])
    for value, share in zip(values, shares, strict=True):
        value[0, -carried:] = (2 * beside(share, together) - 1).to(value.dtype)
    return values


def _where(share: Tensor, trace: float) -> Tensor:
    """Return where an object is, (h, w) bool, of the share of each position that it covers."""
    return share > min(_FAINT, max(share.max().item() / 2, trace))


def beside(own: Tensor, everyone: Tensor) -> Tensor:
    """Return masks of an object and of all others, (2, H, W), of its own and everyone's (H, W)."""
    return torch.stack([own, (everyone - own).clamp(0, 1)])


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


def _one_by_one(
    places: Sequence[Boxes], size: tuple[int, int]
) -> tuple[list[int], list[Box], bool]:
    """Return whose each box is, the boxes, and whether they are as large as a frame together."""
    owners = [n for n, boxes in enumerate(places) for _ in boxes]
    boxes = [box for boxes in places for box in boxes]
    return owners, boxes, area(*boxes) >= size[0] * size[1]


def _batches(boxes: Sequence[Box], lanes: int) -> list[list[int]]:
    """Return which boxes are computed together: equally large ones, the most work first.

    None is more than what falls to each of several lanes, if it can be divided.
    """
    groups: dict[tuple[int, int], list[int]] = {}
    for n, box in enumerate(boxes):
        groups.setdefault(tuple(side.stop - side.start for side in box), []).append(n)
    share = area(*boxes) / lanes
    batches = []
    for (height, width), members in groups.items():
        pieces = min(len(members), math.ceil(len(members) * height * width / share))
        batches += [members[piece::pieces] for piece in range(pieces)]
    return sorted(batches, key=lambda members: -area(*(boxes[n] for n in members)))


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
