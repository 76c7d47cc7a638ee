"""The networks, students and teacher: STCN's shape, one configuration each.

For: the engine, the trainer and `vos-annotator models`. Knows torch, `backbones` and `heads`.

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

import torch
from torch import Tensor, nn

from vos_annotator.mobilevos.backbones import BACKBONES
from vos_annotator.mobilevos.heads import (
    BackboneValueEncoder,
    Decoder,
    Features,
    Look,
    Prepared,
    SharedValueEncoder,
)

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
    "mobilevos-light": NetworkConfig(backbone="mobilenet_v2_fused"),
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
        self.decoder = Decoder(
            config.value_dim, config.decoder, channels, self.value.carried, config.aspp
        )
        self.register_buffer("mean", torch.tensor(IMAGE_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(IMAGE_STD)[:, None, None], persistent=False)

    @property
    def is_local(self) -> bool:
        """Whether what is computed for an object depends on its surroundings alone."""
        return self.config.shared_value and not self.config.aspp

    def normalized(self, image: Tensor) -> Tensor:
        """Return images as backbones take them."""
        return (image - self.mean) / self.std

    def encode(self, image: Tensor) -> Features:
        """Return the features of images: (B, 3, H, W) RGB in [0, 1], sides multiples of 16."""
        return self.complete(self.look(image))

    def look(self, image: Tensor) -> Look:
        """Return what there is to `encode` before anything is to be decoded."""
        features = self.backbone(self.normalized(image))
        return Look(*features, self.key(features[2]))

    def complete(self, look: Look) -> Features:
        """Return the features of images, or of parts of them, that were looked at."""
        return Features(*look, self.query(look.stride16))

    def prepare(self, features: Look | Features, image: Tensor) -> Prepared:
        """Return what a picture gives to the values of all its objects; see `memorize`."""
        return self.value.prepare(features, self.normalized(image))

    def memorize(self, features: Features, image: Tensor, mask: Tensor, others: Tensor) -> Tensor:
        """Return the value of one object a batch element, (B, value_dim, H/16, W/16).

        Args:
            features: `encode(image)`, of B images or of one that all objects are in.
            image: (B or 1, 3, H, W) RGB in [0, 1].
            mask: (B, 1, H, W) of the object, in [0, 1].
            others: (B, 1, H, W), the sum of the other objects' masks, in [0, 1].
        """
        return self.value(torch.cat([mask, others], 1), self.prepare(features, image))

    def decode(self, read: Tensor, features: Features) -> tuple[Tensor, Tensor]:
        """Return logits (B, 1, H/4, W/4), and the features they were classified from.

        Args:
            read: (B, value_dim, H/16, W/16) readout of each object.
            features: Of the frame to segment, B alike or one for all.
        """
        return self.decoder(read, self.decoder.prepare(features))


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
