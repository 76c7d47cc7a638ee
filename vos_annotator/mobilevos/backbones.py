"""Image backbones cut at stride 16: MobileNetV2, EfficientNet-Lite and ResNet18.

For: the key and value encoders of `network`. Knows torch, and `tiny_vit`, one more of them.

A backbone maps (B, C, H, W), with H and W multiples of 16, to its features at strides
4, 8 and 16, and tells their widths in `channels`. The mobile ones have no batch norms: they
are folded into the convolutions of the weights they start from, which makes a training
step on a CPU about twice as fast. ResNet18 has none to start from and keeps its norms.
"""

from collections.abc import Callable
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from vos_annotator.mobilevos.tiny_vit import TinyViT

FROZEN_BLOCKS = 3  # stem and blocks up to stride 4: their general edges need no retraining

# Expansion, width, repeats, stride of the first block and kernel of each stage.
Stages = tuple[tuple[int, int, int, int, int], ...]
# Sandler et al., "MobileNetV2", CVPR 2018, table 2.
MOBILENET_V2: Stages = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 32, 3, 2, 3),
    (6, 64, 4, 2, 3),
    (6, 96, 3, 1, 3),
)
# Its first four blocks are fused.
MOBILENET_V2_FUSED: Stages = (
    (3, 24, 1, 2, 3),
    (2, 24, 2, 1, 3),
    (4, 32, 1, 2, 3),
    *((6, 32, 2, 1, 3), *MOBILENET_V2[3:]),
)


def efficientnet_lite(widths: tuple[int, ...], repeats: tuple[int, ...]) -> Stages:
    """Return the stages up to stride 16 of an EfficientNet-Lite.

    Source: Tan & Le, "EfficientNet", ICML 2019, table 1; Lite leaves out the attention of
    channels and takes ReLU6.
    """
    plan = zip((1, 6, 6, 6, 6), widths, repeats, (1, 2, 2, 2, 1), (3, 3, 5, 3, 5), strict=True)
    return tuple(plan)


class InvertedResidual(nn.Module):
    """MobileNetV2's block: widen, filter each channel, narrow again."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int,
        expansion: int,
        kernel: int = 3,
        is_centred: bool = True,
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.is_residual = stride == 1 and inputs == outputs
        self.expand = nn.Conv2d(inputs, hidden, 1) if expansion != 1 else None
        self.padding, inner = _padding(kernel, stride, is_centred)
        self.depthwise = nn.Conv2d(hidden, hidden, kernel, stride, inner, groups=hidden)
        self.project = nn.Conv2d(hidden, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        y = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        y = y if self.padding is None else F.pad(y, self.padding)
        y = self.project(F.relu6(self.depthwise(y), inplace=True))
        return x + y if self.is_residual else y


class FusedResidual(nn.Module):
    """An inverted residual that widens and filters in one dense convolution.

    On a CPU the early layers of MobileNetV2 wait for memory, not for arithmetic: this has more
    of the latter, and no wide tensor in between (Gupta & Akin, "Accelerator-aware Neural Network
    Design using AutoML", 2020).
    """

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.is_residual = stride == 1 and inputs == outputs
        self.widen = nn.Conv2d(inputs, hidden, 3, stride, 1)
        self.project = nn.Conv2d(hidden, outputs, 1)
        for conv in (self.widen, self.project):
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        y = self.project(F.relu6(self.widen(x), inplace=True))
        return x + y if self.is_residual else y


def _padding(
    kernel: int, stride: int, is_centred: bool
) -> tuple[tuple[int, int, int, int] | None, int]:
    """Return what to pad before a convolution, if anything, and what it pads itself.

    TensorFlow's weights expect a window that ends as far beyond the picture as it takes,
    which for a stride of 2 is one pixel more at the end than at the start.
    """
    if is_centred or stride == 1:
        return None, kernel // 2
    before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
    return (before, after, before, after), 0


class MobileBackbone(nn.Module):
    """A stem and inverted residuals up to stride 16, norms folded.

    Attributes:
        channels: Of the features at strides 4, 8 and 16.
    """

    def __init__(
        self,
        stages: Stages,
        inputs: int = 3,
        is_centred: bool = True,
        width: int = 32,
        fused: int = 0,
    ) -> None:
        """Make a backbone.

        Args:
            stages: Of its blocks.
            inputs: Channels of pictures.
            is_centred: As of `InvertedResidual`.
            width: Of the stem.
            fused: How many of the first blocks are fused.
        """
        super().__init__()
        self.padding, inner = _padding(3, 2, is_centred)
        self.stem = nn.Conv2d(inputs, width, 3, 2, inner)
        blocks, taps, stride_so_far = [], {}, 2
        for expansion, outputs, repeats, stride, kernel in stages:
            stride_so_far *= stride
            for repeat in range(repeats):
                step = 1 if repeat else stride
                if len(blocks) < fused:
                    block = FusedResidual(width, outputs, step, expansion)
                else:
                    block = InvertedResidual(width, outputs, step, expansion, kernel, is_centred)
                blocks.append(block)
                width = outputs
            taps[stride_so_far] = len(blocks) - 1, width  # the last block of its stride
        self.blocks = nn.ModuleList(blocks)
        self._early = max(FROZEN_BLOCKS, fused)
        self._taps = [taps[stride][0] for stride in (4, 8, 16)]
        self.channels = tuple(taps[stride][1] for stride in (4, 8, 16))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, inputs, H, W) -> features at strides 4, 8 and 16."""
        x = x if self.padding is None else F.pad(x, self.padding)
        x = F.relu6(self.stem(x), inplace=True)
        taps = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self._taps:
                taps.append(x)
        return tuple(taps)

    def early(self) -> nn.ModuleList:
        """Return the stem and the blocks up to stride 4, or all that are fused."""
        return nn.ModuleList([self.stem, *self.blocks[: self._early]])


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
        for module in self.modules():
            if isinstance(module, nn.Conv2d):  # He et al., ICCV 2015: these do start at random
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, inputs, H, W) -> features at strides 4, 8 and 16."""
        x = F.max_pool2d(F.relu(self.norm(self.stem(x))), 3, 2, 1)
        stride4 = self.layer1(x)
        stride8 = self.layer2(stride4)
        return stride4, stride8, self.layer3(stride8)

    def early(self) -> nn.ModuleList:
        """Return the layers up to stride 4."""
        return nn.ModuleList([self.stem, self.norm, self.layer1])


_lite = partial(MobileBackbone, is_centred=False)
BACKBONES: dict[str, Callable[..., nn.Module]] = {
    "mobilenet_v2": partial(MobileBackbone, MOBILENET_V2),
    "mobilenet_v2_fused": partial(MobileBackbone, MOBILENET_V2_FUSED, width=16, fused=4),
    "efficientnet_lite0": partial(_lite, efficientnet_lite((16, 24, 40, 80, 112), (1, 2, 2, 3, 3))),
    "efficientnet_lite1": partial(_lite, efficientnet_lite((16, 24, 40, 80, 112), (1, 3, 3, 4, 4))),
    "efficientnet_lite2": partial(_lite, efficientnet_lite((16, 24, 48, 88, 120), (1, 3, 3, 4, 4))),
    "tiny_vit": TinyViT,
    "resnet18": ResNet18,
}


def upsample(x: Tensor, factor: float) -> Tensor:
    """Enlarge (B, C, H, W) by `factor`, bilinearly."""
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def count_parameters(module: nn.Module) -> int:
    """Return how many numbers `module` learns, frozen ones included."""
    return sum(parameter.numel() for parameter in module.parameters())
