"""Wand: what is connected and has the colour under the mouse.

For: the canvas. The region is computed in a thread; the one that counts is the newest.
"""

from PySide6.QtCore import QPointF

from vos_annotator.core.regions import similar
from vos_annotator.core.shapes import Mask
from vos_annotator.core.translation import tr
from vos_annotator.ui.canvas_items import pixels
from vos_annotator.ui.latest import Latest
from vos_annotator.ui.tools.tool import Tool

_FIRST = 20  # of 255; the tolerance until the person drags another
_DRAG = 4.0  # px of the screen that change the tolerance by one


class Wand(Tool):
    """A click takes the colour, a drag to the right or up takes more of it."""

    def __init__(self, canvas: object) -> None:
        super().__init__(canvas)
        self._tolerance = self._at_press = _FIRST
        self._is_current = self._is_ending = False  # the region shown is the one asked for
        self._latest = Latest(canvas)
        self._latest.done.connect(self._show)

    def press(self, point: QPointF, removes: bool) -> None:
        """Take the colour under `point`; with `removes`, take the region away."""
        rows, columns = self._document.video.shape
        x, y = int(point.x() // 1), int(point.y() // 1)
        picture = self._canvas.picture
        if self._draft is not None or picture is None:
            return
        if not (0 <= x < columns and 0 <= y < rows):
            return
        self._draft = self._begin()
        if self._draft is not None:
            self._picture, self._seed, self._removes = picture, (x, y), removes
            self._start, self._at_press, self._is_ending = point, self._tolerance, False
            self._ask()

    def drag(self, point: QPointF) -> None:
        """Change the tolerance."""
        if self._draft is None or self._is_ending:
            return
        way = (point - self._start) * (self._canvas.zoom / _DRAG)
        tolerance = min(max(self._at_press + round(way.x() - way.y()), 0), 255)
        if tolerance != self._tolerance:
            self._tolerance = tolerance
            self._ask()
            self._canvas.message.emit(tr("Wand: tolerance {tolerance}", tolerance=tolerance))

    def release(self, point: QPointF) -> None:
        """Keep the region, as soon as it is there."""
        if self._draft is not None:
            self._is_ending = True
            if self._is_current:
                self.finish()

    def finish(self) -> None:
        """Keep the region; one that is still looked for is worth the wait."""
        if self._draft is None:
            return
        self._latest.forget()
        if not self._is_current:
            self._put(self._region())
        self._commit(tr("Remove with wand") if self._removes else tr("Wand"))

    def cancel(self) -> None:
        """Drop the region."""
        self._latest.forget()
        super().cancel()

    def close(self) -> None:
        """Join the thread."""
        self._latest.close()

    def _ask(self) -> None:
        self._is_current = False
        picture, seed, tolerance = self._picture, self._seed, self._tolerance
        self._region = lambda: similar(pixels(picture), *seed, tolerance)
        self._latest.ask(self._region)

    def _show(self, region: Mask) -> None:
        if self._draft is None:
            return
        self._put(region)
        if self._is_ending:
            self.finish()

    def _put(self, region: Mask) -> None:
        """Have the region in the draft, where it takes pixels of nobody else."""
        self._draft.restart()
        labels = self._draft.label_map
        region &= (labels == 0) | (labels == self._draft.object_id)
        whole = (slice(0, region.shape[0]), slice(0, region.shape[1]))
        (self._draft.remove if self._removes else self._draft.add)(whole, region)
        self._is_current = True
