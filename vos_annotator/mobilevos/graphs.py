"""A network as three ONNX graphs.

For: the command `export-onnx`. Knows the networks and the engine's rule of reading; needs the
packages onnx and onnxscript.

    encode      image ──► features
    read        features, memory ──► logits and masks of each object
    memorize    image, features, masks ──► value of each object

What a frame leaves in memory is the key of its features and the values of its objects; frames
lie side by side along the last axis.
"""

import json
import logging
import warnings
from dataclasses import asdict

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.export import Dim

from vos_annotator.mobilevos.backbones import upsample
from vos_annotator.mobilevos.heads import LOGIT_STRIDE, STRIDE, Features
from vos_annotator.mobilevos.network import Network, aggregate
from vos_annotator.mobilevos.readings import HANDICAP, TOP_K
from vos_annotator.mobilevos.similarity import nearest

_SHAPE = 96, 128  # of the picture that graphs are traced with; they take any other


class Encode(nn.Module):
    """`Network.encode` as a graph."""

    outputs = Features._fields

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Features:
        """(1, 3, H, W) RGB in [0, 1] -> its features."""
        return tuple(self.network.encode(image))


class Read(nn.Module):
    """Reading as the engine does, and `Network.decode`, as a graph."""

    outputs = ("logits", "masks")

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        stride4: Tensor,
        stride8: Tensor,
        stride16: Tensor,
        key: Tensor,
        query: Tensor,
        memory_key: Tensor,
        memory_value: Tensor,
        bias: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return logits (K, 1, H/4, W/4), and masks (K, 1, H, W) in [0, 1] that compete.

        Args:
            stride4, stride8, stride16, key, query: Features of the frame to segment.
            memory_key: (1, C, N), N positions of all frames that are remembered.
            memory_value: (K, C_v, N) of K objects.
            bias: (1, 1, N), 0 where a person drew and less for the network's own masks.
        """
        objects, size = memory_value.shape[0], key.shape[-2:]
        weights, positions = nearest(memory_key, key.flatten(2), TOP_K, bias)
        rows = memory_value.permute(2, 0, 1).flatten(1)  # (N, K C_v): one gather for all
        read = (weights[:, None] @ rows[positions])[:, 0].t().reshape(objects, -1, *size)
        features = Features(stride4, stride8, stride16, key, query)
        logits, _ = self.network.decode(read, features)
        log_odds = F.pad(aggregate(logits[:, 0]), (0, 0, 0, 0, 1, 0))
        return logits, upsample(log_odds.softmax(0)[1:, None], LOGIT_STRIDE)


class Memorize(nn.Module):
    """`Network.memorize` as a graph, for all objects of a frame."""

    outputs = ("value",)

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        image: Tensor,
        stride4: Tensor,
        stride8: Tensor,
        stride16: Tensor,
        key: Tensor,
        query: Tensor,
        masks: Tensor,
    ) -> Tensor:
        """Return values (K, C_v, H/16 x W/16) of masks (K, 1, H, W) of an image's objects."""
        others = (masks.sum(0, keepdim=True) - masks).clamp(0, 1)
        features = Features(stride4, stride8, stride16, key, query)
        return self.network.memorize(features, image, masks, others).flatten(2)


MODULES: dict[str, type[nn.Module]] = {"encode": Encode, "read": Read, "memorize": Memorize}


def export(network: Network, name: str) -> dict[str, bytes]:
    """Return the graphs "encode", "read" and "memorize" as ONNX files.

    Pictures may have any sides that are multiples of 16 from 64 up to 4096, memories any number
    of positions. Each file tells in its metadata what it was made from.
    """
    height, width = (Dim(axis, min=4, max=256) for axis in ("height", "width"))
    objects, positions = Dim("objects", max=255), Dim("positions", max=1 << 24)

    def grid(stride: int) -> dict[int, Dim]:  # stride 1: the grid of keys
        return {2: stride * height, 3: stride * width}

    image, masks = torch.rand(1, 3, *_SHAPE), torch.rand(2, 1, *_SHAPE)
    with torch.no_grad():
        features = network.encode(image)
        value = network.memorize(features, image, masks, masks)
    memory = [torch.cat([tensor.flatten(2)] * 2, 2) for tensor in (features.key, value)]
    bias = torch.zeros(1, 1, memory[0].shape[2])
    strides = (STRIDE // 4, STRIDE // 8, 1, 1, 1)
    of_features = dict(zip(Features._fields, map(grid, strides), strict=True))
    of_memory = {
        "memory_key": {2: positions},
        "memory_value": {0: objects, 2: positions},
        "bias": {2: positions},
    }
    of_image, of_masks = {"image": grid(STRIDE)}, {"masks": {0: objects} | grid(STRIDE)}
    notes = {
        "checkpoint": name,
        "config": json.dumps(asdict(network.config)),
        "top_k": str(TOP_K),
        "bias_of_own_masks": str(HANDICAP),
    }
    return {
        "encode": _trace(Encode(network), (image,), of_image, notes),
        "read": _trace(Read(network), (*features, *memory, bias), of_features | of_memory, notes),
        "memorize": _trace(
            Memorize(network), (image, *features, masks), of_image | of_features | of_masks, notes
        ),
    }


def _trace(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    sizes: dict[str, dict[int, Dim]],
    notes: dict[str, str],
) -> bytes:
    """Return a module as an ONNX file, its inputs named as `sizes`."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, we do not
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            inputs,
            dynamo=True,
            dynamic_shapes=sizes,
            input_names=list(sizes),
            output_names=list(module.outputs),
            verbose=False,
        )
    program.model.metadata_props.update(notes)
    return program.model_proto.SerializeToString()
