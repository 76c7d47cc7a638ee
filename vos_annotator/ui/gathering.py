"""Putting masks aside for another thread, a few at a time.

For: the bridge, whose runs must leave some as they are, and the export. Knows annotations
and Qt's event loop.
"""

import time
from collections.abc import Iterable, Iterator

from PySide6.QtCore import QObject, Signal

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.errors import UserError
from vos_annotator.engine.kept import KeptMaps
from vos_annotator.ui.inference import VISIT, single_shot


class Gathering(QObject):
    """Reads the masks of a range of frames between other events.

    Signals:
        done(kept): They are all in the mapping frame -> `StoredMap`.
        failed(message): They cannot be put aside.
    """

    done = Signal(object)
    failed = Signal(str)

    def __init__(self, annotations: Annotations, parent: QObject) -> None:
        super().__init__(parent)
        self._annotations = annotations
        self._frames: Iterator[int] = iter(())
        self._kept: KeptMaps | None = None
        self._again = single_shot(self, 0, self._read_some)

    @property
    def is_active(self) -> bool:
        """Whether frames are left to read."""
        return self._again.isActive()

    def start(self, frames: Iterable[int]) -> None:
        """Read the masks of `frames`; the first few at once."""
        self._frames, self._kept = iter(frames), KeptMaps()
        self._read_some()

    def stop(self) -> None:
        """Give up; `done` does not come."""
        self._again.stop()

    def _read_some(self) -> None:
        leave_at = time.perf_counter() + VISIT
        try:
            for frame in self._frames:
                if stored := self._annotations.stored_map(frame):
                    self._kept.add(frame, stored)
                if time.perf_counter() > leave_at:
                    self._again.start()
                    return
        except UserError as error:
            self.failed.emit(str(error))
            return
        self.done.emit(self._kept)
