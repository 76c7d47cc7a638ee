"""The window: menus, tools, the open project, messages and the status bar.

For: the application. Opens and closes workspaces, makes the actions from their table,
says which of them make sense, and is where messages come together. What the actions do
is in `Verbs` and `WindowVerbs`.
"""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QEvent, QSettings, Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QToolBar,
)

from vos_annotator.core.errors import UserError
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video
from vos_annotator.ui import dialogs
from vos_annotator.ui.action_set import ActionSet
from vos_annotator.ui.conditions import conditions
from vos_annotator.ui.job import Job
from vos_annotator.ui.messages import Messages
from vos_annotator.ui.status_bar import StatusBar
from vos_annotator.ui.verbs import Verbs
from vos_annotator.ui.welcome import Welcome
from vos_annotator.ui.window_verbs import WindowVerbs
from vos_annotator.ui.workspace import Workspace

_RECENT_KEY, _RECENT_COUNT = "recent", 10
_GEOMETRY_KEY = "window/geometry"
_NAME = "MobileVOS Annotator"
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_OWN_KEYS = {  # what a widget with the focus does itself, though the window has it as shortcuts
    QAbstractButton: (Qt.Key.Key_Space, *_ENTER),
    QAbstractSpinBox: _ENTER,
    QLineEdit: _ENTER,
}


