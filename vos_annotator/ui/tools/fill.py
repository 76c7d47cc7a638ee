"""Fill: close a hole, give a whole patch to the object, or remove a patch.

For: the canvas.
"""

import cv2
import numpy as np
from PySide6.QtCore import QPointF

from vos_annotator.core.translation import tr
from vos_annotator.ui.tools.tool import Tool


class Fill(Tool):
    """One click, one patch of equal labels."""

    def press(self, point: QPointF, removes: bool) -> None:
        """Fill the patch under `point`; with `removes`, take it away from the object."""
        rows, columns = self._document.video.shape
        x, y = int(point.x() // 1), int(point.y() // 1)
        if not (0 <= x < columns and 0 <= y < rows):
            return
        draft = self._begin()
        if draft is None:
            return
        old = int(draft.label_map[y, x])
        if removes == (old != draft.object_id):
            draft.drop()  # nothing to remove here, or already the object's
            return
        patch = np.zeros((rows + 2, columns + 2), np.uint8)
        # Eight neighbours for what is drawn, four for the ground: a thin outline holds.
        flags = (8 if old else 4) | cv2.FLOODFILL_MASK_ONLY | 1 << 8
        cv2.floodFill(draft.label_map.copy(), patch, (x, y), 0, flags=flags)
        pixels = patch[1:-1, 1:-1].astype(bool)
        if not old and _touches_border(pixels):
            draft.drop()
            self._canvas.message.emit(tr("This is not a hole: the outline is open."))
            return
        whole = (slice(0, rows), slice(0, columns))
        (draft.remove if removes else draft.add)(whole, pixels)
        draft.commit(tr("Remove patch") if removes else tr("Fill"))


def _touches_border(pixels: np.ndarray) -> bool:
    return bool(pixels[[0, -1]].any() or pixels[:, [0, -1]].any())
