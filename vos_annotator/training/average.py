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

    @torch.no_grad()
    def restore(self, network: Network) -> None:
        """Undo what a forward pass that went wrong left in the statistics of norms."""
        for mean, value in zip(self.network.buffers(), network.buffers(), strict=True):
            value.copy_(mean)

    @property
    def is_finite(self) -> bool:
        """Whether all of it fits in the half precision that it is kept in."""
        weights = self.network.state_dict().values()
        largest = [w.abs().max() for w in weights if w.is_floating_point() and w.numel()]
        return bool(torch.stack(largest).max() <= torch.finfo(torch.float16).max)
