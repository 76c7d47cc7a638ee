"""The states of the window that the guide shows, in the order in which a person comes to them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
from PySide6.QtCore import QPointF, QSettings, Qt

from tests.screens.studio import ASTRONAUT, CUP, Studio
from tests.ui.mouse import move, press, release
from vos_annotator.core.edits import Status
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video
from vos_annotator.ui.palette import CommandPalette
from vos_annotator.ui.theme import choose_theme

STATES: dict[str, Callable[[Studio], None]] = {}
_STROKE = ((600, 160), (640, 175), (680, 180), (700, 200))


def state(reach: Callable[[Studio], None]) -> Callable[[Studio], None]:
    """Enter a state in the list under its function's name."""
    STATES[reach.__name__.replace("_", "-")] = reach
    return reach


@state
def first_run(studio: Studio) -> None:
    """The demo clip, and the first of three hints."""
    studio.wait(studio.window.workspace.hints.isVisible)
    studio.pause(2000)  # the filmstrip fills


@state
def painting(studio: Studio) -> None:
    """A stroke in the middle of its making."""
    studio.do("tool-brush")
    canvas = studio.window.canvas
    press(canvas, _STROKE[0])
    for point in _STROKE[1:]:
        move(canvas, point)


@state
def propagating(studio: Studio) -> None:
    """A pass has come through half of the clip, and the person looks on."""
    window = studio.window
    release(window.canvas, _STROKE[-1])
    studio.do("undo")
    studio.correct(0, CUP)
    window.cursor.object_id = window.document.add_object()
    studio.correct(0, ASTRONAUT)
    names = {CUP: "cup", ASTRONAUT: "astronaut"}
    for object_id, name in names.items():
        window.document.update_object(object_id, name=name)
    window.cursor.object_id = CUP
    studio.do("propagate")
    studio.wait(lambda: window.document.annotations.status(38) is Status.PREDICTION)


@state
def doubt(studio: Studio) -> None:
    """All is computed; the lanes say where the network is unsure."""
    studio.finish()
    studio.do("next-doubtful")
    studio.settle()


@state
def references(studio: Studio) -> None:
    """Some frames are corrected, and what is between follows them."""
    worst = studio.window.cursor.frame
    for frame in (30, 79, worst):
        studio.go_to(frame)
        studio.correct(frame, CUP, ASTRONAUT)
    studio.finish()
    studio.go_to(worst)


@state
def wipe(studio: Studio) -> None:
    """What the last correction did to a frame beside it: before on the left, now on the right."""
    studio.go_to(studio.window.cursor.frame - 1)
    studio.hover(205, 200)
    studio.hold(Qt.Key.Key_Y)


@state
def absent(studio: Studio) -> None:
    """The cup is said to be absent from the range in which it is hidden."""
    cursor = studio.window.cursor
    studio.go_to(60)
    cursor.in_frame, cursor.out_frame = 58, 62
    studio.do("absent")
    studio.settle()


@state
def grow(studio: Studio) -> None:
    """An operation with its preview."""
    studio.finish()
    studio.do("undo")
    studio.do("clear-in")
    studio.do("clear-out")
    studio.go_to(10)
    studio.pause(100)
    studio.do("grow")
    studio.pause(600)


@state
def contours(studio: Studio) -> None:
    """Outlines alone, and those of the neighbouring references."""
    studio.finish()
    studio.do("view-contour")
    studio.do("onion")
    studio.go_to(25)


@state
def keys(studio: Studio) -> None:
    """The cheat sheet."""
    studio.do("view-overlay")
    studio.do("onion")
    studio.do("keys")


@state
def palette(studio: Studio) -> None:
    """A command is looked for."""
    studio.do("palette")
    studio.window.findChild(CommandPalette).field.setText("ref")


@state
def shortcuts(studio: Studio) -> None:
    """Other keys."""
    studio.do("shortcuts")


@state
def export(studio: Studio) -> None:
    """What is written, where, and what there is to know before."""
    QSettings().setValue("folders/export", "/data/DAVIS")
    studio.ask("export")


@state
def light(studio: Studio) -> None:
    """The light theme."""
    choose_theme(studio.app, "light")
    studio.go_to(40)


@state
def recovery(studio: Studio) -> None:
    """The program was cut off, and says what was kept."""
    choose_theme(studio.app, "dark")
    copy = studio.place("launch site copy.vos")
    studio.window.workspace.project.save_copy(copy)
    with Project.open(copy):
        for path in copy.parent.glob(f"{copy.name}*"):  # as a crash leaves it: never closed
            shutil.copy(path, studio.place(path.name.replace("copy", "cut off")))
    studio.window.open_path(studio.place("launch site cut off.vos"))
    studio.settle()


@state
def large(studio: Studio) -> None:
    """A source of 3840 x 2160, looked at from near."""
    studio.window.open_path(_enlarged(studio))
    studio.settle()
    label_map = cv2.resize(studio.truth[0], (3840, 2160), interpolation=cv2.INTER_NEAREST)
    studio.window.document.paint(0, label_map, "Paint")
    canvas = studio.window.canvas
    y, x = np.argwhere(label_map == CUP).mean(axis=0)
    canvas.zoom_to(canvas.zoom * 4, QPointF(x, y))
    studio.pause(1500)  # thumbnails fill


def _enlarged(studio: Studio) -> Path:
    path = studio.place("launch site 4K.mp4")
    with av.open(str(path), "w") as container, open_video(studio.clip) as video:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 3840, 2160, "yuv420p"
        for frame in range(4):
            picture = cv2.resize(video[frame], (3840, 2160), interpolation=cv2.INTER_CUBIC)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path
