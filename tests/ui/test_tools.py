"""The tools, by the mouse, on the real canvas: what they change, and what they leave alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtTest import QTest

from tests.ui.mouse import NONE, RIGHT, click, double_click, move, press, release, stroke
from tests.ui.window import SHAPE, isolate_settings, make_clip, open_window
from vos_annotator.core.edits import Status
from vos_annotator.ui.tools.stamp import stamps


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        qtbot.waitUntil(lambda: window.canvas.is_current)
        window.cursor.brush_size = 6
        yield window


@pytest.fixture
def canvas(window):
    return window.canvas


def labels(window, frame=None):
    return window.document.annotations[window.cursor.frame if frame is None else frame]


def covered(*points, diameter=6.0):
    """Return the pixels whose centres are within the brush, without our own code."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    return np.any([np.hypot(columns - x, rows - y) <= diameter / 2 for x, y in points], axis=0)


def test_the_first_stroke_makes_an_object_and_one_undo_takes_both_back(window, canvas):
    stroke(canvas, (20, 20), (30, 20))

    assert window.document.objects.ids == (1,)
    assert window.cursor.object_id == 1
    assert window.document.annotations.status(0) is Status.REFERENCE
    window.document.undo()
    assert window.document.objects.ids == ()
    assert window.document.annotations.status(0) is Status.EMPTY


def test_the_step_of_a_stroke_says_whether_it_gave_or_took_pixels(window, canvas):
    history = window.document.history
    stroke(canvas, (10, 20), (40, 20))
    assert history.undo_text == "Paint"
    stroke(canvas, (10, 20), (20, 20), button=RIGHT)
    assert history.undo_text == "Erase"
    stroke(canvas, (10, 20), (20, 20))
    assert history.undo_text == "Paint"
    window.cursor.tool = "eraser"
    stroke(canvas, (10, 20), (20, 20))
    assert history.undo_text == "Erase"


@pytest.mark.parametrize(
    ("tool", "points", "text"),
    [
        ("scribble", [(15, 15), (25, 25)], "Scribble"),
        ("point", [(20, 20)], "Points"),
        ("box", [(8, 8), (30, 30)], "Box"),
    ],
)
def test_a_mask_that_the_network_makes_is_a_step_called_after_its_tool(
    qtbot, window, canvas, tool, points, text
):
    window.cursor.object_id = window.document.add_object()
    window.cursor.tool = tool
    stroke(canvas, *points)
    window.cursor.tool = "select"  # the mask comes later

    qtbot.waitUntil(lambda: window.document.history.undo_text == text, timeout=10_000)
    assert (labels(window) == 1).any()


def test_a_click_paints_the_disc_under_the_ring(window, canvas):
    click(canvas, (20, 24))
    painted = labels(window) == 1
    assert painted[24, 20]
    assert (painted ^ covered((20, 24))).sum() <= 4  # the mouse has whole pixels of the screen


def test_a_stroke_leaves_no_gap_between_two_places_of_the_mouse(window, canvas):
    stroke(canvas, (8, 8), (56, 40))
    along = [(8 + 48 * t, 8 + 32 * t) for t in np.linspace(0, 1, 60)]
    assert (labels(window)[covered(*along, diameter=4)] == 1).all()


def test_with_shift_a_click_draws_a_line_from_where_the_last_stroke_ended(window, canvas, qtbot):
    shift = {"modifiers": Qt.KeyboardModifier.ShiftModifier}
    click(canvas, (8, 8), **shift)
    assert not labels(window)[20:].any()
    click(canvas, (56, 40), **shift)
    assert labels(window)[24, 32] == 1
    click(canvas, (8, 40), button=RIGHT, **shift)  # takes away along its way
    assert labels(window)[40, 32] == 0 and labels(window)[24, 32] == 1

    window.cursor.frame = 1
    qtbot.waitUntil(lambda: canvas.is_current)
    click(canvas, (56, 8), **shift)
    assert not labels(window)[24].any()


def test_a_stroke_is_one_step_of_undo_however_many_places_it_has(window, canvas):
    before = len(window.document.history)
    stroke(canvas, *[(10 + n, 20) for n in range(20)])
    assert len(window.document.history) == before + 1


def test_a_stroke_is_on_the_screen_before_the_button_is_let_go(window, canvas):
    press(canvas, (20, 20))
    move(canvas, (30, 20))
    assert canvas.masks.labels[20, 30] == 1
    assert len(window.document.history) == 0
    release(canvas, (30, 20))
    assert labels(window)[20, 30] == 1


