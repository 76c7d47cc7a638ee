"""Frames as pictures that Qt draws fast, decoded away from the GUI thread.

For: the canvas. One thread with its own handle on the video; of several frames that are
asked for while it decodes, only the last is made.
"""

import logging
import threading

import cv2
import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from vos_annotator.core.errors import UserError
from vos_annotator.core.translation import tr
from vos_annotator.core.video import Image, Video

log = logging.getLogger(__name__)

_SMALLEST = 400  # px; pictures are halved until their short side would be below


class FrameLoader(QObject):
    """Decodes the frame that was asked for last.

    Signals:
        ready(frame, levels): `levels` are QImages, each half as large as the one before.
        failed(frame, text): It cannot be decoded.
    """

    ready = Signal(int, object)
    failed = Signal(int, str)

    def __init__(self, video: Video, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._video = video.fork()
        self._wanted: int | None = None
        self._is_closed = False
        self._turn = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="frames", daemon=True)
        self._thread.start()

    def ask(self, frame: int) -> None:
        """Have a frame made; one that was asked for before and not begun is forgotten."""
        with self._turn:
            self._wanted = frame
            self._turn.notify()

    def close(self) -> None:
        """Stop the thread and wait for it; closing twice is fine."""
        with self._turn:
            self._is_closed = True
            self._turn.notify()
        self._thread.join()

    @property
    def is_closed(self) -> bool:
        """Whether what still arrives comes too late."""
        return self._is_closed

    def _run(self) -> None:
        with self._video:
            while (frame := self._take()) is not None:
                try:
                    levels = _levels(self._video[frame])
                except UserError as error:
                    self.failed.emit(frame, str(error))
                except Exception as error:
                    log.exception("frame %d", frame)
                    self.failed.emit(
                        frame,
                        tr("Frame {frame} cannot be shown: {error}", frame=frame, error=error),
                    )
                else:
                    self.ready.emit(frame, levels)

    def _take(self) -> int | None:
        with self._turn:
            self._turn.wait_for(lambda: self._wanted is not None or self._is_closed)
            frame, self._wanted = self._wanted, None
            return None if self._is_closed else frame


def _levels(image: Image) -> list[QImage]:
    levels = [_qimage(image)]
    while min(image.shape[:2]) >= 2 * _SMALLEST:
        rows, columns = image.shape[:2]
        image = cv2.resize(image, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA)
        levels.append(_qimage(image))
    return levels


def _qimage(image: Image) -> QImage:
    """Return a picture in the format that Qt's painter is fastest with."""
    rows, columns = image.shape[:2]
    result = QImage(columns, rows, QImage.Format.Format_RGB32)
    pixels = np.frombuffer(result.bits(), np.uint8).reshape(rows, columns, 4)
    cv2.cvtColor(image, cv2.COLOR_RGB2BGRA, dst=pixels)
    return result
