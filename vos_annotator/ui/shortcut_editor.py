"""The shortcut editor: every command of the table with its keys, to be changed at once.

For: the Help menu. What is changed counts from that moment on, and is kept by the keymap.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from vos_annotator.core.translation import tr
from vos_annotator.ui.action import menu_path
from vos_annotator.ui.keymap import PRESETS, Keymap, key_text, normal
from vos_annotator.ui.letters import give_letters
from vos_annotator.ui.words import fits

_ID = Qt.ItemDataRole.UserRole
_SIZE = (640, 640)
_KEY_MARGINS = 24  # px


class ShortcutEditor(QDialog):
    """All commands and their keys.

    Signals:
        changed(): The keymap is another one now.
    """

    changed = Signal()

    def __init__(self, keymap: Keymap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keymap = keymap
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.preset = QComboBox()
        for name in PRESETS:
            self.preset.addItem(tr(name), name)
        self.preset.setCurrentIndex(self.preset.findData(keymap.preset))
        self.preset.setAccessibleName(tr("Preset"))
        self.preset.activated.connect(lambda _: self._use_preset(self.preset.currentData()))
        self.search = QLineEdit(
            placeholderText=tr("Search commands and keys"), clearButtonEnabled=True
        )
        self.search.setAccessibleName(tr("Search commands and keys"))
        self.search.textChanged.connect(self._filter)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(tr("Commands and their keys"))
        self.tree.setHeaderLabels([tr("Command"), tr("Keys")])
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(14)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(False)
        self.tree.currentItemChanged.connect(self._show_row)
        self.key = QKeySequenceEdit()
        self.key.setMaximumSequenceLength(1)
        hint = self.key.findChild(QLineEdit).placeholderText()  # Qt's own words
        self.key.setMinimumWidth(self.fontMetrics().horizontalAdvance(hint) + _KEY_MARGINS)
        self.key.setAccessibleName(tr("New key of the chosen command"))
        self.key.keySequenceChanged.connect(self._check)
        for part in (self.key, *self.key.findChildren(QWidget)):
            part.installEventFilter(self)
        self.add = _button(tr("Add key"), self._add)
        self.replace = _button(tr("Use instead"), self._replace)
        self.clear = _button(tr("No key"), self._clear)
        self.reset = _button(tr("Reset"), self._reset)
        self.reset_all = _button(tr("Reset all"), self._reset_all)
        self.close_button = _button(tr("Close"), self.close)
        self.verdict = QLabel(wordWrap=True)
        self.verdict.setMinimumHeight(self.verdict.fontMetrics().height() * 2)
        self._lay_out()
        self._fill()
        self.resize(*_SIZE)
        self.tree.setCurrentItem(self.tree.topLevelItem(0).child(0))

    def select(self, action_id: str) -> None:
        """Choose a command."""
        self.tree.setCurrentItem(self._items[action_id])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the field have every key, those of the dialog too: Esc, Enter, Tab."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().eventFilter(watched, event)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        preset = QLabel(tr("Preset"))
        preset.setBuddy(self.preset)
        top.addWidget(preset)
        top.addWidget(self.preset)
        top.addSpacing(12)
        top.addWidget(self.search, 1)
        middle = QHBoxLayout()
        label = QLabel(tr("New key"))
        label.setBuddy(self.key)
        for part in (label, self.key, self.add, self.replace, self.clear, self.reset):
            middle.addWidget(part, part is self.key)
        bottom = QHBoxLayout()
        bottom.addWidget(self.reset_all)
        bottom.addStretch(1)
        bottom.addWidget(self.close_button)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        outer.setSpacing(10)
        outer.addLayout(top)
        outer.addWidget(self.tree, 1)
        outer.addLayout(middle)
        outer.addWidget(self.verdict)
        outer.addLayout(bottom)
        give_letters(self)

    def _fill(self) -> None:
        self._items: dict[str, QTreeWidgetItem] = {}
        heads: dict[str, QTreeWidgetItem] = {}
        for row in self._keymap.rows():
            menu = menu_path(row.menu)[0]
            if menu not in heads:
                head = QTreeWidgetItem(self.tree, [menu])
                head.setFlags(Qt.ItemFlag.ItemIsEnabled)
                head.setExpanded(True)
                heads[menu] = head
            item = QTreeWidgetItem(heads[menu], [row.text.rstrip("…"), ""])
            item.setData(0, _ID, row.id)
            item.setToolTip(0, row.tip)
            self._items[row.id] = item
        self._show_keys()

    def _show_keys(self) -> None:
        for action_id, item in self._items.items():
            shown = dict.fromkeys(key_text(key) for key in self._keymap.keys(action_id))
            item.setText(1, ", ".join(shown))
            font = item.font(1)
            font.setBold(self._keymap.is_changed(action_id))
            item.setFont(1, font)
        self._check()

    def _filter(self, text: str) -> None:
        for place in range(self.tree.topLevelItemCount()):
            head = self.tree.topLevelItem(place)
            rows = [head.child(each) for each in range(head.childCount())]
            for row in rows:
                row.setHidden(not fits(text, f"{head.text(0)} {row.text(0)} {row.text(1)}"))
            head.setHidden(all(row.isHidden() for row in rows))

    @property
    def _chosen(self) -> str | None:
        item = self.tree.currentItem()
        return item.data(0, _ID) if item is not None else None

    def _show_row(self) -> None:
        self.key.clear()
        self._check()

    def _check(self) -> None:
        """Say at once what the key that was pressed would do."""
        chosen, key = self._chosen, self.key.keySequence().toString()
        problem = self._keymap.conflict(key, chosen) if chosen and key else ""
        owner = self._keymap.owner(key, chosen or "") if key else None
        is_impossible = bool(problem) and owner is None
        self.verdict.setText(
            tr("{problem} Used here, it is taken from there.", problem=problem)
            if owner and problem
            else problem
        )
        for button in (self.add, self.replace):
            button.setEnabled(bool(chosen and key) and not is_impossible)
        self.clear.setEnabled(bool(chosen and self._keymap.keys(chosen)))
        self.reset.setEnabled(bool(chosen and self._keymap.is_changed(chosen)))

    def _add(self) -> None:
        self._give((*self._keymap.keys(self._chosen), normal(self.key.keySequence().toString())))

    def _replace(self) -> None:
        self._give((self.key.keySequence().toString(),))

    def _clear(self) -> None:
        self._give(())

    def _give(self, keys: tuple[str, ...]) -> None:
        self._keymap.give(self._chosen, keys)
        self._tell()

    def _reset(self) -> None:
        self._keymap.reset(self._chosen)
        self._tell()

    def _reset_all(self) -> None:
        self._use_preset(self._keymap.preset)

    def _use_preset(self, name: str) -> None:
        self._keymap.use_preset(name)
        self._tell()

    def _tell(self) -> None:
        self.key.setKeySequence(QKeySequence())
        self._show_keys()
        self.changed.emit()


def _button(text: str, call: object) -> QPushButton:
    button = QPushButton(text, autoDefault=False)
    button.clicked.connect(lambda: call())
    return button
