"""Where a frame is on the screen: fitted, zoomed at a point, moved.

For: the canvas. Geometry is pyqtgraph's `ViewBox`; everything is in pixels of the frame.
"""

import pyqtgraph as pg
from PySide6.QtCore import QPoint, QPointF, QRectF, Signal
from PySide6.QtGui import QResizeEvent

_LARGEST_ZOOM = 40.0
_MARGIN = 0.02  # of the frame, around it when it is fitted


class ZoomView(pg.GraphicsView):
    """A view of a frame that cannot be lost out of sight.

    Attributes:
        view: What items are added to.

    Signals:
        zoom_changed(zoom): 1 is a pixel of the frame a pixel of the screen.
    """

    zoom_changed = Signal(float)

    def __init__(self, shape: tuple[int, int]) -> None:
        """Make the view of a (H, W) frame."""
        super().__init__(background=None)
        self.view = pg.ViewBox(
            lockAspect=True, invertY=True, enableMouse=False, enableMenu=False, defaultPadding=0
        )
        self.setCentralItem(self.view)
        self._frame_rect = QRectF(0, 0, shape[1], shape[0])
        self._is_fitted = True

    @property
    def zoom(self) -> float:
        """Pixels of the screen a pixel of the frame."""
        return 1 / max(self.view.viewPixelSize()[0], 1e-9)

    def fit(self) -> None:
        """Show the whole frame, and keep doing so when the window changes."""
        self._is_fitted = True
        room_x, room_y = (_MARGIN * side for side in self._frame_rect.size().toTuple())
        rect = self._frame_rect.adjusted(-room_x, -room_y, room_x, room_y)
        self.view.setRange(rect, padding=0)
        self._tell_zoom()

    def zoom_100(self) -> None:
        """Show a pixel of the frame as a pixel of the screen, around the middle."""
        self.zoom_to(1 / self.devicePixelRatioF(), self.view.viewRect().center())

    def zoom_to(self, zoom: float, anchor: QPointF) -> None:
        """Zoom; `anchor`, in pixels of the frame, stays where it is on the screen."""
        fitting = min(
            self.view.width() / self._frame_rect.width(),
            self.view.height() / self._frame_rect.height(),
        )
        zoom = min(max(zoom, min(fitting / 2, 1.0)), _LARGEST_ZOOM)
        factor = self.zoom / zoom
        self._is_fitted = False
        self.view.scaleBy((factor, factor), center=anchor)
        self._tell_zoom()

    def pan(self, moved: QPointF) -> None:
        """Move the picture along by `moved` pixels of the frame; it cannot leave the view."""
        self._is_fitted = False
        view, frame = self.view.viewRect(), self._frame_rect
        center = view.center() - moved
        center.setX(min(max(center.x(), frame.left()), frame.right()))
        center.setY(min(max(center.y(), frame.top()), frame.bottom()))
        shift = center - view.center()
        self.view.translateBy(x=shift.x(), y=shift.y())
        self._tell_zoom()

    def to_frame(self, position: QPointF | QPoint) -> QPointF:
        """Return a position in the widget as pixels of the frame."""
        return self.view.mapSceneToView(self.mapToScene(QPointF(position).toPoint()))

    def to_widget(self, point: QPointF) -> QPoint:
        """Return a point of the frame as a position in the widget."""
        return self.mapFromScene(self.view.mapViewToScene(point))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep the whole frame in view where it was."""
        super().resizeEvent(event)
        if event is not None and self._is_fitted:
            self.fit()

    def _tell_zoom(self) -> None:
        self.zoom_changed.emit(self.zoom * self.devicePixelRatioF())
