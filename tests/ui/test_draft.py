"""What a tool holds half drawn and what happens to the frame meanwhile: neither is undone."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.mouse import click, move, press, release, stroke
from tests.ui.window import SHAPE, isolate_settings, make_clip, open_window, paint
from vos_annotator.core.edits import Status
from vos_annotator.core.masks import encode_png
from vos_annotator.core.project import Project


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        qtbot.waitUntil(lambda: window.canvas.is_current)
        window.bridge.refresh.is_on = False
        window.cursor.brush_size = 4
        window.cursor.object_id = window.document.add_object("cup")
        window.document.add_object("hand")
        yield window


def labels(window, frame=0):
    return window.document.annotations[frame]


def begin(window, tool):
    """Have a triangle, a region or a stroke of the first object half drawn, at the right."""
    window.cursor.tool = tool
    if tool == "lasso":
        for corner in ((40, 30), (58, 30), (58, 44)):
            click(window.canvas, corner)
    else:
        press(window.canvas, (42, 32))
        move(window.canvas, (58, 42))


def end(window, tool):
    if tool == "lasso":
        QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    else:
        release(window.canvas, (58, 42))


TOOLS = pytest.mark.parametrize("tool", ["lasso", "brush"])


@TOOLS
def test_what_is_undone_while_a_tool_is_at_work_stays_undone(window, tool):
    paint(window, 1, top=5, left=5)
    begin(window, tool)
    window.document.undo()
    shown = window.canvas.masks.labels.copy()
    end(window, tool)

    assert not labels(window)[5:17, 5:17].any()
    assert labels(window)[34, 50] == 1 or labels(window)[37, 50] == 1
    if tool == "brush":
        assert (shown == labels(window)).all()


def test_a_stroke_over_what_is_undone_meanwhile_is_whole(window):
    paint(window, 1, top=25, left=45)
    begin(window, "brush")
    window.document.undo()
    end(window, "brush")
    assert labels(window)[37, 50] == 1


@pytest.mark.parametrize("tool", ["brush", "box", "wand", "scribble"])
@pytest.mark.parametrize("by_menu", [True, False])
def test_undo_in_the_midst_of_a_stroke_drops_that_and_nothing_before_it(
    qtbot, window, tool, by_menu
):
    paint(window, 1, top=5, left=5)
    before, steps = labels(window).copy(), len(window.document.history)
    begin(window, tool)
    if by_menu:
        window.actions_["undo"].trigger()
    else:
        QTest.keyClick(window.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    move(window.canvas, (50, 20))
    end(window, tool)

    qtbot.waitUntil(lambda: (window.canvas.masks.labels == before).all())
    assert (labels(window) == before).all()
    assert window.document.history.done == len(window.document.history) == steps
    window.actions_["undo"].trigger()
    assert not labels(window).any()


@pytest.mark.parametrize("tool", ["scribble", "point", "box"])
def test_undo_drops_a_stroke_whose_mask_is_still_under_way_and_nothing_before_it(
    qtbot, window, tool
):
    paint(window, 1, top=5, left=5)
    before, steps = labels(window).copy(), len(window.document.history)
    answered = []
    window.bridge.scribbled.connect(lambda *answer: answered.append(answer))
    window.cursor.tool = tool
    stroke(window.canvas, (40, 30), (56, 42))
    asked = dict(window.canvas.tool("scribble")._sent)
    window.actions_["undo"].trigger()

    assert len(asked) == 1
    qtbot.waitUntil(lambda: len(answered) == 1, timeout=30_000)
    assert (labels(window) == before).all()
    assert window.document.history.done == len(window.document.history) == steps
    stroke(window.canvas, (40, 30), (56, 42))
    qtbot.waitUntil(lambda: (labels(window) != before).any(), timeout=30_000)


@pytest.mark.parametrize("key", [Qt.Key.Key_Z, Qt.Key.Key_Backspace])
def test_undo_and_backspace_take_back_the_corners_of_an_outline_one_by_one(window, key):
    held = Qt.KeyboardModifier.ControlModifier if key == Qt.Key.Key_Z else Qt.KeyboardModifier(0)
    paint(window, 1, top=5, left=5)
    begin(window, "lasso")
    click(window.canvas, (2, 2))  # a slip
    QTest.keyClick(window.canvas, key, held)
    end(window, "lasso")
    drawn = labels(window).copy()
    assert drawn[34, 54] and not drawn[25, 30]

    begin(window, "lasso")
    for _ in range(3):
        QTest.keyClick(window.canvas, key, held)
    assert not window.canvas.tool("lasso").is_busy
    assert window.document.annotations.status(0) is Status.REFERENCE
    assert (labels(window) == drawn).all()


def test_a_first_outline_is_taken_back_where_nothing_else_can_be_undone(qtbot, window):
    path = window.document.project.path.with_name("new.vos")
    window.open_project(Project.create(path, window.document.video.fork()))
    qtbot.waitUntil(lambda: window.canvas.is_current)
    begin(window, "lasso")
    assert not window.actions_["undo"].isEnabled()
    for _ in range(3):
        QTest.keyClick(window.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)

    assert not window.canvas.tool("lasso").is_busy


@TOOLS
def test_an_object_deleted_while_a_tool_is_at_work_does_not_come_back(window, tool):
    paint(window, 2, top=30, left=40)
    begin(window, tool)
    window.document.delete_object(2)
    end(window, tool)

    assert window.document.objects.ids == (1,)
    assert set(np.unique(labels(window))) == {0, 1}


@pytest.mark.parametrize("tool", ["lasso", "brush", "wand"])
def test_what_is_drawn_of_an_object_that_is_deleted_meanwhile_ends_without_a_trace(window, tool):
    begin(window, tool)
    window.document.delete_object(1)
    steps = len(window.document.history)
    window.canvas.tool(tool).finish()

    assert window.document.objects.ids == (2,)
    assert not labels(window).any() and not window.canvas.masks.labels.any()
    assert len(window.document.history) == steps


def test_a_scribbled_mask_that_arrives_while_a_polygon_is_drawn_stays(qtbot, window):
    window.cursor.tool = "scribble"
    stroke(window.canvas, (10, 10), (30, 10))
    begin(window, "lasso")
    qtbot.waitUntil(lambda: labels(window).any(), timeout=30_000)
    scribbled = labels(window) == 1
    assert window.canvas.masks.labels[scribbled].all()
    end(window, "lasso")

    assert (labels(window)[scribbled] == 1).all()
    assert (labels(window) == 1).sum() > scribbled.sum()


def test_what_a_pass_finds_during_a_stroke_stays_in_the_stroke_s_box(window):
    project = window.workspace.project
    old, new = np.zeros((2, *SHAPE), np.uint8)
    old[30:46, 40:60], new[30:46, 40:50] = 2, 2
    project.predict(0, encode_png(old), {2: 0.9}, "test")
    begin(window, "brush")
    project.predict(0, encode_png(new), {2: 0.9}, "test")
    assert (window.canvas.masks.labels[:, 50:] != 2).all()
    end(window, "brush")

    drawn = labels(window) == 1
    assert drawn[37, 50] and window.document.annotations.status(0) is Status.REFERENCE
    assert (labels(window)[~drawn] == new[~drawn]).all()


@pytest.mark.parametrize("way", ["next", "tool-brush", "close"])
def test_a_click_with_the_wand_counts_however_soon_the_person_goes_on(window, way):
    project = window.workspace.project
    window.cursor.tool = "wand"
    click(window.canvas, (20, 20))
    window.actions_[way].trigger()

    if way == "close":
        with Project.open(project.path) as again:
            assert again.annotations[0][20, 20] == 1
    else:
        assert labels(window)[20, 20] == 1 and not labels(window, 1).any()


def test_the_wand_takes_no_pixel_that_another_object_got_meanwhile(qtbot, window):
    window.cursor.tool = "wand"
    press(window.canvas, (20, 20))
    paint(window, 2, top=15, left=15)
    release(window.canvas, (20, 20))
    qtbot.waitUntil(lambda: not window.canvas.tool("wand").is_busy)
    assert (labels(window)[15:27, 15:27] == 2).all()
