"""Which keys a command has: the table's, those of a preset, or the person's own.

For: `ActionSet`, which gives the window its shortcuts by it, and the shortcut editor.
Kept in the settings: the preset's name, and what was changed on top of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from PySide6.QtCore import QSettings
from PySide6.QtGui import QKeySequence

from vos_annotator.core.translation import marked, tr
from vos_annotator.ui.action import Action, menu_titles
from vos_annotator.ui.actions import ACTIONS
from vos_annotator.ui.settings import kept

Keys = tuple[str, ...]

DEFAULT = marked("Default")
# Only what differs from the table. A key that a preset names is taken from the command that
# has it in the table.
PRESETS: dict[str, dict[str, Keys]] = {
    DEFAULT: {},
    "Cutie/XMem": {
        "propagate-forward": ("F", "Space", "Ctrl+Shift+Right"),
        "propagate-backward": ("B", "Ctrl+Shift+Left"),
        "play": ("P",),
        "first": ("Alt+Left", "Home"),
        "last": ("Alt+Right", "End"),
        "propagate-previous": (",",),
        "propagate-next": (".",),
        "keep": ("C", "Return", "Enter"),
        "tool-brush": ("Shift+B",),
        "tool-fill": ("Shift+F",),
        "tool-point": ("Shift+P",),
    },
    "CVAT": {
        "previous": ("D", "Left", "PgUp"),
        "next": ("F", "Right", "PgDown"),
        "back-10": ("V", "Shift+Left"),
        "forward-10": ("C", "Shift+Right"),
        "keep": ("K", "Return", "Enter"),
        "hide-object": ("H",),
        "masks": ("Shift+H",),
        "tool-select": ("Shift+V",),
        "tool-fill": ("Shift+F",),
    },
    "Adobe": {
        "previous": ("PgUp", "Left", "A"),
        "next": ("PgDown", "Right", "D"),
        "back-10": ("Shift+PgUp", "Shift+Left"),
        "forward-10": ("Shift+PgDown", "Shift+Right"),
        "previous-reference": ("J", "Ctrl+Left"),
        "next-reference": ("K", "Ctrl+Right"),
        "tool-brush": ("Ctrl+B", "B"),
    },
}
_PRESET_KEY, _CHANGED_KEY = "keys/preset", "keys/changed"


class Keymap:
    """The keys of every command.

    Attributes:
        preset: The name of the preset that all is based on.
    """

    def __init__(self, rows: Iterable[Action] = ACTIONS) -> None:
        """Take up what is in the settings."""
        self._rows = {row.id: row.translated() for row in rows}
        preset = kept(_PRESET_KEY, DEFAULT)
        self.preset = preset if preset in PRESETS else DEFAULT
        self._changed = _read_changed(kept(_CHANGED_KEY, "{}"), self._rows)

    def keys(self, action_id: str) -> Keys:
        """Return the keys of a command; the first is shown."""
        own = self._changed.get(action_id)
        return self.preset_keys(action_id) if own is None else own

    def preset_keys(self, action_id: str) -> Keys:
        """Return the keys that the preset gives a command."""
        preset = PRESETS[self.preset]
        if action_id in preset:
            return preset[action_id]
        taken = {normal(key) for keys in preset.values() for key in keys}
        return tuple(key for key in self._rows[action_id].keys if normal(key) not in taken)

    def rows(self) -> list[Action]:
        """Return the table in the language in use, with the keys as they are now."""
        return [replace(row, keys=self.keys(row.id)) for row in self._rows.values()]

    def is_changed(self, action_id: str) -> bool:
        """Return whether a command's keys are not the preset's."""
        return action_id in self._changed

    def owner(self, key: str, but: str = "") -> str | None:
        """Return which command, other than `but`, has a key; None for a free one."""
        wanted = normal(key)
        for action_id in self._rows:
            if action_id != but and wanted in map(normal, self.keys(action_id)):
                return action_id
        return None

    def conflict(self, key: str, action_id: str) -> str:
        """Return in a sentence why a command cannot have a key; empty where it can."""
        shown = key_text(key)
        if self._rows[action_id].scope == "hold" and "+" in normal(key)[:-1]:
            return tr("{key} cannot be held down; choose a single key.", key=shown)
        for title in menu_titles().values():
            if normal(key) == f"Alt+{title[title.index('&') + 1].upper()}":
                menu = title.replace("&", "")
                return tr("{key} opens the menu {menu}; choose another key.", key=shown, menu=menu)
        owner = self.owner(key, action_id)
        if owner is None:
            return ""
        command = self._rows[owner].text.rstrip("…")
        return tr("{key} already belongs to “{command}”.", key=shown, command=command)

    def give(self, action_id: str, keys: Iterable[str]) -> None:
        """Give a command these keys and no others; whoever has one of them loses it."""
        keys = tuple(dict.fromkeys(normal(key) for key in keys))
        for key in keys:
            owner = self.owner(key, action_id)
            if owner is not None:
                left = tuple(each for each in self.keys(owner) if normal(each) != key)
                self._set(owner, left)
        self._set(action_id, keys)
        self._store()

    def reset(self, action_id: str) -> None:
        """Give a command the preset's keys again; who took them loses them."""
        self.give(action_id, self.preset_keys(action_id))

    def use_preset(self, name: str) -> None:
        """Take all keys from a preset; what was changed is forgotten."""
        self.preset, self._changed = name, {}
        self._store()

    def _set(self, action_id: str, keys: Keys) -> None:
        if [*map(normal, keys)] == [*map(normal, self.preset_keys(action_id))]:
            self._changed.pop(action_id, None)
        else:
            self._changed[action_id] = keys

    def _store(self) -> None:
        settings = QSettings()
        settings.setValue(_PRESET_KEY, self.preset)
        settings.setValue(_CHANGED_KEY, json.dumps(self._changed))


def key_text(key: str) -> str:
    """Return `key` as this desktop writes it; Enter is Enter, wherever it lies on the keyboard."""
    text = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
    return text.replace("Return", "Enter")


@cache
def normal(key: str) -> str:
    """Return a key in the one spelling that can be compared; Qt takes its time for that."""
    return QKeySequence(key).toString()


def _read_changed(text: str, rows: dict[str, Action]) -> dict[str, Keys]:
    """Return the changes in the settings; none if someone broke them."""
    try:
        return {name: tuple(map(str, keys)) for name, keys in json.loads(text).items()
                if name in rows}  # fmt: skip
    except (ValueError, AttributeError, TypeError):
        return {}
