"""Whether masks are computed roughly first, and when their full size has its turn.

For: the bridge. Knows the agenda, Qt's timers and settings.

Rough masks of a whole range are there in a part of the time; they stay stale, so they are computed
again, at full size, when a person pauses.
"""

from PySide6.QtCore import QObject, QSettings, Signal

from vos_annotator.engine.remaining import Run
from vos_annotator.ui.agenda import Agenda
from vos_annotator.ui.inference import single_shot

PAUSE = 1500  # ms after rough masks, or after an edit that needs none
_ON_KEY = "rough first"


class RoughFirst(QObject):
    """The switch, and what it makes of the work that is left.

    Signals:
        changed(): It was switched on or off.
        paused(): A person has done nothing for a while: the full size has its turn.
    """

    changed = Signal()
    paused = Signal()

    def __init__(self, agenda: Agenda, parent: QObject) -> None:
        super().__init__(parent)
        self._agenda = agenda
        self._is_on = bool(QSettings().value(_ON_KEY, False, bool))
        self._is_pause_due = True
        self._place: int | None = None
        self._pause = single_shot(self, PAUSE, self._on_pause)

    @property
    def is_on(self) -> bool:
        """Whether rough masks come first; kept for the next start."""
        return self._is_on

    @is_on.setter
    def is_on(self, is_on: bool) -> None:
        self._is_on = is_on
        QSettings().setValue(_ON_KEY, is_on)
        self.changed.emit()

    @property
    def is_waiting(self) -> bool:
        """Whether the full size has its turn when a person has paused for long enough."""
        return self._pause.isActive()

    def runs(self, with_stale: bool) -> list[Run]:
        """Return the runs that give rough masks where that is worth while; see `Agenda.runs`."""
        return self._agenda.runs(with_stale, roughly=True) if self._is_on else []

    def waits(self, with_stale: bool) -> bool:
        """Wait for a pause, if there is something to do then and none was since the last edit."""
        if self._is_on and self._is_pause_due and self._agenda.runs(with_stale):
            self._pause.start()
        return self.is_waiting

    def note_run(self, is_rough: bool) -> None:
        """A run begins: after one at full size the next one waits for nothing."""
        self.stop()
        self._is_pause_due = is_rough

    def note_edit(self) -> None:
        """A person changes something."""
        self.stop()
        self._is_pause_due = True

    def note_sign_of_life(self) -> None:
        """A person does something that is no edit yet: what waits, waits on."""
        if self.is_waiting:
            self._pause.start()

    def note_place(self, frame: int) -> None:
        """A person looks at a frame: the full size has its turn near it first."""
        self._place = frame

    def stop(self) -> None:
        """Wait no more."""
        self._pause.stop()

    def _on_pause(self) -> None:
        if self._place is not None:
            self._agenda.origin = self._place
        self.paused.emit()
