"""The main job from beginning to end: real widgets, the real worker, the shipped checkpoint."""

import av
import cv2
import numpy as np
import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.mouse import stroke
from tests.ui.window import isolate_settings
from vos_annotator.core.edits import Status
from vos_annotator.core.mask_files import read_masks
from vos_annotator.core.mask_reading import read_label_map
from vos_annotator.core.video import open_video
from vos_annotator.engine.registry import load_engine
from vos_annotator.engine.remote import load_remote
from vos_annotator.paths import resources_folder
from vos_annotator.ui import dialogs
from vos_annotator.ui.export_dialog import ExportChoice
from vos_annotator.ui.main_window import MainWindow
from vos_annotator.ui.opening import load_project

SIZE = 288  # px of the network's short side; quicker than the 480 that the window opens with
SAUCER = 1
DEMO = resources_folder() / "demo"
PART = range(34, 74)  # of its frames: the saucer goes until it is all but hidden, and comes back


@pytest.fixture
def clip(qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    path = tmp_path / "saucer.mp4"
    with open_video(DEMO / "demo.mp4") as demo, av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=25, options={"crf": "12"})
        stream.height, stream.width = demo.shape
        for frame in PART:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(demo[frame], "rgb24")))
        film.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def truth():
    return [read_label_map(DEMO / "masks" / f"{frame:05d}.png") == SAUCER for frame in PART]


def show(qtbot, clip, size=SIZE, load=load_engine):
    window = MainWindow(load_project(clip), size=size, load=load)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    qtbot.waitUntil(lambda: window.canvas.is_current, timeout=10_000)
    return window


def go_to(qtbot, window, frame):
    window.cursor.frame = frame
    qtbot.waitUntil(lambda: window.canvas.is_current, timeout=10_000)


def draw_around(window, mask):
    """Take the lasso and draw around each part of a mask, as a careful hand does."""
    QTest.keyClick(window, Qt.Key.Key_G)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for contour in contours:
        if cv2.contourArea(contour) > 20:
            stroke(window.canvas, *(contour[:, 0] + 0.5).tolist())


def propagate(qtbot, window):
    QTest.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert window.bridge.busy
    wait_for_the_engine(qtbot, window)


def wait_for_the_engine(qtbot, window):
    qtbot.waitUntil(lambda: not window.bridge.busy, timeout=120_000)


def change_and_undo(qtbot, window, mask):
    """Draw on the first frame and take it back: what is computed by it is stale."""
    go_to(qtbot, window, 0)
    steps = window.document.history.done
    draw_around(window, mask)
    while window.document.history.done > steps:
        QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def iou(a, b):
    union = (a | b).sum()
    return (a & b).sum() / union if union else 1.0


def ious(window, truth):
    maps = window.document.annotations
    return np.array([iou(maps[frame] == SAUCER, mask) for frame, mask in enumerate(truth)])


def pixels(window):
    maps = window.document.annotations
    return np.stack([maps[frame] for frame in range(maps.frame_count)])


def test_open_paint_propagate_correct_undo_redo_export_and_read_back(
    qtbot, clip, truth, tmp_path, monkeypatch
):
    window = show(qtbot, clip)
    maps = window.document.annotations

    # Paint on the first frame, and let it run.
    draw_around(window, truth[0])
    assert iou(maps[0] == SAUCER, truth[0]) > 0.95
    painted = maps[0].copy()
    propagate(qtbot, window)
    first = ious(window, truth)
    assert all(maps.status(frame) is Status.PREDICTION for frame in range(1, len(truth)))
    assert (maps[0] == painted).all()
    assert first.mean() > 0.6

    # Correct the worst frame: what is stale is refreshed by itself, outwards from there.
    worst = int(first.argmin())
    near = [f for f in range(worst - 2, worst + 3) if f != worst and 0 < f < len(truth)]
    go_to(qtbot, window, worst)
    steps = window.document.history.done
    QTest.keyClick(window, Qt.Key.Key_Delete)  # the object, on this frame, if it was found there
    draw_around(window, truth[worst])
    steps = window.document.history.done - steps
    corrected = maps[worst].copy()
    assert iou(corrected == SAUCER, truth[worst]) > 0.9
    qtbot.waitUntil(lambda: window.bridge.busy, timeout=10_000)
    wait_for_the_engine(qtbot, window)
    second = ious(window, truth)
    assert not any(maps.stale(frame) for frame in range(len(truth)))
    assert second[near].mean() > first[near].mean()

    # Propagating again writes neither of the two frames that a person touched.
    propagate(qtbot, window)
    assert (maps[worst] == corrected).all()
    assert (maps[0] == painted).all()
    assert maps.references == (0, worst)

    # Undo the correction, and make it again.
    for _ in range(steps):
        QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert maps.status(worst) is Status.PREDICTION
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    for _ in range(steps):
        QTest.keyClick(window, Qt.Key.Key_Z, both)
    assert (maps[worst] == corrected).all()
    assert maps.references == (0, worst)
    qtbot.waitUntil(lambda: window.bridge.busy, timeout=10_000)
    wait_for_the_engine(qtbot, window)

    # Export, and read back by another way than ours.
    reports = []
    monkeypatch.setattr(dialogs, "show_report", lambda *words: reports.append(words))
    root = tmp_path / "davis"
    window.window_verbs.export_to(ExportChoice(root, "saucer"))
    qtbot.waitUntil(lambda: len(reports) == 1, timeout=60_000)
    kept = pixels(window)
    folder = root / "Annotations" / "480p" / "saucer"
    assert [path.name for path in sorted(folder.iterdir())] == [f"{n:05d}.png" for n in range(40)]
    with open_video(clip) as video:
        read = read_masks(folder, video)
    assert all((read[frame] == kept[frame]).all() for frame in range(40))
    assert len(list((root / "JPEGImages" / "480p" / "saucer").glob("*.jpg"))) == 40

    # Close without a question; open again, and everything is there.
    window.close()
    again = show(qtbot, clip)
    assert (pixels(again) == kept).all()
    assert again.document.annotations.references == (0, worst)
    assert again.document.objects.ids == (SAUCER,)
    again.close()


