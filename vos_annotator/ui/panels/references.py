"""The reference frames as thumbnails: a click goes there, the x releases the frame.

For: the window. Thumbnails are asked for only when they come into view, and are made in
another thread, so that five hundred references cost no more than the nine on screen.
"""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from vos_annotator.core.edits import Status
from vos_annotator.core.translation import tr
from vos_annotator.ui.cursor import Cursor
from vos_annotator.ui.document import Document
from vos_annotator.ui.icons import icon
from vos_annotator.ui.language import number
from vos_annotator.ui.panels.panel import Panel
from vos_annotator.ui.thumbnails import Thumbnails

_CROSS = 16  # px
_LABEL = 16  # px under a thumbnail, for its frame number
_GAP = 6  # px
_FRAME = Qt.ItemDataRole.UserRole

_Index = QModelIndex | QPersistentModelIndex


class ReferencesModel(QAbstractListModel):
    """The reference frames of a document, in order."""

    def __init__(self, document: Document, thumbnails: Thumbnails, parent: QObject) -> None:
        super().__init__(parent)
        self._document, self._thumbnails = document, thumbnails
        self.frames: list[int] = list(document.annotations.references)
        self._images: dict[int, QImage] = {}
        self._asked: set[int] = set()
        thumbnails.ready.connect(self._on_ready)
        document.frame_changed.connect(self._on_frame_changed)
        document.objects_changed.connect(self._ask_all_again)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """Return how many references there are."""
        return 0 if parent.isValid() else len(self.frames)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a reference's frame number or its thumbnail, which is asked for if need be."""
        frame = self.frames[index.row()]
        if role == _FRAME:
            return frame
        if role == Qt.ItemDataRole.DisplayRole:
            return number(frame)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tr(
                "A click goes to frame {frame}. The cross makes it a prediction again.",
                frame=number(frame),
            )
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return tr("Reference frame {frame}", frame=frame)
        if role == Qt.ItemDataRole.DecorationRole:
            if frame not in self._asked:
                self._asked.add(frame)
                colors = {each.id: each.color for each in self._document.objects}
                self._thumbnails.ask(frame, self._document.annotations.png(frame), colors)
            return self._images.get(frame)
        return None

    def _on_ready(self, frame: int, image: QImage) -> None:
        if frame in self._asked:
            self._images[frame] = image
            self._emit_changed(frame)

    def _on_frame_changed(self, frame: int, box: object) -> None:
        is_reference = self._document.annotations.status(frame) is Status.REFERENCE
        if is_reference and frame in self.frames:
            self._asked.discard(frame)
            self._emit_changed(frame)
        elif is_reference:
            row = sum(each < frame for each in self.frames)
            self.beginInsertRows(QModelIndex(), row, row)
            self.frames.insert(row, frame)
            self.endInsertRows()
        elif frame in self.frames:
            row = self.frames.index(frame)
            self.beginRemoveRows(QModelIndex(), row, row)
            del self.frames[row]
            self._images.pop(frame, None)
            self._asked.discard(frame)
            self.endRemoveRows()

    def _ask_all_again(self) -> None:
        self._asked.clear()
        if self.frames:
            self.dataChanged.emit(self.index(0), self.index(len(self.frames) - 1))

    def _emit_changed(self, frame: int) -> None:
        if frame in self.frames:
            index = self.index(self.frames.index(frame))
            self.dataChanged.emit(index, index)


