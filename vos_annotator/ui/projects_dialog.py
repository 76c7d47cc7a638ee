"""What the dialogs share that read the open project, and another one, beside the window.

For: merge, compare and effort. The open project is copied, and so is the other one; both copies
are read in a thread of their own, so nothing of what is open can change or wait.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vos_annotator.core.errors import UserError
from vos_annotator.core.project import Project
from vos_annotator.core.project_copy import copied_project
from vos_annotator.core.translation import tr
from vos_annotator.ui import dialogs
from vos_annotator.ui.job import Job

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow

Progress = Callable[[int, int], None]


class Stopped(Exception):
    """The dialog was closed, or something else is wanted."""


class ProjectsDialog(QDialog):
    """A dialog beside the window that works on copies of projects."""

    def __init__(self, title: str, window: MainWindow) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self._window, self._workspace = window, window.workspace
        self._folder = TemporaryDirectory(prefix="vos-projects-")
        self._count = 0  # of copies that were made
        self._job: Job | None = None
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.hide()
        self._note = QLabel()
        self._note.setWordWrap(True)
        self._note.setProperty("role", "quiet")
        self._note.hide()
        self._workspace.closing.connect(self.reject)

    def done(self, result: int) -> None:
        """Close; what runs is stopped."""
        self._stop()
        self._folder.cleanup()
        super().done(result)

    def _laid_out(self, *parts: object) -> None:
        """Put parts below each other; what runs and what is said is above the last one."""
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        for part in (*parts[:-1], self._bar, self._note, parts[-1]):
            if isinstance(part, QWidget):
                column.addWidget(part)
            else:
                column.addLayout(part)

    def _say(self, text: str) -> None:
        self._note.setText(text)
        self._note.setAccessibleName(text)
        self._note.setVisible(bool(text))

    def _work(
        self,
        work: Callable[[Project, Project | None, Progress], object],
        done: Callable[[object], None],
        other: Path | None = None,
    ) -> None:
        """Have copies of the open project, and of another, worked on in a thread.

        Args:
            work: Called with both and what tells the progress, which raises `Stopped`.
            done: Called in the GUI thread with what `work` returned.
            other: None for none.
        """
        self._stop()
        self._say("")
        workspace, self._count = self._workspace, self._count + 1
        folder = Path(self._folder.name) / str(self._count)
        folder.mkdir()
        mine = folder / workspace.project.path.name
        try:
            workspace.document.settle()
            workspace.project.save_copy(mine)
        except (UserError, OSError) as error:
            self._fail(str(error))
            return
        video = workspace.project.video
        run = partial(_run, work, mine, other, folder, video.fork(), video.fork())
        self._job = job = Job(self.windowTitle(), run, self)
        job.progress.connect(self._show_progress)
        job.failed.connect(lambda text, _: self._fail(text) if job is self._job else None)
        job.succeeded.connect(lambda result: self._end(job, done, result))
        self._show_progress(0, 0)
        job.start()

    def _stop(self) -> None:
        if self._job is not None:
            job, self._job = self._job, None
            job.close()
        self._bar.hide()

    def _end(self, job: Job, done: Callable[[object], None], result: object) -> None:
        if job is self._job:
            self._bar.hide()
            done(result)

    def _show_progress(self, count: int, total: int) -> None:
        self._bar.show()
        self._bar.setRange(0, total)
        self._bar.setValue(count)

    def _fail(self, text: str) -> None:
        self._bar.hide()
        for count in range(1, self._count + 1):  # a person knows the project, not its copy
            text = text.replace(str(Path(self._folder.name) / str(count)) + os.sep, "")
        self._say(text)


class PathRow(QHBoxLayout):
    """A field for a file, and a button that asks for one."""

    def __init__(self, name: str, ask: Callable[[], Path | None]) -> None:
        super().__init__()
        self.field = QLineEdit()
        self.field.setAccessibleName(name)
        self._ask = ask
        button = QPushButton(tr("Choose…"))
        button.setAutoDefault(False)
        button.clicked.connect(self._choose)
        self.setSpacing(8)
        self.addWidget(self.field, 1)
        self.addWidget(button)

    @property
    def path(self) -> Path | None:
        """What the field says."""
        text = self.field.text().strip()
        return Path(text).expanduser() if text else None

    def _choose(self) -> None:
        path = self._ask()
        if path is not None:
            self.field.setText(str(path))


def other_project(parent: QWidget) -> PathRow:
    """Return the row for another project."""
    return PathRow(tr("Other project"), lambda: dialogs.ask_project(parent))


def _run(work, mine, other, folder, video, others_video, progress, cancelled) -> object:
    def tell(done: int, total: int) -> None:
        if cancelled():
            raise Stopped
        progress(done, total)

    try:
        with ExitStack() as stack:
            stack.callback(others_video.close)
            stack.callback(video.close)
            first, second = stack.enter_context(Project.open(mine, video)), None
            if other is not None:
                place = folder / "other"
                place.mkdir()
                second = stack.enter_context(copied_project(other, place, others_video))
            return work(first, second, tell)
    except Stopped:
        return None
