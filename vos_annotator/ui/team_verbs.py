"""What the actions do for several people on one video: merge, compare, and tell the effort.

For: the action table, whose rows name these methods.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vos_annotator.core.translation import tr

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow


class TeamVerbs:
    """The commands on projects of several people."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def merge_projects(self) -> None:
        """Ask for another project, list the conflicts, and write a third one."""
        from vos_annotator.ui.merge_dialog import MergeDialog

        dialog = MergeDialog(self._window)
        dialog.merged.connect(self._show_merged)
        dialog.show()

    def compare_projects(self) -> None:
        """Show how far another project agrees with this one."""
        from vos_annotator.ui.compare_dialog import CompareDialog

        CompareDialog(self._window).show()

    def show_effort(self) -> None:
        """Show what annotating took."""
        from vos_annotator.ui.effort_dialog import EffortDialog

        EffortDialog(self._window).show()

    def _show_merged(self, path: Path, is_to_open: bool) -> None:
        if not is_to_open or self._window.open_path(path):
            self._window.say(tr("Both projects are merged in {path}", path=path))
