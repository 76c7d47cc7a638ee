"""Cuts of the whole video, found in a thread of its own while nothing else is computed.

For: the workspace, whose timeline shows them. What was found is kept with the project, so a
video is looked through once. Propagation does not wait for it: it finds the cuts on its way.
"""

from __future__ import annotations

import logging
import threading

from PySide6.QtCore import QObject, Signal

from vos_annotator.core.errors import UserError
from vos_annotator.core.project import Project
from vos_annotator.core.shots import Shots
from vos_annotator.core.video import Video
from vos_annotator.ui.inference import give_way, single_shot

log = logging.getLogger(__name__)

_KEY = "cuts"  # in the project's settings
_DELAY = 2000  # ms after the project was opened: the first picture comes first
_CACHE_BYTES = 32 << 20


class ShotScan(QObject):
    """Looks through a project's video.

    Attributes:
        cuts: The first frames of shots that were found so far, in order, without frame 0.

    Signals:
        found(): There are more of them.
    """

    found = Signal()
    _ended = Signal()

    def __init__(self, project: Project, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._project, self._frame_count = project, project.video.frame_count
        known = project.setting(_KEY) or {}
        self.cuts: list[int] = list(known.get("frames", ()))
        self._reached = self._kept = int(known.get("reached", 1))  # all frames before it are known
        self._may_run, self._is_closed = threading.Event(), False
        self._may_run.set()
        self._thread: threading.Thread | None = None
        self._ended.connect(self._keep)
        self._delay = single_shot(self, _DELAY, self.start)
        self._delay.start()

    @property
    def is_done(self) -> bool:
        """Whether the whole video was looked through."""
        return self._reached >= self._frame_count

    def start(self) -> None:
        """Begin, or go on where the last session ended."""
        self._delay.stop()
        if self._thread is None and not self.is_done:
            video = self._project.video.fork(_CACHE_BYTES)
            self._thread = threading.Thread(
                target=self._run, args=(video,), name="shots", daemon=True
            )
            self._thread.start()

    def rest_while(self, is_busy: bool) -> None:
        """Leave the processor to something else for as long as it `is_busy`."""
        if is_busy:
            self._may_run.clear()
        else:
            self._may_run.set()

    def close(self) -> None:
        """Stop the thread and wait for it; what it found is kept."""
        self._delay.stop()
        self._is_closed = True
        self._may_run.set()
        if self._thread is not None:
            self._thread.join()
        self._keep()

    def _keep(self) -> None:
        if self._reached != self._kept:
            self._kept = self._reached
            self._project.set_setting(_KEY, {"frames": self.cuts, "reached": self._reached})

    def _run(self, video: Video) -> None:
        give_way()
        with video:
            shots = Shots(video)
            try:
                while not self.is_done and self._may_go_on():
                    if shots.starts(self._reached):
                        self.cuts.append(self._reached)
                        self.found.emit()
                    self._reached += 1
            except UserError:
                log.warning("no cuts are shown from frame %d on", self._reached, exc_info=True)
        self._ended.emit()

    def _may_go_on(self) -> bool:
        self._may_run.wait()
        return not self._is_closed
