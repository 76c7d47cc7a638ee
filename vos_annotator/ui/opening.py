"""Opening and closing a project, with what may have to be asked.

For: the main window and the application. Asks through `dialogs`. A video may take seconds until it
is open: that is done in a thread, and the window goes on being drawn.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from vos_annotator.core.errors import MissingVideo, UnknownVideo, UserError
from vos_annotator.core.project import Project
from vos_annotator.core.project_video import project_path
from vos_annotator.core.rescue import Rescue, rescue, rescued_path
from vos_annotator.core.video import Video, open_video
from vos_annotator.ui import dialogs
from vos_annotator.ui.demo import is_demo
from vos_annotator.ui.meanwhile import meanwhile


def load_project(
    path: Path, wait: Callable[[Callable[[], Video]], Video] = lambda opening: opening()
) -> Project:
    """Return the project in `path`, or that of the video it names.

    Args:
        path: The file, or a folder of frames.
        wait: Does what opens the video, and returns that.

    Raises:
        MissingVideo: The project's video is not where it was.
        UserError: It cannot be opened.
    """
    if path.suffix.lower() == ".vos":
        return Project.open(path, wait=wait)
    return Project.for_video(wait(lambda: open_video(path)))


def is_of(project: Project, path: Path) -> bool:
    """Return whether opening `path` would open `project`: it is its file, or its video.

    Raises:
        UserError: It is the video, and nothing can be written beside it or elsewhere.
    """
    path, file, video = path.resolve(), project.path.resolve(), project.video
    is_video = path == video.path.resolve() and file == project_path(video).resolve()
    return path == file or is_video


def load_asking(parent: QWidget, path: Path) -> Project | None:
    """Return a project; None if its video is missing and nobody shows where it is.

    Dialogs look for the next one beside its video, by whatever way this one was found.

    Raises:
        UserError: It cannot be opened, or the video that was shown is another one.
    """
    project = _load_asking(parent, path)
    if project is not None and not is_demo(project.video):
        dialogs.remember_folder("open", str(project.video.path.absolute().parent))
    return project


def _load_asking(parent: QWidget, path: Path) -> Project | None:
    try:
        with _waiting():
            return load_project(path, meanwhile)
    except MissingVideo as missing:
        project, video = missing.project, dialogs.ask_missing_video(parent, missing)
    if video is None:
        return None
    with _waiting():
        found = meanwhile(lambda: open_video(video))
        try:
            return Project.open(project, found)
        except BaseException:
            found.close()
            raise


def rescue_asking(parent: QWidget, path: Path) -> tuple[Path, Rescue] | None:
    """Make a new project of what can be read of a damaged one; None if nobody says where.

    Which video it is of is asked too, where it does not say so or that is not there.

    Raises:
        UserError: Nothing can be read, the video that was shown is another one, or the new one
            cannot be written.
    """
    out = dialogs.ask_rescued(parent, rescued_path(path))
    if out is None:
        return None
    try:
        with _waiting():
            return out, meanwhile(lambda: rescue(path, out))
    except (MissingVideo, UnknownVideo) as missing:
        shown = dialogs.ask_missing_video(parent, missing)
    if shown is None:
        return None

    def rescued() -> Rescue:
        with open_video(shown) as video:
            return rescue(path, out, video, is_checked=True)

    with _waiting():
        return out, meanwhile(rescued)


def may_close(parent: QWidget, project: Project) -> bool:
    """Return whether everything is on disk, or in a copy, or may be lost."""
    while not project.save():
        match dialogs.ask_unsaved(parent, project.path):
            case dialogs.Unsaved.KEEP_OPEN:
                return False
            case dialogs.Unsaved.LOSE:
                return True
            case dialogs.Unsaved.COPY if copy := dialogs.ask_copy(parent, project.path):
                try:
                    project.save_copy(copy)
                    return True
                except UserError as error:
                    dialogs.show_problem(parent, str(error))
    return True


@contextmanager
def _waiting() -> Iterator[None]:
    """Show meanwhile that it may take a moment."""
    QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
    try:
        yield
    finally:
        QApplication.restoreOverrideCursor()
