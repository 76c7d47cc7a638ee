"""The `export-onnx` command: a network as ONNX graphs, checked against torch on real frames.

For: the command line. Knows the graphs, checkpoints and the demo clip. `docs/onnx.md` says how
to go through a video with what it writes.
"""

import argparse
from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vos_annotator.core.atomic import put_file, writing
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import object_ids
from vos_annotator.core.outputs import folder_to_write
from vos_annotator.mobilevos.checkpoint import DEFAULT, find_checkpoint, load_checkpoint
from vos_annotator.mobilevos.demo import Scene, demo_scene
from vos_annotator.mobilevos.graphs import MODULES, export
from vos_annotator.mobilevos.heads import Features
from vos_annotator.mobilevos.network import Network
from vos_annotator.mobilevos.readings import HANDICAP
from vos_annotator.mobilevos.vision import working_size

TOLERANCE = 1e-3  # of logits, between torch and ONNX
SIZES = (288, 480)  # short sides that the graphs are checked at, px

Run = Callable[..., list[NDArray[np.float32]]]  # of a graph: its name, its inputs in order


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `export-onnx`."""
    parser.add_argument(
        "checkpoint", nargs="?", default=DEFAULT, help=f"its path or name ({DEFAULT})"
    )
    parser.add_argument(
        "--out", type=folder_to_write, required=True, metavar="DIR", help="where to write"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the three graphs of a checkpoint; 0.

    Raises:
        UserError: There is no such checkpoint, the folder cannot be written, or the graphs
            say something else than the network.
    """
    import onnxruntime  # noqa: F401 - where it is missing, that is said before the long work

    path = find_checkpoint(arguments.checkpoint)
    network, _ = load_checkpoint(path)
    graphs = export(network, path.stem)
    scene = demo_scene()
    for size in SIZES:
        differences = compare(network, graphs, scene, size)
        told = ", ".join(f"{name} {value:.1e}" for name, value in differences.items())
        print(f"largest difference from torch at {size}p: {told}")
        if not differences["logits"] <= TOLERANCE:  # also where it is no number
            raise UserError(
                f"The graphs of {path} do not say what the network says, nothing was written: try "
                "other versions of onnxscript and onnxruntime."
            )
    with writing(arguments.out):
        arguments.out.mkdir(parents=True, exist_ok=True)
    for name, data in graphs.items():
        target = arguments.out / f"{path.stem}-{name}.onnx"
        put_file(target, data)
        print(f"{target}  {len(data) / 1e6:.1f} MB")
    return 0


@torch.no_grad()
def compare(
    network: Network, graphs: dict[str, bytes], scene: Scene, size: int
) -> dict[str, float]:
    """Return how far the graphs are from torch: the largest difference of each output.

    Both go the same way on their own: two frames are remembered, the third is segmented. Of a
    network that never learnt, keys are all but equal, and which are nearest is chance: its
    logits differ.

    Args:
        network: What the graphs were made from.
        graphs: Of `export`.
        scene: What to look at.
        size: Short side to work at, px.
    """
    import onnxruntime

    modules = {name: module(network) for name, module in MODULES.items()}

    def in_torch(name: str, *inputs: NDArray) -> list[NDArray]:
        given = modules[name](*(torch.from_numpy(array) for array in inputs))
        given = (given,) if isinstance(given, Tensor) else given
        return [tensor.numpy() for tensor in given]

    sessions = {
        name: onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        for name, data in graphs.items()
    }

    def in_onnx(name: str, *inputs: NDArray) -> list[NDArray]:
        names = [given.name for given in sessions[name].get_inputs()]
        return sessions[name].run(None, dict(zip(names, inputs, strict=True)))

    ours, theirs = (_walk(run, scene, size) for run in (in_torch, in_onnx))
    return {name: float(np.abs(ours[name] - theirs[name]).max()) for name in ours}


def _walk(run: Run, scene: Scene, size: int) -> dict[str, NDArray[np.float32]]:
    """Return what the three graphs, run by `run(name, *inputs)`, make of a scene."""
    shape = working_size(scene.frames[0].shape[:2], size)
    images = []
    for frame in scene.frames:
        small = cv2.resize(frame, shape[::-1], interpolation=cv2.INTER_AREA)
        images.append(np.ascontiguousarray(small.transpose(2, 0, 1)[None], np.float32) / 255)
    *before, features = (run("encode", image) for image in images)
    ids = object_ids(scene.label_maps[0])
    keys, values = [], []
    for image, known, label_map in zip(images, before, scene.label_maps, strict=False):
        masks = [(label_map == i).astype(np.float32) for i in ids]
        masks = np.stack([cv2.resize(m, shape[::-1], interpolation=cv2.INTER_AREA) for m in masks])
        values += run("memorize", image, *known, masks[:, None])
        keys.append(known[Features._fields.index("key")].reshape(1, -1, values[-1].shape[2]))
    key, value = np.concatenate(keys, 2), np.concatenate(values, 2)
    bias = np.zeros((1, 1, key.shape[2]), np.float32)
    bias[..., keys[0].shape[2] :] = HANDICAP
    logits, masks = run("read", *features, key, value, bias)
    flat = np.concatenate([feature.ravel() for feature in features])
    return {"features": flat, "value": value, "logits": logits, "masks": masks}
