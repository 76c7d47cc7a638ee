"""A label map as it is kept: its PNG, and which of its objects count as background by now.

For: whoever hands label maps to another thread, where they are decoded. Knows label maps.
"""

from dataclasses import dataclass

from vos_annotator.core.masks import LabelMap, decode_png, encode_png, without


@dataclass(frozen=True)
class StoredMap:
    """The label map of a frame, not decoded.

    Attributes:
        png: An indexed PNG.
        hidden: Objects that it may have pixels of, and that are not shown.
    """

    png: bytes
    hidden: frozenset[int] = frozenset()

    def decode(self) -> LabelMap:
        """Return the label map as it is shown."""
        label_map = decode_png(self.png)
        return without(label_map, self.hidden) if self.hidden else label_map

    def encode(self) -> bytes:
        """Return the PNG of the label map as it is shown."""
        return encode_png(self.decode()) if self.hidden else self.png
