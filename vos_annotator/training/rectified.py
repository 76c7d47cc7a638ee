"""A backbone that ends in ReLU takes over from one whose features have signs.

For: the command `train`, and hints. Knows torch and the names of the heads' weights.

A signed channel becomes two that are never below zero: what of it is above, and what of it is
below. A layer that read the channel reads the first as before and the second with the opposite
weight, and gives the same. So heads that were trained on MobileNetV2 fit ResNet18, once this one
has been shown by hints what the other sees.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

Weights = dict[str, Tensor]

# What reads a backbone's features: by name, how many maps side by side.
_SIGNED = {"key": 1, "query": 1, "decoder.skip8": 1, "decoder.skip4": 1, "value.fuse.0.shortcut": 2}
_ABOVE = {"value.fuse.0.conv1": 2}  # after a ReLU: of what is below zero it knew nothing


def halves(features: Tensor) -> Tensor:
    """Return what is above and what is below zero: (B, C, h, w) -> (B, 2 C, h, w)."""
    return torch.cat([F.relu(features), F.relu(-features)], 1)


def rectified(signed: Weights, own: Weights) -> Weights:
    """Return the weights of a network whose heads read `halves` of the features they read before.

    Args:
        signed: Of a network with a value encoder that has a backbone of its own.
        own: Of the network to make: its shapes are what is asked for, and channels beyond the
            halves count for nothing.

    Returns:
        Weights by name. Where there is no room for the halves they are as they were.
    """
    made = dict(signed)
    for layer, maps in (_SIGNED | _ABOVE).items():
        name = f"{layer}.weight"
        if name not in signed or name not in own:
            continue
        room = own[name].shape[1] // maps
        parts = signed[name].chunk(maps, 1)
        if room < 2 * parts[0].shape[1]:
            continue
        below = 0 if layer in _ABOVE else -1
        spread = [torch.cat([part, below * part], 1) for part in parts]
        made[name] = torch.cat([F.pad(s, (0, 0, 0, 0, 0, room - s.shape[1])) for s in spread], 1)
    return made
