"""A student run through a batch of clips, as the engine would, with gradients.

For: the trainer. Knows torch and the network.

Objects of all clips lie in one flat list of *pairs* (clip, object); `owner` says whose
clip each belongs to. So clips with one and two objects share a batch without padding.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vos_annotator.mobilevos.backbones import upsample
from vos_annotator.mobilevos.memory import affinity, readout
from vos_annotator.mobilevos.network import LOGIT_STRIDE, STRIDE, Features, Network


@dataclass(frozen=True)
class Batch:
    """Clips to train on.

    Attributes:
        images: (T, B, 3, S, S) float in [0, 1].
        masks: (T, P, S, S) float in {0, 1}.
        owner: (P,) clip of each pair.
        strokes: (2, P, S, S) float: scribbles inside and outside, on frame 0.
        keyed: (P,) bool: the last frame is a reference too for these pairs.
    """

    images: Tensor
    masks: Tensor
    owner: Tensor
    strokes: Tensor
    keyed: Tensor


def compete(logits: Tensor, owner: Tensor, clips: int) -> Tensor:
    """Return soft-aggregated log-odds of each object against everything else.

    Args:
        logits: (P, H, W) independent logits.
        owner: (P,) clip of each.
        clips: How many clips there are.

    Returns:
        (P, H, W) float32: the logit of the softmax probability over the clip's
        background and objects.
    """
    probability = logits.float().sigmoid().clamp(1e-6, 1 - 1e-6)
    none = torch.zeros(clips, *logits.shape[1:], device=logits.device)
    background = none.index_add(0, owner, torch.log1p(-probability)).exp().clamp(1e-6, 1 - 1e-6)
    odds = probability / (1 - probability)
    total = (background / (1 - background)).index_add(0, owner, odds)
    rest = (total[owner] - odds).clamp_min(1e-12)
    return odds.log() - rest.log()


def others_of(masks: Tensor, owner: Tensor, clips: int) -> Tensor:
    """Return the sum of the other objects' masks in each pair's clip, (P, H, W) in [0, 1]."""
    total = torch.zeros(clips, *masks.shape[1:], device=masks.device, dtype=masks.dtype)
    return (total.index_add(0, owner, masks)[owner] - masks).clamp(0, 1)


class Unroll:
    """Runs the network over a batch; `memory` frames are the first and the latest."""

    def __init__(self, network: Network, batch: Batch) -> None:
        self.network, self.batch = network, batch
        length, clips = batch.images.shape[:2]
        flat = network.encode(batch.images.flatten(0, 1))
        per_frame = [tensor.unflatten(0, (length, clips)) for tensor in flat]
        self.features = [Features(*(x[t][batch.owner] for x in per_frame)) for t in range(length)]
        self.clips = clips

    def propagate(self) -> list[Tensor]:
        """Return the log-odds (P, S, S) of frames 1.. read from the first and the latest."""
        batch, length = self.batch, self.batch.images.shape[0]
        first = self._remember(0, batch.masks[0])
        after = self._remember(length - 1, batch.masks[length - 1])
        # For pairs without a reference after, its positions are closed to the softmax.
        closed = torch.zeros(len(batch.owner), 1, after[0].shape[2])
        closed = closed.masked_fill(~batch.keyed[:, None, None], -1e4)
        latest, out = None, []
        for t in range(1, length):
            entries = [first, after] + ([latest] if latest else [])
            bias = torch.cat([torch.zeros_like(closed), closed], 2)
            if latest:
                bias = torch.cat([bias, torch.zeros_like(closed)], 2)
            log_odds = self._segment(t, entries, bias)
            out.append(log_odds)
            if t < length - 1:
                latest = self._remember(t, log_odds.sigmoid())
        return out

    def scribble(self) -> Tensor:
        """Return the log-odds (P, S, S) of frame 0 from its own scribbles alone."""
        inside, outside = self.batch.strokes
        features = self.features[0]
        image = self.batch.images[0][self.batch.owner]
        value = self.network.memorize(features, image, inside[:, None], outside[:, None])
        touched = F.max_pool2d((inside + outside)[:, None], STRIDE).flatten(1)[:, None]
        bias = torch.where(touched > 0, 0.0, -1e4)
        return self._segment(0, [(features.key.flatten(2), value.flatten(2))], bias)

    def _remember(self, t: int, masks: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features[t]
        image = self.batch.images[t][self.batch.owner]
        others = others_of(masks, self.batch.owner, self.clips)
        value = self.network.memorize(features, image, masks[:, None], others[:, None])
        return features.key.flatten(2), value.flatten(2)

    def _segment(self, t: int, entries: list[tuple[Tensor, Tensor]], bias: Tensor | None) -> Tensor:
        features = self.features[t]
        key = torch.cat([entry[0] for entry in entries], 2)
        value = torch.cat([entry[1] for entry in entries], 2)
        weights = affinity(key, features.key.flatten(2), bias=bias)
        read = readout(weights, value, features.key.shape[-2:])
        logits, _ = self.network.decode(read, features)
        competing = compete(logits[:, 0], self.batch.owner, self.clips)
        return upsample(competing[:, None], LOGIT_STRIDE)[:, 0]
