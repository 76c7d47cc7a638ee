"""The few dialogs: what to open, what to import, how to export, and the keys.

For: the verbs. Dialogs ask and answer; they change nothing.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from PySide6.QtCore import QSettings, QStandardPaths, Qt, QUrl, SignalInstance
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from vos_annotator.core.errors import DamagedProject, MissingVideo, UnknownVideo
from vos_annotator.core.translation import marked, tr
from vos_annotator.ui.form_parts import MARGINS, SPACING

_VIDEOS = "*.mp4 *.mov *.mkv *.avi *.webm *.m4v *.mpg *.mpeg *.mts *.m2ts *.wmv *.gif *.mxf"
_FOLDER_KEY = "folders/"


def ask_video(parent: QWidget) -> Path | None:
    """Return the video or project the person chose."""
    filters = tr(
        "Videos and projects ({kinds} *.vos);;Projects (*.vos);;All files (*)", kinds=_VIDEOS
    )
    return _ask_file(parent, tr("Open video or project"), "open", filters)


def ask_folder(parent: QWidget, title: str, purpose: str) -> Path | None:
    """Return the folder the person chose; `purpose` remembers where they last were."""
    chosen = QFileDialog.getExistingDirectory(parent, title, folder_to_look_in(purpose))
    return _remember(purpose, chosen)


def ask_mask(parent: QWidget) -> Path | None:
    """Return the picture of a label map the person chose."""
    return _ask_file(parent, tr("Import a mask for this frame"), "masks", tr("Masks (*.png)"))


def ask_checkpoint(parent: QWidget) -> Path | None:
    """Return the file of an engine's weights the person chose."""
    return _ask_file(parent, tr("Checkpoint"), "checkpoints", tr("All files (*)"))


def ask_project(parent: QWidget) -> Path | None:
    """Return the project the person chose."""
    return _ask_file(parent, tr("Other project"), "open", tr("Projects (*.vos)"))


def ask_projects(parent: QWidget, title: str) -> list[Path]:
    """Return the projects the person chose, as many as they like."""
    folder, kinds = folder_to_look_in("open"), tr("Projects (*.vos)")
    chosen, _ = QFileDialog.getOpenFileNames(parent, title, folder, kinds)
    for each in chosen[:1]:
        _remember("open", each)
    return [Path(each) for each in chosen]


def ask_new_file(parent: QWidget, title: str, suggestion: Path, kinds: str) -> Path | None:
    """Return where a new file goes; its name ends as that of the suggestion.

    What is there already is replaced only if the person says so.
    """
    chosen, _ = QFileDialog.getSaveFileName(parent, title, str(suggestion), kinds)
    if not chosen:
        return None
    path = Path(chosen)
    if path.suffix.lower() == suggestion.suffix:
        return path  # of which the dialog has asked
    path = path.with_name(path.name + suggestion.suffix)
    return path if not path.exists() or _may_replace(parent, path) else None


def ask_copy(parent: QWidget, current: Path) -> Path | None:
    """Return where a copy of the project goes."""
    suggestion = current.with_name(tr("{name} copy", name=current.stem) + ".vos")
    return ask_new_file(parent, tr("Save a copy as"), suggestion, tr("Projects (*.vos)"))


def is_brought_up(window: QWidget, kind: type[QDialog]) -> bool:
    """Return whether `window` has a dialog of a kind open; it is in front then."""
    for dialog in window.findChildren(kind):
        if dialog.isVisible():
            dialog.raise_()
            dialog.activateWindow()
            return True
    return False


