"""A label map in the making: shown while it grows, an edit once it is committed.

For: the tools. What is drawn is what is kept: locked and hidden objects are shielded while
drawing, not afterwards. It lies over the frame as that is: what else happens to the frame
meanwhile, by undo, a scribble's answer or a pass, shows through and stays.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.masks import Box, LabelMap
from vos_annotator.core.translation import tr
from vos_annotator.ui.cursor import Cursor
from vos_annotator.ui.document import Document
from vos_annotator.ui.overlay import MaskItem

_GIVEN, _TAKEN = 1, 2  # what a pixel is wanted to be
_ALL: Box = (slice(None), slice(None))


class Draft:
    """One change of one frame, for one object.

    Attributes:
        frame: The frame that is changed.
        object_id: The object that gets or loses pixels; it may not be listed yet.
        label_map: The frame as it will be, (H, W).
    """

    def __init__(self, document: Document, cursor: Cursor, masks: MaskItem) -> None:
        """Begin on the cursor's frame, with its object or else the next new one.

        Raises:
            UserError: All ids are used up.
        """
        self._document, self._cursor, self._masks = document, cursor, masks
        self.frame = cursor.frame
        is_new = cursor.object_id is None
        self.object_id = document.objects.next_id if is_new else cursor.object_id
        self.label_map: LabelMap = document.annotations[self.frame].copy()
        self._wanted = np.zeros(self.label_map.shape, np.uint8)
        self._touched: list[Box] = []
        self._free = self._unprotected()
        masks.show_labels(self.label_map)

    @property
    def is_over(self) -> bool:
        """Whether its object was taken off the list: it can be of no use any more."""
        return self.object_id in self._document.objects.gone

    def add(self, box: Box, pixels: NDArray[np.bool_]) -> None:
        """Give the object `pixels` of a box, (h, w) bool, whoever has them unprotected."""
        self._wanted[box][pixels] = _GIVEN
        self._give(box, pixels)
        self._touch(box)

    def remove(self, box: Box, pixels: NDArray[np.bool_]) -> None:
        """Take `pixels` of a box away from the object; others keep theirs."""
        self._wanted[box][pixels] = _TAKEN
        self._take(box, pixels)
        self._touch(box)

    def restart(self) -> None:
        """Be as at the beginning."""
        self._wanted[:] = 0
        self.follow()

    def follow(self) -> None:
        """Be what is drawn, over the frame as it is now."""
        self.label_map[:] = self._document.annotations[self.frame]
        self._free = self._unprotected()
        self._give(_ALL, self._wanted == _GIVEN)
        self._take(_ALL, self._wanted == _TAKEN)
        self._masks.touch()

    def commit(self, text: str) -> None:
        """Make it an edit; the frame becomes a reference where anything changed."""
        if self._touched:
            self._document.paint(self.frame, self.label_map, text, within=_around(self._touched))
        if self.object_id in self._document.objects:
            self._cursor.object_id = self.object_id
        self.drop()

    def futility(self) -> str:
        """Return in a sentence why what is drawn changes nothing where others have the pixels."""
        objects = self._document.objects
        if not self._touched or self.object_id not in objects:
            return ""
        box = _around(self._touched)
        here = self._document.annotations[self.frame][box]
        if (here != self.label_map[box]).any():
            return ""
        takes = (self._wanted[box] == _TAKEN).any()
        under = {*np.unique(here[self._wanted[box] > 0]).tolist()} - {0, self.object_id}
        names = ", ".join(each.name for each in objects if each.id in under)
        if not names:
            return ""
        if not takes:
            return tr("Locked and hidden objects are not painted over: {names}.", names=names)
        return tr(
            "There is nothing of {name} to take away, only of {names}.",
            name=objects[self.object_id].name,
            names=names,
        )

    def drop(self) -> None:
        """Show the frame as the document has it."""
        self._masks.show_labels(self._document.annotations[self.frame])

    def _unprotected(self) -> NDArray[np.bool_] | None:
        """Return which pixels may change hands, (H, W); None for all."""
        is_free = np.ones(256, bool)
        is_free[list(self._document.objects.protected_ids)] = False
        return None if is_free.all() else is_free[self.label_map]

    def _give(self, box: Box, pixels: NDArray[np.bool_]) -> None:
        if self._free is not None:
            pixels = pixels & self._free[box]
        self.label_map[box][pixels] = self.object_id

    def _take(self, box: Box, pixels: NDArray[np.bool_]) -> None:
        region = self.label_map[box]
        region[pixels & (region == self.object_id)] = 0

    def _touch(self, box: Box) -> None:
        self._touched.append(box)
        self._masks.touch(box)


def _around(boxes: Sequence[Box]) -> Box:
    """Return the box that holds boxes."""
    return tuple(
        slice(min(each.start for each in sides), max(each.stop for each in sides))
        for sides in zip(*boxes, strict=True)
    )
