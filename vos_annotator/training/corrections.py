"""The stroke that a person draws where a mask is most wrong, for a whole batch at once.

For: the unroll. Knows torch only, so that it runs where the network does.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_DEEPEST = 12  # px at the working stride; errors are not told apart beyond
_STRIDE = 4
_CORE = 0.5  # of the depth of the deepest place: what is stroked around it
_REACH = 0.12  # of the side of the picture: half the length of a stroke


def correct(mask: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Return strokes inside and outside, of which each object gets one, where it is most wrong.

    Args:
        mask: (P, H, W) bool, as it is.
        truth: (P, H, W) in {0, 1}, as it should be.

    Returns:
        Two of (P, H, W) float in {0, 1}; both are empty for an object that is right.
    """
    truth = truth > 0.5
    missed, extra = (truth & ~mask).float(), (mask & ~truth).float()
    depths = torch.stack([depths_in(missed), depths_in(extra)], 1)  # (P, 2, h, w)
    count, _, height, width = depths.shape
    deepest, where = depths.flatten(1).max(1)
    is_extra, place = where // (height * width), where % (height * width)
    depth = depths[torch.arange(count, device=mask.device), is_extra]
    rows = torch.arange(height, device=mask.device)[:, None]
    columns = torch.arange(width, device=mask.device)[None]
    away = torch.maximum(
        (rows[None] - (place // width)[:, None, None]).abs(),
        (columns[None] - (place % width)[:, None, None]).abs(),
    )
    core = (depth >= _CORE * deepest[:, None, None]) & (depth > 0)
    core = (core & (away <= _REACH * max(height, width))).float()
    stroke = F.interpolate(core[:, None], scale_factor=_STRIDE)[:, 0]
    at_extra = is_extra[:, None, None].float()
    return stroke * (1 - at_extra) * truth, stroke * at_extra * ~truth


def depths_in(region: Tensor) -> Tensor:
    """Return how deep in a region (P, H, W) each place of (P, H/4, W/4) lies, 0 outside it."""
    left = F.max_pool2d(region[:, None], _STRIDE)
    depth = left.clone()
    for _ in range(_DEEPEST - 1):
        left = -F.max_pool2d(-left, 3, 1, 1)
        depth += left
    return depth[:, 0]
