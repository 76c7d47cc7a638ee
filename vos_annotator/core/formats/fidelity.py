"""How much of a mask is there again when an export is read.

For: exports.
"""

from pathlib import Path

import numpy as np

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.format import Holds
from vos_annotator.core.masks import LabelMap


class Fidelity:
    """Compares frame by frame.

    Attributes:
        share: Of the pixels that either has an object in, those that are the same; 0..1.
    """

    def __init__(self, holds: Holds, place: Path) -> None:
        """Expect what a format holds; `place` is where it was read from."""
        self._holds, self._place = holds, place
        self._same = self._all = 0

    @property
    def share(self) -> float:
        """As the class says; 1 where there is no object at all."""
        return self._same / self._all if self._all else 1.0

    def add(self, frame: int, wanted: LabelMap, read: LabelMap) -> None:
        """Compare a frame.

        Raises:
            UserError: Pixels differ that the format keeps.
        """
        if not self._holds.ids:
            wanted, read = wanted > 0, read > 0
        is_same = wanted.shape == read.shape and np.array_equal(wanted, read)
        if self._holds.pixels and not is_same:
            raise UserError(
                "Frame {frame} does not read back from {path} as it was written: check the disk, "
                "and export again.",
                frame=frame,
                path=self._place,
            )
        either = (wanted > 0) | (read > 0)
        self._all += int(either.sum())
        self._same += int((either & (wanted == read)).sum())
