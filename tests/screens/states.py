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
from vos_annotator.core.edits import ReviewSpan, ReviewState, Status
from vos_annotator.core.masks import LabelMap, encode_png
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
    studio.window.workspace.hints.close()
    studio.do("next-doubtful")
    studio.settle()


@state
def wipe(studio: Studio) -> None:
    """A glitch is bridged: before on the left, now on the right.

    No pass loses the cup for two frames here, so the script does.
    """
    studio.worst = studio.window.cursor.frame
    window, annotations = studio.window, studio.window.document.annotations
    window.bridge.refresh.is_on = False
    for frame in (22, 23):
        label_map = annotations[frame].copy()
        label_map[label_map == CUP] = 0
        confidence = annotations.confidence(frame)
        window.document.project.predict(frame, encode_png(label_map), confidence, "mobilevos")
    studio.go_to(0)
    studio.wait(lambda: window.workspace.glitches.is_done)
    studio.do("next-glitch")
    studio.do("bridge")
    studio.wait(lambda: annotations.status(23) is Status.REFERENCE)
    studio.settle()
    studio.hover(620, 110)
    studio.hold(Qt.Key.Key_Y)


@state
def references(studio: Studio) -> None:
    """Some frames are corrected, what is between follows them, and some of it is reviewed."""
    studio.do("undo")
    studio.window.bridge.refresh.is_on = True
    for frame in (30, 79, studio.worst):
        studio.go_to(frame)
        studio.correct(frame, CUP, ASTRONAUT)
    studio.finish()
    for span in (
        ReviewSpan(0, 30, ReviewState.ACCEPTED),
        ReviewSpan(31, 64, ReviewState.DONE),
        ReviewSpan(65, 71, ReviewState.SENT_BACK, "the handle is missing"),
    ):
        studio.window.document.review(span)
    studio.go_to(studio.worst)


@state
def grow(studio: Studio) -> None:
    """An operation with its preview."""
    studio.go_to(10)
    studio.do("grow")
    studio.pause(600)


@state
def contours(studio: Studio) -> None:
    """Outlines alone, and those of the neighbouring references."""
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
    studio.pause(2000)  # the filmstrip fills


@state
def large(studio: Studio) -> None:
    """A source of 3840 x 2160, looked at from near."""
    studio.window.open_path(_enlarged(studio))
    studio.settle()
    label_map = np.zeros((2160, 3840), np.uint8)
    for object_id in (CUP, ASTRONAUT):  # with smooth borders, as it is looked at from near
        mask = (studio.truth[0] == object_id).astype(np.float32)
        label_map[cv2.resize(mask, (3840, 2160), interpolation=cv2.INTER_CUBIC) > 0.5] = object_id
    studio.window.document.paint(0, label_map, "Paint")
    canvas = studio.window.canvas
    y, x = np.argwhere(label_map == CUP).mean(axis=0)
    canvas.zoom_to(canvas.zoom * 4, QPointF(x, y))
    references = studio.window.workspace.references_panel.model
    studio.wait(lambda: references.index(0).data(Qt.ItemDataRole.DecorationRole) is not None)
    studio.pause(500)


@state
def absent(studio: Studio) -> None:
    """The cup has left a part of the clip, and is said to be absent from there on."""
    clip, truth = _right_part(studio)
    window = studio.window
    window.open_path(clip)
    studio.settle()
    window.bridge.refresh.is_on = False
    window.document.paint(0, truth[0], "Paint")
    window.document.update_object(CUP, name="cup")
    studio.do("propagate")
    studio.finish()
    studio.go_to(next(frame for frame, shown in enumerate(truth) if not shown.any()))
    studio.do("absent-onwards")
    studio.settle()


def _right_part(studio: Studio) -> tuple[Path, list[LabelMap]]:
    """Return every fourth frame of the clip without its left part, and where the cup is in it."""
    path, part = studio.place("launch site, right part.mp4"), np.s_[:, 320:]
    with av.open(str(path), "w") as container, open_video(studio.clip) as video:
        stream = container.add_stream("libx264", rate=6)
        frames = range(0, video.frame_count, 4)
        stream.height, stream.width = video[0][part].shape[:2]
        stream.pix_fmt, stream.gop_size = "yuv420p", 1  # the filmstrip shows key-frames
        for frame in frames:
            picture = np.ascontiguousarray(video[frame][part])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path, [
        np.where(studio.truth[frame][part] == CUP, CUP, 0).astype(np.uint8) for frame in frames
    ]


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
