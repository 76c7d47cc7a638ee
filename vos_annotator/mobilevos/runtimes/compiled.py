"""The network compiled by torch for its device: on CUDA, graphs that are started as one.

For: `choice`, where it is asked for by name. Needs what torch compiles with: Triton on a GPU, a
C++ compiler on a CPU, where nothing is gained.

A part is compiled when it is first run, for as long as a minute, and once more when pictures or
numbers of objects change; from then on for any. So it pays for whoever runs one network for
hours, and is never chosen unasked.
"""

import copy

import torch
from torch import Tensor

from vos_annotator.mobilevos.heads import Look, Prepared
from vos_annotator.mobilevos.network import Network
from vos_annotator.mobilevos.precision import favours_bfloat16
from vos_annotator.mobilevos.runtimes.runtime import OneByOne, TorchRuntime

_MODE = "reduce-overhead"  # CUDA graphs, where there is CUDA


class CompiledRuntime(OneByOne):
    """Runs what torch makes of the network, in bfloat16 on devices that favour it."""

    name = "compiled"

    def __init__(self, network: Network) -> None:
        """Compile nothing yet but an example.

        Raises:
            Exception: One of torch's: there is nothing here to compile with.
        """
        device = next(network.parameters()).device
        torch.compile(torch.neg)(torch.zeros(1, device=device))
        if favours_bfloat16(device):
            network = copy.deepcopy(network).bfloat16()
        runtime = TorchRuntime(network)
        self._look, self._for_values, self._memorize, self._for_masks, self._decode = (
            torch.compile(part, mode=_MODE)
            for part in (
                runtime.look,
                runtime.for_values,
                runtime.memorize,
                runtime.for_masks,
                runtime.decode,
            )
        )

    def look(self, image: Tensor) -> Look:
        """See `Runtime.look`."""
        return Look(*_kept(self._look(image)))

    def for_values(self, look: Look, image: Tensor) -> Prepared:
        """See `Runtime.for_values`."""
        return _kept(self._for_values(look, image))

    def memorize(self, masks: Tensor, prepared: Prepared) -> Tensor:
        """See `Runtime.memorize`."""
        return self._memorize(masks, prepared).clone()

    def for_masks(self, look: Look) -> Prepared:
        """See `Runtime.for_masks`."""
        return _kept(self._for_masks(look))

    def decode(self, read: Tensor, prepared: Prepared) -> Tensor:
        """See `Runtime.decode`."""
        return self._decode(read, prepared).clone()


def _kept(tensors: Prepared) -> Prepared:
    """Return copies of what the next run of a graph would overwrite."""
    return tuple(tensor.clone() for tensor in tensors)
