"""When the engine learns the video from its references: in the rest after a correction.

For: the bridge, which sends what is wanted to the worker. Knows the document and Qt's timers.

Learning takes seconds, in which nothing else is to be computed; whatever a person does ends it,
and it is tried again in the next rest. What it changes are predictions only, and those become
stale: they stay usable until they are computed again, nearest first.
"""

import numpy as np
from PySide6.QtCore import QObject, QSettings, Signal

from vos_annotator.core.edits import Status
from vos_annotator.core.reach import drawn
from vos_annotator.core.translation import tr
from vos_annotator.engine.commands import Learned
from vos_annotator.ui.document import Document
from vos_annotator.ui.inference import single_shot
from vos_annotator.ui.language import number

REST = 2000  # ms without a run or an edit
_ENOUGH = 2  # references: one has nothing to be tried on
_ON_KEY = "learn"


class Learning(QObject):
    """Decides when to learn, and marks what is to be computed again.

    Signals:
        wanted(is_wanted): It is time to learn; or, if not, to forget what was learnt.
        taught(): The predictions are stale, for the engine knows better now.
        message(text): Something worth a line in the status bar.
        changed(): Whether the engine is at it is another.

    """

    wanted = Signal(bool)
    changed = Signal()
    taught = Signal()
    message = Signal(str)

    def __init__(self, document: Document, parent: QObject) -> None:
        super().__init__(parent)
        self._document, self._annotations = document, document.annotations
        self._is_on = bool(QSettings().value(_ON_KEY, True, bool))
        # Due: what the engine has learnt, or not, is not what it should have.
        self._is_due = self._has_learnt = False
        self._asked: bool | None = None  # what the engine is at: to learn, or else to forget
        self._rest = single_shot(self, REST, self._begin)

    @property
    def is_on(self) -> bool:
        """Whether the engine is to learn; kept for the next start."""
        return self._is_on

    @is_on.setter
    def is_on(self, is_on: bool) -> None:
        may_know = self._has_learnt or self.is_active
        self._is_on, self._is_due = is_on, is_on or may_know
        QSettings().setValue(_ON_KEY, is_on)
        self.interrupt()
        if not is_on and may_know:
            self._forget()

    @property
    def is_active(self) -> bool:
        """Whether the engine is at it."""
        return self._asked is not None

    def note_change(self) -> None:
        """A reference changed: what was learnt is out of date."""
        self._is_due = True
        self.interrupt()

    def note_new_engine(self) -> None:
        """The engine is another one, which has learnt nothing."""
        self._is_due, self._has_learnt = self._is_due or self._has_learnt, False

    def interrupt(self) -> None:
        """Wait for the next rest."""
        self._rest.stop()
        self._note_asked(None)

    def give_up(self) -> None:
        """Wait for the next change of a reference."""
        self._is_due = False
        self.interrupt()

    def rest(self) -> None:
        """Nothing runs: learn in a moment, if there is anything to learn and to gain.

        Where it is not to learn, or too few references are left for that, what others taught is
        forgotten.
        """
        known = self._annotations
        if not self._is_due:
            return
        if self._is_on and len(known.references) >= _ENOUGH:
            if Status.PREDICTION in known.statuses:
                self._rest.start()
        elif self._has_learnt:
            self._forget()

    def land(self, result: Learned) -> None:
        """Take what came of what was asked for last; nobody has done anything since it began."""
        if result.wanted is not self._asked:
            return
        self._note_asked(None)
        if result.cancelled:
            return
        self._is_due = False
        changes = result.has_learnt or self._has_learnt
        self._has_learnt = result.has_learnt
        if not changes:
            return
        if result.has_learnt:
            count = len(self._annotations.references)
            self.message.emit(
                tr("Learnt from {count} references: masks are computed again.", count=number(count))
            )
        objects = self._document.objects
        ids = drawn(self._annotations).intersection(objects.ids) - objects.locked_ids
        frames = range(self._annotations.frame_count)
        self._document.project.mark_stale(frames, ids)
        self._annotations.staleness.pass_for_now(np.array(frames), ids)  # no rough mask is better
        self.taught.emit()

    def _note_asked(self, asked: bool | None) -> None:
        was_active, self._asked = self.is_active, asked
        if self.is_active != was_active:
            self.changed.emit()

    def _forget(self) -> None:
        self._note_asked(False)
        self.wanted.emit(False)

    def _begin(self) -> None:
        self._note_asked(True)
        count = len(self._annotations.references)
        self.message.emit(
            tr("Learning from {count} references how the objects look …", count=number(count))
        )
        self.wanted.emit(True)