def test_the_right_button_takes_pixels_away_and_leaves_other_objects_alone(window, canvas):
    stroke(canvas, (10, 20), (50, 20))
    window.cursor.object_id = window.document.add_object()
    stroke(canvas, (10, 30), (50, 30))
    stroke(canvas, (30, 10), (30, 40), button=RIGHT)

    assert labels(window)[20, 30] == 1
    assert labels(window)[30, 30] == 0
    assert labels(window)[30, 12] == 2


def test_a_stroke_that_changes_nothing_says_whose_pixels_were_in_its_way(window, canvas):
    stroke(canvas, (10, 20), (50, 20))
    window.cursor.object_id = window.document.add_object("dog")
    stroke(canvas, (10, 30), (50, 30))
    said, before = [], labels(window).copy()
    canvas.message.connect(said.append)

    stroke(canvas, (20, 20), (40, 20), button=RIGHT)
    assert said.pop() == "There is nothing of dog to take away, only of Object 1."
    window.document.update_object(1, locked=True)
    stroke(canvas, (20, 20), (40, 20))
    assert said.pop() == "Locked and hidden objects are not painted over: Object 1."
    assert (labels(window) == before).all()

    stroke(canvas, (20, 30), (40, 30))  # it has these
    stroke(canvas, (20, 42), (40, 42), button=RIGHT)  # nobody has
    stroke(canvas, (20, 20), (40, 32), button=RIGHT)  # of both
    assert said == []


def test_ctrl_is_the_right_button_of_a_pen(window, canvas):
    stroke(canvas, (10, 20), (50, 20))
    stroke(canvas, (30, 10), (30, 30), modifiers=Qt.KeyboardModifier.ControlModifier)
    assert labels(window)[20, 30] == 0


def test_the_eraser_takes_away_with_the_left_button(window, canvas):
    stroke(canvas, (10, 20), (50, 20))
    window.cursor.tool = "eraser"
    stroke(canvas, (30, 10), (30, 30))
    assert labels(window)[20, 30] == 0
    assert labels(window)[20, 12] == 1


def test_a_locked_object_is_not_painted_over_while_drawing_or_after(window, canvas):
    stroke(canvas, (30, 10), (30, 40))
    window.document.update_object(1, locked=True)
    window.cursor.object_id = window.document.add_object()
    press(canvas, (10, 20))
    move(canvas, (50, 20))
    assert canvas.masks.labels[20, 30] == 1
    release(canvas, (50, 20))
    assert labels(window)[20, 30] == 1
    assert labels(window)[20, 12] == 2


def test_a_locked_object_cannot_be_painted_and_the_window_says_why(window, canvas):
    stroke(canvas, (30, 10), (30, 40))
    window.document.update_object(1, locked=True)
    said = []
    canvas.message.connect(said.append)
    before = labels(window).copy()
    stroke(canvas, (10, 20), (50, 20))
    assert (labels(window) == before).all()
    assert "locked" in said[0]


def test_leaving_the_frame_in_mid_stroke_keeps_the_stroke_where_it_was_drawn(window, canvas, qtbot):
    press(canvas, (20, 20))
    move(canvas, (30, 20))
    window.cursor.frame = 1
    qtbot.waitUntil(lambda: canvas.is_current)
    move(canvas, (40, 20))
    release(canvas, (40, 20))
    assert labels(window, 0)[20, 25] == 1
    assert not labels(window, 1).any()


def test_nothing_is_painted_on_a_frame_that_is_still_on_its_way(window, canvas):
    window.cursor.frame = 5  # the picture is decoded in another thread, and not here yet
    click(canvas, (20, 20))
    assert not labels(window, 5).any()
    assert not labels(window, 0).any()


def test_escape_drops_a_polygon_and_enter_keeps_one(window, canvas):
    window.cursor.tool = "lasso"
    for corner in ((10, 10), (40, 10), (40, 30)):
        click(canvas, corner)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert not labels(window).any()
    for corner in ((10, 10), (40, 10), (40, 30), (10, 30)):
        click(canvas, corner)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert abs(int((labels(window) == 1).sum()) - 30 * 20) <= 30


def test_a_double_click_closes_a_polygon(window, canvas):
    window.cursor.tool = "lasso"
    for corner in ((10, 10), (40, 10), (40, 30)):
        click(canvas, corner)
    double_click(canvas, (10, 30))
    assert abs(int((labels(window) == 1).sum()) - 30 * 20) <= 30


