"""What a network does for each object: values of its masks, and masks of what was read.

For: `network`. Knows torch and the backbones.

The first layers of both see the picture and the object at once. A convolution of two things
side by side is the sum of one of each, so what the picture gives is computed once a frame
(`prepare`), for all objects, and each object adds its own.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vos_annotator.mobilevos.backbones import BACKBONES, upsample

STRIDE = 16  # of keys and values
LOGIT_STRIDE = 4  # of the decoder's logits


class Look(NamedTuple):
    """What one image gives to be read by and remembered, whatever the objects.

    Attributes:
        stride4, stride8, stride16: Backbone features.
        key: (B, key_dim, H/16, W/16).
    """

    stride4: Tensor
    stride8: Tensor
    stride16: Tensor
    key: Tensor


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


Prepared = tuple[Tensor, ...]  # what a picture gives to all objects, for one of the heads


class ResidualBlock(nn.Module):
    """Pre-activation residual block without norm.

    Its input may come in two parts, one after the other along the channels: of the second,
    `prepare` gives what it adds, once for all that come first.
    """

    def __init__(self, inputs: int, outputs: int, inner: int | None = None) -> None:
        super().__init__()
        inner = inner or outputs  # channels between its two convolutions
        self.conv1 = nn.Conv2d(inputs, inner, 3, padding=1)
        self.conv2 = nn.Conv2d(inner, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        y = self.conv2(F.relu(self.conv1(F.relu(x))))
        return y + (x if self.shortcut is None else self.shortcut(x))

    def prepare(self, second: Tensor) -> Prepared:
        """Return what the last channels of an input add in the block and beside it."""
        beside = second if self.shortcut is None else _last(self.shortcut, second)
        return _last(self.conv1, F.relu(second)), beside

    def finish(self, first: Tensor, prepared: Prepared) -> Tensor:
        """Return what `forward` gives of an input whose last channels were prepared."""
        inner, beside = prepared
        y = self.conv2(F.relu(_first(self.conv1, F.relu(first)) + inner))
        if self.shortcut is None:
            return y + torch.cat(
                [first, beside.to(first.dtype).expand(first.shape[0], -1, -1, -1)], 1
            )
        return y + _first(self.shortcut, first) + beside


def _first(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """Return what the first channels of an input add to a convolution."""
    channels = int(x.shape[1])  # a mere number to whoever traces: parts of weights are constants
    return F.conv2d(x, conv.weight[:, :channels], None, conv.stride, conv.padding)


def _last(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """Return what the last channels of an input add to a convolution, its bias included."""
    channels = int(x.shape[1])
    return F.conv2d(x, conv.weight[:, -channels:], conv.bias, conv.stride, conv.padding)


class SharedValueEncoder(nn.Module):
    """Value of an object from the key encoder's features and its masks."""

    carried = 2  # channels that are the masks themselves, in [-1, 1]
    prepares = ("stride4", "stride8", "stride16")  # what of a picture

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
        inner = min(width16, learnt)
        self.fuse = nn.Sequential(
            ResidualBlock(width16 + stride16, learnt, inner), ResidualBlock(learnt, learnt, inner)
        )

    def prepare(self, features: Look | Features, image: Tensor) -> Prepared:
        """Return what a picture gives to the values of all its objects."""
        skips = _last(self.stride4, features.stride4), _last(self.stride8, features.stride8)
        return *skips, *self.fuse[0].prepare(features.stride16)

    def forward(self, masks: Tensor, prepared: Prepared) -> Tensor:
        """masks (B, 2, H, W), prepared of B or 1 -> (B, value_dim, H/16, W/16)."""
        stride4, stride8, *stride16 = prepared
        x = F.relu(_first(self.stride4, F.pixel_unshuffle(masks, LOGIT_STRIDE)) + stride4)
        x = F.relu(self.down8(x))
        x = F.relu(_first(self.stride8, x) + stride8)
        x = self.fuse[1](self.fuse[0].finish(self.down16(x), stride16))
        return torch.cat([x, (F.avg_pool2d(masks, STRIDE) * 2 - 1).to(x.dtype)], 1)


