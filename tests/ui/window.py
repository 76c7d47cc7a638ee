"""A window on a small clip, with the engine that holds still: for the tests of the window."""

from contextlib import contextmanager

import cv2
import numpy as np
from PySide6.QtCore import QSettings

from vos_annotator.ui.app import make_application
from vos_annotator.ui.gathering import Gathering
from vos_annotator.ui.language import apply_choice, keep_choice
from vos_annotator.ui.main_window import MainWindow
from vos_annotator.ui.opening import load_project

FRAMES, SHAPE = 12, (48, 64)


def make_clip(folder, frames=FRAMES):
    """Write a folder of small pictures and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for frame in range(frames):
        picture = np.stack([rows * 5, columns * 4, rows * 0 + frame * 8], axis=2)
        cv2.imwrite(str(folder / f"{frame:05d}.png"), picture.astype(np.uint8))
    return folder


def isolate_settings(folder, language="en"):
    """Let the program's settings lie in `folder`, not with the user's own."""
    app = make_application()
    for kind in (QSettings.Format.NativeFormat, QSettings.Format.IniFormat):
        QSettings.setPath(kind, QSettings.Scope.UserScope, str(folder))
    QSettings().clear()
    keep_choice(language)
    apply_choice(app)


@contextmanager
def open_window(qtbot, path=None):
    """Show a window, on the project or video at `path`; it is closed at the end."""
    window = MainWindow(load_project(path) if path else None, "hold", 48)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    try:
        yield window
    finally:
        window.close()


def square(window, object_id=1, top=10, left=10, size=12):
    """Return the current frame's label map with a square of an object."""
    label_map = window.document.annotations[window.cursor.frame].copy()
    label_map[top : top + size, left : left + size] = object_id
    return label_map


def paint(window, object_id=1, **where):
    """Paint a square on the current frame, as a tool does."""
    window.document.paint(window.cursor.frame, square(window, object_id, **where), "Paint")


def finish_job(qtbot, window):
    """Wait until a job is done, and what is gathered for one before it begins."""

    def is_done():
        gathers = any(each.is_active for each in window.findChildren(Gathering))
        return not gathers and not window.has_job

    qtbot.waitUntil(is_done, timeout=20_000)


def finish_run(qtbot, window):
    """Wait until nothing runs."""
    qtbot.waitUntil(lambda: not window.bridge.busy, timeout=60_000)
