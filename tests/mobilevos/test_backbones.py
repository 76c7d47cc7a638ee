"""Backbones: what they give, and that foreign weights do in ours what they did at home."""

import numpy as np
import pytest
import skimage.data
import torch
import torch.nn.functional as F

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos import pretrained
from vos_annotator.mobilevos.backbones import BACKBONES
from vos_annotator.mobilevos.network import Network, NetworkConfig
from vos_annotator.mobilevos.similarity import affinity
from vos_annotator.mobilevos.tiny_vit import MobileSAMEncoder, load_mobilesam

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("size", [(64, 96), (80, 48)])
def test_a_backbone_gives_its_channels_at_strides_4_8_and_16(name, size):
    backbone = BACKBONES[name]().eval()
    with torch.inference_mode():
        taps = backbone(torch.rand(2, 3, *size))
    for tap, stride, channels in zip(taps, (4, 8, 16), backbone.channels, strict=True):
        assert tap.shape == (2, channels, size[0] // stride, size[1] // stride)


@pytest.mark.parametrize("name", BACKBONES)
def test_freezing_early_leaves_the_later_layers_to_learn(name):
    backbone = BACKBONES[name]()
    backbone.early().requires_grad_(False)
    learning = [p.requires_grad for p in backbone.parameters()]
    assert not learning[0] and learning[-1]


def stored(prefixes: list[tuple[str, str, tuple[int, ...]]]) -> dict[str, torch.Tensor]:
    """Return random convolutions of the given names and shapes, and their norms."""
    weights = {}
    for conv, norm, shape in prefixes:
        fan = shape[1] * shape[2] * shape[3]
        weights[f"{conv}.weight"] = torch.from_numpy(RNG.normal(0, fan**-0.5, shape)).float()
        for part, low, high in (
            ("weight", 0.5, 2),
            ("bias", 0, 1),
            ("running_mean", -0.5, 0.5),
            ("running_var", 0.3, 2),
        ):
            weights[f"{norm}.{part}"] = torch.from_numpy(RNG.uniform(low, high, shape[0])).float()
    return weights


def home(x, weights, conv: str, norm: str, epsilon: float, stride=1, groups=1, is_same=False):
    """Return what a convolution and its norm did where they come from."""
    weight = weights[f"{conv}.weight"]
    kernel = weight.shape[-1]
    if is_same:  # TensorFlow's rule
        pads = [
            max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[:1:-1]
        ]
        x = F.pad(x, [half for pad in pads for half in (pad // 2, pad - pad // 2)])
    x = F.conv2d(x, weight, None, stride, 0 if is_same else kernel // 2, groups=groups)
    names = ("running_mean", "running_var", "weight", "bias")
    return F.batch_norm(x, *(weights[f"{norm}.{name}"] for name in names), eps=epsilon)


def test_mobilenet_does_in_ours_what_it_did_with_its_norms():
    ours = BACKBONES["mobilenet_v2"]().eval()
    names = [("features.0.0", "features.0.1", ours.stem.weight.shape)]
    for n, block in enumerate(ours.blocks):
        convs = [c for c in (block.expand, block.depthwise, block.project) if c is not None]
        for k, conv in enumerate(convs):
            inner = f"features.{n + 1}.conv"
            names.append((f"{inner}.{3 * k}", f"{inner}.{3 * k + 1}", conv.weight.shape))
    weights = stored(names)
    ours.load_state_dict(pretrained._mobilenet(weights))

    x = image = torch.rand(1, 3, 64, 64)
    x = F.relu6(home(x, weights, "features.0.0", "features.0.1", 1e-5, 2))
    for n, block in enumerate(ours.blocks):
        y, inner, k = x, f"features.{n + 1}.conv", 0
        for conv in (block.expand, block.depthwise, block.project):
            if conv is None:
                continue
            names = f"{inner}.{3 * k}", f"{inner}.{3 * k + 1}"
            y = home(y, weights, *names, 1e-5, conv.stride[0], conv.groups)
            y = y if conv is block.project else F.relu6(y)
            k += 1
        x = x + y if block.is_residual else y
    torch.testing.assert_close(ours(image)[2], x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "efficientnet_lite2"])
def test_efficientnet_does_in_ours_what_it_did_at_home_but_for_the_scale(name, monkeypatch):
    # With the mean that it was trained with, black beyond the border is the same for both.
    monkeypatch.setattr(pretrained, "IMAGE_MEAN", (127 / 255,) * 3)
    monkeypatch.setattr(pretrained, "IMAGE_STD", (0.25,) * 3)
    ours = BACKBONES[name]().eval()
    names = [("_conv_stem", "_bn0", ours.stem.weight.shape)]
    for n, block in enumerate(ours.blocks):
        for k, part in enumerate(("expand", "depthwise", "project")):
            if (conv := getattr(block, part)) is not None:
                inner = f"_blocks.{n}"
                names.append((f"{inner}._{part}_conv", f"{inner}._bn{k}", conv.weight.shape))
    after = len(ours.blocks)  # what follows has another stride and is left alone
    names.append((f"_blocks.{after}._project_conv", f"_blocks.{after}._bn2", (192, 8, 1, 1)))
    weights = stored(names)
    ours.load_state_dict(pretrained._efficientnet(weights))

    pixels = torch.rand(1, 3, 64, 64) * 255
    x = F.relu6(home((pixels - 127) / 128, weights, "_conv_stem", "_bn0", 1e-3, 2, is_same=True))
    for n, block in enumerate(ours.blocks):
        y = x
        for k, part in enumerate(("expand", "depthwise", "project")):
            if (conv := getattr(block, part)) is not None:
                names = f"_blocks.{n}._{part}_conv", f"_blocks.{n}._bn{k}"
                stride, groups = conv.stride[0], conv.groups
                y = home(y, weights, *names, 1e-3, stride, groups, is_same=True)
                y = y if part == "project" else F.relu6(y)
        x = x + y if block.is_residual else y
    given = (pixels / 255 - 127 / 255) / 0.25
    torch.testing.assert_close(ours(given)[2], 0.1 * x, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", pretrained.FILES)
def test_a_network_that_knows_pictures_starts_with_masks_that_count_for_nothing(name):
    try:
        weights = pretrained.read_imagenet(name)
    except UserError as error:
        pytest.skip(str(error))
    network = Network(NetworkConfig(backbone=name, shared_value=False, value_dim=16))
    pretrained.load_backbone(network, weights)
    torch.testing.assert_close(network.backbone.stem.weight.data, weights["stem.weight"])
    stem = network.value.backbone.stem.weight
    assert stem[:, :3].abs().sum() > 0 and stem[:, 3:].abs().sum() == 0


@pytest.mark.parametrize("name", pretrained.FILES)
@torch.inference_mode()
def test_keys_of_a_network_that_knows_pictures_leave_the_affinity_soft(name):
    network = Network(NetworkConfig(backbone=name)).eval()
    try:
        pretrained.load_backbone(network, pretrained.read_imagenet(name))
    except UserError as error:
        pytest.skip(str(error))
    picture = torch.from_numpy(skimage.data.astronaut()).permute(2, 0, 1)[None] / 255
    key = network.encode(F.avg_pool2d(picture, 2)).key.flatten(2)
    assert 0.02 < affinity(key, key).amax(2).median() < 0.97


def test_a_backbone_without_weights_is_named():
    with pytest.raises(UserError, match="no ImageNet weights for resnet18"):
        pretrained.read_imagenet("resnet18")


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(pretrained.FILES, "mobilenet_v2", ("no_such_package", "x.pt"))
    with pytest.raises(UserError, match=r"no_such_package.*\[pretrained\]"):
        pretrained.read_imagenet("mobilenet_v2")


def test_attention_in_windows_looks_no_further_than_its_window():
    encoder = MobileSAMEncoder()
    block = encoder.backbone.layers[1].blocks[0]
    torch.nn.init.normal_(block.attn.biases)
    x = torch.rand(1, 128, 14, 14)
    with torch.inference_mode():
        before = block._attend(x)
        x[..., 7:, :] += 1
        after = block._attend(x)
    torch.testing.assert_close(before[..., :7, :], after[..., :7, :])
    assert (before[..., 7:, :] - after[..., 7:, :]).abs().max() > 0


def test_a_file_that_is_no_encoder_is_named(tmp_path):
    pytest.importorskip("onnx", reason="comes with the extra [onnx]")
    with pytest.raises(UserError, match=r"no MobileSAM encoder at .*nowhere\.onnx"):
        load_mobilesam(tmp_path / "nowhere.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"not an encoder")
    with pytest.raises(UserError, match=r"bad\.onnx is no image encoder"):
        load_mobilesam(tmp_path / "bad.onnx")


@torch.inference_mode()
def test_a_backbone_that_starts_at_random_hands_on_what_it_sees():
    torch.manual_seed(0)
    backbone = BACKBONES["resnet18"]().eval()
    for tap in backbone(torch.randn(2, 3, 96, 96)):
        assert 0.2 < tap.std() < 5
