"""What project is open and when it was saved, or that it is not: in the menus' corner.

For: the window, whose title says the same. Where the disk did not take a change, it tries again
every few seconds: who made room has everything saved, without another edit.
"""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QMenuBar

from vos_annotator.core.project import Project
from vos_annotator.core.project_video import shown_name
from vos_annotator.core.translation import tr
from vos_annotator.ui.status_bar import saved_text

_TICK = 1000  # ms
_RETRY = 5  # s


class SavedLabel(QLabel):
    """A quiet line.

    Signals:
        said(text): What is said now: the title.
        problem_changed(text): Why changes are not on disk; "" when they are.
    """

    said = Signal(str)
    problem_changed = Signal(str)

    def __init__(self, bar: QMenuBar) -> None:
        """Be made for the corner of a menu bar."""
        super().__init__(bar)
        self._bar = bar
        bar.installEventFilter(self)
        self.setProperty("role", "quiet")
        self.setContentsMargins(0, 6, 12, 0)  # on the line of the menus' names
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setAccessibleName(tr("Project and when it was saved"))
        self._project: Project | None = None
        self._name = ""
        self._problem, self._tried_at = "", 0.0
        self._clock = QTimer(self, interval=_TICK)
        self._clock.timeout.connect(self._tick)

    def follow(self, project: Project | None) -> None:
        """Tell of `project` from now on; of nothing when it is None."""
        if self._project is not None:
            self._project.write_failed.disconnect(self.refresh)
        self._project, self._problem = project, ""
        if project is None:
            self._clock.stop()
        else:
            self._name = shown_name(project.video, project.path)
            project.write_failed.connect(self.refresh)
            self._clock.start()
        self.refresh()

    def refresh(self) -> None:
        """Say how things are now."""
        project = self._project
        problem = project.problem if project else ""
        name = how = ""
        if project is not None:
            name = self._name
            saved = tr("not saved") if problem else saved_text(time.time() - project.saved_at)
            how = f" · {saved}"
        text = name + how
        self.setText(self._shortened(name, how) + how)
        self.setToolTip(problem or name)
        if self.sizeHint().width() > self.width():
            self.hide()  # a menu bar makes room for its corner when that is shown
            self.show()
        self.said.emit(text)
        if bool(problem) != bool(self._problem):
            self._problem, self._tried_at = problem, time.monotonic()
            self.problem_changed.emit(problem)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take and leave room as the window gets wider and narrower."""
        if event.type() == QEvent.Type.Resize and event.size().width() != event.oldSize().width():
            self.refresh()
        return False

    def _shortened(self, name: str, how: str) -> str:
        """Return of a long name what leaves the menus their room."""
        metrics = self.fontMetrics()
        others = self._bar.sizeHint().width() - metrics.horizontalAdvance(self.text())
        room = self._bar.width() - others - metrics.horizontalAdvance(how)
        return metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room)

    def _tick(self) -> None:
        if self._problem and time.monotonic() - self._tried_at >= _RETRY:
            self._project.save()
            self._tried_at = time.monotonic()
        self.refresh()