def test_a_lasso_drawn_in_one_go_is_filled_when_the_button_is_let_go(window, canvas):
    window.cursor.tool = "lasso"
    angles = np.linspace(0, 2 * np.pi, 60)
    stroke(canvas, *[(30 + 12 * np.cos(a), 24 + 12 * np.sin(a)) for a in angles])
    assert abs(int((labels(window) == 1).sum()) - np.pi * 12**2) < 25


def test_fill_closes_a_hole_and_refuses_what_is_none(window, canvas):
    stroke(canvas, (15, 12), (45, 12), (45, 36), (15, 36), (15, 12))
    window.cursor.tool = "fill"
    said = []
    canvas.message.connect(said.append)
    click(canvas, (4, 4))
    assert labels(window)[4, 4] == 0
    assert "not a hole" in said[0]
    click(canvas, (30, 24))
    assert labels(window)[24, 30] == 1


def test_fill_removes_a_patch_and_gives_a_patch_to_another_object(window, canvas):
    click(canvas, (15, 15))
    click(canvas, (45, 35))
    window.cursor.tool = "fill"
    click(canvas, (15, 15), button=RIGHT)
    assert labels(window)[15, 15] == 0
    window.cursor.object_id = window.document.add_object()
    click(canvas, (45, 35))
    assert set(np.unique(labels(window))) == {0, 2}


def test_select_chooses_the_object_under_the_mouse_and_changes_no_mask(window, canvas):
    click(canvas, (15, 15))
    window.cursor.object_id = window.document.add_object()
    click(canvas, (45, 35))
    before = labels(window).copy()
    window.cursor.tool = "select"
    click(canvas, (15, 15))
    assert window.cursor.object_id == 1
    assert (labels(window) == before).all()


def test_a_scribble_becomes_a_mask_that_obeys_its_strokes(window, canvas, qtbot):
    window.cursor.tool = "scribble"
    stroke(canvas, (20, 20), (30, 20))
    qtbot.waitUntil(lambda: (labels(window) == 1).any(), timeout=10_000)
    stroke(canvas, (25, 14), (25, 26), button=RIGHT)
    qtbot.waitUntil(lambda: labels(window)[20, 25] == 0, timeout=10_000)
    assert labels(window)[20, 20] == 1


def test_a_scribble_under_way_stays_with_its_object_when_another_is_added(window, canvas, qtbot):
    window.cursor.tool = "scribble"
    stroke(canvas, (10, 12), (20, 12))
    window.cursor.object_id = window.document.add_object()
    stroke(canvas, (40, 36), (50, 36))
    qtbot.waitUntil(lambda: set(np.unique(labels(window))) == {0, 1, 2}, timeout=10_000)
    assert labels(window)[12, 15] == 1
    assert labels(window)[36, 45] == 2


points = st.tuples(st.floats(-20, 84), st.floats(-20, 68))


@settings(max_examples=60)
@given(points, points, st.floats(1, 30))
def test_stamps_cover_exactly_the_pixels_within_the_radius_of_the_way(start, end, diameter):
    painted = np.zeros(SHAPE, bool)
    for box, pixels in stamps(QPointF(*start), QPointF(*end), diameter, SHAPE):
        assert pixels.shape == painted[box].shape
        painted[box] |= pixels

    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    (ax, ay), (bx, by) = start, end
    length = (bx - ax) ** 2 + (by - ay) ** 2
    t = ((columns - ax) * (bx - ax) + (rows - ay) * (by - ay)) / length if length else 0
    t = np.clip(t, 0, 1)
    distance = np.hypot(columns - ax - t * (bx - ax), rows - ay - t * (by - ay))
    radius = max(diameter / 2, 0.71)
    assert painted[distance <= radius - 1e-3].all()
    assert not painted[distance > radius + 1e-3].any()


def wait_for_wand(qtbot, canvas):
    qtbot.waitUntil(lambda: not canvas.tool("wand").is_busy)


def test_a_click_with_the_wand_takes_what_is_like_the_pixel_and_no_more(window, canvas, qtbot):
    window.cursor.tool = "wand"
    click(canvas, (32, 24))
    wait_for_wand(qtbot, canvas)
    taken = labels(window) == 1
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]

    assert taken[24, 32]
    # The picture is a ramp: 5 a row, 4 a column.
    assert not taken[(abs(rows - 24) > 6) | (abs(columns - 32) > 7)].any()
    assert len(window.document.history) == 1


