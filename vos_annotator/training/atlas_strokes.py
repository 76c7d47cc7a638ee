"""Scribbles for a batch of masks at once, with torch.

For: `atlas_scenes`. Knows torch, and how deep a place lies from `corrections`; `strokes` does
the like with OpenCV for one mask.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from vos_annotator.training.corrections import depths_in

_MOST = 3  # strokes inside, and outside
_POINTS = 4  # of a stroke, at most
_RIDGE_SHARE = 0.5  # of samples whose first stroke runs along the middle of all parts
_NEAR_SHARE = 0.7  # of strokes outside that lie near the object
_RIM_SHARE = 0.5  # of samples in which the rim of the picture counts as outside
_WIDTHS = (0.005, 0.02)  # of a stroke, as shares of the side
_RIM = 4  # px
_CELL = 4  # px: places are chosen on a coarser grid
_NEAR = 15  # cells: side of the square that what is near is grown by


def draw_strokes(masks: Tensor, generator: torch.Generator) -> Tensor:
    """Return (2, P, S, S) in {0, 1}: pixels marked inside each mask, and outside it.

    Args:
        masks: (P, S, S) in {0, 1}, S a multiple of 4.
        generator: On the same device.
    """
    count, side = masks.shape[:2]
    is_inside = masks > 0.5
    inside, outside = torch.zeros_like(is_inside), torch.zeros_like(is_inside)

    def random(*shape: int) -> Tensor:
        return torch.rand(*shape, device=masks.device, generator=generator)

    how_many = torch.stack([1 + (random(count) * 3).floor(), (random(count) * 4).floor()])
    within, beyond = depths_in(masks), depths_in(1 - masks)
    grown = F.max_pool2d((within > 0).float()[:, None], _NEAR, 1, _NEAR // 2)[:, 0]
    for n in range(_MOST):
        along = random(count) < (0.0 if n else _RIDGE_SHARE)
        places = torch.where(along[:, None, None], _ridge(within), _deep(within, random))
        inside |= _line(places, side, random) & (how_many[0] > n)[:, None, None]
        is_near = (random(count) < _NEAR_SHARE)[:, None, None]
        places = _deep(torch.where(is_near, beyond * grown, beyond), random)
        outside |= _line(places, side, random) & (how_many[1] > n)[:, None, None]
    rim = torch.ones(side, side, device=masks.device, dtype=torch.bool)
    rim[_RIM:-_RIM, _RIM:-_RIM] = False
    outside |= rim & (random(count) < _RIM_SHARE)[:, None, None]
    return torch.stack([inside & is_inside, outside & ~is_inside]).float()


def _deep(depths: Tensor, random: Callable[..., Tensor]) -> Tensor:
    """Return (P, h, w) where it is deep, by a measure that differs from mask to mask."""
    least = (0.1 + 0.7 * random(len(depths))) * depths.amax((1, 2))
    return (depths >= least[:, None, None]) & (depths > 0)


def _ridge(depths: Tensor) -> Tensor:
    """Return (P, h, w) the middle of every part, thin ones too."""
    return (depths == F.max_pool2d(depths[:, None], 3, 1, 1)[:, 0]) & (depths > 0)


def _line(places: Tensor, side: int, random: Callable[..., Tensor]) -> Tensor:
    """Return (P, S, S): a bent stroke through two to four of the places (P, h, w), if any."""
    count, _, columns = places.shape
    scores, cells = (random(count, places[0].numel()) * places.flatten(1)).topk(_POINTS)
    wanted = 2 + (random(count, 1) * (_POINTS - 1)).floor()
    counts = torch.arange(_POINTS, device=places.device) < wanted
    cells = torch.where((scores > 0) & counts, cells, cells[:, :1])
    points = torch.stack([cells % columns, cells // columns], -1) + random(count, _POINTS, 2)
    angle = random(count, 1) * (2 * torch.pi)
    order = (points[..., 0] * angle.cos() + points[..., 1] * angle.sin()).argsort(1)
    points = points.gather(1, order[..., None].expand_as(points)) * _CELL
    low, high = _WIDTHS
    half = ((low + (high - low) * random(count)) * side / 2).clamp_min(0.6)
    steps = torch.arange(side, device=places.device, dtype=points.dtype)
    nearest = torch.full((count, side, side), torch.inf, device=places.device)
    for start, end in zip(points.unbind(1)[:-1], points.unbind(1)[1:], strict=True):
        nearest = torch.minimum(nearest, _squared_distance(steps, start, end))
    return (nearest <= half[:, None, None] ** 2) & (scores[:, :1, None] > 0)


def _squared_distance(steps: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """Return (P, S, S) the squared distance of each pixel from segments (P, 2) to (P, 2)."""
    x = steps[None, None, :] - start[:, 0, None, None]
    y = steps[None, :, None] - start[:, 1, None, None]
    dx, dy = ((end - start)[:, axis, None, None] for axis in (0, 1))
    share = ((x * dx + y * dy) / (dx**2 + dy**2).clamp_min(1e-6)).clamp(0, 1)
    return (x - share * dx) ** 2 + (y - share * dy) ** 2
