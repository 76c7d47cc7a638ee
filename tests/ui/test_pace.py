"""How the program keeps pace is shown where it is asked for, and nothing heavy stops the window."""

import threading
import time
from collections import defaultdict
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget

from tests.ui.mouse import stroke
from tests.ui.window import finish_job, isolate_settings, make_clip, open_window
from vos_annotator.core import image_folder, video_file
from vos_annotator.core.edits import Status
from vos_annotator.core.errors import UserError
from vos_annotator.engine.hold import HoldEngine
from vos_annotator.evaluation.bench.scene import Scene, write_clip
from vos_annotator.ui import frame_loader, opening, thumbnails, window_verbs
from vos_annotator.ui.export_dialog import ExportChoice
from vos_annotator.ui.first_paint import FirstPaint
from vos_annotator.ui.heartbeat import Heartbeat
from vos_annotator.ui.meanwhile import meanwhile
from vos_annotator.ui.progress import Progress

LONG = 60_000  # ms; machines may be busy
HEAVY = (  # what takes as long as a picture is large or a video long, or longer
    (opening, "open_video"),
    (video_file.VideoFile, "_read"),
    (video_file.VideoFile, "_decode"),
    (image_folder.ImageFolder, "_read"),
    (frame_loader, "_levels"),
    (thumbnails.Thumbnails, "_make"),
    (HoldEngine, "memorize"),
    (HoldEngine, "segment"),
    (window_verbs, "export"),
)


@pytest.fixture
def calls(monkeypatch):
    """What heavy functions were called in which threads: name -> names of threads."""
    calls = defaultdict(set)

    def watch(owner, name):
        function = getattr(owner, name)

        def watched(*arguments, **more):
            calls[name].add(threading.current_thread().name)
            return function(*arguments, **more)

        monkeypatch.setattr(owner, name, watched)

    for owner, name in HEAVY:
        watch(owner, name)
    return calls


@pytest.fixture
def window(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        yield window


@pytest.mark.parametrize("kind", ["video", "folder"])
def test_nothing_heavy_is_done_by_the_window_from_opening_to_export(
    qtbot, qapp, tmp_path, calls, kind, record_property
):
    isolate_settings(tmp_path / "settings")
    clip = tmp_path / "clip.mp4"
    if kind == "video":
        write_clip(clip, Scene((96, 160), frame_count=12))
    else:
        clip = make_clip(tmp_path / "clip")
    with open_window(qtbot) as window:
        calls.clear()
        waits = []
        heart = Heartbeat(window)
        heart.beat.connect(waits.append)
        heart.start()
        assert window.open_path(clip)
        qtbot.waitUntil(lambda: window.canvas.is_current, timeout=LONG)
        window.cursor.tool, window.cursor.brush_size = "brush", 9
        stroke(window.canvas, (20, 20), (40, 30))
        annotations = window.document.annotations
        qtbot.waitUntil(lambda: annotations.status(0) is Status.REFERENCE)
        window.actions_["propagate"].trigger()
        qtbot.waitUntil(lambda: not window.bridge.busy, timeout=LONG)
        for frame in (11, 3, 4, 5, 2):
            window.cursor.frame = frame
            qtbot.waitUntil(lambda: window.canvas.is_current, timeout=LONG)
        stroke(window.canvas, (25, 10), (45, 40))
        qtbot.waitUntil(lambda: not window.bridge.busy, timeout=LONG)
        window.actions_["undo"].trigger()
        choice = ExportChoice(tmp_path / "out", "clip")
        window.window_verbs.export_to(choice)
        qtbot.waitUntil(lambda: bool(calls["export"]), timeout=LONG)
        finish_job(qtbot, window)
        heart.stop()
    # Not a claim: machines and what else they do differ.
    record_property("longest wait of the window, ms", round(1000 * max(waits), 1))
    print(f"{kind}: the window's longest wait was {1000 * max(waits):.1f} ms")

    reads = {"_read", "_decode"} if kind == "video" else {"_read"}
    done = {"open_video", *reads, "_levels", "_make", "memorize", "segment", "export"}
    assert calls.keys() >= done
    assert {name: threads for name, threads in calls.items() if "MainThread" in threads} == {}


def test_the_pace_is_shown_over_the_canvas_only_where_it_is_asked_for(qtbot, window):
    pace = window.workspace.pace
    assert pace.isHidden()

    window.actions_["pace"].trigger()
    assert pace.isVisible()
    assert window.actions_["pace"].isChecked()
    pace.follow(Progress(3, 9, 1.0, 3, 1, 8.0))
    until = time.perf_counter() + 0.05
    while time.perf_counter() < until:
        pass  # as the window would, if it did something heavy
    qtbot.waitUntil(lambda: pace._worst >= 0.05)
    pace.look()
    gap, run, memory = pace.text().splitlines()
    assert "worst" in gap
    assert run == "run: 125 ms a frame"
    assert "GB" in memory

    pace.follow(None)
    pace.look()
    assert pace.text().splitlines()[1] == "nothing runs"
    window.actions_["pace"].trigger()
    assert pace.isHidden()


def test_what_is_waited_for_runs_elsewhere_and_the_window_goes_on(qapp):
    beat = threading.Event()
    QTimer.singleShot(0, beat.set)

    def work():
        return beat.wait(60), threading.current_thread()

    goes_on, thread = meanwhile(work)
    assert goes_on
    assert thread is not threading.main_thread()
    assert meanwhile(threading.current_thread) is not threading.main_thread()  # done at once
    with pytest.raises(UserError, match="does not exist"):
        meanwhile(lambda: opening.load_project(Path("no such.mp4")))


def test_what_comes_after_the_first_picture_of_a_widget_comes_once(qtbot):
    widget, done = QWidget(), []
    qtbot.addWidget(widget)
    FirstPaint(widget, lambda: done.append(widget.isVisible()))
    QApplication.sendPostedEvents()
    assert done == []

    widget.show()
    qtbot.waitUntil(lambda: bool(done))
    widget.repaint()
    assert done == [True]


def test_what_is_asked_for_at_the_start_is_opened_once_the_window_is_up(qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    clip = make_clip(tmp_path / "clip")
    with open_window(qtbot) as window:
        window.open_soon(clip)
        assert window.workspace is None
        window.repaint()
        qtbot.waitUntil(lambda: window.workspace is not None)
        assert window.document.video.path == clip
