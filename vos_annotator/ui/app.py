"""The application: checks the machine, makes the window, opens what was asked for.

For: `main.py` and the command line. Qt is imported only once it is known that a window
can be shown; torch is not imported in this process at all.
"""

from __future__ import annotations

import gc
import logging
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from vos_annotator.core.errors import UserError
from vos_annotator.core.translation import tr
from vos_annotator.machine import display

if TYPE_CHECKING:
    from types import TracebackType

    from vos_annotator.engine.choice import EngineChoice
    from vos_annotator.ui.main_window import MainWindow

log = logging.getLogger(__name__)

NAME = "MobileVOS Annotator"
_FONT = 13  # px


def run(path: str | Path | None = None, engine: EngineChoice | None = None, size: int = 480) -> int:
    """Show the window until it is closed.

    Args:
        path: A video, a folder of frames or a .vos project; None opens the demo clip, and for who
            has projects of their own the page that lists them.
        engine: None takes the one that was chosen last in the window.
        size: The short side in pixels that the engine works at.

    Returns:
        The exit code: 2, and a sentence on stderr, where no window can be shown.
    """
    problem = display.problem()
    if problem:
        print(problem, file=sys.stderr)
        return 2
    from vos_annotator.machine import diagnostics

    with diagnostics.kept():
        return _run(path, engine, size)


def _run(path: str | Path | None, engine: EngineChoice | None, size: int) -> int:
    gc.disable()  # so much is made now that it would be looked through again and again
    app = make_application()
    from vos_annotator.ui import language
    from vos_annotator.ui.demo import first_clip
    from vos_annotator.ui.recent import recent_projects

    window = _show(path if path is not None else first_clip(recent_projects()), engine, size)
    seek_no_garbage_in_what_is_there()
    gc.enable()
    while True:
        code = app.exec()
        if not window.returns:
            return code
        language.apply_choice(app)
        window = _show(window.last_path, engine, size)


def _show(path: str | Path | None, engine: EngineChoice | None, size: int) -> MainWindow:
    from vos_annotator.engine.remote import load_remote
    from vos_annotator.ui.main_window import MainWindow

    window = MainWindow(None, engine, size, load_remote)
    _catch_exceptions(window)
    window.show()
    if path is not None:
        window.open_soon(path)
    return window


def seek_no_garbage_in_what_is_there() -> None:
    """Leave to itself what stays as long as the program: a search of it all takes 70 ms."""
    gc.freeze()


def make_application():
    """Return the QApplication, named, in the theme and the language that were chosen last."""
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QApplication

    from vos_annotator.paths import resources_folder
    from vos_annotator.ui import language, memory_watch, theme

    display.forget_foreign_plugins()
    is_new = QApplication.instance() is None
    app = QApplication.instance() or QApplication(sys.argv[:1])
    app.setApplicationName(NAME)
    app.setOrganizationName("vos-annotator")
    app.setWindowIcon(QIcon(str(resources_folder() / "app.svg")))
    font = app.font()
    font.setPixelSize(_FONT)
    app.setFont(font)
    language.apply_choice(app)
    theme.apply_choice(app)
    memory_watch.apply_choice()
    if is_new:
        theme.follow_desktop(app)
    return app


def _catch_exceptions(window: MainWindow) -> None:
    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        if issubclass(kind, UserError):  # it says what to do
            window.warn(str(error))
            return
        log.error("unexpected", exc_info=(kind, error, trace))
        report = "".join(traceback.format_exception(kind, error, trace))
        window.warn(
            tr(
                "Something went wrong ({reason}). Your edits are saved.",
                reason=error or kind.__name__,
            ),
            report,
        )

    sys.excepthook = show
