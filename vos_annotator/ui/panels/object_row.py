"""One object in the objects panel.

For: the objects panel. Shows an object and says what the person wants changed of it.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QIcon,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QToolButton,
    QWidget,
)

from vos_annotator.core.objects import SCREEN_COLORS, VideoObject
from vos_annotator.core.translation import marked, tr
from vos_annotator.ui.icons import icon
from vos_annotator.ui.panels.panel import small_button
from vos_annotator.ui.timeline_states import EMPTY, describe

_NAME_WIDTH = 82  # px that a name has, if it needs them; the state is shortened before
_NAME_LEFT, _NAME_RIGHT = 9, 4  # px beside the text of a name
_COLOR_NAMES = (  # of SCREEN_COLORS
    *(marked("Sky blue"), marked("Green"), marked("Pink"), marked("Yellow"), marked("Blue")),
    *(marked("Purple"), marked("Olive"), marked("Light blue"), marked("Orange"), marked("Red")),
)


class NameField(QLineEdit):
    """A name that looks like a label until it is edited."""

    def __init__(self) -> None:
        super().__init__()
        self._before = ""
        self.setFrame(False)
        self.editingFinished.connect(self.stop)
        self.textChanged.connect(self.updateGeometry)
        self.stop()

    def sizeHint(self) -> QSize:
        """As wide as the text, or as is kept for it."""
        text = self.fontMetrics().horizontalAdvance(self.text())
        width = min(_NAME_LEFT + text + _NAME_RIGHT, _NAME_WIDTH)
        return QSize(width, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """As the hint: the state is narrower first."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Shorten what has no room; while it is edited it is moved instead."""
        if self.isReadOnly():
            _paint_shortened(self, self.text(), _NAME_LEFT)
        else:
            super().paintEvent(event)

    def start(self) -> None:
        """Let the person type."""
        self._before = self.text()
        self.setReadOnly(False)
        self.setStyleSheet("")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, False)
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.selectAll()

    def stop(self) -> None:
        """Be a label again, and give the focus back."""
        self.setReadOnly(True)
        self.clearFocus()
        self.deselect()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setStyleSheet("QLineEdit { background: transparent; border-color: transparent; }")

    def event(self, event: QEvent) -> bool:
        """Keep all keys while editing; Esc takes the old name back."""
        if event.type() == QEvent.Type.ShortcutOverride and not self.isReadOnly():
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self.setText(self._before)
            self.clearFocus()
            return True
        return super().event(event)


class StateLabel(QLabel):
    """A word that gives way to a name, with what is left out in its tooltip."""

    def minimumSizeHint(self) -> QSize:
        """Nothing, if there is no room: the eye and the lock have to stay in view."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Shorten what has no room: of words one after another the last one says the most."""
        text = self.text()
        if self.fontMetrics().horizontalAdvance(text) > self.width():
            text = text.rpartition(", ")[2]
        _paint_shortened(self, text, side=Qt.AlignmentFlag.AlignRight)


