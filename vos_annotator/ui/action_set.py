"""The table of actions as Qt's actions: menus, tool bar, shortcuts and tooltips.

For: the main window. Knows the table and nothing of what the actions do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar, QWidget

from vos_annotator.core.history import History
from vos_annotator.core.translation import marked, tr
from vos_annotator.ui.action import REASONS, Action, menu_path, menu_titles
from vos_annotator.ui.actions import ACTIONS
from vos_annotator.ui.icons import icon
from vos_annotator.ui.keymap import key_text
from vos_annotator.ui.words import with_signs

_NOT_NOW = marked("not now")


class ActionSet:
    """The table as Qt's actions, on one window."""

    def __init__(
        self,
        window: QWidget,
        targets: Sequence[object],
        rows: Iterable[Action] = ACTIONS,
        settle: Callable[[], bool] = lambda: True,
    ) -> None:
        """Make the actions.

        Args:
            window: Whose shortcuts they are.
            targets: The objects whose methods the rows name.
            rows: The table.
            settle: Is called before an action that edits, which may make no sense after it;
                returns whether the object that was chosen still is.
        """
        self._targets, self._settle = targets, settle
        self.rows = {row.id: row for row in rows}
        self._actions: dict[str, QAction] = {}
        self._conditions: set[str] = set()
        groups: dict[str, QActionGroup] = {}
        for row in self.rows.values():
            action = QAction(row.text, window)
            action.setObjectName(row.id)
            action.setCheckable(bool(row.checked))
            action.setAutoRepeat(row.repeats)
            action.setStatusTip(row.tip)
            if row.icon:
                action.setIcon(icon(row.icon))
            if row.group:
                group = groups.setdefault(row.group, QActionGroup(window))
                group.addAction(action)
            _give_keys(action, row)
            if row.scope == "canvas":
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            self._actions[row.id] = action
            action.triggered.connect(self._caller(row))
            if row.scope == "window":
                window.addAction(action)

    def __getitem__(self, action_id: str) -> QAction:
        return self._actions[action_id]

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())

    def fill_menus(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Make the menus; returns them by name."""
        menus = {name: bar.addMenu(title) for name, title in menu_titles().items()}
        for row in self.rows.values():
            parent, _, child = row.menu.partition("/")
            menu = menus[parent]
            if child:
                if row.menu not in menus:
                    menus[row.menu] = menu.addMenu(menu_path(row.menu)[-1])
                menu = menus[row.menu]
            if row.starts_group and not menu.isEmpty():
                menu.addSeparator()
            menu.addAction(self[row.id])
        return menus

    def fill_bar(self, bar: QToolBar) -> None:
        """Put the tools into the bar."""
        for row in self.rows.values():
            if row.in_bar:
                bar.addAction(self[row.id])
                button = bar.widgetForAction(self[row.id])
                button.setAccessibleName(row.text)
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def attach_canvas(self, canvas: QWidget) -> None:
        """Let the keys that count only there work on `canvas`."""
        for row in self.rows.values():
            if row.scope == "canvas":
                canvas.addAction(self[row.id])

    def after_ticks(self, call: Callable[[], None]) -> None:
        """Have `call` follow each command with a tick: Qt has set that, whatever was done."""
        for action in self:
            if action.isCheckable():
                action.triggered.connect(lambda _checked=False: call())

    def _caller(self, row: Action) -> Callable[..., None]:
        method, action = _method(self._targets, row), self._actions[row.id]

        def call(_checked: bool = False) -> None:
            is_as_before = not row.edits or self._settle()
            if action.isEnabled() and (is_as_before or "object" not in row.needs):
                method(*row.arguments)

        return call

    def held(self) -> dict[str, Callable[[bool], None]]:
        """Return what to call, by key, when one goes down or up that does it while held."""
        rows = [row for row in self.rows.values() if row.scope == "hold"]
        return {key: _method(self._targets, row) for row in rows for key in row.keys}

    def set_keys(self, rows: Iterable[Action]) -> None:
        """Take the keys of `rows` in place of those there are."""
        for row in rows:
            self.rows[row.id] = row
            _give_keys(self[row.id], row)

    def with_keys(self, text: str) -> str:
        """Return `text` with the key of each command that it names as `key:` and an id."""
        return re.sub(r"\bkey:([\w-]+)", self._key_of, text)

    def _key_of(self, found: re.Match[str]) -> str:
        row = self.rows.get(found[1])
        if row is None:
            return found[0]
        return (
            key_text(row.keys[0]) if row.keys else tr("“{command}”", command=row.text.rstrip("…"))
        )

    def why_not(self, action_id: str) -> str:
        """Return in a few words why an action makes no sense now; empty where it does."""
        for need in self.rows[action_id].needs:
            if need not in self._conditions:
                return tr(REASONS.get(need.rstrip(" 123456789"), _NOT_NOW))
        return ""

    def refusal(self, key: QKeyCombination) -> str:
        """Return in a sentence why the action that has a key makes no sense now; empty for none.

        Esc is pressed to be sure that nothing goes on: that nothing does is no news then.
        """
        pressed = QKeySequence(key)
        for row in self.rows.values():
            action, why = self[row.id], self.why_not(row.id)
            if why and row.id != "stop" and pressed in action.shortcuts():
                return tr("{command}: {why}.", command=row.text.rstrip("…"), why=why)
        return ""

    def refresh(self, conditions: set[str]) -> None:
        """Enable and tick the actions as `conditions` say."""
        self._conditions = conditions
        for row in self.rows.values():
            action = self[row.id]
            action.setEnabled(conditions.issuperset(row.needs))
            if row.checked:
                action.setChecked(row.checked in conditions)

    def name_steps(self, history: History | None) -> None:
        """Name the steps that undo and redo would take; without a history there are none."""
        undo, redo = (history.undo_text, history.redo_text) if history is not None else ("", "")
        undo, redo = with_signs(undo), with_signs(redo)  # objects are named in them
        self["undo"].setText(tr("Undo {step}", step=undo) if undo else tr("Undo"))
        self["redo"].setText(tr("Redo {step}", step=redo) if redo else tr("Redo"))


def tooltip(row: Action) -> str:
    """Return the words and the first key, and under them what it does."""
    text = row.text.rstrip("…")
    title = f"{text}  ({key_text(row.keys[0])})" if row.keys else text
    return f"{title}\n{row.tip}" if row.tip else title


def _give_keys(action: QAction, row: Action) -> None:
    action.setToolTip(tooltip(row))
    keys = [QKeySequence(key) for key in row.keys]
    if row.scope != "hold":
        action.setShortcuts(keys)
    shown = [each.toString(QKeySequence.SequenceFormat.NativeText) for each in action.shortcuts()]
    words = [key_text(key) for key in row.keys]
    if words[:1] != shown[:1]:  # no shortcut of Qt's, or Qt calls it something else
        action.setText(f"{row.text}\t{words[0]}")
    elif "\t" in action.text():
        action.setText(row.text)


def _method(targets: Sequence[object], row: Action) -> Callable[..., None]:
    return next(getattr(each, row.method) for each in targets if hasattr(each, row.method))
