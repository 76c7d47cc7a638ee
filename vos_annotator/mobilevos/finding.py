"""Objects found in a picture by what is in memory.

For: the engine. Knows torch, the memory and the network.
"""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from vos_annotator.mobilevos.bank import MemoryBank
from vos_annotator.mobilevos.boxes import Box, Boxes, whole
from vos_annotator.mobilevos.crops import cut, decoded
from vos_annotator.mobilevos.heads import Decoder
from vos_annotator.mobilevos.places import find_places
from vos_annotator.mobilevos.readings import readings_of
from vos_annotator.mobilevos.vision import View, Vision


@dataclass(frozen=True)
class Question:
    """What is asked of a frame. Within a pass equal ones about equal pictures have one answer.

    Attributes:
        ids: The objects.
        chosen: For each, the references that are read, as of `MemoryBank.select`.
        lacking: For each, the frames that it is not on, as of `MemoryBank.lacking`.
        expected: Whether each may be on the frame.
        decoder: What tells masks from what is read.
        revision: Of the memory.
    """

    ids: tuple[int, ...]
    chosen: tuple[tuple[int, ...], ...]
    lacking: tuple[tuple[Hashable, ...], ...]
    expected: tuple[bool, ...]
    decoder: Decoder
    revision: int

    def of(self, members: Sequence[int]) -> "Question":
        """Return what is asked about some of the objects: those of these numbers."""
        of_each = ("ids", "chosen", "lacking", "expected")
        return replace(
            self, **{name: tuple(getattr(self, name)[n] for n in members) for name in of_each}
        )


def question(bank: MemoryBank, frame: int, absent: Collection[int], decoder: Decoder) -> Question:
    """Return what there is to ask of a frame on which some objects are known to be absent."""
    ids = bank.object_ids()
    return Question(
        ids,
        tuple(bank.select(frame, i) for i in ids),
        tuple(bank.lacking(frame, i) for i in ids),
        tuple(i not in absent for i in ids),
        decoder,
        bank.revision,
    )


def seen_beside(
    bank: MemoryBank, frame: int, asked: Question, size: tuple[int, int], carried: int
) -> Tensor | None:
    """Return how much of each position objects cover on the references right beside a frame.

    (K, h, w) of a grid of `size`; None where there are none, or values carry no masks.
    """
    chosen = set().union(*asked.chosen)
    beside = [bank[each] for each in (frame - 1, frame + 1) if each in chosen]
    beside = [entry for entry in beside if entry.key.shape[2] == size[0] * size[1]]
    if not beside or not carried:
        return None
    shares = torch.zeros(len(asked.ids), size[0] * size[1])
    for entry in beside:
        for share, i in zip(shares, asked.ids, strict=True):
            if i in entry.values:
                torch.maximum(share, (entry.values[i][0, -carried].float() + 1) / 2, out=share)
    return shares.unflatten(1, size)


def read(
    vision: Vision, bank: MemoryBank, view: View, frame: int, asked: Question, last: Tensor | None
) -> tuple[list[Boxes], list[Tensor]]:
    """Return where in a view each object may be, and what is read in each of these boxes.

    Args:
        vision: Where the view is from.
        bank: What is read.
        view: Of the frame.
        frame: Its index.
        asked: Of it.
        last: (K, h, w) how much of each position of the view objects covered before, if known.
    """
    ids, carried = asked.ids, vision.network.value.carried
    readings = readings_of(
        bank, frame, view.key, ids, asked.chosen, bank.recent, carried, asked.lacking, bank.rows
    )
    if vision.works_in_parts:
        places = find_places(readings, ids, last, -carried)
    else:
        for reading in readings:
            reading.look_up()
        places = [(whole(readings[0].size),)] * len(ids)
    found = zip(readings, ids, places, strict=True)
    return places, [reading.read(i, box) for reading, i, boxes in found for box in boxes]


def decode(
    vision: Vision,
    view: View,
    decoder: Decoder,
    reads: Sequence[Tensor],
    places: Sequence[Boxes],
) -> Tensor:
    """Return the logits (K, 1, H/4, W/4) of what objects read in a view; see `read`.

    A decoder that is not the network's own, as it has learnt a video, runs in torch.
    """
    logits_in = partial(vision.logits_in, view)
    if decoder is not vision.network.decoder:
        width = view.image.shape[3]
        prepared = decoder.prepare(vision.features(view))

        def logits_in(
            given: Sequence[Tensor], where: Sequence[Sequence[Box]], is_all: bool
        ) -> list[Tensor]:
            parts = (cut(prepared, width, boxes) for boxes in where)
            return [decoder(*each)[0] for each in zip(given, parts, strict=True)]

    return decoded(logits_in, reads, places, view.key.shape[2:], vision.runtime.lanes)
