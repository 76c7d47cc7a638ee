"""What each object reads of the memory, and how much what counts there.

For: the engine, its close-ups, and the graphs that read as it does. Knows torch and the memory.
"""

from collections.abc import Hashable, Iterable, Sequence
from itertools import repeat

from torch import Tensor

from vos_annotator.mobilevos.bank import MemoryBank
from vos_annotator.mobilevos.memory import MemoryFrame, Reading, read_frames

TOP_K = 30  # memory positions that a position of the frame reads
HANDICAP = -1.5  # similarity of what the network drew itself, beside what a person drew


def readings_of(
    bank: MemoryBank,
    key: Tensor,
    ids: Sequence[int],
    chosen: Sequence[tuple[int, ...]],
    recent: Sequence[MemoryFrame],
    lacking: Iterable[tuple[Hashable, ...]] = repeat(()),
) -> list[Reading]:
    """Return what each object reads; nothing is looked up yet.

    That is the references `chosen` for it; and at a handicap the `recent` frames of
    a pass, so that one that went astray finds back by what a person drew, and frames that
    are `lacking` it, so that they speak where no reference does. Objects that read the same
    ones share one reading.

    Args:
        bank: Has the references, and what is lacking.
        key: (1, C, h, w) of the frame to segment.
        ids: The objects.
        chosen: For each object, what `MemoryBank.select` says.
        recent: Of the pass.
        lacking: For each object, what `MemoryBank.lacking` says.
    """
    shared: dict[tuple[tuple[Hashable, ...], ...], Reading] = {}
    readings = []
    for i, references, without in zip(ids, chosen, lacking, strict=False):
        showing = tuple(n for n, entry in enumerate(recent) if i in entry.values)
        which = references, without, showing
        if which not in shared:
            shared[which] = read_frames(
                key,
                [bank[reference] for reference in references],
                [*(bank[each] for each in without), *(recent[n] for n in showing)],
                TOP_K,
                HANDICAP,
            )
        readings.append(shared[which])
    return readings
