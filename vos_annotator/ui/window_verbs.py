"""What the actions do that opens, reads or writes files, or changes the window itself.

For: the action table, whose rows name these methods, beside those of `Verbs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

from vos_annotator.core.edits import Status
from vos_annotator.core.errors import DamagedProject, UserError
from vos_annotator.core.formats.exporting import export
from vos_annotator.core.formats.importing import Masks, import_edits, look_through
from vos_annotator.core.formats.registry import FORMATS
from vos_annotator.core.formats.report import ExportReport
from vos_annotator.core.mask_reading import read_label_map, void_left_out
from vos_annotator.core.masks import encode_png, object_ids
from vos_annotator.core.stored_map import StoredMap
from vos_annotator.core.translation import tr, tr_many
from vos_annotator.machine import diagnostics
from vos_annotator.ui import demo, dialogs
from vos_annotator.ui.big_change import BigChange
from vos_annotator.ui.cheat_sheet import CheatSheet
from vos_annotator.ui.export_dialog import ExportChoice
from vos_annotator.ui.export_question import ask_export, put_aside
from vos_annotator.ui.gathering import Gathering
from vos_annotator.ui.import_question import ask_import
from vos_annotator.ui.job import Job
from vos_annotator.ui.language import number
from vos_annotator.ui.opening import is_of, rescue_asking

if TYPE_CHECKING:
    from vos_annotator.ui.batch_queue import BatchQueue
    from vos_annotator.ui.document import Document
    from vos_annotator.ui.main_window import MainWindow


class WindowVerbs:
    """The commands on files and on the window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.batch_queue: BatchQueue | None = None  # once it was asked for
        self._gathering: Gathering | None = None  # of the latest export

    # Files

    def open_video(self) -> None:
        """Ask for a video or a project, and open it."""
        self._open(dialogs.ask_video(self._window))

    def open_folder(self) -> None:
        """Ask for a folder of frames, and open it."""
        self._open(dialogs.ask_folder(self._window, tr("Open folder of frames"), "open"))

    def rescue_project(self) -> None:
        """Ask for a damaged project, and open what can be read of it as a new one."""
        if (path := dialogs.ask_damaged(self._window)) is not None:
            self._rescue(path)

    def open_instead(self, problem: UserError | OSError) -> bool:
        """Say why something cannot be opened; open what can be read of it if that is wanted."""
        self._window.messages.add(str(problem))
        if isinstance(problem, DamagedProject):
            return dialogs.ask_rescue(self._window, problem) and self._rescue(problem.project)
        dialogs.show_problem(self._window, str(problem))
        return False

    def _rescue(self, path: Path) -> bool:
        window = self._window
        is_open = window.workspace is not None and is_of(window.workspace.project, path)
        if is_open and not window.close_project():
            return False
        try:
            made = rescue_asking(window, path)
        except (UserError, OSError) as error:
            dialogs.show_problem(window, str(error))
            return False
        if made is None or not window.open_path(made[0]):
            return False
        window.messages.add(str(made[1]))
        window.workspace.show_recovery(str(made[1]))
        return True

    def import_masks(self) -> None:
        """Ask for masks in any format, and take them as references or predictions."""
        choice = ask_import(self._window)
        if choice is not None:
            masks, numbers = choice.masks, choice.numbers
            self._import(lambda *_: masks.renumbered(numbers), choice.as_predictions)

    def import_masks_from(self, path: Path) -> None:
        """Read masks in another thread; they become references in one step of undo."""
        source, known = self._window.document.video.fork(), self._known_ids()

        def work(progress: object, cancelled: object) -> Masks:
            with source:
                masks = look_through(
                    path, source, known=known, progress=progress, cancelled=cancelled
                )
            if masks.problems:
                raise UserError(masks.problems[0])
            return masks.renumbered({})

        self._import(work)

    def _import(self, work: Callable[..., Masks], as_predictions: bool = False) -> None:
        document = self._window.document
        job = Job(tr("Import"), work)
        job.succeeded.connect(lambda masks: self._take(document, masks, as_predictions, job))
        self._window.start_job(job)

    def _known_ids(self) -> frozenset[int]:
        return frozenset(self._window.document.objects.ids)

    def import_one_mask(self) -> None:
        """Ask for the picture of a mask; it becomes this frame's reference."""
        frame, shape = self._window.cursor.frame, self._window.document.video.shape
        path, known = dialogs.ask_mask(self._window), self._known_ids()
        if path is None:
            return

        def work(*_: object) -> Masks:
            label_map = read_label_map(path, shape)
            frames_of = {i: (frame,) for i in object_ids(label_map)}
            masks = Masks(path, FORMATS["davis"], {frame: encode_png(label_map)}, frames_of)
            return masks.renumbered(void_left_out(frames_of, known))

        self._import(work)

    def export(self) -> None:
        """Ask in which format and where to, and write the masks."""
        choice = ask_export(self._window)
        if choice is not None:
            self.export_to(choice)

    def export_to(self, choice: ExportChoice) -> None:
        """Write the masks in another thread, then show the report.

        They are put aside first, so that work can go on meanwhile.
        """
        workspace = self._window.workspace
        workspace.document.settle()
        annotations = workspace.document.annotations
        gathering = self._gathering = Gathering(annotations, workspace)
        gathering.done.connect(lambda kept: self._start_export(choice, kept))
        gathering.failed.connect(self._window.warn)
        workspace.closing.connect(gathering.stop)
        gathering.start(range(annotations.frame_count))

    @property
    def is_about_to_export(self) -> bool:
        """Whether masks are still put aside for an export."""
        return self._gathering is not None and self._gathering.is_active

    def _start_export(self, choice: ExportChoice, kept: Mapping[int, StoredMap]) -> None:
        source = put_aside(self._window.workspace.project, kept)

        def work(progress: object, cancelled: object) -> object:
            with source.video:
                return export(
                    source,
                    choice.format,
                    choice.root,
                    choice.name,
                    options=choice.options,
                    progress=progress,
                    cancelled=cancelled,
                )

        job = Job(tr("Export"), work)
        job.succeeded.connect(self._show_export)
        self._window.start_job(job)

    def show_batch(self) -> None:
        """Show the projects that are computed beside the window."""
        from vos_annotator.ui.batch_queue import BatchQueue

        if self.batch_queue is None:
            window = self._window
            self.batch_queue = BatchQueue(lambda: window.engine, window.working_size, window)
        self.batch_queue.show()
        self.batch_queue.raise_()

    def may_stop_batch(self) -> bool:
        """Return whether no batch runs, or the person lets it stop, which it does at the end."""
        queue = self.batch_queue
        if queue is None or not queue.is_running:
            return True
        return dialogs.ask_to_stop(self._window, queue.windowTitle(), queue.ended)

    def save(self) -> None:
        """Write what may still be waiting."""
        self._window.document.settle()
        project = self._window.workspace.project
        if self._window.workspace.save():
            self._window.say(tr("Saved in {path}", path=project.path))
        else:
            self._window.warn(project.problem)

    def save_copy(self) -> None:
        """Ask where to, and write a second project file."""
        project = self._window.workspace.project
        self._window.document.settle()
        path = dialogs.ask_copy(self._window, Path(project.path))
        if path is None:
            return
        try:
            project.save_copy(path)
        except (UserError, OSError) as error:
            self._window.warn(
                tr("No copy was saved: {error} The project itself is safe.", error=error)
            )
        else:
            self._window.say(tr("A copy is saved in {path}", path=path))

    def close_project(self) -> None:
        """Close the video; everything is saved."""
        self._window.close_project()

    def quit(self) -> None:
        """Close the window."""
        self._window.close()

    def _open(self, path: Path | None) -> None:
        if path is not None:
            self._window.open_path(path)

    def _take(
        self,
        document: Document,
        masks: Masks,
        as_predictions: bool = False,
        after: Job | None = None,
    ) -> None:
        if self._window.workspace is None or document is not self._window.document:
            return  # another project was opened meanwhile
        is_reference = document.annotations.statuses == Status.REFERENCE
        count = sum(not (as_predictions and is_reference[frame]) for frame in masks.pngs)
        text = tr_many("Import {count} mask", "Import {count} masks", count)
        if as_predictions:
            said = tr_many(
                "{count} mask imported as a prediction. key:undo takes it back.",
                "{count} masks imported as predictions. key:undo takes them back.",
                count,
                count=number(count),
            )
        else:
            said = tr_many(
                "{count} mask imported as a reference. key:undo takes it back.",
                "{count} masks imported as references. key:undo takes them back.",
                count,
                count=number(count),
            )
        edits = import_edits(document.project, masks, as_predictions)
        note = partial(document.history.push, text)
        change = BigChange(tr("Import"), document, edits, count, note)
        change.succeeded.connect(lambda _: self._window.say(said))
        self._window.start_job(change, after)

    def _show_export(self, report: ExportReport) -> None:
        text = f"{report}.\n\n{report.annotations}"
        title = tr("Exported") if report.is_complete else tr("Export stopped")
        self._window.messages.add(f"{title}: {text}")
        place = report.annotations
        folder = place if place.is_dir() else place.parent
        dialogs.show_report(self._window, title, text, folder)

    # The window

    def toggle_full_screen(self) -> None:
        """Fill the screen, or be a window again."""
        if self._window.isFullScreen():
            self._window.showNormal()
        else:
            self._window.showFullScreen()
        self._window.refresh_actions()

    def show_keys(self) -> None:
        """Show the cheat sheet."""
        if not dialogs.is_brought_up(self._window, CheatSheet):
            CheatSheet(self._window, self._window.actions_.rows.values()).show()

    def show_messages(self) -> None:
        """Show or hide what was said."""
        self._window.messages.setVisible(self._window.messages.isHidden())

    def copy_diagnostics(self) -> None:
        """Put what a report of a fault needs on the clipboard."""
        QGuiApplication.clipboard().setText("\n".join(diagnostics.told()))
        self._window.say(
            tr("The diagnostics are copied: paste them into a message. They name files of yours.")
        )

    def show_hints(self) -> None:
        """Start the three hints again, on the clip that they speak of."""
        work, clip = self._window.workspace, demo.demo_clip()
        is_there = work is not None and demo.is_demo(work.project.video)
        if is_there or (clip is not None and self._window.open_path(clip)):
            self._window.workspace.hints.restart()
