"""What a row of the table of actions is, and the menus and reasons that rows name.

For: the table and all that is made of it. Plain Python; the words are English here, and
`Action.translated`, `menu_titles` and `menu_path` give those of the language in use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vos_annotator.core.translation import tr

MENUS = {
    "File": "&File",
    "Edit": "&Edit",
    "Frame": "F&rame",
    "Object": "O&bject",
    "Mask": "&Mask",
    "Propagate": "&Propagate",
    "View": "&View",
    "Help": "&Help",
}

# What a person hears of a command that makes no sense now, by the condition that fails.
REASONS = {
    "video": "no video is open",
    "object": "no object is chosen",
    "any object": "there is no object",
    "undo": "nothing to undo",
    "redo": "nothing to redo",
    "running": "nothing is running",
    "reference somewhere": "no frame is a reference yet",
    "reference here": "this frame is no reference",
    "range": "no range is set",
    "has object": "no object has this number",
}


@dataclass(frozen=True, slots=True)
class Action:
    """One row of the table.

    Attributes:
        id: Its name in the code.
        menu: The menu it stands in; "Object/Select" is a menu within a menu.
        text: Its words in the menu; {0} is the first argument.
        method: The method of `Verbs` that does it.
        arguments: What the method is called with.
        keys: Its keys; the first is shown.
        icon: The icon's name.
        tip: One sentence for the tooltip and the cheat sheet, where the text is not enough.
        needs: The conditions under which it is enabled.
        scope: "window"; "canvas" when the key counts only there; "hold" for a key that
            does it while held down and is not a shortcut of Qt's.
        checked: The condition under which it shows a tick; empty for plain ones.
        group: Its radio group, if it is one of several choices.
        starts_group: Whether a line is drawn above it.
        in_bar: Whether it stands in the tool bar.
        repeats: Whether holding the key repeats it.
        edits: Whether it looks at what there is and changes it: a big change that is under way
            comes to its end before.
    """

    id: str
    menu: str
    text: str
    method: str
    arguments: tuple = ()
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    needs: tuple[str, ...] = ("video",)
    scope: str = "window"
    checked: str = ""
    group: str = ""
    starts_group: bool = False
    in_bar: bool = False
    repeats: bool = False
    edits: bool = False

    def translated(self) -> Action:
        """Return the row in the words of the language in use."""
        return replace(self, text=tr(self.text).format(*self.arguments), tip=tr(self.tip))


def menu_path(menu: str) -> list[str]:
    """Return the names, in the language in use, of the menus that `Action.menu` stands for."""
    return [tr(name) for name in menu.split("/")]


def menu_titles() -> dict[str, str]:
    """Return the titles of the menus in the language in use, by the names in the table."""
    return {name: tr(title) for name, title in MENUS.items()}
