"""STCN itself, with the public weights: a teacher for whoever has the file.

For: the trainer's teachers, and the engine of that name. Knows torch and `network`, whose three
verbs it has too.

Modules bear the names that its checkpoint knows them by, so loading is strict: a weight that
is missing or too many is an error.

Source: Cheng, Tai & Tang, "Rethinking Space-Time Networks with Improved Memory Coverage for
Efficient Video Object Segmentation", NeurIPS 2021; ResNets by He et al., CVPR 2016; channel
and spatial gates by Woo et al., "CBAM", ECCV 2018.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.backbones import upsample
from vos_annotator.mobilevos.heads import Features
from vos_annotator.mobilevos.network import IMAGE_MEAN, IMAGE_STD

KEY_DIM, VALUE_DIM = 64, 512
_SINGLE_OBJECT = 4  # channels that the value encoder of STCN's first stage takes: RGB, one mask


class BasicBlock(nn.Module):
    """ResNet18's block."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, width, H / stride, W / stride)."""
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """ResNet50's block, with its stride in the middle."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = self.expansion * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, 4 width, H / stride, W / stride)."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def _shortcut(inputs: int, outputs: int, stride: int, bias: bool) -> nn.Sequential | None:
    if inputs == outputs and stride == 1:
        return None
    conv = nn.Conv2d(inputs, outputs, 1, stride, bias=bias)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


def _layer(block: type[nn.Module], inputs: int, width: int, count: int, stride: int) -> nn.Module:
    first = block(inputs, width, stride)
    rest = (block(block.expansion * width, width, 1) for _ in range(count - 1))
    return nn.Sequential(first, *rest)


class KeyEncoder(nn.Module):
    """ResNet50 up to layer3."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.res2 = _layer(Bottleneck, 64, 64, 3, 1)
        self.layer2 = _layer(Bottleneck, 256, 128, 4, 2)
        self.layer3 = _layer(Bottleneck, 512, 256, 6, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, H, W) -> 256, 512 and 1024 channels at strides 4, 8 and 16."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        stride4 = self.res2(x)
        stride8 = self.layer2(stride4)
        return stride4, stride8, self.layer3(stride8)


class ResidualBlock(nn.Module):
    """Pre-activation residual block; like the students', but for its 3x3 shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        differs = inputs != outputs
        self.downsample = nn.Conv2d(inputs, outputs, 3, padding=1) if differs else None
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        y = self.conv2(F.relu(self.conv1(F.relu(x))))
        return y + (x if self.downsample is None else self.downsample(x))


class Gates(nn.Module):
    """CBAM: channels first, then places, are let through by how much they matter."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        narrow = channels // reduction
        self.ChannelGate = nn.ModuleDict(
            {
                "mlp": nn.Sequential(
                    nn.Flatten(),
                    nn.Linear(channels, narrow),
                    nn.ReLU(),
                    nn.Linear(narrow, channels),
                )
            }
        )
        self.SpatialGate = nn.ModuleDict(
            {"spatial": nn.ModuleDict({"conv": nn.Conv2d(2, 1, 7, padding=3)})}
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) -> the same."""
        weigh = self.ChannelGate["mlp"]
        gate = weigh(x.mean((2, 3))) + weigh(x.amax((2, 3)))
        x = x * gate.sigmoid()[:, :, None, None]
        pooled = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)
        return x * self.SpatialGate["spatial"]["conv"](pooled).sigmoid()


class Fuser(nn.Module):
    """Features of image and masks, and of the image alone, made a value."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.block1 = ResidualBlock(inputs, VALUE_DIM)
        self.attention = Gates(VALUE_DIM)
        self.block2 = ResidualBlock(VALUE_DIM, VALUE_DIM)

    def forward(self, x: Tensor, stride16: Tensor) -> Tensor:
        """(B, 256, H, W), (B, 1024, H, W) -> (B, 512, H, W)."""
        x = self.block1(torch.cat([x, stride16], 1))
        return self.block2(x + self.attention(x))


