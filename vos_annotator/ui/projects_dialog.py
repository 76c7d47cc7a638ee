"""What the dialogs share that read the open project, and another one, beside the window.

For: merge, compare and effort. The open project is copied, and so is the other one; both copies
are read in a thread of their own, so nothing of what is open can change or wait.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from vos_annotator.core.errors import UserError
from vos_annotator.core.project import Project
from vos_annotator.core.project_copy import copied_project
from vos_annotator.core.translation import tr
from vos_annotator.ui import dialogs
from vos_annotator.ui.form_parts import file_row
from vos_annotator.ui.inference import single_shot
from vos_annotator.ui.job import Job
from vos_annotator.ui.letters import give_letters

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow

Progress = Callable[[int, int], None]
_PAUSE = 250  # ms after the last key until a path is looked at


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
        give_letters(self)

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


class OtherProjectDialog(ProjectsDialog):
    """One that looks at another project as soon as it is known which."""

    def __init__(self, title: str, window: MainWindow) -> None:
        super().__init__(title, window)
        self._pause = single_shot(self, _PAUSE, self._look)
        self.other = file_row(tr("Other project"), lambda: dialogs.ask_project(self))
        self.other.field.textChanged.connect(self._forget)
        self._summary = QLabel(tr("Choose the project of somebody else, of the same video."))
        self._summary.setWordWrap(True)

    def _forget(self, *_: object) -> None:
        """Know nothing of another project, and look at it soon."""
        self._stop()
        self._clear()
        self._summary.setText("")
        self._allow()
        self._pause.start()

    @abstractmethod
    def _look(self) -> None:
        """Begin to look at the other project, if there is one."""

    @abstractmethod
    def _clear(self) -> None:
        """Drop what was found."""

    @abstractmethod
    def _allow(self, *_: object) -> None:
        """Let be done what can be done now."""


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
