"""The timeline's lane of review: what a person says of how far the work on frames is.

For: the timeline, which draws the lane above those of the objects, and the verbs, which say the
same in words. A state is told by shape, and by colour besides: done is outlined, accepted is
filled, sent back is hatched; what is to do is a line.
"""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPalette, QPen

from vos_annotator.core.edits import ReviewSpan, ReviewState
from vos_annotator.core.translation import tr
from vos_annotator.ui.language import number
from vos_annotator.ui.theme import DOUBT_RED
from vos_annotator.ui.timeline_axis import FrameAxis

REVIEW = 10  # px high
_INSET = 2  # px free above and below
_LEAST = 2.0  # px of the narrowest span: one frame of a long video is seen too


def state_text(state: ReviewState) -> str:
    """Return what a state is called."""
    return {
        ReviewState.TO_DO: tr("to do"),
        ReviewState.DONE: tr("done"),
        ReviewState.ACCEPTED: tr("accepted"),
        ReviewState.SENT_BACK: tr("sent back"),
    }[state]


def span_text(span: ReviewSpan) -> str:
    """Return which frames have which state, and the note."""
    first, last, state = number(span.first), number(span.last), state_text(span.state)
    if span.note:
        state = tr("{state}: {note}", state=state, note=span.note)
    if span.first == span.last:
        return tr("Frame {frame}: {state}", frame=first, state=state)
    return tr("Frames {first} to {last}: {state}", first=first, last=last, state=state)


def review_legend() -> str:
    """Return what the shapes of the lane mean."""
    return tr("Review: outlined: done, filled: accepted, hatched: sent back, line: to do")


def paint_reviews(
    painter: QPainter, spans: Iterable[ReviewSpan], axis: FrameAxis, palette: QPalette
) -> None:
    """Paint the spans that are in view; the origin is the lane's left top corner."""
    quiet = palette.color(QPalette.ColorRole.PlaceholderText)
    painter.fillRect(
        QRectF(0, REVIEW / 2 - 0.5, axis.width, 1), palette.color(QPalette.ColorRole.Mid)
    )
    for span in spans:
        left, right = axis.x(span.first), axis.x(span.last + 1)
        if span.state is ReviewState.TO_DO or right < 0 or left > axis.width:
            continue
        is_back = span.state is ReviewState.SENT_BACK
        color = QColor(DOUBT_RED) if is_back else quiet
        box = QRectF(left, _INSET, max(right - left - 1, _LEAST), REVIEW - 2 * _INSET)
        painter.fillRect(box, palette.color(QPalette.ColorRole.Base))
        if span.state is ReviewState.ACCEPTED:
            painter.fillRect(box, color)
        elif is_back:
            painter.fillRect(box, QBrush(color, Qt.BrushStyle.BDiagPattern))
        painter.setPen(QPen(color, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box)