class ValueEncoder(nn.Module):
    """ResNet18 up to layer3 over RGB, an object's mask and the others'."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(5, 64, 7, 2, 3)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _layer(BasicBlock, 64, 64, 2, 1)
        self.layer2 = _layer(BasicBlock, 64, 128, 2, 2)
        self.layer3 = _layer(BasicBlock, 128, 256, 2, 2)
        self.fuser = Fuser(256 + 1024)

    def forward(self, x: Tensor, stride16: Tensor) -> Tensor:
        """(B, 5, H, W), (B, 1024, H/16, W/16) -> (B, 512, H/16, W/16)."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        return self.fuser(self.layer3(self.layer2(self.layer1(x))), stride16)


class UpsampleBlock(nn.Module):
    """Twice the size, with finer features beside."""

    def __init__(self, skip: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.skip_conv = nn.Conv2d(skip, inputs, 3, padding=1)
        self.out_conv = ResidualBlock(inputs, outputs)

    def forward(self, skip: Tensor, x: Tensor) -> Tensor:
        """(B, skip, 2 H, 2 W), (B, inputs, H, W) -> (B, outputs, 2 H, 2 W)."""
        return self.out_conv(self.skip_conv(skip) + upsample(x, 2))


class Decoder(nn.Module):
    """From a readout to the logits of one object at stride 4."""

    def __init__(self) -> None:
        super().__init__()
        self.compress = ResidualBlock(2 * VALUE_DIM, 512)
        self.up_16_8 = UpsampleBlock(512, 512, 256)
        self.up_8_4 = UpsampleBlock(256, 256, 256)
        self.pred = nn.Conv2d(256, 1, 3, padding=1)

    def forward(self, read: Tensor, features: Features) -> tuple[Tensor, Tensor]:
        """Return logits and features as `Network.decode` does."""
        x = self.compress(torch.cat([read, features.query.to(read.dtype)], 1))
        x = self.up_8_4(features.stride4, self.up_16_8(features.stride8, x))
        return self.pred(F.relu(x)), x


class STCN(nn.Module):
    """STCN for several objects: 54.4 M parameters, and the verbs of `Network`."""

    def __init__(self) -> None:
        super().__init__()
        self.key_encoder = KeyEncoder()
        self.value_encoder = ValueEncoder()
        self.key_proj = nn.ModuleDict({"key_proj": nn.Conv2d(1024, KEY_DIM, 3, padding=1)})
        self.key_comp = nn.Conv2d(1024, VALUE_DIM, 3, padding=1)
        self.decoder = Decoder()
        self.register_buffer("mean", torch.tensor(IMAGE_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(IMAGE_STD)[:, None, None], persistent=False)

    def encode(self, image: Tensor) -> Features:
        """Return the features of images: (B, 3, H, W) RGB in [0, 1], sides multiples of 16."""
        features = self.key_encoder((image - self.mean) / self.std)
        key = self.key_proj["key_proj"](features[2])
        return Features(*features, key, self.key_comp(features[2]))

    def memorize(self, features: Features, image: Tensor, mask: Tensor, others: Tensor) -> Tensor:
        """Return the value of one object a batch element, as `Network.memorize` does."""
        image = (image - self.mean) / self.std
        return self.value_encoder(torch.cat([image, mask, others], 1), features.stride16)

    def decode(self, read: Tensor, features: Features) -> tuple[Tensor, Tensor]:
        """Return logits (B, 1, H/4, W/4), and the features they were classified from."""
        return self.decoder(read, features)


def load_stcn(path: Path) -> STCN:
    """Return STCN in evaluation mode with the weights of a checkpoint of its authors' code.

    One of its first stage, which knows no other objects, is taken too: they count for nothing.

    Args:
        path: A .pth file with the network's weights, not one to resume training from.

    Raises:
        UserError: The file is missing or holds no weights of STCN.
    """
    if not path.is_file():
        raise UserError("There is no STCN checkpoint at {path}: check the path.", path=path)
    network = STCN()
    try:
        weights = dict(torch.load(path, map_location="cpu", weights_only=True))
        stem = weights["value_encoder.conv1.weight"]
        if stem.shape[1] == _SINGLE_OBJECT:
            weights["value_encoder.conv1.weight"] = F.pad(stem, (0, 0, 0, 0, 0, 1))
        network.load_state_dict(weights)
    except Exception as error:  # a file of unknown origin fails in more ways than can be listed
        raise UserError(
            "{path} is no checkpoint of STCN: give the .pth with its network's weights alone "
            "({kind}).",
            path=path,
            kind=type(error).__name__,
        ) from error
    return network.eval()
