"""The label maps that were looked at last, decoded.

For: the annotations. Plain Python.
"""

from collections import OrderedDict
from collections.abc import Container

from vos_annotator.core.masks import LabelMap


class DecodedMaps:
    """frame -> label map, read-only, of a few frames; the one not asked for longest goes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._maps: OrderedDict[int, LabelMap] = OrderedDict()

    def __len__(self) -> int:
        return len(self._maps)

    def get(self, frame: int) -> LabelMap | None:
        """Return the label map of a frame, if it is here."""
        if frame not in self._maps:
            return None
        self._maps.move_to_end(frame)
        return self._maps[frame]

    def keep(self, frame: int, label_map: LabelMap) -> LabelMap:
        """Keep a label map, which nobody may write any more; return it."""
        label_map.flags.writeable = False
        self._maps[frame] = label_map
        self._maps.move_to_end(frame)
        if len(self._maps) > self._most:
            self._maps.popitem(last=False)
        return label_map

    def drop(self, frames: Container[int]) -> None:
        """Keep nothing of some frames."""
        for frame in [each for each in self._maps if each in frames]:
            del self._maps[frame]

    def clear(self) -> None:
        """Keep nothing."""
        self._maps.clear()
