"""The playhead running along with a pass that a person began where they stand.

For: the workspace. It follows for as long as nobody moves the playhead or presses a button of
the mouse: who turns to other work is left where they are.
"""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from vos_annotator.ui.bridge import EngineBridge
from vos_annotator.ui.cursor import Cursor


class Follow(QObject):
    """Moves the playhead to each frame that a pass has reached."""

    def __init__(self, cursor: Cursor, bridge: EngineBridge, parent: QObject) -> None:
        super().__init__(parent)
        self._cursor = cursor
        self._edge: int | None = None  # where the pass and the playhead are; None: apart
        bridge.progress.connect(self._on_progress)

    def begin(self) -> None:
        """Follow the next pass, if it sets out from the playhead."""
        self._edge = self._cursor.frame

    def _on_progress(self, progress: object) -> None:
        if progress is None or self._edge is None:
            self._edge = None
            return
        is_together = self._cursor.frame == self._edge and abs(progress.frame - self._edge) <= 1
        if is_together and not QApplication.mouseButtons():
            self._edge = self._cursor.frame = progress.frame
        else:
            self._edge = None
