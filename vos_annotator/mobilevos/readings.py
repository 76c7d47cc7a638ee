"""What each object reads of the memory, and how much what counts there.

For: the engine, its close-ups, and the graphs that read as it does. Knows torch and the memory.
"""

import math
from collections.abc import Hashable, Iterable, Sequence
from itertools import repeat

from torch import Tensor

from vos_annotator.mobilevos.bank import MemoryBank
from vos_annotator.mobilevos.memory import MemoryFrame, Reading, ValueRows, read_frames

TOP_K = 30  # memory positions that a position of the frame reads
HANDICAP = -1.0  # similarity of what the network drew itself, beside what a person drew
_LEAST = 0.025  # how well a reference shows an object, at least
_WEIGHT = 2.0  # of the logarithm of how well a reference shows an object, beside the best one
_FULL = 10  # frames from a reference at which that counts in full: near by it is hidden as well
_STEP = 0.25  # such biases are multiples of it, so that objects can share a reading


def readings_of(
    bank: MemoryBank,
    frame: int,
    key: Tensor,
    ids: Sequence[int],
    chosen: Sequence[tuple[int, ...]],
    recent: Sequence[MemoryFrame],
    carried: int,
    lacking: Iterable[tuple[Hashable, ...]] = repeat(()),
    rows: ValueRows | None = None,
) -> list[Reading]:
    """Return what each object reads; nothing is looked up yet.

    That is the references `chosen` for it, those that show little of it at a handicap; and
    at one as well the `recent` frames of a pass, so that one that went astray finds back by
    what a person drew, and frames that are `lacking` it, so that they speak where no
    reference does. Objects that read the same ones alike share one reading.

    Args:
        bank: Has the references, and what is lacking.
        frame: The one to segment.
        key: (1, C, h, w) of the frame to segment.
        ids: The objects.
        chosen: For each object, what `MemoryBank.select` says.
        recent: Of the pass.
        carried: How many channels of values, the last ones, are masks, the object's first.
        lacking: For each object, what `MemoryBank.lacking` says.
        rows: As of `Reading`.
    """
    shared: dict[tuple[tuple[Hashable, ...], ...], Reading] = {}
    readings = []
    for i, references, without in zip(ids, chosen, lacking, strict=False):
        biases = _biases(bank, frame, i, references, carried)
        showing = tuple(n for n, entry in enumerate(recent) if i in entry.values)
        which = references, biases, without, showing
        if which not in shared:
            drawn = [bank[reference] for reference in references]
            found = [*(bank[each] for each in without), *(recent[n] for n in showing)]
            of_all = [*biases, *[HANDICAP] * len(found)]
            shared[which] = read_frames(key, [*drawn, *found], of_all, TOP_K, rows)
        readings.append(shared[which])
    return readings


def _biases(
    bank: MemoryBank, frame: int, object_id: int, references: Sequence[int], carried: int
) -> tuple[float, ...]:
    """Return how much less references count that show little of an object, each 0 or below.

    Where it is all but hidden, positions that it shares with what hides it look like it and
    say that it is hardly there. Right beside such a reference that may well be so. Where
    values carry no masks, all count alike.
    """
    if not carried or len(references) < 2:
        return (0.0,) * len(references)
    shown = [max(bank.how_shown(object_id, each, carried), _LEAST) for each in references]
    best, biases = max(shown), []
    for reference, each in zip(references, shown, strict=True):
        reach = min(1.0, abs(frame - reference) / _FULL)
        bias = _WEIGHT * math.log(each / best) * reach
        biases.append(round(bias / _STEP) * _STEP)
    return tuple(biases)
