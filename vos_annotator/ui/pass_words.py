"""What is said at the end of a pass: how much there is to look at.

For: the workspace. Knows where a person should look; nothing of the worker.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from vos_annotator.core.edits import Status
from vos_annotator.core.translation import tr, tr_many

if TYPE_CHECKING:
    from vos_annotator.ui.workspace import Workspace


class PassWords(QObject):
    """Follows passes to their end.

    Signals:
        said(text, is_news): The words; whether a person waits for them, as they asked for the pass.
    """

    said = Signal(str, bool)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace, self._is_awaited = workspace, False
        workspace.bridge.progress.connect(self._on_progress)

    def expect(self) -> None:
        """Know that a person asked for the pass that runs."""
        self._is_awaited = True

    def _on_progress(self, progress: object) -> None:
        if progress is None:
            is_awaited, self._is_awaited = self._is_awaited, False
            self.said.emit(self._words(), is_awaited)

    def _words(self) -> str:
        work, lacking = self._workspace, Counter[int]()
        places = work.unsure_places()
        for frames, object_id in work.timeline.states.lacking():
            lacking[object_id] += len(frames)
        if places:
            first = tr_many(
                "{count} place to look at: key:next-doubtful goes there.",
                "{count} places to look at: key:next-doubtful goes from one to the next.",
                len(places),
            )
        elif left := self._left():
            first = tr_many(
                "No frame is doubtful; {count} is not computed.",
                "No frame is doubtful; {count} are not computed.",
                left,
            )
        else:
            first = tr("All is computed, and no frame is doubtful.")
        words = [first] + [
            tr_many(
                "{count} reference does not show {name}.",
                "{count} references do not show {name}.",
                count,
                name=work.document.objects[object_id].name,
            )
            for object_id, count in lacking.items()
        ]
        return " ".join(words)

    def _left(self) -> int:
        """Return how many frames have no masks, or stale ones."""
        annotations = self._workspace.document.annotations
        left = annotations.statuses == Status.EMPTY
        for object_id in set(annotations.staleness.ids) & set(self._workspace.document.objects.ids):
            left |= annotations.staleness.frames(object_id)
        return int(left.sum())
