"""What all tools have in common: the verbs by which the canvas drives them.

For: the tools and the canvas. Points are in pixels of the source, (0, 0) the outer corner
of the first pixel; they may lie outside of the frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

from vos_annotator.core.errors import UserError
from vos_annotator.ui.draft import Draft

if TYPE_CHECKING:
    from vos_annotator.ui.canvas import Canvas


class Tool:
    """A tool in the hand of the canvas.

    Attributes:
        shape: The mouse cursor over the canvas.
        has_ring: Whether the brush's ring is shown.
    """

    shape = Qt.CursorShape.CrossCursor
    has_ring = False

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._document, self._cursor = canvas.document, canvas.cursor
        self._draft: Draft | None = None

    @property
    def removes(self) -> bool:
        """Whether a plain press takes pixels away; the ring shows it."""
        return False

    @property
    def is_busy(self) -> bool:
        """Whether something is begun that `finish` or `cancel` would end."""
        return self._draft is not None

    def press(self, point: QPointF, removes: bool) -> None:
        """Begin; `removes` is the right button or Ctrl."""

    def drag(self, point: QPointF) -> None:
        """Go on with a button held."""

    def release(self, point: QPointF) -> None:
        """End of the drag."""

    def hover(self, point: QPointF) -> None:
        """The mouse moved without a button."""

    def double_press(self, point: QPointF, removes: bool) -> None:
        """A second press at once."""
        self.press(point, removes)

    def finish(self) -> None:
        """Enter: keep what is in hand."""

    def leave(self) -> None:
        """The frame or the tool changes: nothing that is in hand is lost."""
        self.finish()

    def follow(self, frame: int | None = None) -> None:
        """A frame, or else what is known of the objects, has changed: go on from there."""
        draft = self._draft
        if draft is None:
            return
        if draft.is_over:
            self.cancel()
        elif frame in (None, draft.frame):
            draft.follow()

    def close(self) -> None:
        """The project is closed: end what runs in a thread."""

    def cancel(self) -> None:
        """Esc: drop what is in hand."""
        if self._draft is not None:
            self._draft.drop()
            self._draft = None

    def take_back(self) -> bool:
        """Undo: drop what was begun last, which is no edit yet; False if nothing was."""
        is_begun = self.is_busy
        if is_begun:
            self.cancel()
        return is_begun

    def _may_begin(self) -> bool:
        """Return whether the object may be changed on this frame; say why if not, and show it."""
        if not self._cursor.settle():
            return False
        refusal = self._document.refusal(self._cursor.object_id)
        if refusal:
            self._canvas.message.emit(refusal)
            return False
        if not self._canvas.is_current:
            return False  # never paint on a frame that is still on its way
        if not self._cursor.masks_shown:
            self._cursor.masks_shown = True  # else there is nothing to see of it
        return True

    def _begin(self) -> Draft | None:
        """Return a draft of the frame that is shown, or None if it may not be changed."""
        if not self._may_begin():
            return None
        try:
            return Draft(self._document, self._cursor, self._canvas.masks)
        except UserError as error:
            self._canvas.message.emit(str(error))
            return None

    def _commit(self, text: str) -> None:
        self._document.settle()
        draft, self._draft = self._draft, None
        if draft is not None:
            if futility := draft.futility():
                self._canvas.message.emit(futility)
            draft.commit(text)
