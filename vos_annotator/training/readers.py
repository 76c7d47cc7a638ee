"""Data sets on disk, by the way they are laid out.

For: the commands that train. Knows `sources`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vos_annotator.core.errors import UserError
from vos_annotator.training import sources
from vos_annotator.training.sources import Sources

KINDS = {"folder": sources.find_sources}


@dataclass(frozen=True)
class DataSet:
    """Where a set of training data is, how it is laid out, and how much it counts."""

    kind: str
    path: Path
    weight: float = 1.0


def find_sources(sets: Sequence[DataSet]) -> Sources:
    """Return what the sets hold together.

    Raises:
        UserError: A kind is not known, or a set is empty.
    """
    found = []
    for each in sets:
        if each.kind not in KINDS:
            raise UserError(f"There is no kind of data {each.kind}: choose of {', '.join(KINDS)}.")
        found.append(KINDS[each.kind](each.path))
    return Sources(
        tuple(still for part in found for still in part.stills),
        tuple(cutout for part in found for cutout in part.cutouts),
        tuple(video for part in found for video in part.videos),
    )
