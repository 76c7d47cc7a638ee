"""The command palette: type a few letters of what you want, press Enter.

For: Ctrl+K. Lists every row of the action table with its keys; what makes no sense now is
grey, and says why.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from vos_annotator.core.translation import tr
from vos_annotator.ui.action import menu_path
from vos_annotator.ui.action_set import ActionSet
from vos_annotator.ui.keymap import key_text
from vos_annotator.ui.words import score, without_marks

WIDTH, _HEIGHT, _TOP = 560, 420, 80
_PAD, _ROW = 12, 30
_ID = Qt.ItemDataRole.UserRole
_KEYS, _WHY = _ID + 1, _ID + 2
_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class CommandPalette(QDialog):
    """A search field over all commands."""

    def __init__(self, actions: ActionSet, window: QWidget) -> None:
        # A popup has the keys at once: what is typed before a desktop has given another kind of
        # window the focus would be commands.
        super().__init__(window, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_NoMouseReplay)  # a click beside it only closes it
        self.setWindowTitle(tr("Commands"))
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet("CommandPalette { border: 1px solid palette(mid); }")
        self._actions = actions
        self.field = QLineEdit(placeholderText=tr("What do you want to do?"))
        self.field.setAccessibleName(tr("Search commands"))
        self.field.textChanged.connect(self._show)
        self.field.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Commands"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setItemDelegate(_RowPainter(self.list))
        self.list.itemClicked.connect(self.run)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self.resize(WIDTH, _HEIGHT)
        self.move(window.mapToGlobal(window.rect().topLeft()).x() + (window.width() - WIDTH) // 2,
                  window.mapToGlobal(window.rect().topLeft()).y() + _TOP)  # fmt: skip
        self._show("")
        self.field.setFocus()

    def run(self, item: QListWidgetItem | None) -> None:
        """Close, and do what a row says; a grey one stays and keeps its reason in view."""
        if item is None or item.data(_WHY):
            return
        action = self._actions[item.data(_ID)]
        self.accept()
        action.trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows move in the list while the field has the focus; Enter runs the row."""
        if event.type() == QEvent.Type.KeyPress:
            if event.key() in _MOVES:
                self.list.event(event)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.run(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _show(self, query: str) -> None:
        found = []
        for place, row in enumerate(self._actions.rows.values()):
            why = self._actions.why_not(row.id)
            # Qt's text, for it names what would be undone; the tip counts a little.
            text = without_marks(self._actions[row.id].text().partition("\t")[0].rstrip("…"))
            menu = " > ".join(menu_path(row.menu))
            points = score(query, f"{text} {menu}") or score(query, f"{text} {row.tip}") / 4
            if points:
                found.append((-points, bool(why), place, row, text, why, menu))
        self.list.clear()
        for *_, row, text, why, menu in sorted(found, key=lambda each: each[:3]):
            item = QListWidgetItem(f"{menu}: {text}", self.list)
            item.setData(_ID, row.id)
            item.setData(_KEYS, key_text(row.keys[0]) if row.keys else "")
            item.setData(_WHY, why)
            item.setToolTip(row.tip)
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, why or row.tip)
        if found:
            self.list.setCurrentRow(0)
        else:
            item = QListWidgetItem(tr("No command has these words."), self.list)
            item.setFlags(Qt.ItemFlag.NoItemFlags)


class _RowPainter(QStyledItemDelegate):
    """The words at the left; at the right the key, or why not."""

    def sizeHint(self, option: QStyleOptionViewItem, index: object) -> QSize:
        return QSize(option.rect.width(), _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: object) -> None:
        role, palette = QPalette.ColorRole, option.palette
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, palette.color(role.Midlight))
        rect = option.rect.adjusted(_PAD, 0, -_PAD, 0)
        why, keys = index.data(_WHY), index.data(_KEYS)
        is_quiet = why or not option.state & QStyle.StateFlag.State_Enabled
        painter.setPen(palette.color(role.PlaceholderText if is_quiet else role.Text))
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, index.data())
        painter.setPen(palette.color(role.PlaceholderText))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(rect, flags, why or keys or "")
