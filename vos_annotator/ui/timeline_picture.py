"""The timeline's picture: labels, lanes, ruler, range and playhead.

For: the timeline widget, which handles the mouse and the keys. What changes seldom is
kept as a pixmap and made anew only when a frame, the objects or the view have changed;
what moves is painted over it, so that scrubbing and a running pass stay cheap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QPainter,
    QPalette,
    QPen,
    QPixmap,
    QPolygonF,
)

from vos_annotator.core.glitches import Glitch
from vos_annotator.core.objects import VideoObject
from vos_annotator.core.translation import tr
from vos_annotator.ui.cursor import Cursor
from vos_annotator.ui.document import Document
from vos_annotator.ui.language import number
from vos_annotator.ui.theme import DOUBT_RED
from vos_annotator.ui.timeline_axis import FrameAxis
from vos_annotator.ui.timeline_film import FILM, Filmstrip
from vos_annotator.ui.timeline_lanes import (
    LANE,
    lanes_image,
    paint_edge,
    paint_glitches,
    paint_references,
)
from vos_annotator.ui.timeline_review import REVIEW, paint_reviews
from vos_annotator.ui.timeline_states import LaneStates

RULER = 22  # px
REVIEW_TOP = RULER + FILM + 1  # px above the lane of review
HEAD = REVIEW_TOP + REVIEW + 1  # px above the lanes
ROW = LANE + 4  # px from lane to lane
GUTTER = 116  # px for the objects' names
_HEAD_HALF = 5  # px from the playhead's line to either side of its head
_CUT_GAP = 3  # px; closer cuts would hide the lanes

_ROLE = QPalette.ColorRole


class TimelinePicture:
    """Paints one document's lanes as seen through `axis`."""

    def __init__(
        self,
        document: Document,
        cursor: Cursor,
        states: LaneStates,
        axis: FrameAxis,
        film: Filmstrip,
    ) -> None:
        self._document, self._cursor = document, cursor
        self._states, self._axis, self._film = states, axis, film
        self._kept: QPixmap | None = None
        self._kept_for: tuple = ()
        self.cuts: NDArray[np.intp] = np.empty(0, np.intp)  # first frames of shots, in order
        self.glitches: Sequence[Glitch] = ()
        self.edge: tuple[int, bool] | None = None  # frame and direction of the running pass

    def forget(self) -> None:
        """Make the picture anew at the next paint."""
        self._kept = None

    def paint(
        self, painter: QPainter, size: QSize, palette: QPalette, ratio: float, top: int
    ) -> None:
        """Paint all of it.

        Args:
            painter: Its origin is the widget's left top corner.
            size: The widget's size.
            palette: The widget's palette.
            ratio: Device pixels a pixel.
            top: How far the lanes are scrolled down, px.
        """
        axis = self._axis
        key = (self._states.version, size, ratio, axis.start, axis.scale, top)
        if self._kept is None or key != self._kept_for:
            self._kept, self._kept_for = self._make(size, palette, ratio, top), key
        painter.drawPixmap(0, 0, self._kept)
        self._paint_ruler(painter, palette, size.width())
        painter.setClipRect(QRect(GUTTER, 0, size.width() - GUTTER, size.height()))
        painter.translate(GUTTER, 0)
        self._paint_range(painter, palette, size.height())
        if self.edge:
            frame, forward = self.edge
            painter.save()
            painter.translate(0, HEAD)
            bright = palette.color(_ROLE.BrightText)
            paint_edge(painter, axis.center(frame), forward, size.height() - HEAD, bright)
            painter.restore()
        self._paint_playhead(painter, palette, size.height())

    def _make(self, size: QSize, palette: QPalette, ratio: float, top: int) -> QPixmap:
        picture = QPixmap(size * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(palette.color(_ROLE.Base))
        painter = QPainter(picture)
        objects = list(self._document.objects)
        colors = [QColor(*each.color) for each in objects]
        ground, quiet = palette.color(_ROLE.Shadow), palette.color(_ROLE.PlaceholderText)
        columns = max(round((size.width() - GUTTER) * max(round(ratio), 1)), 1)
        frames = self._axis.columns(columns)
        last = min(int(self._axis.start + self._axis.visible), self._axis.frame_count - 1)
        codes = self._states.worst(frames, max(last, int(frames[-1])))
        offset = round(self._axis.start * self._axis.scale * columns / max(self._axis.width, 1))
        image = lanes_image(codes, colors, ground, quiet, ratio, offset)
        scale = image.devicePixelRatio()
        xs = (frames + 0.5 - self._axis.start) * self._axis.scale
        lanes = QRect(GUTTER, HEAD, size.width() - GUTTER, size.height() - HEAD)
        for lane, each in enumerate(objects):
            y = HEAD + lane * ROW - top
            painter.setClipRect(0, HEAD, size.width(), lanes.height())
            painter.drawImage(
                QRectF(GUTTER, y + (ROW - LANE) / 2, lanes.width(), LANE),
                image,
                QRectF(0, lane * LANE * scale, columns, LANE * scale),
            )
            self._paint_label(painter, palette, each, QRect(0, y, GUTTER, ROW))
            painter.setClipRect(lanes)
            painter.save()
            painter.translate(GUTTER, y + ROW / 2)
            outline = palette.color(_ROLE.Text)
            paint_references(painter, codes[lane], xs, colors[lane], outline, ground)
            paint_glitches(painter, self._glitch_spans(each.id), DOUBT_RED, ground)
            painter.restore()
        painter.setClipRect(GUTTER, RULER, lanes.width(), FILM)
        painter.save()
        painter.translate(GUTTER, RULER)
        self._film.paint(painter, lanes.width(), ground)
        painter.restore()
        self._paint_review(painter, palette, lanes.width())
        painter.setClipping(False)
        self._paint_cuts(painter, palette, size)
        painter.end()
        return picture

    def _paint_review(self, painter: QPainter, palette: QPalette, width: int) -> None:
        painter.setClipRect(0, REVIEW_TOP, GUTTER + width, REVIEW)
        font = painter.font()
        painter.save()
        font.setPixelSize(REVIEW - 1)
        painter.setFont(font)
        painter.setPen(palette.color(_ROLE.PlaceholderText))
        room = QRect(24, REVIEW_TOP, GUTTER - 32, REVIEW)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, tr("Review"))
        painter.setClipRect(GUTTER, REVIEW_TOP, width, REVIEW)
        painter.translate(GUTTER, REVIEW_TOP)
        paint_reviews(painter, self._document.project.reviews.spans, self._axis, palette)
        painter.restore()

    def _glitch_spans(self, object_id: int) -> Iterator[tuple[float, float]]:
        """Give where the glitches of an object that are in view begin and end, in px."""
        axis = self._axis
        for each in self.glitches:
            left, right = axis.x(each.frames.start), axis.x(each.frames.stop)
            if each.object_id == object_id and right >= 0 and left <= axis.width:
                yield left, right

    def _paint_label(
        self, painter: QPainter, palette: QPalette, each: VideoObject, row: QRect
    ) -> None:
        is_current = each.id == self._cursor.object_id
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if is_current:
            painter.setBrush(palette.color(_ROLE.Light))
            painter.drawRoundedRect(row.adjusted(4, 0, -4, 0), 4, 4)
        painter.setBrush(QColor(*each.color))
        painter.drawEllipse(QRectF(row.left() + 10, row.center().y() - 3.5, 8, 8))
        painter.setPen(palette.color(_ROLE.Text if is_current else _ROLE.PlaceholderText))
        room = row.adjusted(24, 0, -8, 0)
        text = QFontMetrics(painter.font()).elidedText(
            f"{each.id} {each.name}", Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_ruler(self, painter: QPainter, palette: QPalette, width: int) -> None:
        """Paint numbers of frames, but those the playhead's own touches, and those cut off."""
        painter.save()
        font = painter.font()
        font.setPixelSize(10)
        painter.setFont(font)
        metrics = QFontMetrics(font)
        last = self._axis.frame_count - 1
        step = self._axis.tick_step(metrics.horizontalAdvance(number(last)) + 24)
        first = int(self._axis.start) // step * step
        painter.setClipRect(GUTTER, 0, width - GUTTER, RULER)
        here = number(self._cursor.frame)
        head = GUTTER + self._axis.center(self._cursor.frame)
        left, room = head + _HEAD_HALF + 3, metrics.horizontalAdvance(here)
        if left + room > width:
            left = head - _HEAD_HALF - 3 - room
        painter.setPen(palette.color(_ROLE.Text))
        painter.drawText(QPointF(left, 14), here)
        nearest, furthest = (
            min(left, head - _HEAD_HALF) - 4,
            max(left + room, head + _HEAD_HALF) + 4,
        )
        for frame in range(
            first, min(int(self._axis.start + self._axis.visible) + 2, last + 1), step
        ):
            x, text = int(GUTTER + self._axis.center(frame)), number(frame)
            painter.setPen(palette.color(_ROLE.Mid))
            painter.drawLine(x, RULER - 5, x, RULER - 2)
            end = x + 3 + metrics.horizontalAdvance(text)
            is_whole = x >= GUTTER and end + 3 <= width
            if is_whole and (x + 3 > furthest or end < nearest):
                painter.setPen(palette.color(_ROLE.PlaceholderText))
                painter.drawText(x + 3, 14, text)
        painter.restore()

    def _paint_cuts(self, painter: QPainter, palette: QPalette, size: QSize) -> None:
        """Draw a thin line before the first frame of each shot, where there is room for it."""
        axis = self._axis
        seen = np.searchsorted(self.cuts, (axis.start, axis.start + axis.visible + 1))
        painter.setPen(QPen(palette.color(_ROLE.Text), 1))
        painter.setOpacity(0.55)
        last = -_CUT_GAP
        for frame in self.cuts[slice(*seen)].tolist():
            x = GUTTER + round(axis.x(frame))
            if x - last >= _CUT_GAP and x >= GUTTER:
                painter.drawLine(x, RULER - 4, x, size.height())
                last = x
        painter.setOpacity(1)

    def _paint_range(self, painter: QPainter, palette: QPalette, height: int) -> None:
        first, last = self._cursor.in_frame, self._cursor.out_frame
        if first is None and last is None:
            return
        shade = QColor(palette.color(_ROLE.Shadow))
        shade.setAlpha(170)
        left = self._axis.x(first) if first is not None else 0.0
        right = self._axis.x(last + 1) if last is not None else float(self._axis.width)
        painter.fillRect(QRectF(0, 0, left, height), shade)
        painter.fillRect(QRectF(right, 0, self._axis.width - right, height), shade)
        painter.setPen(QPen(palette.color(_ROLE.Text), 2))
        for x, inwards, is_set in ((left, 5, first is not None), (right, -5, last is not None)):
            if is_set:
                painter.drawLine(int(x), 2, int(x), height - 2)
                painter.drawLine(int(x), 2, int(x) + inwards, 2)
                painter.drawLine(int(x), height - 2, int(x) + inwards, height - 2)

    def _paint_playhead(self, painter: QPainter, palette: QPalette, height: int) -> None:
        x = self._axis.center(self._cursor.frame)
        accent = palette.color(_ROLE.Highlight)
        if self._axis.scale > 4:
            wash = QColor(accent)
            wash.setAlpha(40)
            left = self._axis.x(self._cursor.frame)
            painter.fillRect(QRectF(left, HEAD, self._axis.scale, height), wash)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(QRectF(x - 0.75, 4, 1.5, height), accent)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        left, right = x - _HEAD_HALF, x + _HEAD_HALF
        top = [(left, 2), (right, 2), (right, 8), (x, 13), (left, 8)]
        painter.drawPolygon(QPolygonF([QPointF(*each) for each in top]))
