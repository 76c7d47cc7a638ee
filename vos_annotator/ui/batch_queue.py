"""File > Batch: projects that are computed one after the other, while the window is used.

For: the window's verbs. Knows the `batch` command, which it runs as a process of its own and
whose lines of JSON it reads; nothing is computed here, and what is stopped goes on where it was.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QCoreApplication, QProcess, QProcessEnvironment, QSettings, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from vos_annotator.core.translation import LANGUAGE, language, tr, tr_many
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.ui import dialogs
from vos_annotator.ui.form_parts import MARGINS, PathRow, roomy_form, with_margins
from vos_annotator.ui.language import number, percent
from vos_annotator.ui.letters import give_letters
from vos_annotator.ui.settings import kept

_OUT_KEY, _WORKERS_KEY = "batch/out", "batch/workers"
_ENDED = ("done", "known", "failed")


class BatchQueue(QDialog):
    """A list of projects, where their masks go, and how far they are.

    Signals:
        ended(is_well): The command has come to its end.
    """

    ended = Signal(bool)

    def __init__(self, engine: Callable[[], EngineChoice], size: int, parent: QWidget) -> None:
        """Make an empty list.

        Args:
            engine: Returns that of the window, which is asked at each start.
            size: As of the window.
            parent: The window.
        """
        super().__init__(parent)
        self.setWindowTitle(tr("Batch"))
        self.resize(640, 420)
        self._engine, self._size = engine, size
        self._folder: TemporaryDirectory[str] | None = None
        self._items: dict[str, QTreeWidgetItem] = {}  # by the names that the command was given
        self._ended: dict[str, str] = {}  # how those ended that have, by these names
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finish)
        self._process.errorOccurred.connect(self._fail)
        QCoreApplication.instance().aboutToQuit.connect(self.stop)
        self._lay_out()
        self._refresh()

    @property
    def is_running(self) -> bool:
        """Whether the command runs."""
        return self._process.state() != QProcess.ProcessState.NotRunning

    @property
    def paths(self) -> list[Path]:
        """The projects of the list."""
        return [Path(self._path(n)) for n in range(self.list.topLevelItemCount())]

    def add(self, paths: Iterable[Path]) -> None:
        """Put projects at the end of the list, those that are not in it."""
        known = set(self.paths)
        for path in paths:
            if path not in known:
                known.add(path)
                item = QTreeWidgetItem([path.name, tr("waiting"), ""])
                item.setData(0, Qt.ItemDataRole.UserRole, str(path))
                item.setToolTip(0, str(path))
                self.list.addTopLevelItem(item)
        self._refresh()

    def start(self) -> None:
        """Run the command on all of the list; what is finished is found so."""
        if self.is_running or not self.paths:
            return
        QSettings().setValue(_OUT_KEY, self.out.text())
        QSettings().setValue(_WORKERS_KEY, self.workers.value())
        self._folder = TemporaryDirectory(prefix="vos-batch-")
        jobs = Path(self._folder.name) / "jobs.toml"
        jobs.write_text(self._jobs(), "utf-8")
        words = ["batch", jobs, "--out", self.out.text(), "--workers", self.workers.value()]
        engine = self._engine()
        words += ["--engine", engine.name, "--size", self._size, "--json"]
        if engine.checkpoint is not None:
            words += ["--checkpoint", engine.checkpoint]
        self._ended.clear()
        self.said.setText(tr("Starting…"))
        surroundings = QProcessEnvironment.systemEnvironment()
        surroundings.insert(LANGUAGE, language())  # its sentences are shown here
        self._process.setProcessEnvironment(surroundings)
        self._process.start(sys.executable, ["-m", "vos_annotator", *map(str, words)])
        self._refresh()

    def stop(self) -> None:
        """End the command; another start goes on from there."""
        if self.is_running:
            self._process.kill()
            self._process.waitForFinished()

    def _lay_out(self) -> None:
        self.list = QTreeWidget()
        self.list.setHeaderLabels([tr("Project"), tr("State"), tr("Frames")])
        self.list.setRootIsDecorated(False)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.list.setColumnWidth(0, 240)
        self.list.setColumnWidth(2, 80)
        self.list.setAccessibleName(tr("Projects of the batch"))
        self.list.itemSelectionChanged.connect(self._refresh)
        self.list.itemSelectionChanged.connect(self._tell)
        self.add_button = QPushButton(tr("Add projects…"))
        self.add_button.clicked.connect(self._ask_projects)
        self.remove_button = QPushButton(tr("Remove"))
        self.remove_button.clicked.connect(self._remove)
        self.place = PathRow(tr("Masks go to"), (tr("Choose…"), self._ask_out))
        self.out = self.place.field
        self.out.setText(kept(_OUT_KEY, str(Path.home() / "vos-batch")))
        self.out.textChanged.connect(self._refresh)
        self.workers = with_margins(QSpinBox(minimum=1, maximum=os.cpu_count() or 1))
        self.workers.setValue(kept(_WORKERS_KEY, 1))
        self.workers.setAccessibleName(tr("At once"))
        self.bar = QProgressBar(textVisible=False)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.run_button = QPushButton(tr("Run"))
        self.run_button.setDefault(True)
        self.run_button.clicked.connect(self.start)
        self.stop_button = QPushButton(tr("Stop"))
        self.stop_button.clicked.connect(self.stop)

        buttons = QHBoxLayout()
        for button in (self.add_button, self.remove_button):
            buttons.addWidget(button)
        buttons.addStretch()
        form = roomy_form()
        form.addRow(tr("Masks go to"), self.place)
        form.addRow(tr("At once"), self.workers)
        ends = QHBoxLayout()
        ends.addWidget(self.said, 1)
        for button in (self.stop_button, self.run_button):
            ends.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        layout.setSpacing(12)
        layout.addWidget(self.list, 1)
        for each in (buttons, form):
            layout.addLayout(each)
        layout.addWidget(self.bar)
        layout.addLayout(ends)
        give_letters(self)

    def _path(self, row: int) -> str:
        return self.list.topLevelItem(row).data(0, Qt.ItemDataRole.UserRole)

    def _jobs(self) -> str:
        """Return the list as the command reads it, each project under a name of its own."""
        self._items.clear()
        rows, taken = [], set()
        for n, path in enumerate(self.paths):
            name = path.name.split(".")[0]
            while name.lower() in taken:
                name += "_"
            taken.add(name.lower())
            self._items[name] = self.list.topLevelItem(n)
            quoted = (json.dumps(each, ensure_ascii=False) for each in (str(path), name))
            rows.append("[[clips]]\nproject = {}\nname = {}\n".format(*quoted))
        return "\n".join(rows)

    def _read(self) -> None:
        while self._process.canReadLine():
            line = self._process.readLine().data().decode("utf-8", errors="replace")
            if line.startswith("{"):
                self._show(json.loads(line))

    def _show(self, told: dict[str, object]) -> None:
        item = self._items.get(str(told["name"]))
        if item is None:
            return
        state, done, total = str(told["state"]), int(told["done"]), int(told["total"])
        words = {
            "waiting": tr("waiting"),
            "running": tr("running, {share}", share=percent(done / total)) if total else "",
            "done": tr("done"),
            "known": tr("finished before"),
            "failed": tr("failed: {reason}", reason=told["error"]),
        }
        item.setText(1, words[state] or tr("running"))
        item.setToolTip(1, str(told["error"]))
        item.setText(2, number(done))
        if state in _ENDED:
            self._ended[str(told["name"])] = state
        self.bar.setValue(len(self._ended))
        failed = list(self._ended.values()).count("failed")
        said = tr_many(
            "{done} of {count} project is done.",
            "{done} of {count} projects are done.",
            len(self._items),
            done=number(len(self._ended) - failed),
        )
        if failed:
            said += " " + tr_many("{count} failed.", "{count} failed.", failed)
        self.said.setText(said)

    def _finish(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        if self._folder is not None:
            self._folder.cleanup()
        errors = self._process.readAllStandardError().data().decode("utf-8", errors="replace")
        last = errors.strip().splitlines()[-1:] or [""]
        if status is QProcess.ExitStatus.CrashExit:
            self.said.setText(tr("Stopped: Run goes on from here."))
        elif code == 0:
            self.said.setText(tr("All masks are in {folder}.", folder=self.out.text()))
        elif len(self._ended) == len(self._items):
            self.said.setText(tr("Some failed: the list says why. Run tries them again."))
        else:
            self.said.setText(last[0])
        self._refresh()
        self.ended.emit(code == 0 and status is QProcess.ExitStatus.NormalExit)

    def _fail(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self.said.setText(self._process.errorString())
            self._refresh()

    def _ask_projects(self) -> None:
        self.add(dialogs.ask_projects(self, tr("Add projects")))

    def _ask_out(self) -> None:
        title = tr("Folder for the masks")
        if chosen := QFileDialog.getExistingDirectory(self, title, self.out.text()):
            self.out.setText(chosen)

    def _remove(self) -> None:
        for item in self.list.selectedItems():
            self.list.takeTopLevelItem(self.list.indexOfTopLevelItem(item))
        self._refresh()

    def _tell(self) -> None:
        """Say why the chosen one failed, at the length that its row has no room for."""
        reasons = [each.toolTip(1) for each in self.list.selectedItems()]
        if len(reasons) == 1 and reasons[0] and not self.is_running:
            self.said.setText(reasons[0])

    def _refresh(self) -> None:
        is_idle, has_rows = not self.is_running, self.list.topLevelItemCount() > 0
        self.bar.setMaximum(max(1, self.list.topLevelItemCount()))
        self.place.set_enabled(is_idle)
        for each in (self.add_button, self.workers):
            each.setEnabled(is_idle)
        self.remove_button.setEnabled(is_idle and bool(self.list.selectedItems()))
        self.run_button.setEnabled(is_idle and has_rows and bool(self.out.text().strip()))
        self.stop_button.setEnabled(not is_idle)