def test_after_undo_of_a_correction_no_mask_near_it_stays_as_that_correction_made_it(
    qtbot, clip, truth
):
    window = show(qtbot, clip)
    maps = window.document.annotations
    window.cursor.out_frame = 8
    draw_around(window, truth[0])
    propagate(qtbot, window)
    before = pixels(window)

    # A correction that is wrong: what is computed by it is wrong too, on both its sides.
    go_to(qtbot, window, 5)
    steps = window.document.history.done
    QTest.keyClick(window, Qt.Key.Key_Delete)
    draw_around(window, np.roll(truth[5], 80, axis=1))
    qtbot.waitUntil(lambda: window.bridge.busy, timeout=10_000)
    wait_for_the_engine(qtbot, window)
    wrong = pixels(window)
    assert all((wrong[frame] != before[frame]).any() for frame in range(1, 9))

    # Undone, its frame is as before at once; the others say that they are stale until they are.
    while window.document.history.done > steps:
        QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (maps[5] == before[5]).all()
    assert all(maps.stale(frame) == {SAUCER} for frame in range(1, 9) if frame != 5)
    qtbot.waitUntil(lambda: window.bridge.busy, timeout=10_000)
    wait_for_the_engine(qtbot, window)
    assert (pixels(window) == before).all()
    assert not any(maps.stale(frame) for frame in range(len(truth)))
    assert maps.references == (0,)
    window.close()


def test_the_window_is_free_while_a_pass_runs(qtbot, clip, truth):
    window = show(qtbot, clip)
    maps = window.document.annotations
    draw_around(window, truth[0])
    QTest.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: maps.status(3) is Status.PREDICTION, timeout=60_000)

    go_to(qtbot, window, 36)
    draw_around(window, truth[36])  # a correction in mid-pass
    painted = maps[36].copy()
    assert window.bridge.busy
    wait_for_the_engine(qtbot, window)

    assert window.cursor.frame == 36
    assert (maps[36] == painted).all()
    assert all(maps.status(frame) is not Status.EMPTY for frame in range(len(truth)))

    # Stop ends it within a frame, and what is computed stays.
    go_to(qtbot, window, 0)
    draw_around(window, truth[1])
    qtbot.waitUntil(window.actions_["stop"].isEnabled, timeout=10_000)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    wait_for_the_engine(qtbot, window)
    assert any(maps.stale(frame) for frame in range(len(truth)))
    window.close()


def test_rough_masks_come_first_and_full_size_after_a_pause_also_after_a_restart(
    qtbot, clip, truth
):
    processes = set(psutil.Process().children())
    window = show(qtbot, clip, 480, load_remote)
    maps = window.document.annotations
    draw_around(window, truth[0])
    window.cursor.out_frame = 6
    propagate(qtbot, window)
    expected = pixels(window)
    assert len(set(psutil.Process().children()) - processes) == 1

    # Rough masks of all of it, by an engine of their own; then the very masks of before.
    window.actions_["rough-first"].trigger()
    assert window.actions_["rough-first"].isChecked()
    change_and_undo(qtbot, window, truth[1])
    rough_first = window.bridge.rough_first
    qtbot.waitUntil(lambda: rough_first.is_waiting, timeout=60_000)
    assert len(set(psutil.Process().children()) - processes) == 2
    assert window.workspace.transport.left.text() == "Rough masks are there; full size follows"
    rough = pixels(window)
    assert all(maps.stale(frame) == {SAUCER} for frame in range(1, 7))
    assert all((rough[frame] != expected[frame]).any() for frame in range(1, 7))
    assert all(iou(rough[frame] > 0, expected[frame] > 0) > 0.7 for frame in range(1, 7))
    wait_for_the_engine(qtbot, window)
    assert (pixels(window) == expected).all()
    assert not any(maps.stale(frame) for frame in range(len(truth)))

    # A correction amid the full size counts at once, and stays as it was drawn.
    change_and_undo(qtbot, window, truth[1])
    qtbot.waitUntil(lambda: rough_first.is_waiting, timeout=60_000)
    qtbot.waitUntil(lambda: not maps.stale(2), timeout=60_000)
    go_to(qtbot, window, 5)
    QTest.keyClick(window, Qt.Key.Key_Delete)
    draw_around(window, truth[5])
    corrected = maps[5].copy()
    qtbot.waitUntil(lambda: rough_first.is_waiting, timeout=60_000)
    assert maps.references == (0, 5) and (maps[5] == corrected).all()

    # Closed with rough masks, and opened again: they are computed at full size.
    stale = [frame for frame in range(len(truth)) if maps.stale(frame)]
    window.close()
    assert stale and set(psutil.Process().children()) <= processes
    again = show(qtbot, clip, 480, load_remote)
    maps = again.document.annotations
    qtbot.waitUntil(lambda: not any(map(maps.stale, stale)), timeout=60_000)
    wait_for_the_engine(qtbot, again)
    assert (maps[5] == corrected).all() and maps.references == (0, 5)
    computed = pixels(again)
    again.actions_["rough-first"].trigger()
    propagate(qtbot, again)
    assert (pixels(again) == computed).all()
    again.close()
