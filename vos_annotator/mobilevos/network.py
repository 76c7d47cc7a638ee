"""The networks, students and teacher: STCN's shape, one configuration each.

For: the engine, the trainer and `vos-annotator models`. Knows torch, `backbones` and
`memory`.

    image ──► key encoder ──► key, query features, skips at strides 8 and 4
    image + masks ──► value encoder ──► value         (once per object and memory frame)
    key, memory ──► affinity ──► readout ──► decoder ──► logits at stride 4

Two value encoders exist. The published students run a second backbone over RGB and
masks (`BackboneValueEncoder`). Ours reads the key encoder's own features and carries
the masks themselves as its last two channels (`SharedValueEncoder`), so that a mask
travels with the affinity before anything is learnt and an object costs a third.

Sources: Miles et al., "MobileVOS", CVPR 2023; Cheng et al., "STCN", NeurIPS 2021.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vos_annotator.mobilevos.backbones import BACKBONES, upsample

STRIDE = 16  # of keys and values
LOGIT_STRIDE = 4  # of the decoder's logits
IMAGE_MEAN = (0.485, 0.456, 0.406)
IMAGE_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class NetworkConfig:
    """What distinguishes one student from another.

    Attributes:
        backbone: A name in `BACKBONES`.
        key_dim: Channels of keys.
        value_dim: Channels of values and of the query features.
        decoder: Widths of the decoder at strides 16, 8 and 4.
        shared_value: Whether the value encoder reads the key encoder's features.
        value_widths: Of such a value encoder at strides 4, 8 and 16.
        aspp: Whether the decoder looks at several scales of the fused features.
    """

    backbone: str = "mobilenet_v2"
    key_dim: int = 64
    value_dim: int = 128
    decoder: tuple[int, int, int] = (128, 64, 32)
    shared_value: bool = True
    value_widths: tuple[int, int, int] = (48, 64, 128)
    aspp: bool = False


NETWORKS = {
    "mobilevos-fast": NetworkConfig(),
    "mobilevos-mobilenetv2": NetworkConfig(value_dim=64, decoder=(128, 64, 64), shared_value=False),
    "mobilevos-mobilenetv2-aspp": NetworkConfig(
        value_dim=64, decoder=(128, 64, 64), shared_value=False, aspp=True
    ),
    "mobilevos-resnet18": NetworkConfig(
        backbone="resnet18", value_dim=64, decoder=(128, 64, 64), shared_value=False, aspp=True
    ),
    "mobilevos-teacher": NetworkConfig(
        backbone="efficientnet_lite2",
        value_dim=256,
        decoder=(256, 128, 64),
        value_widths=(64, 128, 256),
    ),
}


class Features(NamedTuple):
    """What one image gives, whatever the objects.

    Attributes:
        stride4, stride8, stride16: Backbone features.
        key: (B, key_dim, H/16, W/16).
        query: (B, value_dim, H/16, W/16), for the decoder.
    """

    stride4: Tensor
    stride8: Tensor
    stride16: Tensor
    key: Tensor
    query: Tensor

    def repeat(self, objects: int) -> "Features":
        """Say the same features for each of `objects` objects, B = 1 only; no copy."""
        return Features(*(tensor.expand(objects, -1, -1, -1) for tensor in self))


class ResidualBlock(nn.Module):
    """Pre-activation residual block without norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        y = self.conv2(F.relu(self.conv1(F.relu(x))))
        return y + (x if self.shortcut is None else self.shortcut(x))


class SharedValueEncoder(nn.Module):
    """Value of an object from the key encoder's features and its masks."""

    carried = 2  # channels that are the masks themselves, in [-1, 1]

    def __init__(
        self, channels: tuple[int, int, int], widths: tuple[int, int, int], value_dim: int
    ) -> None:
        super().__init__()
        stride4, stride8, stride16 = channels
        width4, width8, width16 = widths
        learnt = value_dim - self.carried
        self.stride4 = nn.Conv2d(2 * LOGIT_STRIDE**2 + stride4, width4, 3, padding=1)
        self.down8 = nn.Conv2d(width4, width8, 3, 2, 1)
        self.stride8 = nn.Conv2d(width8 + stride8, width8, 3, padding=1)
        self.down16 = nn.Conv2d(width8, width16, 3, 2, 1)
        self.fuse = nn.Sequential(
            ResidualBlock(width16 + stride16, learnt), ResidualBlock(learnt, learnt)
        )

    def forward(self, features: Features, image: Tensor, masks: Tensor) -> Tensor:
        """features, image (unused), masks (B, 2, H, W) -> (B, value_dim, H/16, W/16)."""
        fine = F.pixel_unshuffle(masks, LOGIT_STRIDE)
        x = F.relu(self.stride4(torch.cat([fine, features.stride4], 1)))
        x = F.relu(self.down8(x))
        x = F.relu(self.stride8(torch.cat([x, features.stride8], 1)))
        x = self.fuse(torch.cat([self.down16(x), features.stride16], 1))
        return torch.cat([x, (F.avg_pool2d(masks, STRIDE) * 2 - 1).to(x.dtype)], 1)


