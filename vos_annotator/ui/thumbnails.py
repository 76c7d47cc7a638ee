"""Small pictures of frames with their masks, made away from the GUI thread.

For: the references panel and the timeline's filmstrip. One thread with its own handle
on the video decodes what was asked for last first, because that is what is on screen.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from vos_annotator.core.masks import decode_png
from vos_annotator.core.shrinking import shrunk
from vos_annotator.core.video import Video

log = logging.getLogger(__name__)

_CACHE_BYTES = 16 << 20  # each picture is wanted once
_FILL = 0.55  # share of the object's colour over the picture


@dataclass(frozen=True, slots=True)
class _Order:
    frame: int
    png: bytes | None
    colors: Mapping[int, tuple[int, int, int]]


class Thumbnails(QObject):
    """Makes thumbnails of one video.

    Signals:
        ready(frame, image): The thumbnail of `frame`, in the GUI thread.
    """

    ready = Signal(int, QImage)

    def __init__(self, video: Video, height: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._video, self._height = video, height
        self._orders: dict[int, _Order] = {}
        self._turn = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="thumbnails", daemon=True)
        self._thread.start()

    @property
    def size(self) -> tuple[int, int]:
        """The width and height of a thumbnail."""
        rows, columns = self._video.shape
        return max(round(columns * self._height / rows), 1), self._height

    def ask(
        self, frame: int, png: bytes | None, colors: Mapping[int, tuple[int, int, int]]
    ) -> None:
        """Have `ready` emitted for `frame`, with the masks of `png` in `colors`."""
        with self._turn:
            self._orders.pop(frame, None)
            self._orders[frame] = _Order(frame, png, dict(colors))
            self._turn.notify()

    def close(self) -> None:
        """Stop the thread and wait for it."""
        with self._turn:
            self._closed = True
            self._turn.notify()
        self._thread.join()

    def _run(self) -> None:
        video = self._video.fork(_CACHE_BYTES)
        with video:
            while order := self._take():
                try:
                    image = self._make(video, order)
                except Exception:  # a frame that cannot be decoded has no thumbnail
                    log.warning("no thumbnail of frame %d", order.frame, exc_info=True)
                    continue
                self.ready.emit(order.frame, image)

    def _take(self) -> _Order | None:
        with self._turn:
            self._turn.wait_for(lambda: self._orders or self._closed)
            return None if self._closed else self._orders.popitem()[1]

    def _make(self, video: Video, order: _Order) -> QImage:
        width, height = self.size
        picture = shrunk(video[order.frame], (height, width))
        if order.png is not None:
            labels = cv2.resize(
                decode_png(order.png), (width, height), interpolation=cv2.INTER_NEAREST
            )
            for object_id, color in order.colors.items():
                inside = labels == object_id
                mixed = picture[inside] * (1 - _FILL) + np.array(color) * _FILL
                picture[inside] = mixed.astype(np.uint8)
        return QImage(picture.data, width, height, width * 3, QImage.Format.Format_RGB888).copy()
