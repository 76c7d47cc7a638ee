"""The window: menus, tools, the open project, messages and the status bar.

For: the application. Opens and closes workspaces, makes the actions from their table,
says which of them make sense, and is where messages come together. What the actions do
is in `Verbs` and `WindowVerbs`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QToolBar

from vos_annotator.core.errors import UserError
from vos_annotator.core.project import Project
from vos_annotator.core.project_video import told_of_another
from vos_annotator.core.translation import tr
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.registry import DEFAULT_SIZE, load_engine
from vos_annotator.engine.seat import Loader
from vos_annotator.ui import dialogs
from vos_annotator.ui.action_set import ActionSet
from vos_annotator.ui.big_change import BigChange
from vos_annotator.ui.card import recovery_text
from vos_annotator.ui.conditions import conditions
from vos_annotator.ui.engine_choice import kept_choice
from vos_annotator.ui.engine_verbs import EngineVerbs
from vos_annotator.ui.find_verbs import FindVerbs
from vos_annotator.ui.first_paint import FirstPaint
from vos_annotator.ui.job import Job
from vos_annotator.ui.jobs import Jobs
from vos_annotator.ui.key_rules import KeyRules
from vos_annotator.ui.keymap import Keymap
from vos_annotator.ui.mask_verbs import MaskVerbs
from vos_annotator.ui.memory_watch import MemoryWatch
from vos_annotator.ui.messages import Messages
from vos_annotator.ui.opening import is_of, load_asking, may_close
from vos_annotator.ui.range_verbs import RangeVerbs
from vos_annotator.ui.recent import RecentMenu
from vos_annotator.ui.review_verbs import ReviewVerbs
from vos_annotator.ui.saved_label import SavedLabel
from vos_annotator.ui.settings import kept
from vos_annotator.ui.status_bar import StatusBar
from vos_annotator.ui.team_verbs import TeamVerbs
from vos_annotator.ui.verbs import Verbs
from vos_annotator.ui.view_verbs import ViewVerbs
from vos_annotator.ui.welcome import Welcome
from vos_annotator.ui.window_verbs import WindowVerbs

if TYPE_CHECKING:
    from vos_annotator.ui.workspace import Workspace

_GEOMETRY_KEY = "window/geometry"
_VERBS = (ViewVerbs, MaskVerbs, FindVerbs, RangeVerbs, ReviewVerbs, TeamVerbs, EngineVerbs)
_NAME = "MobileVOS Annotator"
_SCREEN_SHARE = 0.92  # of the screen that a first window takes at most


class MainWindow(QMainWindow):
    """The one window of the program.

    Attributes:
        engine: What computes masks, from the next project on.
        returns: Whether it was closed only to be made again, in another language.
        last_path: What that one is to open; None for nothing.
    """

    def __init__(
        self,
        project: Project | None = None,
        engine: EngineChoice | str | None = None,
        size: int = DEFAULT_SIZE,
        load: Loader = load_engine,
    ) -> None:
        super().__init__()
        self.engine, self.working_size = EngineChoice.of(engine or kept_choice()), size
        self._load, self.workspace = load, None
        self.returns, self.last_path, self._is_opening = False, None, False
        self.verbs, self.window_verbs = Verbs(self), WindowVerbs(self)
        self.keymap = Keymap()
        targets = (self.verbs, self.window_verbs, *(kind(self) for kind in _VERBS))
        self.actions_ = ActionSet(self, targets, self.keymap.rows(), self.verbs.settle)
        self.actions_.after_ticks(self.refresh_actions)
        self.messages = Messages(self)
        self.status, self.memory = StatusBar(self), MemoryWatch(self)
        self.memory.looked.connect(self.status.show_memory)
        self.memory.ran_short.connect(self.say)
        self._jobs = Jobs(self)
        self._jobs.progress.connect(self._show_job)
        self._jobs.failed.connect(self.warn)
        self._jobs.refused.connect(self.say)
        self._key_rules = KeyRules(self, self.actions_, self.status.refuse)
        self.setAcceptDrops(True)
        self._make_frame()
        if project is not None:
            self.open_project(project)
        else:
            self.refresh_actions()

    def _make_frame(self) -> None:
        self._saved = SavedLabel(self.menuBar())
        self._saved.said.connect(self._show_title)
        self._saved.problem_changed.connect(self._on_problem_changed)
        self.menuBar().setCornerWidget(self._saved)
        menus = self.actions_.fill_menus(self.menuBar())
        self._recent = RecentMenu(self)
        self._recent.chosen.connect(self.open_path)
        menus["File"].insertMenu(self.actions_["import-masks"], self._recent)
        self._object_menu = menus["Object"]
        bar = QToolBar(tr("Tools"), self, objectName="tools", movable=False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, bar)
        self.actions_.fill_bar(bar)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.messages)
        self.setStatusBar(self.status)
        self._pages = QStackedWidget()
        self._welcome = Welcome([self.actions_[name] for name in ("open-video", "open-folder")])
        self._welcome.chosen.connect(self.open_path)
        self._pages.addWidget(self._welcome)
        self.setCentralWidget(self._pages)
        self.setMinimumSize(900, 600)
        self.resize(QSize(1440, 900).boundedTo(self.screen().availableSize() * _SCREEN_SHARE))
        self.restoreGeometry(kept(_GEOMETRY_KEY, QByteArray()))
        self._welcome.show_recent(self._recent.paths)
        self._saved.refresh()

    def take_keys(self) -> None:
        """Give the commands the keys of the keymap."""
        self.actions_.set_keys(self.keymap.rows())
        self._key_rules.take_keys()
        if self.workspace is not None:
            self.workspace.show_keys()

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

    def open_soon(self, path: str | Path) -> None:
        """Open a path once the window is up; it is empty until then."""
        self._welcome.hide()
        FirstPaint(self, lambda: self.open_path(path) or self._welcome.show())

    def open_path(self, path: str | Path) -> bool:
        """Open a video, a folder of frames or a project; False, and it says why, if it cannot."""
        if self._is_opening:
            return False
        self._is_opening = True
        try:
            if self.workspace is not None and is_of(self.workspace.project, Path(path)):
                self.say(tr("{path} is open already.", path=path))
                return True
            project = load_asking(self, Path(path))
        except (UserError, OSError) as error:
            problem = error
        else:
            return project is not None and self.open_project(project)
        finally:
            self._is_opening = False
        return self.window_verbs.open_instead(problem)

    def open_project(self, project: Project) -> bool:
        """Show `project` in place of what is open; False if that is to stay open."""
        if not self.close_project():
            project.close()
            return False
        from vos_annotator.ui.workspace import Workspace  # it takes as long to load as all else

        workspace = Workspace(project, self.actions_, self.engine, self.working_size, self._load)
        self.workspace = workspace
        workspace.changed.connect(self.refresh_actions)
        workspace.message.connect(self.say)
        workspace.pass_words.said.connect(self.say)
        workspace.failed.connect(self.warn)
        workspace.objects_panel.menu_asked.connect(
            lambda object_id, position: self._object_menu.popup(position)
        )
        workspace.show_facts_in(self.status)
        self.status.show_size(self.working_size)
        self._pages.addWidget(workspace)
        self._pages.setCurrentWidget(workspace)
        workspace.canvas.setFocus()
        if text := recovery_text(project):
            workspace.show_recovery(self.actions_.with_keys(text))
        self._recent.remember(Path(project.path))
        self._saved.follow(project)
        if note := told_of_another(project.video, project.path):
            self.say(note)
        self.refresh_actions()
        return True

    def close_project(self) -> bool:
        """Close what is open; nothing is asked, everything is saved.

        Unless a job is under way or the disk does not take it: then the person says what to do,
        and it stays open if they say so, which is False.
        """
        work = tr("Export") if self.window_verbs.is_about_to_export else self._jobs.unfinished
        if work and not dialogs.ask_to_stop(self, work, self._jobs.ended):
            return False
        if self.workspace is not None:
            self.workspace.finish_input()
            self.workspace.document.settle()
            if not may_close(self, self.workspace.project):
                return False
        self._jobs.close()
        self._saved.follow(None)
        if self.workspace is not None:
            workspace, self.workspace = self.workspace, None
            workspace.close_project()
            self._pages.removeWidget(workspace)
            workspace.deleteLater()
        self.status.clear_work()
        self._recent.refresh()
        self._welcome.show_recent(self._recent.paths)
        self.refresh_actions()
        return True

    def make_again(self) -> bool:
        """Close, to be made anew with what is open now, in other words; False if it stays open."""
        self.last_path = Path(self.workspace.project.path) if self.workspace else None
        self.close()  # which now and then returns False, though it closes, after a question
        self.returns = not self.isVisible()
        return self.returns

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the window's place, join the threads, go."""
        QSettings().setValue(_GEOMETRY_KEY, self.saveGeometry())
        may_stop = not self._is_opening and self.window_verbs.may_stop_batch()
        event.setAccepted(may_stop and self.close_project())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first file that was dropped."""
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.open_path(paths[0])

    # What is said

    def say(self, text: str, is_news: bool = True) -> None:
        """Show a message in the status bar, and keep it; `key:undo` becomes the key of undo."""
        text = self.actions_.with_keys(text)
        self.status.say(text, is_news)
        self.messages.add(text)

    def warn(self, text: str, report: str = "") -> None:
        """Say that something went wrong; the report is kept with the messages."""
        self.status.say(f"{text}  {tr('(Help > Messages)')}" if report else text)
        self.messages.add(text, report)

    def _show_title(self, text: str) -> None:
        self.setWindowTitle(f"{text} - {_NAME}" if text else _NAME)

    def _on_problem_changed(self, problem: str) -> None:
        """Say that the disk does not take changes, for as long as it does not."""
        if self.workspace is not None:
            self.workspace.show_unsaved(problem)
            self.warn(problem or tr("Everything is on disk again."))

    def start_job(self, job: Job | BigChange, after: Job | None = None) -> None:
        """Run `job` with its progress in the transport row; one at a time, or right `after` one."""
        self._jobs.start(job, after)

    def has_room(self) -> bool:
        """Return whether a job may be started, and say why not."""
        return self._jobs.has_room()

    @property
    def has_job(self) -> bool:
        """Whether a job is running."""
        return bool(self._jobs.running)

    def stop_job(self) -> None:
        """Ask the running job to end early."""
        self._jobs.stop()

    def _show_job(self, text: str, done: int, total: int) -> None:
        if self.workspace is not None:
            self.workspace.transport.show_progress(text, done, total)
        self.refresh_actions()

    # What makes sense now

    def refresh_actions(self) -> None:
        """Enable and tick the actions for the state of things."""
        true = conditions(self.workspace)
        if self._jobs.running:
            true.add("running")
        if self.isFullScreen():
            true.add("full screen")
        self.actions_.refresh(true)
        self.actions_.name_steps(self.workspace and self.workspace.document.history)
