"""Where a frame is on the screen: fitted, zoomed at a point, moved.

For: the canvas. Everything is in pixels of the frame. The scene's own coordinates are those of
the widget; all items hang on one root, whose transform is the zoom and the place.
"""

from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QPainter, QResizeEvent, QTransform
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsItem,
    QGraphicsScene,
    QGraphicsView,
    QStyleOptionGraphicsItem,
    QWidget,
)

_LARGEST_ZOOM = 40.0
_MARGIN = 0.02  # of the frame, around it when it is fitted


class ZoomView(QGraphicsView):
    """A view of a frame that cannot be lost out of sight.

    Signals:
        zoom_changed(zoom): 1 is a pixel of the frame a pixel of the screen.
    """

    zoom_changed = Signal(float)

    def __init__(self, shape: tuple[int, int]) -> None:
        """Make the view of a (H, W) frame."""
        super().__init__()
        self.setScene(QGraphicsScene(self))
        self.scene().setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)  # few, and moving
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._root = _Root()
        self.scene().addItem(self._root)
        self._frame_rect = QRectF(0, 0, shape[1], shape[0])
        self._is_fitted = True

    @property
    def zoom(self) -> float:
        """Pixels of the screen a pixel of the frame."""
        return self._root.transform().m11()

    @property
    def seen(self) -> QRectF:
        """What is in view, in pixels of the frame; reaches beyond it where that ends."""
        inverse, _ = self._root.transform().inverted()
        return inverse.mapRect(QRectF(self.viewport().rect()))

    def add_item(self, item: QGraphicsItem) -> None:
        """Show an item that is drawn in pixels of the frame, over those that are there."""
        item.setParentItem(self._root)

    def fit(self) -> None:
        """Show the whole frame, and keep doing so when the window changes."""
        self._is_fitted = True
        self._look(self._fitting / (1 + 2 * _MARGIN), self._frame_rect.center())

    def zoom_100(self) -> None:
        """Show a pixel of the frame as a pixel of the screen, around the middle."""
        self.zoom_to(1 / self.devicePixelRatioF(), self.seen.center())

    def zoom_to(self, zoom: float, anchor: QPointF) -> None:
        """Zoom; `anchor`, in pixels of the frame, stays where it is on the screen."""
        zoom = min(max(zoom, min(self._fitting / 2, 1.0)), _LARGEST_ZOOM)
        self._is_fitted = False
        self._look(zoom, anchor + (self.seen.center() - anchor) * (self.zoom / zoom))

    def pan(self, moved: QPointF) -> None:
        """Move the picture along by `moved` pixels of the frame; it cannot leave the view."""
        self._is_fitted = False
        center, frame = self.seen.center() - moved, self._frame_rect
        center.setX(min(max(center.x(), frame.left()), frame.right()))
        center.setY(min(max(center.y(), frame.top()), frame.bottom()))
        self._look(self.zoom, center)

    def to_frame(self, position: QPointF | QPoint) -> QPointF:
        """Return a position in the widget as pixels of the frame."""
        return self._root.mapFromScene(QPointF(position))

    def to_widget(self, point: QPointF) -> QPoint:
        """Return a point of the frame as a position in the widget."""
        return self._root.mapToScene(point).toPoint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep in view what was: the whole frame, or the same middle at the same zoom."""
        super().resizeEvent(event)
        center = self.to_frame(QRectF(QPointF(), QSizeF(event.oldSize())).center())
        self.setSceneRect(QRectF(self.viewport().rect()))
        if self._is_fitted:
            self.fit()
        else:
            self._look(self.zoom, center)

    @property
    def _fitting(self) -> float:
        """The zoom at which the frame just fits."""
        room, frame = self.viewport().rect(), self._frame_rect
        return max(min(room.width() / frame.width(), room.height() / frame.height()), 1e-6)

    def _look(self, zoom: float, center: QPointF) -> None:
        """Put a point of the frame into the middle of the view."""
        middle = QRectF(self.viewport().rect()).center()
        place = middle - center * zoom
        self._root.setTransform(QTransform(zoom, 0, 0, zoom, place.x(), place.y()))
        self.zoom_changed.emit(self.zoom * self.devicePixelRatioF())


class _Root(QGraphicsItem):
    """What all items hang on; shows nothing itself."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)

    def boundingRect(self) -> QRectF:
        """Nothing."""
        return QRectF()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Draw nothing."""
