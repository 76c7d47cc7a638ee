"""The run that the worker is busy with, and those that come after it.

For: the bridge, which says when one is over. Knows the document and the worker's commands.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from vos_annotator.core.stored_map import StoredMap
from vos_annotator.engine.commands import Propagate
from vos_annotator.engine.landing import spared
from vos_annotator.engine.remaining import Run
from vos_annotator.ui.document import Document
from vos_annotator.ui.gathering import Gathering


class RunQueue(QObject):
    """Hands runs to the worker one by one, when the masks are put aside that it must not touch.

    Attributes:
        current: What the worker is busy with.

    Signals:
        failed(message): A run cannot be handed over.
    """

    failed = Signal(str)

    def __init__(
        self, document: Document, submit: Callable[[Propagate], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._document, self._submit = document, submit
        self.current: Run | None = None
        self._waiting: deque[Run] = deque()
        self._spared: Mapping[int, frozenset[int]] = {}
        self._how: dict[str, Any] = {}
        self._gathering = Gathering(document.annotations, self)
        self._gathering.done.connect(self._hand_over)
        self._gathering.failed.connect(self.failed)

    @property
    def is_at_work(self) -> bool:
        """Whether the worker has the current run."""
        return self.current is not None and not self._gathering.is_active

    def begin(self, runs: list[Run], **how: object) -> None:
        """Do these runs, in place of any others; `how` is what else a `Propagate` is to say."""
        self._waiting, self._how = deque(runs), how
        self.next()

    def next(self) -> bool:
        """Go on with the next run; whether there is one."""
        if not self._waiting:
            return False
        self.current = run = self._waiting.popleft()
        self._spared = spared(self._document.project, run.ids)
        others = frozenset(self._document.objects.ids) - (run.ids or frozenset())
        is_partial = run.ids is not None and bool(others)
        self._gathering.start(range(run.first, run.last + 1) if is_partial else self._spared)
        return True

    def end_here(self) -> None:
        """Do no more than the current run."""
        self._waiting.clear()

    def clear(self) -> None:
        """Do nothing any more, and have nothing current."""
        self._gathering.stop()
        self._waiting.clear()
        self.current = None

    def _hand_over(self, kept: Mapping[int, StoredMap]) -> None:
        run = self.current
        self._submit(
            Propagate(run.passes, ids=run.ids, spared=self._spared, kept=kept, **self._how)
        )