class MainWindow(QMainWindow):
    """The one window of the program."""

    def __init__(
        self, project: Project | None = None, engine_name: str = "mobilevos", size: int = 480
    ) -> None:
        super().__init__()
        self._engine_name, self._size = engine_name, size
        self.workspace: Workspace | None = None
        self.verbs, self.window_verbs = Verbs(self), WindowVerbs(self)
        self.actions_ = ActionSet(self, (self.verbs, self.window_verbs))
        self.messages = Messages(self)
        self.status = StatusBar(self)
        self._job: Job | None = None
        self.setAcceptDrops(True)
        self._make_frame()
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._show_saved)
        self._clock.start()
        if project is not None:
            self.open_project(project)
        else:
            self.refresh_actions()

    def _make_frame(self) -> None:
        self._saved = QLabel()
        self._saved.setProperty("role", "quiet")
        self._saved.setContentsMargins(0, 6, 12, 0)  # on the line of the menus' names
        self._saved.setAccessibleName("Project and when it was saved")
        self.menuBar().setCornerWidget(self._saved)
        menus = self.actions_.fill_menus(self.menuBar())
        self._recent = QMenu("Open recent", self)
        self._recent.setAccessibleName("Open recent")
        menus["File"].insertMenu(self.actions_["import-masks"], self._recent)
        self._object_menu = menus["Object"]
        bar = QToolBar("Tools", self)
        bar.setObjectName("tools")
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, bar)
        self.actions_.fill_bar(bar)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.messages)
        self.setStatusBar(self.status)
        self._pages = QStackedWidget()
        first = [self.actions_[name] for name in ("open-video", "open-folder")]
        self._welcome = Welcome(first)
        self._welcome.chosen.connect(self.open_path)
        self._pages.addWidget(self._welcome)
        self.setCentralWidget(self._pages)
        self.setMinimumSize(900, 600)
        self.resize(1440, 900)
        geometry = QSettings().value(_GEOMETRY_KEY)
        if geometry is not None:
            self.restoreGeometry(geometry)
        self._show_recent()
        self._show_saved()

    # The parts of the open project

    @property
    def document(self):
        """The open document."""
        return self._open_workspace.document

    @property
    def cursor(self):
        """Where the person is."""
        return self._open_workspace.cursor

    @property
    def bridge(self):
        """The engine's end in this thread."""
        return self._open_workspace.bridge

    @property
    def canvas(self):
        """The canvas."""
        return self._open_workspace.canvas

    @property
    def timeline(self):
        """The timeline."""
        return self._open_workspace.timeline

    @property
    def _open_workspace(self) -> Workspace:
        if self.workspace is None:
            raise RuntimeError("no video is open")
        return self.workspace

    # Opening and closing

    def open_path(self, path: str | Path) -> bool:
        """Open a video, a folder of frames or a project; False, and it says why, if it cannot."""
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            project = load_project(Path(path))
        except (UserError, OSError) as error:
            problem = str(error)
        else:
            problem = ""
        finally:
            QApplication.restoreOverrideCursor()
        if problem:
            self.messages.add(problem)
            dialogs.show_problem(self, problem)
            return False
        self.open_project(project)
        return True

    def open_project(self, project: Project) -> None:
        """Show `project` in place of what is open."""
        self.close_project()
        workspace = Workspace(project, self.actions_, self._engine_name, self._size)
        self.workspace = workspace
        workspace.changed.connect(self.refresh_actions)
        workspace.message.connect(self.say)
        workspace.failed.connect(self.warn)
        workspace.objects_panel.menu_asked.connect(
            lambda object_id, position: self._object_menu.popup(position)
        )
        workspace.show_facts_in(self.status)
        self.status.show_size(self._size)
        self._pages.addWidget(workspace)
        self._pages.setCurrentWidget(workspace)
        workspace.canvas.setFocus()
        self._remember(Path(project.path))
        self._show_saved()
        self.refresh_actions()

    def close_project(self) -> None:
        """Close what is open; nothing is asked, everything is saved."""
        if self._job is not None:
            self._job.close()
            self._job = None
        if self.workspace is not None:
            workspace, self.workspace = self.workspace, None
            workspace.close_project()
            self._pages.removeWidget(workspace)
            workspace.deleteLater()
        self.status.clear_work()
        self._show_recent()
        self._show_saved()
        self.refresh_actions()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the window's place, join the threads, go."""
        QSettings().setValue(_GEOMETRY_KEY, self.saveGeometry())
        self.close_project()
        self._clock.stop()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first file that was dropped."""
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.open_path(paths[0])

    def _remember(self, path: Path) -> None:
        recent = [str(path), *(each for each in self._recent_paths() if each != str(path))]
        QSettings().setValue(_RECENT_KEY, recent[:_RECENT_COUNT])
        self._show_recent()

    def _recent_paths(self) -> list[str]:
        stored = QSettings().value(_RECENT_KEY, [])
        return [stored] if isinstance(stored, str) else list(stored or [])

    def _show_recent(self) -> None:
        paths = [Path(each) for each in self._recent_paths() if Path(each).exists()]
        self._welcome.show_recent(paths)
        self._recent.clear()
        self._recent.setEnabled(bool(paths))
        for path in paths:
            action = self._recent.addAction(f"{path.name}  ({path.parent})")
            action.triggered.connect(lambda _=False, path=path: self.open_path(path))

    # What is said

    def say(self, text: str) -> None:
        """Show a message in the status bar, and keep it."""
        self.status.say(text)
        self.messages.add(text)

    def warn(self, text: str, report: str = "") -> None:
        """Say that something went wrong; the report is kept with the messages."""
        self.status.say(f"{text}  (Help > Messages)" if report else text)
        self.messages.add(text, report)

    def start_job(self, job: Job) -> None:
        """Run `job` with its progress in the transport row; one at a time."""
        if self._job is not None:
            self.say(f"{self._job.name} is still running: wait for it, or press Esc.")
            return
        self._job = job
        job.setParent(self)
        job.failed.connect(self.warn)
        job.progress.connect(self._show_job)
        job.finished.connect(self._end_job)
        job.start()
        self._show_job(0, 0)
        self.refresh_actions()

    def stop_job(self) -> None:
        """Ask the running job to end early."""
        if self._job is not None:
            self._job.stop()

    def _show_job(self, done: int, total: int) -> None:
        if self.workspace is not None and self._job is not None:
            text = f"{self._job.name}: {total - done:,} left" if total else f"{self._job.name} …"
            self.workspace.transport.show_progress(text, done, total)

    def _end_job(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
            self._job = None
        if self.workspace is not None:
            self.workspace.transport.show_progress("")
        self.refresh_actions()

    # What makes sense now

    def refresh_actions(self) -> None:
        """Enable and tick the actions for the state of things."""
        true = conditions(self.workspace)
        if self._job is not None:
            true.add("running")
        if self.isFullScreen():
            true.add("full screen")
        self.actions_.refresh(true)
        stack = self.workspace.document.undo_stack if self.workspace else None
        for name, text in (
            ("undo", stack.undoText() if stack else ""),
            ("redo", stack.redoText() if stack else ""),
        ):
            self.actions_[name].setText(f"{name.title()} {text}".strip())

    def _show_saved(self) -> None:
        if self.workspace is None:
            self.setWindowTitle(_NAME)
            self._saved.setText("")
            return
        project = self.workspace.project
        text = f"{project.video.path.name} · {saved_text(time.time() - project.saved_at)}"
        self._saved.setText(text)
        if self._saved.sizeHint().width() > self._saved.width():
            self._saved.hide()  # a menu bar makes room for its corner when that is shown
            self._saved.show()
        self.setWindowTitle(f"{text} - {_NAME}")

    # Keys that are no shortcuts

    def event(self, event: QEvent) -> bool:
        """Leave a focused button or field its own keys, before shortcuts take them."""
        if event.type() == QEvent.Type.ShortcutOverride:
            focus = QApplication.focusWidget()
            if any(
                isinstance(focus, kind) and event.key() in keys for kind, keys in _OWN_KEYS.items()
            ):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Begin what lasts while a key is held."""
        if not self._hold(event, True):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """End what lasts while a key is held."""
        if not self._hold(event, False):
            super().keyReleaseEvent(event)

    def _hold(self, event: QKeyEvent, is_held: bool) -> bool:
        if self.workspace is None or event.isAutoRepeat() or event.modifiers():
            return False
        pressed = QKeySequence(event.key())
        for row in self.actions_.rows.values():
            if row.scope == "hold" and pressed == QKeySequence(row.keys[0]):
                getattr(self.verbs, row.method)(is_held)
                return True
        return False


def load_project(path: Path) -> Project:
    """Return the project in `path`, or that of the video it names.

    Raises:
        UserError: It cannot be opened.
    """
    if path.suffix.lower() == ".vos":
        return Project.open(path)
    return Project.for_video(open_video(path))


def saved_text(seconds: float) -> str:
    """Return how long ago the last edit was written."""
    if seconds < 60:
        return f"saved {max(round(seconds), 0)} s ago"
    if seconds < 3600:
        return f"saved {round(seconds / 60)} min ago"
    return "saved"
