"""The one long piece of work, beside propagation, that may run at a time.

For: the window, which shows what this tells.
"""

from PySide6.QtCore import QObject, Signal

from vos_annotator.core.translation import tr
from vos_annotator.ui.big_change import BigChange
from vos_annotator.ui.job import Job
from vos_annotator.ui.language import number


class Jobs(QObject):
    """Runs one job and tells how far it is.

    Signals:
        progress(text, done, total): An empty text when nothing runs any more.
        failed(message, report): As of the job.
        ended(is_well): What became of the job is told, and nothing of it can be lost any more.
        refused(message): Another job is still running.
    """

    progress = Signal(str, int, int)
    failed = Signal(str, str)
    ended = Signal(bool)
    refused = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._job: Job | BigChange | None = None
        self._is_told = False  # what became of it; its thread may take a moment to end

    @property
    def running(self) -> str:
        """The name of the job that runs, or nothing."""
        return self._job.name if self._job is not None else ""

    @property
    def unfinished(self) -> str:
        """The name of the job that `close` would end before it is done, or nothing."""
        return self._job.name if isinstance(self._job, Job) and not self._is_told else ""

    def has_room(self, after: Job | None = None) -> bool:
        """Return whether nothing runs but `after`, which has nothing left to do; tell if not."""
        if self._job is None or self._job is after:
            return True
        name = self._job.name
        self.refused.emit(tr("{job} is still running: wait for it, or press key:stop.", job=name))
        return False

    def start(self, job: Job | BigChange, after: Job | None = None) -> None:
        """Run a job, if there is room."""
        if not self.has_room(after):
            return
        if self._job is not None:
            self._job.close()
        self._job, self._is_told = job, False
        job.setParent(self)
        job.failed.connect(self.failed)
        if isinstance(job, Job):
            job.succeeded.connect(lambda: self._note_told(job, True))  # after those who take it
            job.failed.connect(lambda: self._note_told(job, False))
        job.progress.connect(self._show)
        job.finished.connect(lambda: self._end(job))
        job.start()
        self._show(0, 0)

    def stop(self) -> None:
        """Ask the job to end early."""
        if self._job is not None:
            self._job.stop()

    def close(self) -> None:
        """Stop the job and wait for its thread."""
        if self._job is not None:
            self._job.close()
            self._job = None

    def _show(self, done: int, total: int) -> None:
        if self._job is not None:
            name, left = self._job.name, total - done
            if left > 0:
                text = tr("{job}: {count} left", job=name, count=number(left))
                self.progress.emit(text, done, total)
            else:  # it begins, or looks at what it wrote
                self.progress.emit(f"{name} …", 0, 0)

    def _note_told(self, job: Job, is_well: bool) -> None:
        self._is_told = self._is_told or self._job is job
        self.ended.emit(is_well)

    def _end(self, job: Job | BigChange) -> None:
        job.deleteLater()
        if self._job is job:
            self._job = None
            self.progress.emit("", 0, 0)
