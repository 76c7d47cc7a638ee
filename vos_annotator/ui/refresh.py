"""When what is stale is computed unasked though nothing was drawn: switched on, unlocked, undone.

For: the bridge, which runs it, and has its turn after corrections too. Knows the agenda, the
document's locks and what is edited of predictions.
"""

from PySide6.QtCore import QObject, Signal

from vos_annotator.ui.agenda import Agenda
from vos_annotator.ui.document import Document


class Refresh(QObject):
    """The switch, and an eye on the locks.

    Signals:
        changed(is_due): What is left to run may be another; and if it is due, there is something
            that was not until now.
    """

    changed = Signal(bool)

    def __init__(self, document: Document, agenda: Agenda, parent: QObject) -> None:
        super().__init__(parent)
        self._objects, self._agenda = document.objects, agenda
        self._is_on, self._locked = True, self._objects.locked_ids
        document.objects_changed.connect(self._on_objects_changed)
        document.edited.connect(self._on_edited)

    @property
    def is_on(self) -> bool:
        """Whether what is stale is computed without being asked for."""
        return self._is_on

    @is_on.setter
    def is_on(self, is_on: bool) -> None:
        self._is_on = is_on
        self.changed.emit(self.is_due)

    @property
    def is_due(self) -> bool:
        """Whether there is anything to compute that nobody asks for."""
        return self._has_due(frozenset(self._objects.ids))

    def _has_due(self, ids: frozenset[int]) -> bool:
        return self._is_on and self._agenda.has_stale(ids)

    def _on_edited(self, is_stale: bool) -> None:
        """What a run is to put back is something else; undo may bring stale masks back."""
        self.changed.emit(is_stale and self.is_due)

    def _on_objects_changed(self) -> None:
        """A run must see that a lock was set or taken away, or there is one now."""
        before, self._locked = self._locked, self._objects.locked_ids
        if before != self._locked:
            self.changed.emit(self._has_due(before - self._locked))