class BackboneValueEncoder(nn.Module):
    """Value of an object from a backbone over RGB and masks, as in STCN."""

    carried = 0

    def __init__(self, backbone: str, value_dim: int) -> None:
        super().__init__()
        self.backbone = BACKBONES[backbone](inputs=5)
        inputs = 2 * self.backbone.channels[2]
        self.fuse = nn.Sequential(
            ResidualBlock(inputs, value_dim), ResidualBlock(value_dim, value_dim)
        )

    def forward(self, features: Features, image: Tensor, masks: Tensor) -> Tensor:
        """features, image (B, 3, H, W), masks (B, 2, H, W) -> (B, value_dim, H/16, W/16)."""
        stride16 = self.backbone(torch.cat([image, masks], 1))[2]
        return self.fuse(torch.cat([stride16, features.stride16], 1))


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling (Chen et al., DeepLabv3, 2017), residual."""

    def __init__(self, inputs: int, width: int, rates: tuple[int, ...] = (1, 2, 4, 8)) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Conv2d(inputs, width, 3, padding=rate, dilation=rate) for rate in rates
        )
        self.project = nn.Conv2d(width * len(rates), inputs, 3, padding=1)
        self.whole = nn.Conv2d(inputs, inputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> the same shape."""
        y = F.relu(x)
        scales = torch.cat([F.relu(branch(y)) for branch in self.branches], 1)
        return x + self.project(scales) + self.whole(y.mean((2, 3), keepdim=True))


class Decoder(nn.Module):
    """From a readout to the logits of one object at stride 4."""

    def __init__(self, config: NetworkConfig, channels: tuple[int, int, int], carried: int) -> None:
        super().__init__()
        width16, width8, width4 = config.decoder
        self.carried = carried
        fused = 2 * config.value_dim
        self.aspp = ASPP(fused, fused // 2) if config.aspp else None
        self.fuse16 = ResidualBlock(fused, width16)
        self.skip8 = nn.Conv2d(channels[1], width8, 3, padding=1)
        self.up8 = nn.Conv2d(width16, width8, 1)
        self.fuse8 = ResidualBlock(width8, width8)
        self.skip4 = nn.Conv2d(channels[0], width4, 3, padding=1)
        self.up4 = nn.Conv2d(width8, width4, 1)
        self.fuse4 = ResidualBlock(width4, width4)
        self.out = nn.Conv2d(width4, 1, 3, padding=1)
        if carried:
            self.carried8 = nn.Conv2d(carried, width8, 1)
            self.carried4 = nn.Conv2d(carried, width4, 1)

    def forward(self, read: Tensor, features: Features) -> tuple[Tensor, Tensor]:
        """Return logits (B, 1, H/4, W/4) and the features before the classifier.

        Args:
            read: (B, value_dim, H/16, W/16) readout of each object.
            features: Of the frame to segment, B alike.
        """
        x = torch.cat([read, features.query.to(read.dtype)], 1)
        if self.aspp is not None:
            x = self.aspp(x)
        x = self.fuse16(x)
        x = self.skip8(features.stride8) + upsample(self.up8(x), 2)
        if self.carried:
            masks = read[:, -self.carried :]
            x = x + upsample(self.carried8(masks), 2)
        x = self.fuse8(x)
        x = self.skip4(features.stride4) + upsample(self.up4(x), 2)
        if self.carried:
            x = x + upsample(self.carried4(masks), 4)
        x = self.fuse4(x)
        logits = self.out(F.relu(x))
        if self.carried:  # start from the mask that the affinity carried here
            logits = logits + 3 * upsample(masks[:, :1], 4)
        return logits, x


class Network(nn.Module):
    """A student or teacher. Its three verbs are what the engine and the trainer call."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = BACKBONES[config.backbone]()
        channels = self.backbone.channels
        self.key = nn.Conv2d(channels[2], config.key_dim, 3, padding=1)
        self.query = nn.Conv2d(channels[2], config.value_dim, 3, padding=1)
        nn.init.orthogonal_(self.key.weight)
        nn.init.zeros_(self.key.bias)
        if config.shared_value:
            self.value = SharedValueEncoder(channels, config.value_widths, config.value_dim)
        else:
            self.value = BackboneValueEncoder(config.backbone, config.value_dim)
        self.decoder = Decoder(config, channels, self.value.carried)
        self.register_buffer("mean", torch.tensor(IMAGE_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(IMAGE_STD)[:, None, None], persistent=False)

    def encode(self, image: Tensor) -> Features:
        """Return the features of images: (B, 3, H, W) RGB in [0, 1], sides multiples of 16."""
        features = self.backbone((image - self.mean) / self.std)
        return Features(*features, self.key(features[2]), self.query(features[2]))

    def memorize(self, features: Features, image: Tensor, mask: Tensor, others: Tensor) -> Tensor:
        """Return the value of one object a batch element, (B, value_dim, H/16, W/16).

        Args:
            features: `encode(image)`.
            image: (B, 3, H, W) RGB in [0, 1].
            mask: (B, 1, H, W) of the object, in [0, 1].
            others: (B, 1, H, W), the sum of the other objects' masks, in [0, 1].
        """
        masks = torch.cat([mask, others], 1)
        return self.value(features, (image - self.mean) / self.std, masks)

    def decode(self, read: Tensor, features: Features) -> tuple[Tensor, Tensor]:
        """Return logits (B, 1, H/4, W/4), and the features they were classified from."""
        return self.decoder(read, features)


def aggregate(logits: Tensor) -> Tensor:
    """Let objects compete: soft aggregation as log-odds against the background.

    Args:
        logits: (K, ...) independent logits of K objects.

    Returns:
        (K, ...) float32 log-odds; the softmax over [0, log-odds] gives the probabilities
        of background and objects.

    Source:
        Oh et al., "Video Object Segmentation using Space-Time Memory Networks", ICCV
        2019, eq. 4-5, with the probabilities clamped to [1e-7, 1 - 1e-7].
    """
    probability = logits.float().sigmoid()
    background = (1 - probability).prod(0, keepdim=True)
    odds = torch.cat([background, probability]).clamp(1e-7, 1 - 1e-7).logit()
    return odds[1:] - odds[:1]
