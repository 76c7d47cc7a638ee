"""The canvas: the frame, the masks over it, and the tool in the person's hand.

For: the workspace. Shows what the cursor points at, turns the mouse into calls of the tool
in hand, and zooms and pans. It decodes nothing itself: a picture is shown with its masks
when the loader has it.

Items are in pixels of the source.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPalette,
    QResizeEvent,
    QTabletEvent,
    QWheelEvent,
)

from vos_annotator.core.masks import Box, LabelMap
from vos_annotator.ui.bridge import EngineBridge
from vos_annotator.ui.canvas_items import PictureItem, RingItem, SketchItem
from vos_annotator.ui.cursor import Cursor
from vos_annotator.ui.document import Document
from vos_annotator.ui.frame_loader import FrameLoader
from vos_annotator.ui.grip import Grip
from vos_annotator.ui.hand import Hand, removes
from vos_annotator.ui.minimap import Minimap
from vos_annotator.ui.onion import OnionSkin
from vos_annotator.ui.overlay import MaskItem
from vos_annotator.ui.pen import PEN_EVENTS, Pen
from vos_annotator.ui.tools import TOOLS
from vos_annotator.ui.tools.tool import Tool
from vos_annotator.ui.view_modes import look, nothing
from vos_annotator.ui.zoom_view import ZoomView

_ZOOM_STEP = 1.2  # a notch of the wheel
_BRUSH_STEP = 1.1
_BUTTONS = Qt.MouseButton.LeftButton | Qt.MouseButton.RightButton | Qt.MouseButton.MiddleButton


class Canvas(ZoomView):
    """One frame with its masks.

    Attributes:
        document, cursor, bridge: What the tools work on.
        masks, sketch: What the tools draw on.
        has_shift: Whether Shift was down when the mouse last moved or was pressed.

    Signals:
        pointer_moved(x, y): The mouse, in pixels of the source.
        touched: The tool is about to work on what is shown.
        message(text): Why a tool did nothing.
    """

    pointer_moved = Signal(float, float)
    touched = Signal()
    message = Signal(str)

    def __init__(self, document: Document, cursor: Cursor, bridge: EngineBridge) -> None:
        shape = document.video.shape
        super().__init__(shape)
        self.document, self.cursor, self.bridge = document, cursor, bridge
        self._picture, self.masks = PictureItem(shape), MaskItem(shape)
        self.sketch, self._ring = SketchItem(shape), RingItem()
        self._onion = OnionSkin(document, cursor, self)
        items = (self._picture, self.masks, *self._onion.items, self.sketch, self._ring)
        for item in items:
            self.view.addItem(item, ignoreBounds=True)
        self._minimap, self._pen = Minimap(self, shape), Pen()
        self._shown: int | None = None  # the frame in the picture
        self._previews: dict[object, tuple[int, LabelMap]] = {}  # by who shows it; the last counts
        self._grip = Grip(self)
        self.has_shift = False
        self._tools = {name: tool(self) for name, tool in TOOLS.items()}
        self._hand = Hand(self._tools[cursor.tool], self._grip, self.touched.emit)
        self._loader = FrameLoader(document.video, self)
        self._refreshing = QTimer(self, singleShot=True, interval=0)
        self._connect()
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 160)
        self._take_tool(cursor.tool)
        self._set_colors()
        self._load()

    @property
    def is_current(self) -> bool:
        """Whether the picture is that of the cursor's frame."""
        return self._shown == self.cursor.frame

    @property
    def shown_frame(self) -> int | None:
        """The frame in the picture; None until the first is there."""
        return self._shown

    @property
    def picture(self) -> QImage | None:
        """The picture that is shown, in the size of the source; None where there is none."""
        return self._picture.whole

    def tool(self, name: str) -> Tool:
        """Return a tool, whichever is in hand."""
        return self._tools[name]

    def show_preview(self, who: object, frame: int = 0, labels: LabelMap | None = None) -> None:
        """Show `labels` on a frame in place of its own until `who` says otherwise; None: no more.

        What others show is seen again then.
        """
        self._previews.pop(who, None)
        if labels is not None:
            self._previews[who] = frame, labels
        self._refresh()

    def close_loader(self) -> None:
        """Join the thread that decodes, and those of the tools; nothing more is drawn."""
        self._refreshing.stop()
        self._loader.close()
        for tool in self._tools.values():
            tool.close()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._set_surround()

    def _set_surround(self) -> None:
        self.setBackground(self.palette().color(QPalette.ColorRole.Shadow))

    # What is shown

    def _connect(self) -> None:
        cursor, document = self.cursor, self.document
        self._loader.ready.connect(self._show_picture)
        self._loader.failed.connect(self._show_failure)
        self._refreshing.timeout.connect(self._refresh)
        cursor.frame_changed.connect(self._on_frame_moved)
        cursor.scrubbing_changed.connect(self._load)
        cursor.tool_changed.connect(self._take_tool)
        cursor.brush_changed.connect(self._show_ring)
        self.zoom_changed.connect(self._show_ring)
        cursor.object_changed.connect(self._set_colors)
        cursor.view_changed.connect(self._set_colors)
        document.objects_changed.connect(lambda: self._hand.tool.follow())
        document.objects_changed.connect(self._set_colors)
        document.frame_changed.connect(self._on_labels_changed)
        self._set_surround()

    def _on_frame_moved(self) -> None:
        self._hand.tool.leave()
        self._load()

    def _load(self) -> None:
        """Ask for the picture; while the playhead is dragged, for one that is quick to get."""
        frame = self.cursor.frame
        if self.cursor.scrubbing:
            frame = self.document.video.nearest_keyframe(frame)
        if frame != self._shown:
            self._loader.ask(frame)

    def _show_picture(self, frame: int, levels: list[QImage]) -> None:
        if self._loader.is_closed:
            return
        wanted = self.cursor.frame
        if frame != wanted and not self.cursor.scrubbing and self._shown == wanted:
            return  # left meanwhile, and back already
        self._shown = frame
        self._picture.show_levels(levels)
        self._minimap.show_picture(levels)
        self._refresh()
        self._load()  # it may be a key-frame that stood in

    def _show_failure(self, frame: int, text: str) -> None:
        self._shown = frame
        self._picture.show_levels([])
        self._refresh()
        self.message.emit(text)

    def _on_labels_changed(self, frame: int, box: Box | None) -> None:
        self._hand.tool.follow(frame)
        if frame == self._shown:
            self._refreshing.start()  # once, however many changes this turn brings

    def _refresh(self) -> None:
        """Show the masks as the document has them, unless a tool has them in hand."""
        if self._shown is not None and not self._hand.tool.is_busy:
            here = [labels for frame, labels in self._previews.values() if frame == self._shown]
            self.masks.show_labels(here[-1] if here else self.document.annotations[self._shown])

    def _set_colors(self) -> None:
        cursor, objects = self.cursor, self.document.objects
        shown = nothing()
        if cursor.masks_shown:
            shown = look(cursor.view_mode, objects, cursor.object_id, cursor.opacity)
        self.masks.set_colors(shown.fill, shown.line, shown.textures)

    # The mouse

    def _take_tool(self, name: str) -> None:
        self._hand.take(self._tools[name])
        self._show_shape()
        self._ring.setVisible(self._hand.tool.has_ring and self.underMouse())
        self._show_ring()

    def _show_ring(self) -> None:
        self._ring.set_brush(self.cursor.stroke_size, self._hand.tool.removes or self._pen.erases)

    def _show_shape(self) -> None:
        self.viewport().setCursor(self._grip.shape or self._hand.tool.shape)

    def offer_grip(self, is_offered: bool) -> bool:
        """Let any button take hold of the picture, or no more; return whether one did."""
        was_used = self._grip.offer(is_offered)
        self._show_shape()
        return was_used

    def mousePressEvent(self, event: QMouseEvent, twice: bool = False) -> None:
        """Begin to move the view, or to work."""
        self.has_shift = _has_shift(event)
        if event.button() & _BUTTONS:
            self._hand.press(event, self.to_frame(event.position()), removes(event), twice)
            self._show_shape()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Let the tool know that it was the second press."""
        self.mousePressEvent(event, twice=True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan, work, or only point."""
        point = self.to_frame(event.position())
        self.has_shift = _has_shift(event)
        if event.buttons() & _BUTTONS:
            self._hand.drag(point)
        else:
            self._hand.tool.hover(point)
        if self._pen.erases:  # it was turned over when it left
            self._pen.rest()
            self._show_ring()
        self._ring.setPos(point)
        self._ring.setVisible(self._hand.tool.has_ring)
        self.pointer_moved.emit(point.x(), point.y())
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag."""
        if event.button() & _BUTTONS:
            self._hand.release(event, self.to_frame(event.position()))
            self._show_shape()
            self._refreshing.start()  # what arrived while the tool had the masks
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        """Work with a pen; it must not come a second time as a mouse."""
        if event.type() in PEN_EVENTS:
            self._work_with_pen(event)
            event.accept()
            return True
        return super().viewportEvent(event)

    def _work_with_pen(self, event: QTabletEvent) -> None:
        point, self.has_shift = self.to_frame(event.position()), _has_shift(event)
        self._pen.follow(event)
        self.cursor.pressure = self._pen.share
        if self._pen.begins(event):
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._hand.press(event, point, self._pen.removes(event))
        elif self._pen.ends(event):
            self._hand.release(event, point)
            self._pen.rest()
            self.cursor.pressure = self._pen.share
            self._refreshing.start()
        elif self._pen.is_drawing:
            self._hand.drag(point)
        else:
            self._hand.tool.hover(point)
        self._ring.setPos(point)
        self._ring.setVisible(self._hand.tool.has_ring)
        self._show_ring()
        self.pointer_moved.emit(point.x(), point.y())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep the minimap in its corner."""
        super().resizeEvent(event)
        if event is not None:
            self._minimap.follow()

    def leaveEvent(self, event: QEvent) -> None:
        """Hide the ring."""
        super().leaveEvent(event)
        self._ring.setVisible(False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the mouse; with Shift, change the brush; two fingers pan."""
        notches = (event.angleDelta().y() or event.angleDelta().x()) / 120
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.cursor.brush_size *= _BRUSH_STEP**notches
        elif event.pixelDelta().isNull() or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_to(self.zoom * _ZOOM_STEP**notches, self.to_frame(event.position()))
        else:
            self.pan(QPointF(event.pixelDelta()) / self.zoom)
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Keep the keys that end or take back what is begun: they are keys of the window too."""
        if event.type() == QEvent.Type.ShortcutOverride and self._hand.deed(event) is not None:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Finish, cancel or take back what the tool has in hand."""
        if (deed := self._hand.deed(event)) is not None:
            deed()
        else:
            event.ignore()

    def take_back(self) -> bool:
        """Take back what was begun last and is no edit yet; False where there is nothing."""
        return self._hand.tool.take_back()


def _has_shift(event: QMouseEvent | QTabletEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
