"""Where the person is: frame, object, tool, and how the masks are looked at.

For: everything in the window. Views read it and follow its signals; actions and tools set
it. Nothing of it is an edit, so nothing of it is undone.
"""

from PySide6.QtCore import QObject, Signal

from vos_annotator.ui.document import Document
from vos_annotator.ui.view_modes import OVERLAY

BRUSH_SIZES = (1.0, 1000.0)  # px of the source


class Cursor(QObject):
    """A position in a document; setters keep every value in its range.

    Attributes:
        pressure: How much of the brush a pen asks for, 0..1; 1 without one.

    Signals:
        frame_changed(frame)
        object_changed(object_id): An id, or None for no object.
        tool_changed(name)
        brush_changed(size)
        view_changed(): Opacity, masks, how they are shown, or the in/out range changed.
        scrubbing_changed(is_scrubbing)
    """

    frame_changed = Signal(int)
    object_changed = Signal(object)
    tool_changed = Signal(str)
    brush_changed = Signal(float)
    view_changed = Signal()
    scrubbing_changed = Signal(bool)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._last = document.video.frame_count - 1
        self._document, self._objects = document, document.objects
        self._frame = 0
        self._object_id: int | None = None
        self._tool = "brush"
        self._brush_size = max(4.0, round(min(document.video.shape) / 24))
        self.pressure = 1.0
        self._opacity, self._masks_shown = 0.45, True
        self._view_mode, self._onion = OVERLAY, False
        self._in_frame: int | None = None
        self._out_frame: int | None = None
        self._is_scrubbing = False
        document.objects_changed.connect(self._on_objects_changed)

    @property
    def frame(self) -> int:
        """The frame that is looked at."""
        return self._frame

    @frame.setter
    def frame(self, frame: int) -> None:
        frame = min(max(frame, 0), self._last)
        if frame != self._frame:
            self._frame = frame
            self.frame_changed.emit(frame)

    @property
    def object_id(self) -> int | None:
        """The object that tools work on; None where there is none yet."""
        return self._object_id

    @object_id.setter
    def object_id(self, object_id: int | None) -> None:
        if object_id != self._object_id:
            self._object_id = object_id
            self.object_changed.emit(object_id)

    def settle(self) -> bool:
        """Have a big change that is under way end; return whether the object is still the same."""
        object_id = self._object_id
        self._document.settle()
        return self._object_id == object_id

    @property
    def tool(self) -> str:
        """The name of the tool in hand."""
        return self._tool

    @tool.setter
    def tool(self, name: str) -> None:
        if name != self._tool:
            self._tool = name
            self.tool_changed.emit(name)

    @property
    def brush_size(self) -> float:
        """The brush's diameter, px of the source."""
        return self._brush_size

    @brush_size.setter
    def brush_size(self, size: float) -> None:
        size = min(max(size, BRUSH_SIZES[0]), BRUSH_SIZES[1])
        if size != self._brush_size:
            self._brush_size = size
            self.brush_changed.emit(size)

    @property
    def stroke_size(self) -> float:
        """The brush's diameter as a pen is pressed, px of the source."""
        return max(self._brush_size * self.pressure, BRUSH_SIZES[0])

    @property
    def opacity(self) -> float:
        """How strong the masks' fill is, 0..1; their contours stay."""
        return self._opacity

    @opacity.setter
    def opacity(self, opacity: float) -> None:
        self._opacity = min(max(opacity, 0.0), 1.0)
        self.view_changed.emit()

    @property
    def masks_shown(self) -> bool:
        """Whether masks are shown at all."""
        return self._masks_shown

    @masks_shown.setter
    def masks_shown(self, are_shown: bool) -> None:
        self._masks_shown = are_shown
        self.view_changed.emit()

    @property
    def view_mode(self) -> str:
        """How masks are shown, one of `VIEW_MODES`."""
        return self._view_mode

    @view_mode.setter
    def view_mode(self, mode: str) -> None:
        self._view_mode = mode
        self.view_changed.emit()

    @property
    def onion(self) -> bool:
        """Whether the outlines of the references before and after are shown too."""
        return self._onion

    @onion.setter
    def onion(self, is_shown: bool) -> None:
        self._onion = is_shown
        self.view_changed.emit()

    @property
    def in_frame(self) -> int | None:
        """Where the range begins; None for the first frame. It never passes its end."""
        return self._in_frame

    @in_frame.setter
    def in_frame(self, frame: int | None) -> None:
        self._in_frame = None if frame is None else min(max(frame, 0), self._last)
        if None not in (self._in_frame, self._out_frame) and self._out_frame < self._in_frame:
            self._out_frame = None
        self.view_changed.emit()

    @property
    def out_frame(self) -> int | None:
        """The last frame of the range; None for the last of the video."""
        return self._out_frame

    @out_frame.setter
    def out_frame(self, frame: int | None) -> None:
        self._out_frame = None if frame is None else min(max(frame, 0), self._last)
        if None not in (self._in_frame, self._out_frame) and self._in_frame > self._out_frame:
            self._in_frame = None
        self.view_changed.emit()

    @property
    def has_range(self) -> bool:
        """Whether the range begins or ends anywhere but with the video."""
        return self._in_frame is not None or self._out_frame is not None

    @property
    def frames(self) -> range:
        """The frames of the range, at least one; all of them where there is none."""
        last = self._last if self._out_frame is None else self._out_frame
        return range(self._in_frame or 0, last + 1)

    @property
    def scrubbing(self) -> bool:
        """Whether the playhead is being dragged: a picture near by will do until it rests."""
        return self._is_scrubbing

    @scrubbing.setter
    def scrubbing(self, is_scrubbing: bool) -> None:
        if is_scrubbing != self._is_scrubbing:
            self._is_scrubbing = is_scrubbing
            self.scrubbing_changed.emit(is_scrubbing)

    def _on_objects_changed(self) -> None:
        ids = self._objects.ids
        if self._object_id not in ids:  # deleted, or its adding undone
            self.object_id = ids[0] if ids else None