def test_dragging_the_wand_to_the_right_takes_more(window, canvas, qtbot):
    window.cursor.tool = "wand"
    click(canvas, (32, 24))
    wait_for_wand(qtbot, canvas)
    first = (labels(window) == 1).sum()
    window.document.undo()
    stroke(canvas, (32, 24), (36, 24), (42, 24))
    wait_for_wand(qtbot, canvas)

    assert (labels(window) > 0).sum() > first


def test_the_wand_leaves_other_objects_alone_and_esc_drops_it(window, canvas, qtbot):
    stroke(canvas, (32, 20), (32, 28))
    other = (labels(window) == 1).copy()
    window.cursor.object_id = window.document.add_object()
    window.cursor.tool = "wand"
    press(canvas, (38, 24))
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    release(canvas, (38, 24))
    assert not (labels(window) == 2).any()
    click(canvas, (38, 24))
    wait_for_wand(qtbot, canvas)

    assert (labels(window) == 2).any()
    assert ((labels(window) == 1) == other).all()


def test_the_right_button_of_the_wand_takes_a_region_away(window, canvas, qtbot):
    window.cursor.tool = "wand"
    click(canvas, (32, 24))
    wait_for_wand(qtbot, canvas)
    click(canvas, (32, 24), button=RIGHT)
    wait_for_wand(qtbot, canvas)

    assert not labels(window).any()


def test_a_box_becomes_a_mask_inside_it(window, canvas, qtbot):
    window.cursor.tool = "box"
    stroke(canvas, (10, 10), (30, 20), (40, 22))
    qtbot.waitUntil(lambda: (labels(window) == 1).any())
    rows, columns = np.nonzero(labels(window) == 1)

    assert rows.min() >= 10
    assert rows.max() <= 22
    assert columns.min() >= 10
    assert columns.max() <= 40
    window.document.undo()
    assert not labels(window).any()


def give_mask(window, rows, columns):
    """Have a new object with a mask, and the box in hand; return the mask."""
    window.cursor.object_id = window.document.add_object("cat")
    label_map = np.zeros(SHAPE, np.uint8)
    label_map[rows, columns] = window.cursor.object_id
    window.document.paint(0, label_map, "Paint")
    window.cursor.tool = "box"
    return label_map


def test_a_box_around_an_object_keeps_its_mask_and_takes_away_what_lies_outside(
    window, canvas, qtbot
):
    before = give_mask(window, slice(10, 22), slice(12, 30))
    before[14:16, 30:50] = 1  # it runs over
    window.document.paint(0, before, "Paint")
    with qtbot.waitSignal(canvas.message) as said:
        stroke(canvas, (10, 8), (33, 24))
    qtbot.waitUntil(lambda: (labels(window) != before).any())

    assert (labels(window)[:, :32] == before[:, :32]).all()
    assert not labels(window)[:, 35:].any()
    assert "cat" in said.args[0]
    window.document.undo()
    assert labels(window)[14, 45] == 1


@pytest.mark.parametrize("left", [20, 36])  # over its end, and beside it
def test_a_box_around_a_part_adds_to_the_mask_and_takes_nothing_from_it(
    window, canvas, qtbot, left
):
    before = give_mask(window, slice(10, 16), slice(4, 26))
    with qtbot.waitSignal(canvas.message) as said:
        stroke(canvas, (left, 8), (left + 16, 30))
    qtbot.waitUntil(lambda: (labels(window) != before).any())

    assert (labels(window)[before == 1] == 1).all()
    assert labels(window)[19, left + 8] == 1
    assert "cat" in said.args[0]


def test_a_box_that_reaches_far_beyond_a_mask_asks_for_a_new_one(window, canvas, qtbot):
    before = give_mask(window, slice(10, 13), slice(12, 15))
    stroke(canvas, (8, 8), (48, 30))
    qtbot.waitUntil(lambda: (labels(window) != before).any())

    assert labels(window)[19, 28] == 1 and not labels(window)[before == 1].any()


def test_a_box_takes_nothing_from_another_object(window, canvas, qtbot):
    stroke(canvas, (20, 16), (26, 16))
    other = (labels(window) == 1).copy()
    window.cursor.object_id = window.document.add_object()
    window.cursor.tool = "box"
    stroke(canvas, (8, 8), (40, 24))
    qtbot.waitUntil(lambda: (labels(window) == 2).any())

    assert ((labels(window) == 1) == other).all()


def test_a_box_that_is_a_slip_of_the_mouse_asks_for_nothing(window, canvas, qtbot):
    window.cursor.tool = "box"
    with qtbot.waitSignal(canvas.message):
        click(canvas, (20, 20))

    assert window.document.objects.ids == ()


