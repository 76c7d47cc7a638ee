"""What actions do that choose who computes masks, and how.

For: the action table, whose rows name these methods. Knows the window, its bridge and dialogs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vos_annotator.core.translation import tr
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.clicks import ClickFiles
from vos_annotator.ui import dialogs
from vos_annotator.ui.click_dialog import ClickDialog
from vos_annotator.ui.click_files import keep_files
from vos_annotator.ui.engine_choice import keep_choice
from vos_annotator.ui.engine_dialog import EngineDialog

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow


class EngineVerbs:
    """The commands on the engine of an open project."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def toggle_refining(self) -> None:
        """Look at the objects of large frames from near, or be quicker."""
        self._window.workspace.bridge.refines = not self._window.workspace.bridge.refines

    def toggle_rough_first(self) -> None:
        """Have rough masks of everything first, and their full size in a pause, or at once."""
        rough_first = self._window.workspace.bridge.rough_first
        rough_first.is_on = not rough_first.is_on

    def choose_engine(self) -> None:
        """Ask which engine is to compute masks."""
        if dialogs.is_brought_up(self._window, EngineDialog):
            return
        dialog = EngineDialog(self._window.workspace, self._window.engine, self._window)
        dialog.chosen.connect(self._take_engine)
        dialog.show()

    def choose_clicks(self) -> None:
        """Ask who is to answer clicks and boxes."""
        if dialogs.is_brought_up(self._window, ClickDialog):
            return
        dialog = ClickDialog(self._window.workspace, self._window)
        dialog.chosen.connect(self._take_clicks)
        dialog.show()

    def _take_clicks(self, files: ClickFiles | None, provenance: str) -> None:
        keep_files(files)
        if files is None:
            self._window.say(tr("Clicks and boxes are answered by the engine."))
        else:
            self._window.say(tr("Clicks and boxes are answered by {files}.", files=provenance))

    def _take_engine(self, choice: EngineChoice) -> None:
        self._window.engine = choice
        keep_choice(choice)
        self._window.say(
            tr(
                "The engine is {engine} now. key:propagate computes masks with it; those that "
                "are there stay until then.",
                engine=choice,
            )
        )

    def toggle_learning(self) -> None:
        """Let the engine learn from the references at rest, or go back to what it knew."""
        learning = self._window.workspace.bridge.learning
        learning.is_on = not learning.is_on
