"""Where a person says that objects are not to be seen, as the engine's side needs to know it.

For: the worker and propagation, which look at it for every frame. Plain Python and numpy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from vos_annotator.core.object_flags import ObjectFlags


@dataclass(frozen=True)
class Absences:
    """Stretches of frames without an object.

    Attributes:
        stretches: object -> the stretches on which it is absent, in order.
    """

    stretches: Mapping[int, tuple[range, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, flags: ObjectFlags) -> Self:
        """Return the stretches of what a project knows."""
        stretches = {}
        for object_id in flags.ids:
            edges = np.flatnonzero(np.diff(flags.frames(object_id), prepend=False, append=False))
            pairs = edges.reshape(-1, 2).tolist()
            stretches[object_id] = tuple(range(first, end) for first, end in pairs)
        return cls(stretches)

    def at(self, frame: int) -> frozenset[int]:
        """Return the objects that are absent on a frame."""
        return frozenset(
            object_id
            for object_id, stretches in self.stretches.items()
            if any(frame in stretch for stretch in stretches)
        )

    def ends(self) -> dict[int, frozenset[int]]:
        """Return the first and the last frame of each stretch, and what is absent on it.

        They say most of what an object is not: there it has just gone, or comes back next.
        """
        frames = {
            frame
            for stretches in self.stretches.values()
            for stretch in stretches
            for frame in (stretch[0], stretch[-1])
        }
        return {frame: self.at(frame) for frame in sorted(frames)}


NOWHERE = Absences()
