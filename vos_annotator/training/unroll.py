"""A student run through a batch of clips, as the engine would, with gradients.

For: the trainer. Knows torch and the network.

Objects of all clips lie in one flat list of *pairs* (clip, object); `owner` says whose
clip each belongs to. So clips with one and two objects share a batch without padding.
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from vos_annotator.mobilevos.backbones import upsample
from vos_annotator.mobilevos.heads import LOGIT_STRIDE, STRIDE, Features
from vos_annotator.mobilevos.memory import readout
from vos_annotator.mobilevos.network import Network
from vos_annotator.mobilevos.readings import HANDICAP, TOP_K
from vos_annotator.mobilevos.scribble import DOUBT
from vos_annotator.mobilevos.similarity import affinity
from vos_annotator.training.corrections import correct

_CLOSED = -1e4  # bias of a position that is not read: nothing of it is left by the softmax


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
    are_rivals = owner[:, None] == owner
    whose, rival = are_rivals.fill_diagonal_(False).nonzero(as_tuple=True)
    # A sum of what is left: of all odds less a pair's own nothing would be left where it is sure.
    rest = (background / (1 - background))[owner].index_add(0, whose, odds[rival])
    return odds.log() - rest.log()


def others_of(masks: Tensor, owner: Tensor, clips: int) -> Tensor:
    """Return the sum of the other objects' masks in each pair's clip, (P, H, W) in [0, 1]."""
    total = torch.zeros(clips, *masks.shape[1:], device=masks.device, dtype=masks.dtype)
    return (total.index_add(0, owner, masks)[owner] - masks).clamp(0, 1)


class Step(NamedTuple):
    """What the network says of one frame.

    Attributes:
        log_odds: (P, S/4, S/4) float32 of each pair against everything else in its clip.
        features: (P, C, S/4, S/4) that they were classified from.
    """

    log_odds: Tensor
    features: Tensor

    def at_full_size(self) -> Tensor:
        """Return the log-odds at the size of the images, (P, S, S)."""
        return upsample(self.log_odds[:, None], LOGIT_STRIDE)[:, 0]


class _Entry(NamedTuple):
    """What pairs read of a frame.

    Attributes:
        key: (P, C, N), N = S/16 x S/16.
        value: (P, C_v, N).
        bias: (P, 1, N) float32 added to the similarity of its positions.
    """

    key: Tensor
    value: Tensor
    bias: Tensor


class Unroll:
    """Runs the network over a batch."""

    def __init__(self, network: Network, batch: Batch) -> None:
        self.network, self.batch = network, batch
        length, clips = batch.images.shape[:2]
        self.encoded = network.encode(batch.images.flatten(0, 1))  # of T x B images
        per_frame = [tensor.unflatten(0, (length, clips)) for tensor in self.encoded]
        self.features = [Features(*(x[t][batch.owner] for x in per_frame)) for t in range(length)]
        self.clips = clips

    def propagate(self, memory: int = 2, is_told: bool = False, top_k: int = TOP_K) -> list[Step]:
        """Return what the network says of frames 1..

        As in the engine, frames between count less than references, which a person drew.

        Args:
            memory: How many frames are read: the first, and the latest ones before the
                frame; 0 reads them all. Pairs that are `keyed` read the last frame too.
            is_told: Remember the true masks of the frames between, not the network's own;
                then these count in full, too.
            top_k: Memory positions that a position reads, the most similar ones; 0 for all.
        """
        batch, length = self.batch, self.batch.images.shape[0]
        references = self._references()
        between: deque[_Entry] = deque(maxlen=memory - 1 if memory else None)
        steps = []
        for t in range(1, length):
            step = self._segment(t, [*references, *between], top_k)
            steps.append(step)
            if t < length - 1:
                known = batch.masks[t] if is_told else step.at_full_size().sigmoid()
                entry = self._remember(t, known)
                handicap = 0.0 if is_told else HANDICAP
                between.append(entry._replace(bias=entry.bias + handicap))
        return steps

    def _references(self) -> list[_Entry]:
        """Return what is given: the first frame, and the last one where a pair has it `keyed`."""
        batch, last = self.batch, self.batch.images.shape[0] - 1
        first = self._remember(0, batch.masks[0])
        keyed = batch.keyed.nonzero()[:, 0]
        if not len(keyed):
            return [first]
        found = self._remember(last, batch.masks[last], keyed)
        key, value = (
            tensor.new_zeros(len(batch.owner), *tensor.shape[1:]).index_copy(0, keyed, tensor)
            for tensor in (found.key, found.value)
        )
        bias = found.bias.new_full((len(batch.owner), *found.bias.shape[1:]), _CLOSED)
        return [first, _Entry(key, value, bias.index_fill(0, keyed, 0.0))]

    def scribble(self) -> list[Step]:
        """Return what the network says of frame 0 from its strokes alone, twice.

        The second time its own first mask is wrong where one more stroke says so.
        """
        inside, outside = self.batch.strokes
        first = self._read_strokes(inside, outside, None)
        mask = first.at_full_size().detach() > 0
        more_inside, more_outside = correct(mask, self.batch.masks[0])
        inside, outside = torch.maximum(inside, more_inside), torch.maximum(outside, more_outside)
        return [first, self._read_strokes(inside, outside, mask.float())]

    def _read_strokes(self, inside: Tensor, outside: Tensor, current: Tensor | None) -> Step:
        """Read frame 0 from what lies under strokes, and from a mask that is mostly right."""
        features, image = self.features[0], self.batch.images[0][self.batch.owner]
        key = features.key.flatten(2)
        value = self.network.memorize(features, image, inside[:, None], outside[:, None])
        touched = F.max_pool2d((inside + outside)[:, None], STRIDE).flatten(1)[:, None]
        entries = [_Entry(key, value.flatten(2), torch.where(touched > 0, 0.0, _CLOSED))]
        if current is not None:
            corrected = torch.maximum(current, inside)[:, None] * (outside[:, None] == 0)
            nothing = torch.zeros_like(corrected)
            value = self.network.memorize(features, image, corrected, nothing)
            doubted = torch.full_like(entries[0].bias, -DOUBT)
            entries.append(_Entry(key, value.flatten(2), doubted))
        return self._segment(0, entries, top_k=0)  # as it does without references

    def _remember(self, t: int, masks: Tensor, pairs: Tensor | None = None) -> _Entry:
        """Return what frame `t` has to say, of some `pairs` (K,) or of all of them."""
        features, owner = self.features[t], self.batch.owner
        others = others_of(masks, owner, self.clips)
        if pairs is not None:
            features = Features(*(tensor[pairs] for tensor in features))
            owner, masks, others = owner[pairs], masks[pairs], others[pairs]
        image = self.batch.images[t][owner]
        value = self.network.memorize(features, image, masks[:, None], others[:, None]).flatten(2)
        key = features.key.flatten(2)
        return _Entry(key, value, torch.zeros_like(key[:, :1], dtype=torch.float32))

    def _segment(self, t: int, entries: list[_Entry], top_k: int) -> Step:
        features = self.features[t]
        key, value, bias = (torch.cat(parts, 2) for parts in zip(*entries, strict=True))
        weights = affinity(key, features.key.flatten(2), top_k or None, bias)
        read = readout(weights, value, features.key.shape[-2:])
        logits, before = self.network.decode(read, features)
        return Step(compete(logits[:, 0], self.batch.owner, self.clips), before)
