"""Graphs whose convolutions compute in 8-bit integers, for processors with instructions for it.

For: `graphs`, which makes them beside those in single precision. Needs onnx and ONNX Runtime.

What looks at the picture stays in single precision: its depthwise layers lose too much. What
makes values and masks of it, for each object, does not. Its inputs are spread as they are on the
frames of the demo clip; weights are rounded by the channel.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from vos_annotator.core.masks import object_ids
from vos_annotator.mobilevos.demo import demo_scene
from vos_annotator.mobilevos.network import Network
from vos_annotator.mobilevos.vision import working_size

PARTS = ("for_values", "memorize", "for_masks", "decode")
SUFFIX = ".int8.onnx"
_SIZES = (288, 480)  # short sides that frames are seen at, px
_INSTRUCTIONS = ("avx512_vnni", "avx_vnni", "amx_int8")

Inputs = list[NDArray[np.float32]]  # of a graph, in order


def favours_int8() -> bool:
    """Return whether the processor multiplies 8-bit integers quicker than floats, and exactly."""
    known = torch.cpu.get_capabilities()
    return any(known.get(name, False) for name in _INSTRUCTIONS)


def quantize(folder: Path, network: Network) -> None:
    """Make graphs in 8-bit integers of some of a folder's, beside them.

    Args:
        folder: Has the graphs of the network.
        network: In evaluation mode, on a CPU.
    """
    from onnxruntime.quantization import QuantType, quant_pre_process, quantize_static

    seen = _seen(network)
    with tempfile.TemporaryDirectory() as scratch:
        for part in PARTS:
            folded = Path(scratch) / f"{part}.onnx"  # with parts of weights as weights
            quant_pre_process(folder / f"{part}.onnx", folded, skip_symbolic_shape=True)
            quantize_static(
                folded,
                folder / f"{part}{SUFFIX}",
                _Calibration(folder / f"{part}.onnx", seen[part]),
                op_types_to_quantize=["Conv", "Relu", "Add"],
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )


class _Calibration:
    """Gives a graph the inputs by which ranges are chosen."""

    def __init__(self, path: Path, inputs: Sequence[Inputs]) -> None:
        import onnx

        names = [each.name for each in onnx.load(path).graph.input]
        self._given = iter([dict(zip(names, arrays, strict=True)) for arrays in inputs])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the inputs by their names; None after the last ones."""
        return next(self._given, None)


@torch.inference_mode()
def _seen(network: Network) -> dict[str, list[Inputs]]:
    """Return what the parts take on frames of the demo clip."""
    seen: dict[str, list[Inputs]] = {part: [] for part in PARTS}
    for image, masks in _pictures():
        look = network.look(image)
        for_values = network.prepare(look, image)
        given = {"image": image, **look._asdict()}
        seen["for_values"].append(_arrays(*(given[name] for name in network.value.prepares)))
        seen["memorize"].append(_arrays(masks, *for_values))
        seen["for_masks"].append(_arrays(look.stride4, look.stride8, look.stride16))
        for_masks = network.decoder.prepare(network.complete(look))
        # What a frame reads of another that is like it is about its own value.
        seen["decode"].append(_arrays(network.value(masks, for_values), *for_masks))
    return seen


def _pictures() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Return pictures (1, 3, H, W) and the masks of objects and others, (K, 2, H, W)."""
    scene = demo_scene()
    for size in _SIZES:
        for frame, label_map in zip(scene.frames, scene.label_maps, strict=False):
            shape = working_size(frame.shape[:2], size)
            small = cv2.resize(frame, shape[::-1], interpolation=cv2.INTER_AREA)
            labels = cv2.resize(label_map, shape[::-1], interpolation=cv2.INTER_NEAREST)
            image = torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255
            own = [labels == i for i in (*object_ids(labels), 0)]  # the last one is not there
            own[-1] = np.zeros_like(own[-1])
            pairs = [np.stack([each, (labels > 0) & ~each]) for each in own]
            yield image, torch.from_numpy(np.stack(pairs)).float()


def _arrays(*tensors: torch.Tensor) -> Inputs:
    return [tensor.contiguous().numpy() for tensor in tensors]
