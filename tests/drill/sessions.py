"""Sessions to be killed: each works on the project of a clip until the end, and tells about it.

What is told, one word and its object at a time:

    doing WHAT       what is begun, and what runs in other threads meanwhile
    open DIGEST      the project is open and holds this
    writing DIGEST   a transaction begins, after which the project holds this
    written          it is done
    error TEXT       something went wrong that nobody expected
"""

import os
import random
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from PySide6.QtCore import QTimer

from tests.core.edit_stream import FRAMES, SHAPE, label_map_of, step
from tests.drill.witness import Tell, witness
from tests.ui.mouse import LEFT, RIGHT, stroke
from tests.ui.window import isolate_settings
from vos_annotator.core.davis import export
from vos_annotator.core.project import Project
from vos_annotator.core.shapes import grow, shrink
from vos_annotator.core.video import open_video
from vos_annotator.engine.headless import propagate
from vos_annotator.ui import dialogs
from vos_annotator.ui.app import make_application
from vos_annotator.ui.export_dialog import ExportChoice
from vos_annotator.ui.main_window import MainWindow
from vos_annotator.ui.opening import load_project
from vos_annotator.ui.range_edit import RangeEdit

CLIP, PROJECT, COPY, EXPORT = "clip", "clip.vos", "copy.vos", "davis"  # in a session's folder


def run(work: Callable[..., None], pipe: Connection, *arguments: object) -> None:
    """Run a session with a pipe to tell through; what it raises is told, too."""
    try:
        work(pipe.send, *arguments)
    except BaseException:
        pipe.send(f"error {traceback.format_exc()}")
        raise


def without_window(tell: Tell, folder: Path, seed: int) -> None:
    """Edit, propagate, export, copy and open again by turns, through the project alone."""
    rng = random.Random(seed)
    tell("doing opening")
    project = Project.for_video(open_video(folder / CLIP))
    witness(project, tell)
    number = seed * 1000
    while True:
        number += 1
        what = rng.choices(
            ("editing", "range", "propagation", "export", "copy", "opening"), (60, 4, 4, 3, 2, 1)
        )[0]
        tell(f"doing {what}")
        match what:
            case "editing":
                step(project, number)
            case "range":
                frames = rng.sample(range(FRAMES), 5)
                project.set_references({frame: label_map_of(number + frame) for frame in frames})
            case "propagation" if project.annotations.references:
                propagate(project, "hold")
            case "export":
                export(project.video, project.annotations.png, folder / EXPORT)
            case "copy":
                project.save_copy(folder / COPY)
            case "opening":
                project.close()
                project = Project.for_video(open_video(folder / CLIP))
                witness(project, tell)


def with_window(tell: Tell, folder: Path, seed: int, engine: str = "hold") -> None:
    """Work with the mouse and the commands of the real window, which nobody sees."""
    tell("doing opening")
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    sys.excepthook = lambda *error: tell(f"error {''.join(traceback.format_exception(*error))}")
    app = make_application()
    isolate_settings(folder / "settings")
    dialogs.show_report = dialogs.show_problem = lambda *_: None  # nobody is there to close them
    project = load_project(folder / CLIP)
    witness(project, tell)
    window = MainWindow(project, engine, 48)
    window.show()
    hand = Hand(window, folder, random.Random(seed), tell)
    turn = QTimer(interval=0)
    turn.timeout.connect(hand.act)
    turn.start()
    app.exec()


class Hand:
    """A restless person at the window: something else at each turn of the event loop."""

    COMMANDS = (
        *("keep", "release", "undo", "undo", "redo", "add-object", "delete-object"),
        *("hide-object", "lock-object", "next-object", "next", "forward-10", "first"),
        *("copy-previous", "clear-here", "copy-mask", "paste-mask", "interpolate"),
        *("set-in", "set-out", "clear-in", "clear-out", "propagate", "propagate-next", "stop"),
    )
    TOOLS = ("brush", "eraser", "lasso", "wand", "fill", "box", "scribble")

    def __init__(self, window: MainWindow, folder: Path, rng: random.Random, tell: Tell) -> None:
        self._window, self._folder, self._rng, self._tell = window, folder, rng, tell
        self._acts = {
            self._paint: 30,
            self._command: 45,
            self._change_range: 3,
            self._export: 2,
            self._import: 1,
            self._copy: 2,
        }

    def act(self) -> None:
        """Do something."""
        (act,) = self._rng.choices(tuple(self._acts), self._acts.values())
        running = [self._window._jobs.running.lower(), "propagation" * self._window.bridge.busy]
        self._tell(" + ".join(filter(None, [f"doing {act.__name__.strip('_')}", *running])))
        act()

    def _paint(self) -> None:
        rng, cursor = self._rng, self._window.cursor
        cursor.tool = rng.choice(self.TOOLS)
        (height, width), count = SHAPE, rng.randrange(2, 6)
        points = [(rng.randrange(width), rng.randrange(height)) for _ in range(count)]
        stroke(self._window.canvas, *points, button=rng.choice((LEFT, LEFT, RIGHT)))

    def _command(self) -> None:
        action = self._window.actions_[self._rng.choice(self.COMMANDS)]
        if action.isEnabled():
            action.trigger()

    def _change_range(self) -> None:
        window, object_id = self._window, self._window.cursor.object_id
        if object_id in window.document.objects:
            change = self._rng.choice((grow, shrink))
            RangeEdit(window, object_id, "Change").start(
                range(self._rng.randrange(FRAMES), FRAMES), lambda _, mask: change(mask, 1)
            )

    def _export(self) -> None:
        choice = ExportChoice(self._folder / EXPORT, CLIP)
        self._window.window_verbs.export_to(choice)

    def _import(self) -> None:
        if (self._folder / EXPORT / "ImageSets").is_dir():
            self._window.window_verbs.import_masks_from(self._folder / EXPORT)

    def _copy(self) -> None:
        self._window.workspace.project.save_copy(self._folder / COPY)
