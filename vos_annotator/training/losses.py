"""Segmentation losses: bootstrapped cross-entropy and Dice, per object.

For: the trainer. Knows torch only.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def bootstrapped_cross_entropy(log_odds: Tensor, target: Tensor, share: float) -> Tensor:
    """Return the cross-entropy of the hardest pixels of each object, (P,).

    Args:
        log_odds: (P, H, W) of being the object.
        target: (P, H, W) in {0, 1}.
        share: Share of the pixels that count, 0..1; the hardest first.

    Source: STCN's training schedule (hardest 15 % after warm-up).
    """
    loss = F.binary_cross_entropy_with_logits(log_odds.float(), target.float(), reduction="none")
    flat = loss.flatten(1)
    if share >= 1:
        return flat.mean(1)
    return flat.topk(max(1, int(share * flat.shape[1])), dim=1, sorted=False)[0].mean(1)


def dice(log_odds: Tensor, target: Tensor) -> Tensor:
    """Return 1 - Dice of each object, (P,); an absent object rewards an empty mask."""
    probability, target = log_odds.float().sigmoid().flatten(1), target.float().flatten(1)
    overlap = (probability * target).sum(1)
    smooth = 0.002 * target.shape[1]
    return 1 - (2 * overlap + smooth) / (probability.sum(1) + target.sum(1) + smooth)


def segmentation_loss(log_odds: Tensor, target: Tensor, share: float) -> Tensor:
    """Return cross-entropy + Dice, the mean over objects; shapes as above."""
    return torch.mean(
        bootstrapped_cross_entropy(log_odds, target, share) + 0.5 * dice(log_odds, target)
    )
