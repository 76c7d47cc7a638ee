"""Segmentation losses: poly-1 and bootstrapped cross-entropy, and Dice, per object.

For: the task. Knows torch only.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_entropy(
    log_odds: Tensor, target: Tensor, share: float = 1.0, poly: float = 0.0
) -> Tensor:
    """Return the cross-entropy of the hardest pixels of each object, (P,).

    Args:
        log_odds: (P, H, W) of being the object.
        target: (P, H, W) in {0, 1}.
        share: Share of the pixels that count, 0..1; the hardest first.
        poly: Weight of poly-1's term 1 - p, where p is the probability of the truth. It
            keeps pulling at pixels that cross-entropy is nearly content with.

    Sources: bootstrapping as in STCN's training; Leng et al., "PolyLoss", ICLR 2022.
    """
    log_odds, target = log_odds.float(), target.float()
    loss = F.binary_cross_entropy_with_logits(log_odds, target, reduction="none")
    if poly:
        loss = loss + poly * (1 - torch.exp(-loss))  # exp(-CE) is p, and carries its gradient
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
