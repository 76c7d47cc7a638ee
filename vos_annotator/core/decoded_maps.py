"""The label maps that were looked at last, decoded.

For: the annotations. Plain Python.
"""

from collections.abc import Container

from vos_annotator.core.masks import LabelMap
from vos_annotator.core.memory_budget import MASKS
from vos_annotator.core.picture_cache import PictureCache


class DecodedMaps:
    """frame -> label map, read-only, of some frames; the one not asked for longest goes."""

    def __init__(self) -> None:
        self._maps = PictureCache(kind=MASKS)

    def __len__(self) -> int:
        return len(self._maps)

    def get(self, frame: int) -> LabelMap | None:
        """Return the label map of a frame, if it is here."""
        return self._maps.get(frame)

    def keep(self, frame: int, label_map: LabelMap) -> LabelMap:
        """Keep a label map, which nobody may write any more; return it."""
        label_map.flags.writeable = False
        self._maps.put(frame, label_map, label_map.nbytes)
        return label_map

    def drop(self, frames: Container[int]) -> None:
        """Keep nothing of some frames."""
        self._maps.drop(frames)

    def clear(self) -> None:
        """Keep nothing."""
        self._maps.clear()

    def close(self) -> None:
        """Keep nothing, and have no share of the memory budget any more."""
        self._maps.close()
