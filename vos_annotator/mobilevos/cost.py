"""What a network costs: operations and milliseconds of each stage of a frame.

For: the `models` command, and whoever chooses a network's shape. Knows the networks and how
the engine reads; needs no weights.

A frame is encoded, reads two remembered ones, is decoded for one object, and is remembered.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.benchmark import Timer
from torch.utils.flop_counter import FlopCounterMode

from vos_annotator.mobilevos.memory import readout_nearest
from vos_annotator.mobilevos.network import Network, NetworkConfig
from vos_annotator.mobilevos.precision import quickest
from vos_annotator.mobilevos.readings import TOP_K
from vos_annotator.mobilevos.similarity import nearest
from vos_annotator.mobilevos.vision import best_device

SHAPES = {288: (288, 512), 480: (480, 848)}  # height and width by the short side, at 16:9
_REMEMBERED = 2  # frames


def operations(config: NetworkConfig, shape: tuple[int, int]) -> dict[str, float]:
    """Return the GFLOP of each stage: a product and a sum are two operations.

    Args:
        config: Of the network.
        shape: Height and width of the frame, multiples of 16.
    """
    counted = {}
    with FakeTensorMode(), torch.no_grad():  # shapes alone: nothing is computed
        for name, stage in _stages(Network(config).eval(), torch.empty(1, 3, *shape)).items():
            with FlopCounterMode(display=False) as counter:
                stage()
            counted[name] = counter.get_total_flops() / 1e9
    return counted


def milliseconds(
    config: NetworkConfig, shape: tuple[int, int], seconds: float = 1.0
) -> dict[str, float]:
    """Return the time of each stage here, as the engine would run it, with torch's threads.

    Args:
        config: Of the network.
        shape: Height and width of the frame, multiples of 16.
        seconds: To spend on each stage.
    """
    device = best_device()
    network = Network(config).eval().to(device, memory_format=torch.channels_last)
    image = torch.rand(1, 3, *shape, device=device)
    timed = {}
    with torch.inference_mode(), quickest(device):
        for name, stage in _stages(network, image).items():
            timer = Timer("stage()", globals={"stage": stage}, num_threads=torch.get_num_threads())
            timed[name] = 1000 * timer.blocked_autorange(min_run_time=seconds).median
    return timed


def _stages(network: Network, image: Tensor) -> dict[str, Callable[[], object]]:
    """Return the stages of a frame, each ready to run by itself."""
    mask = torch.zeros_like(image[:, :1])
    features = network.encode(image)
    value = network.memorize(features, image, mask, mask)
    key, size = features.key.flatten(2), features.key.shape[-2:]
    memory_key = torch.cat([key] * _REMEMBERED, 2)
    memory_value = torch.cat([value.flatten(2)] * _REMEMBERED, 2)

    def read() -> Tensor:
        return readout_nearest(*nearest(memory_key, key, TOP_K), memory_value, size)

    return {
        "encode": lambda: network.encode(image),
        "read": read,
        "decode": lambda: network.decode(value, features),
        "memorize": lambda: network.memorize(features, image, mask, mask),
    }
