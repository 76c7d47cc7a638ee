"""Playing the video at its own speed.

For: the window. Where the picture cannot keep up, frames are left out: the clock decides
which frame is due, never the number of ticks. Playback repeats inside the in/out range.
"""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from vos_annotator.core.video import Video
from vos_annotator.ui.cursor import Cursor


class Playback(QObject):
    """Moves the cursor along with the clock.

    Signals:
        playing_changed(is_playing)
    """

    playing_changed = Signal(bool)

    def __init__(self, video: Video, cursor: Cursor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._video, self._cursor = video, cursor
        self._started_at = 0.0  # s on the clock when the playhead was at time 0 of the video
        self._due = 0  # the frame it put the cursor on
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(max(round(500 / max(video.fps, 1)), 4))
        self._timer.timeout.connect(self._tick)

    @property
    def is_playing(self) -> bool:
        """Whether the video is running."""
        return self._timer.isActive()

    def toggle(self) -> None:
        """Play, or pause."""
        if self.is_playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Run from the current frame, or from the start of the range when at its end."""
        frames = self._cursor.frames
        if len(frames) < 2:
            return
        if self._cursor.frame not in frames[:-1]:
            self._cursor.frame = frames[0]
        self._start_from(self._cursor.frame)
        self._timer.start()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        """Stand still; nothing happens when it does already."""
        if self.is_playing:
            self._timer.stop()
            self.playing_changed.emit(False)

    def _start_from(self, frame: int) -> None:
        self._due = frame
        self._started_at = time.monotonic() - self._video.time(frame)

    def _tick(self) -> None:
        if self._cursor.frame != self._due:  # someone moved it: play on from there
            self._start_from(self._cursor.frame)
        first, last = self._cursor.frames[0], self._cursor.frames[-1]
        now = time.monotonic() - self._started_at
        frame = self._due
        while frame < last and self._video.time(frame + 1) <= now:
            frame += 1
        is_over = frame >= last and now >= self._video.time(last) + 1 / max(self._video.fps, 1)
        if is_over or frame > last:
            frame = first
            self._start_from(first)
        self._due = frame
        if frame != self._cursor.frame:
            self._cursor.frame = frame
