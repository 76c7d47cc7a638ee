"""One open project: its document, its engine and the widgets that show them.

For: the main window, which makes a new workspace for every project it opens and closes
it before the next. Restores where the person was, and keeps it in the project.
"""

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from vos_annotator.core.project import Project
from vos_annotator.core.translation import tr
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.landing import keep_provenance
from vos_annotator.engine.registry import load_engine
from vos_annotator.engine.seat import Loader
from vos_annotator.ui.action_set import ActionSet
from vos_annotator.ui.bridge import EngineBridge
from vos_annotator.ui.canvas import Canvas
from vos_annotator.ui.card import Card
from vos_annotator.ui.click_files import use_kept_files
from vos_annotator.ui.cursor import Cursor
from vos_annotator.ui.demo import is_demo
from vos_annotator.ui.document import Document
from vos_annotator.ui.follow import Follow
from vos_annotator.ui.glitch_scan import GlitchScan
from vos_annotator.ui.hints import Hints
from vos_annotator.ui.kept_splitter import KeptSplitter
from vos_annotator.ui.pace_display import PaceDisplay
from vos_annotator.ui.panels.objects import ObjectsPanel
from vos_annotator.ui.panels.references import ReferencesPanel
from vos_annotator.ui.pass_words import PassWords
from vos_annotator.ui.playback import Playback
from vos_annotator.ui.settings import kept
from vos_annotator.ui.shot_scan import ShotScan
from vos_annotator.ui.status_bar import StatusBar
from vos_annotator.ui.step_words import said_of_painting
from vos_annotator.ui.thumbnails import Thumbnails
from vos_annotator.ui.timeline import Timeline
from vos_annotator.ui.timeline_states import describe
from vos_annotator.ui.tools import TOOLS
from vos_annotator.ui.transport import Transport, words_of
from vos_annotator.ui.unsure_places import UnsurePlace, unsure_places
from vos_annotator.ui.wipe import Wipe

_THUMBNAIL = 56  # px high
_PLACE_KEY = "place"  # where the person was, in the project's settings
_PLACE_DELAY = 1000  # ms
_TOOL_KEY = "tool"  # that is in hand, in the person's settings: it stays so in other projects


