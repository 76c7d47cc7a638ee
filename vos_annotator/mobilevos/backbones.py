"""Image backbones cut at stride 16: MobileNetV2 and ResNet18.

For: the key and value encoders of `network`. Knows torch only.

A backbone maps (B, C, H, W), with H and W multiples of 16, to its features at strides
4, 8 and 16, and tells their widths in `channels`. MobileNetV2 has no batch norms: they
are folded into the convolutions of the weights it starts from, which makes a training
step on a CPU about twice as fast. ResNet18 has none to start from and keeps its norms.
"""

import torch.nn.functional as F
from torch import Tensor, nn

# Expansion, width, repeats and stride of the first block of each stage up to stride 16
# (Sandler et al., "MobileNetV2", CVPR 2018, table 2).
MOBILENET_V2_STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1)]
MOBILENET_V2_TAPS = (2, 5, 12)  # the last block at strides 4, 8 and 16
FROZEN_BLOCKS = 3  # stem and blocks up to stride 4: their general edges need no retraining


class InvertedResidual(nn.Module):
    """MobileNetV2's block: widen, filter each channel, narrow again."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.is_residual = stride == 1 and inputs == outputs
        self.expand = nn.Conv2d(inputs, hidden, 1) if expansion != 1 else None
        self.depthwise = nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden)
        self.project = nn.Conv2d(hidden, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        y = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        y = self.project(F.relu6(self.depthwise(y), inplace=True))
        return x + y if self.is_residual else y


class MobileNetV2(nn.Module):
    """MobileNetV2 up to its 96-channel stage, norms folded."""

    channels = (24, 32, 96)

    def __init__(self, inputs: int = 3) -> None:
        super().__init__()
        self.stem = nn.Conv2d(inputs, 32, 3, 2, 1)
        blocks, width = [], 32
        for expansion, outputs, repeats, stride in MOBILENET_V2_STAGES:
            for repeat in range(repeats):
                blocks.append(InvertedResidual(width, outputs, 1 if repeat else stride, expansion))
                width = outputs
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, inputs, H, W) -> features at strides 4, 8 and 16."""
        x = F.relu6(self.stem(x), inplace=True)
        taps = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in MOBILENET_V2_TAPS:
                taps.append(x)
        return tuple(taps)

    def freeze_early(self) -> None:
        """Stop training the stem and the blocks up to stride 4."""
        for module in (self.stem, *self.blocks[:FROZEN_BLOCKS]):
            module.requires_grad_(False)


class BasicBlock(nn.Module):
    """ResNet's two-convolution block."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = None
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class ResNet18(nn.Module):
    """ResNet18 up to layer3 (He et al., CVPR 2016)."""

    channels = (64, 128, 256)

    def __init__(self, inputs: int = 3) -> None:
        super().__init__()
        self.stem = nn.Conv2d(inputs, 64, 7, 2, 3, bias=False)
        self.norm = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(BasicBlock(64, 64, 1), BasicBlock(64, 64, 1))
        self.layer2 = nn.Sequential(BasicBlock(64, 128, 2), BasicBlock(128, 128, 1))
        self.layer3 = nn.Sequential(BasicBlock(128, 256, 2), BasicBlock(256, 256, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, inputs, H, W) -> features at strides 4, 8 and 16."""
        x = F.max_pool2d(F.relu(self.norm(self.stem(x))), 3, 2, 1)
        stride4 = self.layer1(x)
        stride8 = self.layer2(stride4)
        return stride4, stride8, self.layer3(stride8)

    def freeze_early(self) -> None:
        """Nothing: these weights start at random, so every layer has to learn."""


BACKBONES: dict[str, type[nn.Module]] = {"mobilenet_v2": MobileNetV2, "resnet18": ResNet18}


def upsample(x: Tensor, factor: float) -> Tensor:
    """Enlarge (B, C, H, W) by `factor`, bilinearly."""
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def count_parameters(module: nn.Module) -> int:
    """Return how many numbers `module` learns, frozen ones included."""
    return sum(parameter.numel() for parameter in module.parameters())