def test_a_click_is_a_scribble_and_a_right_click_says_not_here(window, canvas, qtbot):
    window.cursor.tool = "scribble"
    click(canvas, (30, 20))
    qtbot.waitUntil(lambda: labels(window)[20, 30] == 1)
    click(canvas, (30, 20), button=RIGHT)
    qtbot.waitUntil(lambda: labels(window)[20, 30] == 0)


def test_points_on_and_beside_an_object_add_up_to_its_mask(window, canvas, qtbot):
    window.cursor.tool = "point"
    click(canvas, (20, 20))
    qtbot.waitUntil(lambda: labels(window)[20, 20] == 1)
    click(canvas, (40, 20))
    qtbot.waitUntil(lambda: labels(window)[20, 40] == 1)
    click(canvas, (30, 20), button=RIGHT)
    qtbot.waitUntil(lambda: labels(window)[20, 30] == 0)

    assert (labels(window)[20, [20, 40]] == 1).all()


def test_a_drag_with_the_point_tool_is_a_click_where_it_began(window, canvas, qtbot):
    window.cursor.tool = "point"
    with qtbot.waitSignal(window.bridge.scribbled):
        stroke(canvas, (10, 20), (50, 20))
    drawn = canvas.tool("scribble")._strokes

    assert drawn[20, 10] and not drawn[20, 30:].any()


def test_a_point_keeps_its_sign_in_view_until_the_frame_is_left(window, canvas):
    window.cursor.tool = "point"
    before = len(canvas.sketch._strokes)
    click(canvas, (20, 20))
    click(canvas, (40, 20), button=RIGHT)
    inside, outside = (path.boundingRect() for path, _ in canvas.sketch._strokes[before + 1 :: 2])

    assert inside.width() > 0
    assert [inside.height(), outside.width()] == pytest.approx([inside.width()] * 2)
    assert outside.height() == 0

    window.cursor.frame += 1
    assert canvas.sketch._strokes == []


@pytest.mark.parametrize(
    "tool", ["brush", "eraser", "scribble", "point", "box", "lasso", "wand", "fill"]
)
def test_no_tool_changes_an_object_that_is_hidden(window, canvas, qtbot, tool):
    stroke(canvas, (20, 20), (30, 20))
    window.document.update_object(1, visible=False)
    before = labels(window).copy()
    window.cursor.tool = tool
    with qtbot.waitSignal(canvas.message):
        stroke(canvas, (22, 20), (40, 30))

    assert (labels(window) == before).all()
    assert not canvas.tool(tool).is_busy


def test_with_shift_the_sides_of_a_lasso_follow_the_edges_of_the_picture(window, canvas, qtbot):
    picture = canvas.picture
    painter = QPainter(picture)
    painter.fillRect(0, 0, 64, 48, QColor(0, 0, 0))
    painter.setBrush(QColor(220, 220, 220))
    painter.drawEllipse(QPointF(32, 24), 16, 16)
    painter.end()
    shift = {"modifiers": Qt.KeyboardModifier.ShiftModifier}
    lasso = canvas.tool("lasso")
    window.cursor.tool = "lasso"
    corners = [(32, 8), (48, 24), (32, 40), (16, 24)]
    click(canvas, corners[0], **shift)
    for corner in corners[1:]:  # clicked at once: the way is found afterwards
        before = len(lasso._points)
        click(canvas, corner, **shift)
        qtbot.waitUntil(lambda n=before: len(lasso._points) > n + 1)
    move(canvas, corners[0], NONE, **shift)  # shown before it is clicked
    qtbot.waitUntil(lambda: len(lasso._way) > 2)
    click(canvas, corners[0], **shift)
    assert not lasso.is_busy
    taken = labels(window) == 1
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    disc = np.hypot(columns - 32, rows - 24) <= 16

    assert (taken & disc).sum() / (taken | disc).sum() > 0.85  # the square has 0.64


def test_an_outline_is_finished_without_waiting_for_its_edges(window, canvas, qtbot):
    shift = {"modifiers": Qt.KeyboardModifier.ShiftModifier}
    window.cursor.tool = "lasso"
    for corner in ((10, 10), (40, 10), (40, 40)):
        click(canvas, corner, **shift)
    QTest.keyClick(canvas, Qt.Key.Key_Return)

    assert (labels(window) == 1).any()
    assert not canvas.tool("lasso").is_busy