class Workspace(QWidget):
    """The canvas, the panels, the transport row and the timeline of one project.

    Signals:
        closing(): The project is about to be closed.
        changed(): Something that enables or ticks an action has changed.
        message(text): Something to say in the status bar.
        failed(text, report): Something went wrong.
    """

    closing = Signal()
    changed = Signal()
    message = Signal(str)
    failed = Signal(str, str)

    def __init__(
        self,
        project: Project,
        actions: ActionSet,
        engine: EngineChoice,
        size: int,
        load: Loader = load_engine,
    ) -> None:
        super().__init__()
        self.project, self.actions_ = project, actions
        self.document = Document(project)
        self.cursor = Cursor(self.document)
        self._restore_place()
        self.bridge = EngineBridge(self.document, engine, size, load)
        self.bridge.ready.connect(lambda ready: keep_provenance(project, ready))
        use_kept_files(self.bridge.inference)
        self.canvas = Canvas(self.document, self.cursor, self.bridge)
        self.canvas.setAccessibleName(tr("Canvas"))
        self.pace = PaceDisplay(self.canvas)
        self.bridge.progress.connect(self.pace.follow)
        self.wipe = Wipe(self.canvas, self.document.before)
        self.timeline = Timeline(self.document, self.cursor)
        self.shots = ShotScan(project, self)
        self.timeline.show_cuts(self.shots.cuts)
        self.glitches = GlitchScan(self.document, self.shots, self)
        self.playback = Playback(project.video, self.cursor, self)
        self.thumbnails = Thumbnails(project.video, _THUMBNAIL, self)
        self.transport = Transport(project.video, self.cursor, actions)
        self.objects_panel = ObjectsPanel(self.document, self.cursor, self.state_of)
        self.objects_panel.add_button(actions["add-object"])
        self.objects_panel.add_button(actions["delete-object"])
        self.references_panel = ReferencesPanel(self.document, self.cursor, self.thumbnails)
        actions.attach_canvas(self.canvas)
        self.follow = Follow(self.cursor, self.bridge, self)
        self.hints = Hints(
            self.document, self.bridge, self.canvas, actions.with_keys, is_demo(project.video)
        )
        self.show_keys()
        self._unsure: tuple[tuple, list[UnsurePlace]] | None = None  # and what it was found in
        self._lay_out()
        self._connect()
        self.pass_words = PassWords(self)  # last of all that follows passes

    def state_of(self, frame: int, object_id: int) -> str:
        """Return the word for what is known of an object on a frame."""
        return describe(self.timeline.states.code(frame, object_id))

    def unsure_places(self) -> list[UnsurePlace]:
        """Return where to look, what is worth most first; but for locked and hidden objects."""
        states, glitches = self.timeline.states, tuple(self.glitches.glitches)
        known_of = states.version, glitches, self.document.objects.protected_ids
        if self._unsure is None or self._unsure[0] != known_of:
            self._unsure = known_of, unsure_places(states, *known_of[1:])
        return self._unsure[1]

    def show_keys(self) -> None:
        """Name the keys, where a text names some, as they are now."""
        invitation = tr("key:tool-brush, then paint: the first\nstroke makes an object.")
        self.objects_panel.invite(self.actions_.with_keys(invitation))
        listed = tr("Frames that you paint, or keep with key:keep. No pass changes them.")
        self.references_panel.invite(self.actions_.with_keys(listed))
        self.hints.refresh()

    def finish_input(self) -> None:
        """Keep what is half typed or half drawn."""
        if (field := self.focusWidget()) is not None:
            field.clearFocus()
        self.canvas.tool(self.cursor.tool).leave()

    def close_project(self) -> None:
        """Save where the person is, join the threads and close the file."""
        self.closing.emit()
        QApplication.instance().focusChanged.disconnect(self._take_keys)
        self._place_timer.stop()
        self.playback.pause()
        self.bridge.close()
        self.document.mix_ups.save()
        self.glitches.close()
        self.shots.close()
        self.thumbnails.close()
        self.timeline.film.close()
        self.canvas.close_loader()
        self._save_place()
        self.project.let_go()  # whether something may be lost was asked before

    def save(self) -> bool:
        """Write what may still be waiting; whether everything is on disk now."""
        self._save_place()
        return self.project.save()

    def show_facts_in(self, status: StatusBar) -> None:
        """Have `status` show the brush, the zoom, the position and the speed."""
        self.cursor.brush_changed.connect(status.show_brush)
        self.cursor.view_changed.connect(lambda: status.show_masks(self.cursor.masks_shown))
        self.canvas.zoom_changed.connect(status.show_zoom)
        self.canvas.pointer_moved.connect(status.show_position)
        self.bridge.progress.connect(
            lambda progress: status.show_speed(progress.fps if progress else None)
        )
        self.bridge.ready.connect(lambda ready: status.show_engine(str(ready.choice), ready.size))
        status.show_brush(self.cursor.brush_size)

    def _lay_out(self) -> None:
        panels = self.objects_panel, self.references_panel
        side = KeptSplitter(Qt.Orientation.Vertical, "panels/down", panels, (260, 400))
        side.setMinimumWidth(220)
        sizes = 1184, 280  # room for a name beside "marked absent"
        parts = self.canvas, side
        across = KeptSplitter(Qt.Orientation.Horizontal, "panels/across", parts, sizes)
        across.setStretchFactor(0, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(across, 1)
        column.addWidget(self.transport)
        column.addWidget(self.timeline)

    def show_recovery(self, text: str) -> None:
        """Say above everything else what was kept when the program was cut off."""
        self.layout().insertWidget(0, Card(tr("Recovery"), text))

    def show_unsaved(self, problem: str) -> None:
        """Say above everything else why changes are not on disk; "" when they are again."""
        name = tr("Not saved")
        for card in self.findChildren(Card):
            if card.accessibleName() == name:
                card.deleteLater()
        if problem:
            self.layout().insertWidget(0, Card(name, problem))

    def _connect(self) -> None:
        self.bridge.progress.connect(self._show_progress)
        self.bridge.learning.changed.connect(self._show_learning)
        self.bridge.message.connect(self.message)
        for scan in (self.shots, self.glitches):
            self.bridge.progress.connect(
                lambda progress, scan=scan: scan.rest_while(progress is not None)
            )
        self.shots.found.connect(lambda: self.timeline.show_cuts(self.shots.cuts))
        self.glitches.found.connect(lambda: self.timeline.show_glitches(self.glitches.glitches))
        self.bridge.ended.connect(self.document.mix_ups.save)
        self.document.absence_changed.connect(self._on_absence_changed)
        self.document.painted.connect(self._on_painted)
        self.canvas.message.connect(self.message)
        self.bridge.failed.connect(self.failed)
        self.cursor.frame_changed.connect(self.bridge.rough_first.note_place)
        self.playback.playing_changed.connect(self.transport.show_playing)
        self.canvas.touched.connect(self._stand_still)
        for signal in (  # not each frame that a pass writes: that enables nothing
            self.bridge.began,
            self.bridge.ended,
            self.bridge.learning.changed,
            self.cursor.frame_changed,
            self.cursor.object_changed,
            self.cursor.tool_changed,
            self.cursor.view_changed,
            self.document.objects_changed,
            self.document.history_changed,
        ):
            signal.connect(self.changed)
        self._place_timer = QTimer(self)
        self._place_timer.setSingleShot(True)
        self._place_timer.setInterval(_PLACE_DELAY)
        self._place_timer.timeout.connect(self._save_place)
        for signal in (
            self.cursor.frame_changed,
            self.cursor.object_changed,
            self.cursor.view_changed,
            self.cursor.brush_changed,
        ):
            signal.connect(self._place_timer.start)
        self.cursor.tool_changed.connect(lambda tool: QSettings().setValue(_TOOL_KEY, tool))
        QApplication.instance().focusChanged.connect(self._take_keys)

    def _take_keys(self, _old: QWidget | None, now: QWidget | None) -> None:
        """Give the canvas the keys that no widget has any more: what was typed is typed."""
        if now is None and QApplication.activeWindow() is self.window():
            self.canvas.setFocus()

    def _stand_still(self) -> None:
        """Stop playing: who begins to paint means the picture that is seen."""
        if self.playback.is_playing and self.cursor.tool != "select":
            self.playback.pause()
            if self.canvas.shown_frame is not None:
                self.cursor.frame = self.canvas.shown_frame

    def _on_absence_changed(self, object_id: int, frames: range) -> None:
        if self.cursor.frame in frames:
            self.document.frame_changed.emit(self.cursor.frame, None)

    def _on_painted(self, frame: int, before: object, touched: object) -> None:
        if text := said_of_painting(self.document, frame, before, touched):
            self.message.emit(text)

    def _show_progress(self, progress: object) -> None:
        if progress is None:
            self.transport.show_progress("")
            self.timeline.show_pass(None)
            return
        self.transport.show_progress(words_of(progress), progress.done, progress.total)
        self.timeline.show_pass(progress.frame, progress.direction >= 0)

    def _show_learning(self) -> None:
        if self.bridge.learning.is_active:
            self.transport.show_progress(tr("Learning …"))
        elif not self.bridge.busy:
            self.transport.show_progress("")

    # Where the person was

    def _save_place(self) -> None:
        cursor = self.cursor
        place = {
            "frame": cursor.frame,
            "object": cursor.object_id,
            "in": cursor.in_frame,
            "out": cursor.out_frame,
            "brush": cursor.brush_size,
        }
        if self.project.setting(_PLACE_KEY) != place:
            self.project.set_setting(_PLACE_KEY, place)

    def _restore_place(self) -> None:
        place = self.project.setting(_PLACE_KEY) or {}
        ids = self.document.objects.ids
        self.cursor.frame = place.get("frame", 0)
        if place.get("object") in ids:
            self.cursor.object_id = place["object"]
        elif ids:
            self.cursor.object_id = ids[0]
        self.cursor.in_frame = place.get("in")
        self.cursor.out_frame = place.get("out")
        self.cursor.brush_size = place.get("brush", self.cursor.brush_size)
        if (tool := kept(_TOOL_KEY, "")) in TOOLS:
            self.cursor.tool = tool