class BackboneValueEncoder(nn.Module):
    """Value of an object from a backbone over RGB and masks, as in STCN."""

    carried = 0
    prepares = ("image", "stride16")

    def __init__(self, backbone: str, value_dim: int) -> None:
        super().__init__()
        self.backbone = BACKBONES[backbone](inputs=5)
        inputs = 2 * self.backbone.channels[2]
        self.fuse = nn.Sequential(
            ResidualBlock(inputs, value_dim), ResidualBlock(value_dim, value_dim)
        )

    def prepare(self, features: Look | Features, image: Tensor) -> Prepared:
        """Return what a picture gives to the values of all its objects."""
        return image, *self.fuse[0].prepare(features.stride16)

    def forward(self, masks: Tensor, prepared: Prepared) -> Tensor:
        """masks (B, 2, H, W), prepared of B or 1 -> (B, value_dim, H/16, W/16)."""
        image, *stride16 = prepared
        image = image.expand(masks.shape[0], -1, -1, -1)
        own = self.backbone(torch.cat([image, masks], 1))[2]
        return self.fuse[1](self.fuse[0].finish(own, stride16))


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling (Chen et al., DeepLabv3, 2017), residual."""

    def __init__(self, inputs: int, width: int, rates: tuple[int, ...] = (1, 2, 4, 8)) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Conv2d(inputs, width, 3, padding=rate, dilation=rate) for rate in rates
        )
        self.project = nn.Conv2d(width * len(rates), inputs, 3, padding=1)
        self.whole = nn.Conv2d(inputs, inputs, 1)
        for added in (self.project, self.whole):  # nothing at first: what is known already stays
            nn.init.zeros_(added.weight)
            nn.init.zeros_(added.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> the same shape."""
        y = F.relu(x)
        scales = torch.cat([F.relu(branch(y)) for branch in self.branches], 1)
        return x + self.project(scales) + self.whole(y.mean((2, 3), keepdim=True))


class Decoder(nn.Module):
    """From a readout to the logits of one object at stride 4."""

    def __init__(
        self,
        value_dim: int,
        widths: tuple[int, int, int],
        channels: tuple[int, int, int],
        carried: int,
        aspp: bool,
    ) -> None:
        super().__init__()
        width16, width8, width4 = widths
        self.carried = carried
        fused = 2 * value_dim
        self.aspp = ASPP(fused, fused // 2) if aspp else None
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

    def prepare(self, features: Features) -> Prepared:
        """Return what a picture gives to the masks of all its objects."""
        skips = self.skip8(features.stride8), self.skip4(features.stride4)
        if self.aspp is not None:  # it mixes what was read with the picture: nothing to prepare
            return features.query, *skips
        return *self.fuse16.prepare(features.query), *skips

    def forward(self, read: Tensor, prepared: Prepared) -> tuple[Tensor, Tensor]:
        """Return logits (B, 1, H/4, W/4) and the features before the classifier.

        Args:
            read: (B, value_dim, H/16, W/16) readout of each object.
            prepared: Of the frame to segment, of B or 1.
        """
        *query, skip8, skip4 = prepared
        if self.aspp is not None:
            query = query[0].to(read.dtype).expand(read.shape[0], -1, -1, -1)
            x = self.fuse16(self.aspp(torch.cat([read, query], 1)))
        else:
            x = self.fuse16.finish(read, query)
        x = skip8 + upsample(self.up8(x), 2)
        if self.carried:
            masks = read[:, -self.carried :]
            x = x + upsample(self.carried8(masks), 2)
        x = self.fuse8(x)
        x = skip4 + upsample(self.up4(x), 2)
        if self.carried:
            x = x + upsample(self.carried4(masks), 4)
        x = self.fuse4(x)
        logits = self.out(F.relu(x))
        if self.carried:  # start from the mask that the affinity carried here
            logits = logits + 3 * upsample(masks[:, :1], 4)
        return logits, x