class ObjectRow(QWidget):
    """A line: colour, number and name, state, eye, lock.

    Signals:
        chosen(object_id): The row was clicked.
        changed(object_id, changes): The person wants these fields changed.
        menu_asked(object_id, position): A right click, in global coordinates.
    """

    chosen = Signal(int)
    changed = Signal(int, dict)
    menu_asked = Signal(int, object)

    def __init__(self, shown: VideoObject) -> None:
        super().__init__()
        self._object = shown
        self._is_current = False
        self.swatch = QToolButton()
        self.swatch.setIconSize(QSize(14, 14))
        self.swatch.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.swatch.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.swatch.setMenu(self._color_menu())
        self.number = QLabel()
        self.number.setProperty("role", "quiet")
        self.name = NameField()
        self.name.editingFinished.connect(self._send_name)
        self.state = StateLabel()
        self.state.setProperty("role", "quiet")
        self.state.setStyleSheet("font-size: 11px;")
        self.eye = small_button("eye", tr("Hide"), checkable=True)
        self.eye.clicked.connect(lambda off: self._send(visible=not off))
        self.lock = small_button("unlock", tr("Lock"), checkable=True)
        self.lock.clicked.connect(lambda on: self._send(locked=on))
        line = QHBoxLayout(self)
        line.setContentsMargins(2, 1, 2, 1)
        line.setSpacing(2)
        for widget in (self.swatch, self.number):
            line.addWidget(widget)
        line.addWidget(self.name, 1)
        for widget in (self.state, self.eye, self.lock):
            line.addWidget(widget)
        self.show_object(shown)

    def show_object(self, shown: VideoObject) -> None:
        """Show these fields."""
        self._object = shown
        self.number.setText(str(shown.id))
        if self.name.isReadOnly():
            self.name.setText(shown.name)
            self.name.setCursorPosition(0)
        self.swatch.setIcon(_swatch(shown.color))
        self.eye.setChecked(not shown.visible)
        self.eye.setIcon(icon("eye" if shown.visible else "eye-off"))
        self.lock.setChecked(shown.locked)
        self.lock.setIcon(icon("lock" if shown.locked else "unlock"))
        self.setToolTip(shown.name)
        self.setAccessibleName(tr("Object {number} {name}", number=shown.id, name=shown.name))
        self.name.setAccessibleName(tr("Name of object {number}", number=shown.id))
        name = shown.name
        hide = tr("Hide {name}", name=name) if shown.visible else tr("Show {name}", name=name)
        lock = tr("Unlock {name}", name=name) if shown.locked else tr("Lock {name}", name=name)
        for button, words in (
            (self.swatch, tr("Colour of {name}", name=name)),
            (self.eye, hide),
            (self.lock, lock),
        ):
            button.setAccessibleName(words)
            button.setToolTip(words)

    def show_state(self, word: str) -> None:
        """Say what is known of the object on this frame."""
        shown = "" if word == describe(EMPTY) else word
        self.state.setText(shown)
        self.state.setToolTip(shown)
        self.setAccessibleDescription(word)

    def set_current(self, is_current: bool) -> None:
        """Mark the row as the current object's."""
        self._is_current = is_current
        self.update()

    def edit_name(self) -> None:
        """Let the person type a name."""
        self.name.start()

    def paintEvent(self, event: QEvent) -> None:
        """Lift the current row off the panel."""
        if self._is_current:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.palette().light())
            painter.drawRoundedRect(self.rect(), 5, 5)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the object."""
        self.chosen.emit(self._object.id)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Rename the object."""
        self.edit_name()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask the window for its object menu."""
        self.chosen.emit(self._object.id)
        self.menu_asked.emit(self._object.id, event.globalPos())

    def _send(self, **changes: object) -> None:
        self.changed.emit(self._object.id, changes)

    def _send_name(self) -> None:
        name = self.name.text().strip()
        if name and name != self._object.name:
            self._send(name=name)
        else:
            self.name.setText(self._object.name)

    def choose_color(self) -> None:
        """Let the person choose a colour, with the mouse or with the arrow keys."""
        self.swatch.menu().popup(self.swatch.mapToGlobal(self.swatch.rect().bottomLeft()))

    def _color_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAccessibleName(tr("Colours"))
        for color, name in zip(SCREEN_COLORS, _COLOR_NAMES, strict=True):
            action = menu.addAction(_swatch(color), tr(name))
            action.triggered.connect(lambda _=False, color=color: self._send(color=color))
        return menu


def _paint_shortened(
    widget: QWidget,
    text: str,
    left: int = 0,
    side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    """Paint as much of a text as a widget has room for, and dots for the rest."""
    painter, room = QPainter(widget), widget.rect().adjusted(left, 0, 0, 0)
    fitting = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room.width())
    painter.setPen(widget.palette().color(widget.foregroundRole()))
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | side, fitting)


def _swatch(color: tuple[int, int, int]) -> QIcon:
    pixmap = QPixmap(56, 56)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(*color))
    painter.drawEllipse(QRectF(4, 4, 48, 48))
    painter.end()
    return QIcon(pixmap)