def show_problem(parent: QWidget, message: str) -> None:
    """Say in one sentence why something could not be opened."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, tr("Cannot open"), message, parent=parent)
    box.addButton(QMessageBox.StandardButton.Ok)
    box.exec()


def ask_missing_video(parent: QWidget, missing: MissingVideo | UnknownVideo) -> Path | None:
    """Return where a project's video is now; None to leave it."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, tr("The video is missing"), "", parent=parent)
    if isinstance(missing, MissingVideo):
        where = tr("Where is {name}?", name=missing.video.name)
        told = tr("{missing} Or show where it is now: the masks stay with it.", missing=missing)
    else:
        where = tr("Which video is {name} of?", name=missing.project.name)
        told = tr(
            "{path} does not say any more which video it is of. Show the video that its masks were "
            "drawn on: they go with it.",
            path=missing.project,
        )
    box.setText(told)
    file = box.addButton(tr("Locate the video…"), QMessageBox.ButtonRole.AcceptRole)
    folder = box.addButton(tr("Locate the folder…"), QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(file)
    box.exec()
    if box.clickedButton() is file:
        return _ask_file(parent, where, "open", tr("Videos ({kinds})", kinds=_VIDEOS))
    if box.clickedButton() is folder:
        return ask_folder(parent, where, "open")
    return None


def ask_rescue(parent: QWidget, damaged: DamagedProject) -> bool:
    """Return whether what can be read of a damaged project is to go into a new one."""
    title = tr("The project is damaged")
    box = QMessageBox(QMessageBox.Icon.NoIcon, title, str(damaged), parent=parent)
    rescue = box.addButton(tr("Rescue…"), QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(rescue)
    box.exec()
    return box.clickedButton() is rescue


def ask_rescued(parent: QWidget, suggestion: Path) -> Path | None:
    """Return where what is rescued of a project goes."""
    return ask_new_file(parent, tr("Rescue into"), suggestion, tr("Projects (*.vos)"))


def ask_damaged(parent: QWidget) -> Path | None:
    """Return the project that something is to be rescued of."""
    return _ask_file(parent, tr("Rescue a damaged project"), "open", tr("Projects (*.vos)"))


class Unsaved(Enum):
    """What to do about changes that cannot be written."""

    RETRY = marked("Try again")
    COPY = marked("Save a copy elsewhere…")
    LOSE = marked("Close and lose them")
    KEEP_OPEN = marked("Keep open")


def ask_unsaved(parent: QWidget, path: Path) -> Unsaved:
    """Return what to do about changes of the project at `path` that cannot be written."""
    text = tr(
        "The last changes are not on disk: {path} cannot be written. Free some space and "
        "try again, or save a copy on another disk.",
        path=path,
    )
    box = QMessageBox(QMessageBox.Icon.NoIcon, tr("Not everything is saved"), text, parent=parent)
    role = QMessageBox.ButtonRole.ActionRole
    buttons = {box.addButton(tr(each.value), role): each for each in Unsaved}
    box.setDefaultButton(next(iter(buttons)))
    box.setEscapeButton(list(buttons)[-1])
    box.exec()
    return buttons.get(box.clickedButton(), Unsaved.KEEP_OPEN)


def ask_to_stop(parent: QWidget, work: str, ended: SignalInstance) -> bool:
    """Return whether what would end work that is under way, called `work`, may be done.

    Work that ends meanwhile answers by itself: if it `ended` well (true) there is nothing left to
    ask, and if not (false) the window stays open, as it says what went wrong.
    """
    text = tr("{work} is not done yet. Closing now stops it where it is.", work=work)
    return _may(parent, tr("Still at work"), text, tr("Stop and close"), tr("Keep open"), ended)


def _may_replace(parent: QWidget, path: Path) -> bool:
    """Return whether a file that is there already may be replaced."""
    text = tr("{path} is there already. Replacing it cannot be undone.", path=path)
    return _may(parent, tr("Replace the file"), text, tr("Replace"), tr("Keep it"))


def _may(
    parent: QWidget,
    title: str,
    text: str,
    does: str,
    leaves: str,
    settled: SignalInstance | None = None,
) -> bool:
    """Return whether a person chooses what a button `does`; by default it `leaves` it.

    `settled(is_agreed)` answers for them.
    """
    box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, parent=parent)
    agrees = box.addButton(does, QMessageBox.ButtonRole.DestructiveRole)
    refuses = box.addButton(leaves, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(refuses)
    box.setEscapeButton(refuses)
    if settled is not None:

        def answer(is_agreed: bool) -> None:
            (agrees if is_agreed else refuses).click()

        settled.connect(answer)
    box.exec()
    if settled is not None:
        settled.disconnect(answer)
    return box.clickedButton() is agrees


def show_report(parent: QWidget, title: str, text: str, folder: Path) -> QDialog:
    """Show what an export did, and a way to its folder; does not block the window."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    label = QLabel(text)
    label.setWordWrap(True)
    label.setMinimumWidth(420)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.close)
    opens = buttons.addButton(tr("Open folder"), QDialogButtonBox.ButtonRole.ActionRole)
    opens.setEnabled(folder.is_dir())

    def show_folder() -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            opens.setEnabled(False)
            opens.setText(tr("No program shows folders"))

    opens.clicked.connect(show_folder)
    column = QVBoxLayout(dialog)
    column.setContentsMargins(*MARGINS)
    column.setSpacing(SPACING)
    column.addWidget(label)
    column.addWidget(buttons)
    dialog.show()
    return dialog


def _ask_file(parent: QWidget, title: str, purpose: str, filters: str) -> Path | None:
    chosen, _ = QFileDialog.getOpenFileName(parent, title, folder_to_look_in(purpose), filters)
    return _remember(purpose, chosen)


def folder_to_look_in(purpose: str) -> str:
    """Return the folder that was last used for a purpose, or what is left of the way to it.

    Qt takes the name of a folder that is not there for that of the file.
    """
    wanted = Path(last_folder(purpose))
    return str(next((each for each in (wanted, *wanted.parents) if each.is_dir()), Path.home()))


def last_folder(purpose: str, first: Path | None = None) -> str:
    """Return the folder that was last used for a purpose, or else `first`, or that of videos."""
    films = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
    videos = QSettings().value(_FOLDER_KEY + "open", films)
    return str(QSettings().value(_FOLDER_KEY + purpose, str(first or videos)))


def _remember(purpose: str, chosen: str) -> Path | None:
    if not chosen:
        return None
    path = Path(chosen)
    remember_folder(purpose, str(path if path.is_dir() else path.parent))
    return path


def remember_folder(purpose: str, folder: str) -> None:
    """Note the folder that was used for a purpose."""
    QSettings().setValue(_FOLDER_KEY + purpose, folder)
