"""The timeline: lanes of objects and of the review, the playhead, the range, and scrubbing.

For: the window. Shows the document's `LaneStates` through a `FrameAxis`; moves the
cursor and its in and out frames, and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from vos_annotator.core.glitches import Glitch
from vos_annotator.core.translation import tr
from vos_annotator.ui.cursor import Cursor
from vos_annotator.ui.document import Document
from vos_annotator.ui.inference import single_shot
from vos_annotator.ui.language import number, percent
from vos_annotator.ui.timeline_axis import FrameAxis
from vos_annotator.ui.timeline_film import Filmstrip
from vos_annotator.ui.timeline_lanes import legend
from vos_annotator.ui.timeline_picture import GUTTER, HEAD, REVIEW_TOP, ROW, TimelinePicture
from vos_annotator.ui.timeline_review import review_legend, span_text
from vos_annotator.ui.timeline_states import LaneStates, describe

_GRIP = 5  # px around a bracket where it can be taken
_SHOWN_LANES = 8  # more than these scroll
_ZOOM_STEP = 1.25
_MARGIN = 6  # px below the lanes
_REST = 150  # ms without a move, after which who drags the playhead looks


class Timeline(QAbstractScrollArea):
    """One lane an object over the frames of the video."""

    def __init__(self, document: Document, cursor: Cursor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._cursor = document, cursor
        self.states = LaneStates(document.annotations, document.video.frame_count)
        self.axis = FrameAxis(document.video.frame_count)
        self.film = Filmstrip(document.video, self.axis, self)
        self._picture = TimelinePicture(document, cursor, self.states, self.axis, self.film)
        self._drag = ""  # what the mouse holds: "playhead", "in", "out", "view" or nothing
        self._drag_from = 0.0
        self._rest = single_shot(self, _REST, self._end_scrubbing)

        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName(tr("Timeline"))
        for bar, name in (
            (self.horizontalScrollBar(), tr("Timeline position")),
            (self.verticalScrollBar(), tr("Timeline lanes")),
        ):
            bar.setAccessibleName(name)
        self.horizontalScrollBar().valueChanged.connect(self._scroll_to)

        document.frame_changed.connect(self._on_frame_changed)
        document.became_stale.connect(self._on_became_stale)
        document.absence_changed.connect(self._on_absence_changed)
        document.objects_changed.connect(self._on_objects_changed)
        document.review_changed.connect(self._redraw)
        cursor.frame_changed.connect(self._on_cursor_moved)
        cursor.object_changed.connect(self._on_object_changed)
        cursor.view_changed.connect(self.viewport().update)
        self.film.changed.connect(self._redraw)
        self._on_objects_changed()
        self._on_cursor_moved(cursor.frame)

    def show_pass(self, frame: int | None, forward: bool = True) -> None:
        """Draw the running pass at `frame`; None when nothing runs."""
        self._picture.edge = None if frame is None else (frame, forward)
        self.viewport().update()

    def show_cuts(self, frames: Sequence[int]) -> None:
        """Draw a thin mark before the first frame of each shot; `frames` are in order."""
        self._picture.cuts = np.array(frames, np.intp)
        self._redraw()

    def show_glitches(self, glitches: Sequence[Glitch]) -> None:
        """Mark glitches on the lanes of their objects."""
        self._picture.glitches = glitches
        self._redraw()

    def zoom_by(self, factor: float) -> None:
        """Zoom around the playhead."""
        self._zoom(factor, self.axis.center(self._cursor.frame))

    def sizeHint(self) -> QSize:
        """Room for the ruler and up to eight lanes."""
        lanes = min(max(len(self.states.ids), 2), _SHOWN_LANES)
        bar = self.horizontalScrollBar().sizeHint().height()  # room for it, be it there or not
        return QSize(600, HEAD + lanes * ROW + _MARGIN + bar)

    def minimumSizeHint(self) -> QSize:
        """As high as the hint: lanes are not cut through."""
        return QSize(200, self.sizeHint().height())

    # Changes elsewhere

    def _on_frame_changed(self, frame: int, box: object) -> None:
        self.states.update(frame)
        self.viewport().update()

    def _on_became_stale(self, frames: NDArray[np.intp]) -> None:
        self.states.mark_stale(frames)
        self.viewport().update()

    def _on_absence_changed(self, object_id: int, frames: range) -> None:
        self.states.mark_absent(object_id, frames)
        self.viewport().update()

    def _on_objects_changed(self) -> None:
        self.states.set_objects(self._document.objects.ids)
        self._picture.forget()
        self._view_changed()

    def _on_object_changed(self, *_: object) -> None:
        self._reveal_object()
        self._redraw()

    def _redraw(self, *_: object) -> None:
        self._picture.forget()
        self.viewport().update()

    def _on_cursor_moved(self, frame: int) -> None:
        if not self._drag and self.axis.reveal(frame):
            self._view_changed()
        self.setAccessibleDescription(
            tr(
                "frame {frame} of {count}, {state}. {legend}",
                frame=frame,
                count=self.axis.frame_count,
                state=self._state(frame, self._cursor.object_id or 0),
                legend=legend(),
            )
        )
        self.viewport().update()

    # The view

    def _zoom(self, factor: float, x: float) -> None:
        self.axis.zoom(factor, x)
        self._view_changed()

    def _scroll_to(self, start: int) -> None:
        if start != round(self.axis.start):
            self.axis.scroll_to(start)
            self.viewport().update()

    def _view_changed(self) -> None:
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        hidden = self.axis.frame_count - self.axis.visible
        across.setRange(0, round(hidden) if hidden >= 1 else 0)
        across.setPageStep(max(round(self.axis.visible), 1))
        across.setValue(round(self.axis.start))
        room = self.viewport().height() - HEAD
        down.setRange(0, max(len(self.states.ids) * ROW - room, 0))
        down.setPageStep(max(room, 1))
        down.setSingleStep(ROW)
        if self.minimumHeight() != self.sizeHint().height():
            self.setFixedHeight(self.sizeHint().height())
        self.viewport().update()

    def _reveal_object(self) -> None:
        """Scroll until the lane of the current object is in view."""
        if self._cursor.object_id in self.states.ids:
            bar, top = self.verticalScrollBar(), self.states.ids.index(self._cursor.object_id) * ROW
            bar.setValue(max(min(bar.value(), top), top + ROW - bar.pageStep()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._redraw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the axis to the new width."""
        self.axis.resize(self.viewport().width() - GUTTER)
        self._view_changed()
        self._reveal_object()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the lanes and what moves over them."""
        painter = QPainter(self.viewport())
        self._picture.paint(
            painter,
            self.viewport().size(),
            self.palette(),
            self.devicePixelRatioF(),
            self.verticalScrollBar().value(),
        )

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the playhead, a bracket or the view; or choose an object by its name."""
        x = event.position().x() - GUTTER
        if event.button() == Qt.MouseButton.MiddleButton:
            self._drag, self._drag_from = "view", x
        elif event.button() != Qt.MouseButton.LeftButton:
            return
        elif x < 0:
            self._choose_object(event.position())
        else:
            self._drag = self._bracket_at(x) or "playhead"
            if self._drag == "playhead":
                self._scrub_to(self.axis.frame_at(x))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag what was taken."""
        x = event.position().x() - GUTTER
        frame, first, last = self.axis.frame_at(x), self._cursor.in_frame, self._cursor.out_frame
        if self._drag == "playhead":
            self._scrub_to(frame)
        elif self._drag == "in":  # as far as the other bracket, which is not dragged
            self._cursor.in_frame = frame if last is None else min(frame, last)
        elif self._drag == "out":
            self._cursor.out_frame = frame if first is None else max(frame, first)
        elif self._drag == "view":
            self.axis.scroll_to(self.axis.start + (self._drag_from - x) / self.axis.scale)
            self._drag_from = x
            self._view_changed()
        else:
            taken = Qt.CursorShape.SplitHCursor if self._bracket_at(x) else None
            if taken is None:
                self.viewport().unsetCursor()
            else:
                self.viewport().setCursor(taken)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go; the exact picture replaces the quick one."""
        self._drag = ""
        self._end_scrubbing()

    def _scrub_to(self, frame: int) -> None:
        """Go to a frame by a quick picture; once the mouse rests, the exact one replaces it."""
        if frame != self._cursor.frame:
            self._cursor.scrubbing = True
            self._cursor.frame = frame
            self._rest.start()

    def _end_scrubbing(self) -> None:
        self._rest.stop()
        self._cursor.scrubbing = False

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the mouse; sideways, or with Shift, scroll."""
        turned = event.angleDelta()
        sideways = turned.x() or (
            turned.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0
        )
        if sideways:
            self.axis.scroll_to(self.axis.start - sideways / 120 * self.axis.visible / 10)
            self._view_changed()
        else:
            self._zoom(_ZOOM_STEP ** (turned.y() / 120), event.position().x() - GUTTER)
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        """Say in a tooltip what is known of the frame under the mouse."""
        if event.type() == QEvent.Type.ToolTip:
            assert isinstance(event, QHelpEvent)
            QToolTip.showText(event.globalPos(), self._describe(QPointF(event.pos())), self)
            return True
        return super().viewportEvent(event)

    def _describe(self, position: QPointF) -> str:
        object_id = self._object_at(position)
        name = self._document.objects[object_id].name if object_id else ""
        is_review = REVIEW_TOP <= position.y() < HEAD
        if position.x() < GUTTER:
            return review_legend() if is_review else name
        frame = self.axis.frame_at(position.x() - GUTTER)
        if is_review:
            span = self._document.project.reviews.at(frame)
            return "\n".join((span_text(span), review_legend()))
        if object_id is None:
            where = tr("frame {frame}", frame=number(frame))
            if frame in self._picture.cuts:
                where = tr("frame {frame}, the first of a shot", frame=number(frame))
            return "\n".join((where, legend()))
        confidence = self._document.annotations.confidence(frame).get(object_id)
        sure = ""
        if confidence is not None:
            sure = tr(", {share} sure", share=percent(confidence))
        where = tr("{name}, frame {frame}", name=name, frame=number(frame))
        mix_ups = self._document.mix_ups.sentences(frame, object_id)
        return "\n".join((f"{where}: {self._state(frame, object_id)}{sure}", *mix_ups))

    def _state(self, frame: int, object_id: int) -> str:
        """Return the words for what is known of an object on a frame."""
        is_glitch = any(
            frame in each.frames and each.object_id == object_id for each in self._picture.glitches
        )
        state = describe(self.states.code(frame, object_id))
        return state + tr(", a glitch") if is_glitch else state

    def _choose_object(self, position: QPointF) -> None:
        object_id = self._object_at(position)
        if object_id is not None:
            self._cursor.object_id = object_id

    def _object_at(self, position: QPointF) -> int | None:
        lane = int((position.y() - HEAD + self.verticalScrollBar().value()) // ROW)
        ids = self.states.ids
        return ids[lane] if position.y() >= HEAD and 0 <= lane < len(ids) else None

    def _bracket_at(self, x: float) -> str:
        first, last = self._cursor.in_frame, self._cursor.out_frame
        if last is not None and abs(x - self.axis.x(last + 1)) <= _GRIP:
            return "out"
        if first is not None and abs(x - self.axis.x(first)) <= _GRIP:
            return "in"
        return ""
