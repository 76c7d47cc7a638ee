"""The moving average of a network's weights while it learns: what is kept and shipped.

For: the trainer. Knows torch and the network.
"""

import copy

import torch

from vos_annotator.mobilevos.network import Network


class Average:
    """The exponential moving average of a network's weights."""

    def __init__(self, network: Network, decay: float) -> None:
        self.network, self.decay = copy.deepcopy(network).requires_grad_(False), decay

    @torch.no_grad()
    def update(self, network: Network, step: int) -> None:
        """Move a little towards `network`, as it is after so many steps: at first, faster.

        So that a short run, too, is averaged over its last part and not with its start.
        """
        decay = min(self.decay, (1 + step) / (10 + step))
        means, new = list(self.network.parameters()), list(network.parameters())
        torch._foreach_lerp_(means, new, 1 - decay)
        for mean, value in zip(self.network.buffers(), network.buffers(), strict=True):
            mean.copy_(value)
