"""Masks of a frame's objects, each kept only where it is not empty.

For: the engine. Knows torch, OpenCV and boxes.

Of ten objects in a frame each covers a small part of it, and ten masks of the whole frame take
longer to make and to add up than what the network makes of them where they are.
"""

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vos_annotator.mobilevos.backbones import upsample
from vos_annotator.mobilevos.boxes import Box, common, scaled, whole
from vos_annotator.mobilevos.heads import LOGIT_STRIDE, STRIDE

_SURE = 0.01  # a probability that is as good as 0


class Patch(NamedTuple):
    """A mask where it is not empty.

    Attributes:
        box: Of positions; outside of it the mask is 0.
        mask: (16 h, 16 w) in [0, 1], in the box.
    """

    box: Box
    mask: Tensor

    def within(self, box: Box) -> Tensor:
        """Return the mask in a box of its own, (16 h', 16 w')."""
        if box == self.box:
            return self.mask
        found = self.mask.new_zeros([STRIDE * (side.stop - side.start) for side in box])
        if (shared := common(box, self.box)) is not None:
            found[_inside(box, shared)] = self.mask[_inside(self.box, shared)]
        return found

    def shares(self, size: tuple[int, int]) -> Tensor:
        """Return how much of each position of a grid of `size` it covers, (h, w)."""
        found = self.mask.new_zeros(size)
        found[self.box] = F.avg_pool2d(self.mask[None], STRIDE)[0]
        return found


def _inside(box: Box, part: Box) -> Box:
    """Return where, px, a part of a box is in it."""
    rows, columns = (
        slice(STRIDE * (side.start - all_.start), STRIDE * (side.stop - all_.start))
        for side, all_ in zip(part, box, strict=True)
    )
    return rows, columns


def patches_of(masks: Tensor) -> list[Patch]:
    """Return masks of whole frames, (K, H, W) in [0, 1], as patches."""
    box = whole((masks.shape[1] // STRIDE, masks.shape[2] // STRIDE))
    return [Patch(box, mask) for mask in masks]


def together(patches: Iterable[Patch], size: tuple[int, int]) -> Tensor:
    """Return the sum of masks of which at least one is there, (H, W), in a frame of that `size`."""
    first, *others = patches
    found = first.mask.new_zeros(size)
    for patch in (first, *others):
        found[scaled(patch.box, STRIDE)] += patch.mask
    return found


def enlarged(masks: Tensor) -> list[Patch]:
    """Return masks (K, H/4, W/4) in [0, 1] as patches, at the size of pictures.

    Their log-odds are enlarged, as in training, so that borders stay sharp; but those of sure
    pixels are bounded, as they would move borders.
    """
    log_odds = torch.logit(masks, _SURE)
    if masks.device.type != "cpu":  # where a large whole costs less than small parts
        return patches_of(_probability(upsample(log_odds[:, None], LOGIT_STRIDE)[:, 0]))
    return [
        _enlarged(odds, mask > _SURE)
        for odds, mask in zip(log_odds.numpy(), masks.numpy(), strict=True)
    ]


def _enlarged(log_odds: NDArray[np.float32], unsure: NDArray[np.bool_]) -> Patch:
    """Return one of these masks, of the log-odds that are more than those of 0 where `unsure`."""
    left, top, width, height = cv2.boundingRect(unsure.view(np.uint8))
    box = _with_rim(top, height, log_odds.shape[0]), _with_rim(left, width, log_odds.shape[1])
    part = log_odds[scaled(box, STRIDE // LOGIT_STRIDE)]
    size = part.shape[1] * LOGIT_STRIDE, part.shape[0] * LOGIT_STRIDE
    large = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)  # a fifth of torch's time
    return Patch(box, _probability(torch.from_numpy(large)))


def _with_rim(start: int, length: int, limit: int) -> slice:
    """Return which positions hold some pixels of logits, and those that they are blended with."""
    fine = STRIDE // LOGIT_STRIDE
    return slice(max(0, start - 1) // fine, -(-min(limit, max(1, start + length + 1)) // fine))


def _probability(log_odds: Tensor) -> Tensor:
    """Return what `torch.logit(..., _SURE)` was taken of, 0..1; overwrites what is given."""
    return log_odds.sigmoid_().sub_(_SURE).div_(1 - 2 * _SURE).clamp_(0, 1)
