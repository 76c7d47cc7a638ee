"""What the actions do that changes how things are looked at and how commands are reached.

For: the action table, whose rows name these methods, beside those of `Verbs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vos_annotator.ui.palette import CommandPalette
from vos_annotator.ui.shortcut_editor import ShortcutEditor

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow


class ViewVerbs:
    """The commands on the view and the keys."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def show_palette(self) -> None:
        """Show the command palette."""
        CommandPalette(self._window.actions_, self._window).show()

    def edit_shortcuts(self) -> None:
        """Show the shortcut editor."""
        editor = ShortcutEditor(self._window.keymap, self._window)
        editor.changed.connect(self._window.take_keys)
        editor.show()
