"""What the actions do that changes how things are looked at and how commands are reached.

For: the action table, whose rows name these methods, beside those of `Verbs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from vos_annotator.ui.dialogs import is_brought_up
from vos_annotator.ui.language import keep_choice, language_choice
from vos_annotator.ui.palette import CommandPalette
from vos_annotator.ui.shortcut_editor import ShortcutEditor
from vos_annotator.ui.theme import choose_theme
from vos_annotator.ui.view_modes import VIEW_MODES

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow


_ZOOM_STEP = 1.25
_MOVE_SHARE = 0.15  # of what is in view


class ViewVerbs:
    """The commands on the view and the keys."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def look_at(self, mode: str) -> None:
        """Show the masks another way."""
        self._window.cursor.view_mode = mode
        self._window.refresh_actions()

    def cycle_view(self, step: int) -> None:
        """Show the masks the next way, and say which."""
        place = VIEW_MODES.index(self._window.cursor.view_mode) + step
        mode = VIEW_MODES[place % len(VIEW_MODES)]
        self.look_at(mode)
        self._window.say(self._window.actions_.rows[f"view-{mode}"].tip)

    def toggle_onion(self) -> None:
        """Show or hide the outlines of the neighbouring references."""
        self._window.cursor.onion = not self._window.cursor.onion
        self._window.refresh_actions()

    def zoom(self, steps: int) -> None:
        """Zoom at the middle of the view."""
        canvas = self._window.canvas
        canvas.zoom_to(canvas.zoom * _ZOOM_STEP**steps, canvas.view.viewRect().center())

    def move_view(self, across: int, down: int) -> None:
        """Look further to one side."""
        canvas = self._window.canvas
        seen = canvas.view.viewRect().size() * _MOVE_SHARE
        canvas.pan(QPointF(-across * seen.width(), -down * seen.height()))

    def use_theme(self, choice: str) -> None:
        """Be dark or light, or as the desktop is."""
        choose_theme(QApplication.instance(), choice)
        self._window.refresh_actions()

    def use_language(self, choice: str) -> None:
        """Speak another language: the window is made again, and opens what was open.

        Unless the person wants it to stay open: then it goes on as it is.
        """
        if choice != language_choice() and self._window.make_again():
            keep_choice(choice)
        else:
            self._window.refresh_actions()

    def choose_memory(self) -> None:
        """Ask how much memory caches may take."""
        from vos_annotator.ui.memory_dialog import MemoryDialog  # superqt loads slowly

        if not is_brought_up(self._window, MemoryDialog):
            MemoryDialog(self._window).show()

    def toggle_pace(self) -> None:
        """Show or hide how the program keeps pace."""
        pace = self._window.workspace.pace
        pace.setVisible(pace.isHidden())
        self._window.refresh_actions()

    def show_palette(self) -> None:
        """Show the command palette."""
        CommandPalette(self._window.actions_, self._window).show()

    def edit_shortcuts(self) -> None:
        """Show the shortcut editor."""
        if is_brought_up(self._window, ShortcutEditor):
            return
        editor = ShortcutEditor(self._window.keymap, self._window)
        editor.changed.connect(self._window.take_keys)
        editor.show()
