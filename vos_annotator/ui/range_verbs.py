"""What the actions do that says of a whole range at once that a person answers for it, or no more.

For: the action table, whose rows name these methods, beside those of `Verbs`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vos_annotator.core.corrections import release_edits
from vos_annotator.core.edits import FrameEdit, Status
from vos_annotator.core.translation import tr, tr_many
from vos_annotator.ui.big_change import BigChange
from vos_annotator.ui.language import number

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow


class RangeVerbs:
    """The commands on the range between the in and the out mark."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def accept_range(self) -> None:
        """Make every prediction of the range a reference as it stands; what is empty stays so."""
        frames = self._frames(Status.PREDICTION)
        edits = [FrameEdit(frame, Status.REFERENCE) for frame in frames]
        count = len(frames)
        text = tr_many("Accept {count} frame", "Accept {count} frames", count, count=number(count))
        self._change(text, edits, tr("No prediction in the range."))

    def release_range(self) -> None:
        """Make every reference of the range a prediction, which the next pass may replace."""
        project, frames = self._window.document.project, self._frames(Status.REFERENCE)
        edits = release_edits(project, frames)
        count = len(frames)
        text = tr_many(
            "Release {count} reference", "Release {count} references", count, count=number(count)
        )
        self._change(text, edits, tr("No reference in the range."))

    def _frames(self, status: Status) -> list[int]:
        cursor, annotations = self._window.cursor, self._window.document.annotations
        return [frame for frame in cursor.frames if annotations.status(frame) is status]

    def _change(self, text: str, edits: list[FrameEdit], nothing: str) -> None:
        document = self._window.document
        if not edits:
            self._window.say(nothing)
            return
        note = partial(document.history.push, text)
        change = BigChange(text, document, edits, len(edits), note)
        change.succeeded.connect(
            lambda _: self._window.say(tr("{step}. key:undo takes it back.", step=text))
        )
        self._window.start_job(change)
