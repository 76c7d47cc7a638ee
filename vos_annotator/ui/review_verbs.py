"""What the actions do by which a reviewer and an annotator say how far the work is.

For: the action table, whose rows name these methods, beside those of `Verbs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QInputDialog

from vos_annotator.core.edits import ReviewSpan, ReviewState
from vos_annotator.core.translation import tr
from vos_annotator.ui.timeline_review import span_text

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow

_NOTE = 460  # px of width: room for a sentence


class ReviewVerbs:
    """The commands on review states.

    They are about the range; without one, about the span of one state around the frame.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def review(self, state: ReviewState) -> None:
        """Give the frames a state."""
        self._say(ReviewSpan(*self._frames(), state))

    def send_back(self) -> None:
        """Ask for a note and send the frames back with it; they are those of now."""
        first, last = self._frames()
        about = span_text(ReviewSpan(first, last, ReviewState.SENT_BACK))
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle(tr("Send back"))
        dialog.setLabelText("\n".join((f"{about}.", tr("What is to be changed?"))))
        dialog.resize(_NOTE, dialog.height())
        dialog.setTextValue(self._window.document.project.reviews.at(first).note)
        dialog.textValueSelected.connect(
            lambda note: self._say(ReviewSpan(first, last, ReviewState.SENT_BACK, note.strip()))
        )
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def go_to_unaccepted(self, step: int) -> None:
        """Go to where the next (1) or the previous (-1) span begins that is not accepted."""
        window = self._window
        here = window.cursor.frame
        ahead = [
            each
            for each in window.document.project.reviews.spans
            if each.state is not ReviewState.ACCEPTED and step * (each.first - here) > 0
        ]
        if ahead:
            span = ahead[0 if step > 0 else -1]
            window.cursor.frame = span.first
            window.say(span_text(span))
        else:
            window.say(tr("No further frames this way that are not accepted."))

    def _frames(self) -> tuple[int, int]:
        """Return the first and the last frame that a command is about."""
        cursor, reviews = self._window.cursor, self._window.document.project.reviews
        if cursor.has_range:
            return cursor.frames[0], cursor.frames[-1]
        span = reviews.at(cursor.frame)
        return span.first, span.last

    def _say(self, span: ReviewSpan) -> None:
        is_new = self._window.document.review(span)
        text = span_text(span)
        if is_new:
            text = tr("{step}. key:undo takes it back.", step=text)
        self._window.say(text)
