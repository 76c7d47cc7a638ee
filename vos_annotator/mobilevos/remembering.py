"""A frame of a pass as the memory keeps it: what was looked at of it, with what was found there.

For: the engine. Knows torch, the memory and the network.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from vos_annotator.mobilevos.bank import MemoryBank
from vos_annotator.mobilevos.boxes import scaled
from vos_annotator.mobilevos.finding import Question
from vos_annotator.mobilevos.heads import LOGIT_STRIDE, STRIDE
from vos_annotator.mobilevos.memory import MemoryFrame, joined
from vos_annotator.mobilevos.patches import enlarged
from vos_annotator.mobilevos.places import landmark
from vos_annotator.mobilevos.vision import View, Vision


def remembered(
    vision: Vision, bank: MemoryBank, views: Sequence[View], asked: Question, masks: Tensor
) -> tuple[MemoryFrame, Tensor | None, int]:
    """Return what `MemoryBank.follow` takes of a frame.

    Args:
        vision: Where the views are from.
        bank: What was asked.
        views: What was looked at of the frame.
        asked: Of it.
        masks: (K, H/4, W/4) found, in [0, 1].
    """
    carried = vision.network.value.carried
    pairs = zip(asked.ids, asked.chosen, strict=True)
    elsewhere = [bank.far_value(i, chosen, carried) for i, chosen in pairs]
    parts, near = [], []
    for view in views:
        inside = enlarged(masks[:, *scaled(view.window, STRIDE // LOGIT_STRIDE)])
        part = vision.remember(view, asked.ids, inside, elsewhere=elsewhere)
        parts.append(part)
        if bank.wants_landmark and carried:
            near.append(landmark(part, view.key.shape[2:], -carried))
    whole = masks[0].numel() * LOGIT_STRIDE**2 // STRIDE**2
    return joined(parts), torch.cat(near) if near else None, whole
