"""The timeline's filmstrip: small pictures of what is where in the video.

For: the timeline. Pictures are of frames that are cheap to decode, unless these are far between
and few frames are in view. They are made in a thread of their own once the view has stood still
for a moment, and are kept up to a bound.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRectF, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter

from vos_annotator.core.memory_budget import FILM as FILM_MEMORY
from vos_annotator.core.picture_cache import PictureCache
from vos_annotator.core.video import Video
from vos_annotator.ui.thumbnails import Thumbnails
from vos_annotator.ui.timeline_axis import FrameAxis

FILM = 30  # px high
_MOST_EXACT = 300  # frames in view, of which all may have to be decoded
_PAUSE = 200  # ms without a change of the view before pictures are asked for


class Filmstrip(QObject):
    """Pictures along `axis`.

    Signals:
        changed(): A picture has come in.
    """

    changed = Signal()

    def __init__(self, video: Video, axis: FrameAxis, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._video, self._axis = video, axis
        self._thumbnails = Thumbnails(video, FILM, self)
        self._thumbnails.ready.connect(self._keep)
        self._images = PictureCache(kind=FILM_MEMORY)
        self._wanted: list[int] = []
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._ask)

    def paint(self, painter: QPainter, width: int, ground: QColor) -> None:
        """Paint the strip from the painter's origin on; ask later for what is missing."""
        painter.fillRect(QRectF(0, 0, width, FILM), ground)
        self._wanted = []
        for x, frame in self._places(width):
            image = self._images.get(frame)
            if image is None:
                self._wanted.append(frame)
            else:
                painter.drawImage(QPointF(x, 0), image)
        if self._wanted:
            self._pause.start()

    def close(self) -> None:
        """Stop the thread and wait for it."""
        self._pause.stop()
        self._thumbnails.close()
        self._images.close()

    def _places(self, width: int) -> list[tuple[float, int]]:
        """Return where the pictures are, side by side, and which frames they show.

        The places are tied to the video's start, so that pictures move along when the
        view scrolls and are not made anew.
        """
        step = self._thumbnails.size[0] + 1
        x = -(self._axis.start * self._axis.scale % step)
        places = []
        while x < min(width, self._axis.x(self._axis.frame_count)):
            places.append((x, self._told_by(self._axis.frame_at(x + step / 2), step)))
            x += step
        return places

    def _told_by(self, frame: int, step: float) -> int:
        """Return the frame that is shown for one in the middle of a picture `step` px wide."""
        cheap = self._video.nearest_keyframe(frame)
        is_within = abs(cheap - frame) * self._axis.scale <= step / 2
        return cheap if is_within or self._axis.visible > _MOST_EXACT else frame

    def _ask(self) -> None:
        for frame in reversed(self._wanted):  # the last that is asked for is made first
            self._thumbnails.ask(frame, None, {})

    def _keep(self, frame: int, image: QImage) -> None:
        self._images.put(frame, image, image.sizeInBytes())
        self.changed.emit()
