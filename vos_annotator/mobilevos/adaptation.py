"""Learning a video: the decoder trained, for some seconds, on the frames that a person drew.

For: the engine. Knows the network and torch, not the memory.

A *lesson* is a reference as the network would have to find it if nobody had drawn it: what the
other references tell of it, and what it should have said. The backbone, the keys and the values
stay as they are, so a lesson is computed once, a step costs one pass through the decoder, and
whatever is in memory stays good.

Source: the idea of OSVOS (Caelles et al., CVPR 2017), with a memory network's decoder in place
of the whole network.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vos_annotator.mobilevos.heads import Decoder, Features
from vos_annotator.mobilevos.network import aggregate

_STEPS = 60
_RATE = 1e-3
_WARM_UP = 5  # steps
_HARDEST = 0.2  # share of the pixels that cross-entropy counts
_FOLDS = 4
_TRIAL_STEPS = 20
_TOLERANCE = 0.02  # IoU that a trial may lose


@dataclass(frozen=True)
class Lesson:
    """One reference to be found by what the others tell.

    Attributes:
        read: (K, C_v, H/16, W/16) readout of each object.
        features: Of the frame, a batch of one.
        masks: (K, H/4, W/4) share of each position that the objects cover, 0..1.
    """

    read: Tensor
    features: Features
    masks: Tensor

    def loss(self, decoder: Decoder) -> Tensor:
        """Return how wrong a decoder is: cross-entropy on the hardest pixels, and Dice."""
        log_odds = self._log_odds(decoder)
        background = 1 - self.masks.sum(0, keepdim=True).clamp(0, 1)
        target = torch.cat([background, self.masks])
        entropy = F.cross_entropy(log_odds[None], target[None], reduction="none").flatten()
        hardest = entropy.topk(int(_HARDEST * entropy.numel()), sorted=False).values.mean()
        found = log_odds.softmax(0)[1:]
        both = 2 * (found * self.masks).sum((1, 2)) + 1
        dice = 1 - both / (found.sum((1, 2)) + self.masks.sum((1, 2)) + 1)
        return hardest + 0.5 * dice.mean()

    @torch.no_grad()
    def overlap(self, decoder: Decoder) -> float:
        """Return the mean IoU of a decoder's masks, 0..1."""
        found = self._log_odds(decoder).argmax(0)
        overlaps = []
        for n, mask in enumerate(self.masks, start=1):
            own, wanted = found == n, mask > 0.5
            either = (own | wanted).sum().item()
            overlaps.append((own & wanted).sum().item() / either if either else 1.0)
        return sum(overlaps) / len(overlaps)

    def _log_odds(self, decoder: Decoder) -> Tensor:
        """Return the (1 + K, H/4, W/4) log-odds of background, which are 0, and objects."""
        logits, _ = decoder(self.read, decoder.prepare(self.features))
        return F.pad(aggregate(logits[:, 0]), (0, 0, 0, 0, 1, 0))


def adapt(
    decoder: Decoder, lessons: Sequence[Lesson], steps: int, cancelled: Callable[[], bool]
) -> Decoder | None:
    """Return a copy of a decoder that has learnt the lessons; None if it was cancelled.

    The same lessons give the same decoder, to the bit on one machine.

    Args:
        decoder: Stays as it is.
        lessons: At least one.
        steps: One lesson each; every lesson comes about as often.
        cancelled: Asked before each step.
    """
    decoder = copy.deepcopy(decoder).requires_grad_()
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=_RATE, weight_decay=0)
    order = np.random.default_rng(0)
    waiting: list[int] = []
    for step in range(steps):
        if cancelled():
            return None
        if not waiting:
            waiting = order.permutation(len(lessons)).tolist()
        for group in optimizer.param_groups:
            group["lr"] = _RATE * min(1, (step + 1) / _WARM_UP) * (1 - step / steps)
        optimizer.zero_grad()
        lessons[waiting.pop()].loss(decoder).backward()
        optimizer.step()
    return decoder.requires_grad_(False)


def learnt_decoder(
    decoder: Decoder, lessons: Sequence[Sequence[Lesson]], cancelled: Callable[[], bool]
) -> Decoder | None:
    """Return what a decoder becomes by learning a video; itself, if that does it no good.

    First it is tried out: what was learnt from three quarters of the references must find the
    others about as well as the decoder does that learnt nothing. About, because the one that
    is returned has learnt from all of them, for longer.

    Args:
        decoder: Stays as it is.
        lessons: Those of each reference.
        cancelled: Asked before each step and each trial; then the answer is None.
    """
    if len(lessons) < 2:
        return decoder
    before = after = 0.0
    for fold in range(min(_FOLDS, len(lessons))):
        unseen = [lesson for each in lessons[fold::_FOLDS] for lesson in each]
        seen = [lesson for n, each in enumerate(lessons) if n % _FOLDS != fold for lesson in each]
        trial = adapt(decoder, seen, _TRIAL_STEPS, cancelled)
        if trial is None:
            return None
        for lesson in unseen:
            if cancelled():
                return None
            before += lesson.overlap(decoder)
            after += lesson.overlap(trial)
    everything = [lesson for each in lessons for lesson in each]
    if after < before - _TOLERANCE * len(everything):
        return decoder
    return adapt(decoder, everything, _STEPS, cancelled)
