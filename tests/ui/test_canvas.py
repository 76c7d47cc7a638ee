"""The canvas: what is on the screen is what the document has, wherever one looks."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication

from tests.ui.mouse import MIDDLE, click, move, press, release, stroke
from tests.ui.window import isolate_settings, make_clip, open_window, paint
from vos_annotator.core.objects import screen_color


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        qtbot.waitUntil(lambda: window.canvas.is_current)
        yield window


@pytest.fixture
def canvas(window):
    return window.canvas


def color_at(canvas, x, y):
    """Return the (r, g, b) that the screen shows for a point of the source."""
    image = canvas.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return image.pixelColor(canvas.to_widget(QPointF(x, y))).toTuple()[:3]


def turn_wheel(canvas, point, notches, modifiers=Qt.KeyboardModifier.NoModifier):
    at = QPointF(canvas.to_widget(QPointF(*point)))
    event = QWheelEvent(
        at,
        canvas.viewport().mapToGlobal(at),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas.viewport(), event)


def test_the_screen_shows_the_pixels_of_the_frame(window, canvas):
    shown = color_at(canvas, 30.5, 20.5)
    assert shown == tuple(int(v) for v in window.document.video[0][20, 30])


def test_the_picture_follows_the_playhead(window, canvas, qtbot):
    window.cursor.frame = 7
    qtbot.waitUntil(lambda: canvas.shown_frame == 7)
    assert color_at(canvas, 30.5, 20.5) == tuple(int(v) for v in window.document.video[7][20, 30])


def test_a_mask_is_drawn_in_its_objects_color_at_the_chosen_strength(window, canvas, qtbot):
    bare = np.array(color_at(canvas, 16.5, 16.5))
    paint(window)
    window.cursor.object_id = 1
    window.cursor.opacity = 0.5
    expected = (bare + np.array(screen_color(1))) / 2
    qtbot.waitUntil(lambda: np.abs(np.array(color_at(canvas, 16.5, 16.5)) - expected).max() < 4)


def test_masks_can_be_hidden_and_hidden_objects_are_not_drawn(window, canvas, qtbot):
    bare = color_at(canvas, 16.5, 16.5)
    paint(window)
    qtbot.waitUntil(lambda: color_at(canvas, 16.5, 16.5) != bare)
    window.cursor.masks_shown = False
    assert color_at(canvas, 16.5, 16.5) == bare
    window.cursor.masks_shown = True
    assert color_at(canvas, 16.5, 16.5) != bare
    window.document.update_object(1, visible=False)
    assert color_at(canvas, 16.5, 16.5) == bare


def test_undo_is_seen_at_once(window, canvas, qtbot):
    bare = color_at(canvas, 20.5, 20.5)
    window.cursor.brush_size = 8
    click(canvas, (20, 20))
    assert color_at(canvas, 20.5, 20.5) != bare
    window.document.undo()
    qtbot.waitUntil(lambda: color_at(canvas, 20.5, 20.5) == bare)


def test_a_part_that_is_redrawn_alone_looks_like_the_whole(window, canvas):
    window.cursor.brush_size = 5
    stroke(canvas, (10, 10), (40, 25), (22, 40))
    in_parts = canvas.viewport().grab().toImage()
    canvas.viewport().update()
    canvas.masks.touch()
    assert canvas.viewport().grab().toImage() == in_parts


def test_the_wheel_zooms_where_the_mouse_is(window, canvas):
    before = canvas.to_widget(QPointF(50, 12))
    zoom = canvas.zoom
    turn_wheel(canvas, (50, 12), 3)
    assert canvas.zoom > 1.5 * zoom
    moved = canvas.to_widget(QPointF(50, 12)) - before
    assert moved.manhattanLength() <= 2


def test_shift_and_the_wheel_change_the_brush_and_not_the_zoom(window, canvas):
    zoom, size = canvas.zoom, window.cursor.brush_size
    turn_wheel(canvas, (20, 20), 2, Qt.KeyboardModifier.ShiftModifier)
    assert canvas.zoom == zoom
    assert window.cursor.brush_size > size


def test_the_middle_button_pans_and_paints_nothing(window, canvas):
    turn_wheel(canvas, (30, 20), 5)
    start = canvas.to_widget(QPointF(30, 20))
    press(canvas, (30, 20), MIDDLE)
    move(canvas, (34, 23), MIDDLE)
    release(canvas, (30, 20), MIDDLE)
    end = canvas.to_widget(QPointF(30, 20))
    assert (end - start).x() > 0
    assert (end - start).y() > 0
    assert not window.document.annotations[0].any()


def test_the_frame_cannot_be_lost_out_of_sight(window, canvas):
    for _ in range(8):
        turn_wheel(canvas, (30, 20), 3)
    for _ in range(40):
        canvas.pan(QPointF(50, 50))
    center = canvas.to_frame(canvas.viewport().rect().center())
    assert -1 <= center.x() <= 65
    assert -1 <= center.y() <= 49


def test_a_fitted_frame_stays_fitted_when_the_window_is_resized(window, canvas, qtbot):
    canvas.fit()
    window.resize(1000, 700)
    qtbot.waitUntil(lambda: canvas.width() < 800)
    for corner in (QPointF(0, 0), QPointF(64, 48)):
        assert canvas.viewport().rect().contains(canvas.to_widget(corner))


def test_the_pointer_is_told_in_pixels_of_the_source(window, canvas):
    told = []
    canvas.pointer_moved.connect(lambda x, y: told.append((x, y)))
    move(canvas, (12, 34), Qt.MouseButton.NoButton)
    assert np.abs(np.array(told[-1]) - (12, 34)).max() < 1


def test_a_frame_that_cannot_be_decoded_is_said_and_the_canvas_lives_on(
    window, canvas, qtbot, tmp_path
):
    said = []
    canvas.message.connect(said.append)
    (tmp_path / "clip" / "00009.png").write_bytes(b"no picture")
    window.cursor.frame = 9
    qtbot.waitUntil(lambda: len(said) > 0)
    assert "00009.png" in said[0]
    window.cursor.frame = 3
    qtbot.waitUntil(lambda: canvas.shown_frame == 3)
