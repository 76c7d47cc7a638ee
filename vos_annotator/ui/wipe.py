"""A line over the frame: left of it the masks before the last step, right of it those now.

For: the workspace. The line follows the mouse; the masks are put together here and shown as a
preview, so nothing of the document changes.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QCursor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from vos_annotator.core.edits import changed_ids
from vos_annotator.core.masks import LabelMap
from vos_annotator.core.translation import tr
from vos_annotator.ui.before import Before
from vos_annotator.ui.canvas import Canvas

_BRIGHT, _DARK = QColor("#ffffff"), QColor(0, 0, 0, 190)
_GAP = 8  # px between the line and the words
_TOP = 18  # px from the upper end of what is seen of the line to the words


class Wipe(QObject):
    """Shows before and after for as long as it is on."""

    def __init__(self, canvas: Canvas, before: Before) -> None:
        super().__init__(canvas)
        self._canvas, self._before, self._cursor = canvas, before, canvas.cursor
        self._item = _Line(canvas.document.video.shape)
        self._item.hide()
        canvas.view.addItem(self._item, ignoreBounds=True)
        canvas.pointer_moved.connect(lambda x, _y: self._move(x))
        self._was: LabelMap | None = None  # what the frame showed before
        self._cursor.frame_changed.connect(lambda _frame: self._look())
        canvas.document.frame_changed.connect(self._on_frame_changed)
        canvas.document.objects_changed.connect(self._look)
        canvas.document.history_changed.connect(self._look)

    @property
    def is_on(self) -> bool:
        """Whether it is shown."""
        return self._item.isVisible()

    @property
    def has_changes(self) -> bool:
        """Whether the last step changed what is shown of the frame that is looked at."""
        return self._item.is_changed

    def turn(self, is_on: bool) -> None:
        """Show it where the mouse is, else in the middle of what is seen; or end it."""
        canvas = self._canvas
        self._item.setVisible(is_on)
        if not is_on:
            self._was = None
            canvas.show_preview(self)
            return
        self._look()
        x = canvas.view.viewRect().center().x()
        if canvas.underMouse():
            x = canvas.to_frame(canvas.mapFromGlobal(QCursor.pos())).x()
        self._move(x)

    def _move(self, x: float) -> None:
        if self.is_on:
            self._item.stand_at(x)
            self._show()

    def _on_frame_changed(self, frame: int, _box: object) -> None:
        if frame == self._cursor.frame:
            self._look()

    def _look(self) -> None:
        """Find what the frame showed before, and whether that is seen: hidden objects are not."""
        if not self.is_on:
            return
        frame, document = self._cursor.frame, self._canvas.document
        self._was = self._before.label_map(frame)
        is_changed = False
        if self._was is not None:
            changed = changed_ids(self._was, document.annotations[frame])
            is_changed = any(each.visible and each.id in changed for each in document.objects)
        self._item.set_changed(is_changed)
        self._show()

    def _show(self) -> None:
        if self._was is None:
            self._canvas.show_preview(self)
            return
        frame = self._cursor.frame
        edge, labels = round(self._item.x), self._canvas.document.annotations[frame].copy()
        labels[:, :edge] = self._was[:, :edge]
        self._canvas.show_preview(self, frame, labels)


class _Line(QGraphicsItem):
    """The line, and on either side of it what is shown there."""

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._bounds = QRectF(0, 0, shape[1], shape[0])
        self.x, self.is_changed = shape[1] / 2, False

    def stand_at(self, x: float) -> None:
        """Move, within the frame."""
        self.x = min(max(x, 0.0), self._bounds.right())
        self.update()

    def set_changed(self, is_changed: bool) -> None:
        """Say that the two sides are of different masks, or that they are not."""
        self.is_changed = is_changed
        self.update()

    def boundingRect(self) -> QRectF:
        """The frame."""
        return self._bounds

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Draw a light line with a dark edge, and the words in the size of the screen."""
        to_view, screen = painter.worldTransform(), QRectF(painter.viewport())
        seen = to_view.mapRect(self._bounds).intersected(screen)
        x = to_view.map(QPointF(self.x, 0)).x()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for color, width in ((_DARK, 4.0), (_BRIGHT, 1.5)):
            painter.setPen(QPen(color, width))
            painter.drawLine(QPointF(x, seen.top()), QPointF(x, seen.bottom()))
        left, right = tr("before"), tr("now")
        if not self.is_changed:
            left, right = tr("unchanged"), ""
        width = painter.fontMetrics().horizontalAdvance(left)
        y = seen.top() + _TOP
        for text, start in ((left, x - _GAP - width), (right, x + _GAP)):
            painter.setPen(_DARK)
            for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                painter.drawText(QPointF(start + dx, y + dy), text)
            painter.setPen(_BRIGHT)
            painter.drawText(QPointF(start, y), text)
        painter.restore()
