"""What a runtime is: the five parts of the network that are computed for a frame.

For: `vision`, which reads and remembers between them. Knows torch and the network's heads.

Torch is the reference, learns, and runs on every device. The others run the same parts: as
graphs on a CPU, which must say the same, or rounded, which says about the same.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from torch import Tensor

from vos_annotator.mobilevos.heads import Look, Prepared
from vos_annotator.mobilevos.network import Network


class Runtime(Protocol):
    """Runs the parts of one network; takes and gives tensors on the network's device.

    Keys, values and logits are in single precision, whatever it computes in.

    Attributes:
        name: What it is asked for by.
        lanes: How many batches it runs side by side, if there are as many.
    """

    name: str
    lanes: int

    def look(self, image: Tensor) -> Look:
        """Look at a picture (1, 3, H, W), RGB in [0, 1], with sides that are multiples of 16."""

    def for_values(self, look: Look, image: Tensor) -> Prepared:
        """Return what the values of all objects share, of pictures or parts of one."""

    def memorize(self, masks: Tensor, prepared: Prepared) -> Tensor:
        """Return values (K, C_v, H/16, W/16) of (K, 2, H, W) masks, and of the others' masks."""

    def for_masks(self, look: Look) -> Prepared:
        """Return what the masks of all objects share, of pictures or parts of one."""

    def decode(self, read: Tensor, prepared: Prepared) -> Tensor:
        """Return logits (K, 1, H/4, W/4) of what K objects read, (K, C_v, H/16, W/16)."""

    def each(self, work: Callable[..., Tensor], *batches: Sequence[Any]) -> list[Tensor]:
        """Return what `work`, which runs any part of the network but `look`, makes of each batch.

        It is called as by `map`, maybe by several threads at a time.
        """


class OneByOne:
    """Runs batches one after the other, each on all cores."""

    lanes = 1

    def each(self, work: Callable[..., Tensor], *batches: Sequence[Any]) -> list[Tensor]:
        """See `Runtime.each`."""
        return list(map(work, *batches))


class TorchRuntime(OneByOne):
    """The network itself."""

    name = "torch"

    def __init__(self, network: Network) -> None:
        self._network, self._dtype = network, network.key.weight.dtype

    def look(self, image: Tensor) -> Look:
        """See `Runtime.look`."""
        look = self._network.look(image.to(self._dtype))
        return look._replace(key=look.key.float())

    def for_values(self, look: Look, image: Tensor) -> Prepared:
        """See `Runtime.for_values`."""
        return self._network.prepare(Look(*self._given(*look)), image.to(self._dtype))

    def memorize(self, masks: Tensor, prepared: Prepared) -> Tensor:
        """See `Runtime.memorize`."""
        return self._network.value(masks.to(self._dtype), self._given(*prepared)).float()

    def for_masks(self, look: Look) -> Prepared:
        """See `Runtime.for_masks`."""
        features = self._network.complete(Look(*self._given(*look)))
        return self._network.decoder.prepare(features)

    def decode(self, read: Tensor, prepared: Prepared) -> Tensor:
        """See `Runtime.decode`."""
        return self._network.decoder(read.to(self._dtype), self._given(*prepared))[0].float()

    def _given(self, *tensors: Tensor) -> Prepared:
        return tuple(tensor.to(self._dtype) for tensor in tensors)


class RoundedRuntime(TorchRuntime):
    """The network in bfloat16, for devices that have instructions for it."""

    name = "bfloat16"

    def __init__(self, network: Network) -> None:
        super().__init__(copy.deepcopy(network).bfloat16())
