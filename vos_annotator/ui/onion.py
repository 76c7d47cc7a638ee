"""Onion skin: the outlines of the reference before and the one after, over the frame.

For: the canvas. A label map is fetched when its reference is another one or is changed, so
that moving between two references costs nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from PySide6.QtCore import QObject

from vos_annotator.ui.cursor import Cursor
from vos_annotator.ui.document import Document
from vos_annotator.ui.overlay import MaskItem
from vos_annotator.ui.view_modes import onion


class OnionSkin(QObject):
    """Two outlines that follow the cursor.

    Attributes:
        items: What is to be put on the canvas.
    """

    def __init__(self, document: Document, cursor: Cursor, parent: QObject) -> None:
        super().__init__(parent)
        self._document, self._cursor = document, cursor
        self.items = tuple(MaskItem(document.video.shape) for _ in range(2))
        self._shown: list[int | None] = [None, None]
        for signal in (cursor.frame_changed, cursor.view_changed):
            signal.connect(lambda *_: self._follow())
        document.objects_changed.connect(self._show_colors)
        document.frame_changed.connect(self._on_frame_changed)
        self._show_colors()

    def _show_colors(self) -> None:
        for item, is_before in zip(self.items, (True, False), strict=True):
            look = onion(self._document.objects, is_before)
            item.set_colors(look.fill, look.line, look.textures)
        self._shown = [None, None]
        self._follow()

    def _on_frame_changed(self, frame: int, _box: object) -> None:
        self._shown = [None if each == frame else each for each in self._shown]
        self._follow()

    def _follow(self) -> None:
        is_on = self._cursor.onion and self._cursor.masks_shown
        wanted = self._neighbours() if is_on else (None, None)
        for place, (item, frame) in enumerate(zip(self.items, wanted, strict=True)):
            item.setVisible(frame is not None)
            if frame is not None and frame != self._shown[place]:
                item.show_labels(self._document.annotations[frame])
                self._shown[place] = frame

    def _neighbours(self) -> tuple[int | None, int | None]:
        references, frame = self._document.annotations.references, self._cursor.frame
        before, after = bisect_left(references, frame), bisect_right(references, frame)
        return (
            references[before - 1] if before else None,
            references[after] if after < len(references) else None,
        )
