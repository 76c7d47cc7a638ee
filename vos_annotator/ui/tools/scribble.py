"""Scribble: strokes inside and outside an object, from which the network makes its mask.

For: the canvas. The stroke is on the screen at once; the mask follows when the worker has
it, whatever the person does meanwhile. Strokes on one frame add up until the frame changes
otherwise, for instance by undo. What is under a stroke is certain.
"""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF

from vos_annotator.core.errors import UserError
from vos_annotator.core.translation import tr
from vos_annotator.engine.commands import Scribble as Scribbling
from vos_annotator.engine.merging import with_strokes
from vos_annotator.ui.tools.stamp import stamps
from vos_annotator.ui.tools.tool import Tool

INSIDE, OUTSIDE = 1, 2
WIDTH = 5.0  # px of the screen


class Scribble(Tool):
    """Draws strokes; the right button says: not here."""

    def __init__(self, canvas: object) -> None:
        super().__init__(canvas)
        self._strokes: NDArray[np.uint8] | None = None  # (H, W): 0, INSIDE or OUTSIDE
        self._key: tuple[int, int] | None = None  # frame and object of the strokes
        # Strokes whose masks are under way, and what that step of undo is called.
        self._sent: dict[tuple[int, int], tuple[NDArray[np.uint8], str]] = {}
        self._is_drawing = self._is_committing = False
        self._canvas.bridge.scribbled.connect(self._receive)
        self._document.frame_changed.connect(self._on_frame_changed)

    @property
    def is_busy(self) -> bool:
        """Whether a stroke is being drawn."""
        return self._is_drawing

    def press(self, point: QPointF, removes: bool) -> None:
        """Begin a stroke."""
        if self._is_drawing or not self._may_begin() or not self._has_object():
            return
        key = self._cursor.frame, self._cursor.object_id
        if key != self._key:
            self._forget()
            self._key, self._strokes = key, np.zeros(self._document.video.shape, np.uint8)
        self._is_drawing, self._value = True, OUTSIDE if removes else INSIDE
        self._last = point
        self._canvas.sketch.begin_stroke(point, removes)
        self.drag(point)

    def drag(self, point: QPointF) -> None:
        """Stroke on to `point`."""
        if not self._is_drawing:
            return
        width = max(WIDTH / self._canvas.zoom, 1.5)
        for box, pixels in stamps(self._last, point, width, self._strokes.shape):
            self._strokes[box][pixels] = self._value
        self._canvas.sketch.extend_stroke(point)
        self._last = point

    def release(self, point: QPointF) -> None:
        """End the stroke and have the mask made."""
        self.drag(point)
        self.finish()

    def finish(self) -> None:
        """Have the mask made of the strokes so far."""
        self.send(tr("Scribble"))

    def send(self, text: str) -> None:
        """Have the mask made of the strokes so far, in a step of undo called `text`."""
        if not self._is_drawing:
            return
        self._is_drawing = False
        frame, object_id = self._key
        self._sent[self._key] = self._strokes.copy(), text
        current, others = self._masks(frame, object_id)
        current = current if current.any() else None
        drawn = self._strokes.copy()
        self._canvas.bridge.scribble(Scribbling(frame, object_id, drawn, current, others=others))

    def mark(
        self,
        strokes: NDArray[np.uint8],
        certain: NDArray[np.uint8],
        text: str,
        corrects: bool = False,
    ) -> None:
        """Have a mask made of strokes that are guessed, not drawn.

        Args:
            strokes: (H, W) of 0, INSIDE and OUTSIDE, for the engine.
            certain: The same for what the mask must obey.
            text: What the step of undo is called.
            corrects: Whether the mask that there is is corrected; else it is a new one.
        """
        if self._is_drawing or not self._may_begin() or not self._has_object():
            return
        self._forget()
        key = self._cursor.frame, self._cursor.object_id
        self._sent[key] = certain, text
        own, others = self._masks(*key)
        current = own if corrects else None
        self._canvas.bridge.scribble(Scribbling(*key, strokes, current, others=others))

    def _masks(self, frame: int, object_id: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return what an object has on a frame, and what others have."""
        label_map = self._document.annotations[frame]
        own = label_map == object_id
        return own, (label_map > 0) & ~own

    def cancel(self) -> None:
        """Drop the strokes."""
        self._forget()

    def take_back(self) -> bool:
        """Drop the stroke, and those whose mask is still under way: it is asked for no more."""
        is_begun = super().take_back() or bool(self._sent)
        if self._sent:
            self._sent.clear()
            self._forget()
        return is_begun

    def leave(self) -> None:
        """Begin anew next time; a mask that is under way still arrives."""
        self.finish()
        self._forget()

    def _has_object(self) -> bool:
        """Add an object where none is chosen: by the time the mask is here, one may be."""
        if self._cursor.object_id is None:
            try:
                self._cursor.object_id = self._document.add_object()
            except UserError as error:
                self._canvas.message.emit(str(error))
        return self._cursor.object_id is not None

    def _receive(self, frame: int, object_id: int, mask: NDArray[np.bool_]) -> None:
        sent = self._sent.pop((frame, object_id), None)
        self._document.settle()
        if sent is None or object_id not in self._document.objects:
            return  # asked for by nobody, or deleted meanwhile
        strokes, text = sent
        after = with_strokes(self._document.annotations[frame], object_id, mask, strokes)
        self._is_committing = True
        try:
            self._document.paint(frame, after, text)
        finally:
            self._is_committing = False

    def _on_frame_changed(self, frame: int, box: object) -> None:
        is_ours = self._is_committing or self._is_drawing
        if self._key is not None and frame == self._key[0] and not is_ours and box is not None:
            self._forget()  # undone, or painted otherwise: the strokes speak of another mask

    def _forget(self) -> None:
        self._strokes = self._key = None
        self._is_drawing = False
        self._canvas.sketch.clear()
