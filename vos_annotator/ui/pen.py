"""What a pen says that a mouse does not: how hard it is pressed, and which end is down.

For: the canvas.
"""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPointingDevice, QTabletEvent

PEN_EVENTS = (QEvent.Type.TabletPress, QEvent.Type.TabletMove, QEvent.Type.TabletRelease)

_LIGHTEST = 0.15  # of the brush, for the lightest touch


class Pen:
    """A pen at work.

    Attributes:
        share: How much of the brush its pressure asks for, 0..1; all of it while it hovers.
        erases: Whether its eraser end is down.
    """

    def __init__(self) -> None:
        self.share = 1.0
        self.erases = False
        self._began_with: Qt.MouseButton | None = None  # what the stroke under way is drawn with

    def follow(self, event: QTabletEvent) -> None:
        """Take in what an event says."""
        self.erases = event.pointerType() == QPointingDevice.PointerType.Eraser
        if event.type() == QEvent.Type.TabletMove and not self.is_drawing:
            self.share = 1.0
        elif event.pressure() > 0:  # none when it is lifted: the stroke ends as wide as it was
            self.share = _LIGHTEST + (1 - _LIGHTEST) * min(event.pressure(), 1.0)

    def begins(self, event: QTabletEvent) -> bool:
        """Return whether a stroke begins: the barrel button alone, in the air, draws nothing."""
        is_touch = event.button() == Qt.MouseButton.LeftButton or (
            event.button() == Qt.MouseButton.RightButton and event.pressure() > 0
        )
        if event.type() != QEvent.Type.TabletPress or self.is_drawing or not is_touch:
            return False
        self._began_with = event.button()
        return True

    def ends(self, event: QTabletEvent) -> bool:
        """Return whether the stroke ends: not if the barrel button is let go before the pen is."""
        if event.type() != QEvent.Type.TabletRelease or event.button() != self._began_with:
            return False
        self._began_with = None
        return True

    @property
    def is_drawing(self) -> bool:
        """Whether a stroke is under way."""
        return self._began_with is not None

    def removes(self, event: QTabletEvent) -> bool:
        """Return whether a press takes pixels away: eraser end, barrel button or Ctrl."""
        is_barrel = bool((event.buttons() | event.button()) & Qt.MouseButton.RightButton)
        is_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        return self.erases or is_barrel or is_control

    def rest(self) -> None:
        """The pen is gone: a mouse has no pressure."""
        self.share, self.erases = 1.0, False