class _Delegate(QStyledItemDelegate):
    """Paints a thumbnail, its frame number and, under the mouse, the x."""

    released = Signal(int)

    def __init__(self, size: QSize, cursor: Cursor, parent: QObject) -> None:
        super().__init__(parent)
        self._size, self._cursor = size, cursor

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return self._size + QSize(_GAP, _LABEL + _GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        palette, frame = option.palette, index.data(_FRAME)
        picture = self._picture_rect(option.rect)
        is_here = frame == self._cursor.frame
        image = index.data(Qt.ItemDataRole.DecorationRole)
        painter.save()
        if image is None:
            painter.fillRect(picture, palette.shadow())
        else:
            painter.drawImage(picture, image)
        painter.setPen(QPen(palette.text() if is_here else palette.mid(), 1.5 if is_here else 1))
        painter.drawRect(picture)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(palette.highlight(), 1.5))
            painter.drawRect(picture.adjusted(-2, -2, 2, 2))
        painter.setPen(palette.text().color() if is_here else palette.placeholderText().color())
        label = QRect(picture.left(), picture.bottom() + 1, picture.width(), _LABEL)
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, index.data())
        if option.state & QStyle.StateFlag.State_MouseOver:
            cross = self.cross_rect(option.rect)
            painter.fillRect(cross, QColor(0, 0, 0, 150))
            icon("close", palette.ColorRole.BrightText).paint(painter, cross)
        painter.restore()

    def editorEvent(
        self, event: QEvent, model: object, option: QStyleOptionViewItem, index: _Index
    ) -> bool:
        if (
            event.type() == QEvent.Type.MouseButtonRelease
            and isinstance(event, QMouseEvent)
            and event.button() == Qt.MouseButton.LeftButton
            and self.cross_rect(option.rect).contains(event.position().toPoint())
        ):
            self.released.emit(index.data(_FRAME))
            return True
        return False

    def cross_rect(self, cell: QRect) -> QRect:
        """Return where the x is in a cell."""
        picture = self._picture_rect(cell)
        return QRect(picture.right() - _CROSS, picture.top() + 1, _CROSS, _CROSS)

    def _picture_rect(self, cell: QRect) -> QRect:
        return QRect(
            cell.left() + _GAP // 2,
            cell.top() + _GAP // 2,
            self._size.width(),
            self._size.height(),
        )


class ReferencesPanel(Panel):
    """The reference frames of a document."""

    def __init__(
        self,
        document: Document,
        cursor: Cursor,
        thumbnails: Thumbnails,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(tr("References"), parent)
        self._document, self._cursor = document, cursor
        self.model = ReferencesModel(document, thumbnails, self)
        self.view = QListView()
        self.view.setAccessibleName(tr("Reference frames"))
        self.view.setViewMode(QListView.ViewMode.IconMode)
        self.view.setResizeMode(QListView.ResizeMode.Adjust)
        self.view.setMovement(QListView.Movement.Static)
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the canvas
        self.view.setContentsMargins(0, 0, 0, 0)
        self.view.setModel(self.model)
        delegate = _Delegate(QSize(*thumbnails.size), cursor, self)
        self.delegate = delegate
        self.view.setItemDelegate(delegate)
        self.view.setStyleSheet("QListView { padding-left: 8px; }")
        self._empty = QLabel()
        self._empty.setProperty("role", "quiet")
        self._empty.setContentsMargins(12, 8, 12, 8)
        self._empty.setWordWrap(True)
        self._column.addWidget(self._empty)
        self.set_content(self.view)

        delegate.released.connect(self._release)
        self.view.clicked.connect(self._go)
        self.view.activated.connect(self._go)
        cursor.frame_changed.connect(lambda _: self.view.viewport().update())
        for signal in (self.model.rowsInserted, self.model.rowsRemoved):
            signal.connect(self._count)
        self._count()

    def invite(self, text: str) -> None:
        """Say what is listed here, while nothing is."""
        self._empty.setText(text)

    def _count(self, *_: object) -> None:
        self._empty.setVisible(not self.model.frames)
        self.note.setText(f"{self.model.rowCount()}  ")

    def _go(self, index: QModelIndex) -> None:
        frame = index.data(_FRAME)
        if frame is not None:  # a click on the x is a click too, and the cell has gone
            self._cursor.frame = frame

    def _release(self, frame: int) -> None:
        self._document.release(frame)
