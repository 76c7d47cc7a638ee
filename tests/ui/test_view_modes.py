"""The ways of looking at masks: what each shows and hides, and that none is slow."""

import time

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QGraphicsScene

from tests.ui.window import isolate_settings, make_clip, open_window, paint
from vos_annotator.ui.overlay import MaskItem
from vos_annotator.ui.view_modes import VIEW_MODES, look

SIZE = 64


@pytest.fixture
def window(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        window.actions_["add-object"].trigger()
        paint(window)
        yield window


def drawn(shown, labels, zoom=1):
    """Return the pixels (H, W, 4: red, green, blue, alpha) of labels over nothing."""
    item = MaskItem(labels.shape)
    item.show_labels(labels)
    item.set_colors(shown.fill, shown.line, shown.textures)
    scene = QGraphicsScene()
    scene.addItem(item)
    height, width = (side * zoom for side in labels.shape)
    image = QImage(width, height, QImage.Format.Format_RGBA8888_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    scene.render(painter)
    painter.end()
    return np.array(image.constBits()).reshape(height, width, 4)


def labels():
    result = np.zeros((SIZE, SIZE), np.uint8)
    result[16:48, 16:48] = 1
    return result


def pixels(window, mode):
    return drawn(look(mode, window.document.objects, 1, 0.5), labels())


def test_the_overlay_leaves_the_background_alone_and_lets_the_picture_through(window):
    result = pixels(window, "overlay")

    assert result[2, 2, 3] == 0
    assert 100 < result[32, 32, 3] < 160


def test_contours_leave_the_inside_alone(window):
    result = pixels(window, "contour")

    assert result[32, 32, 3] == 0
    assert result[16, 32, 3] == 255


def test_masks_alone_are_full_colours_on_black(window):
    result = pixels(window, "mask")

    assert tuple(result[2, 2]) == (0, 0, 0, 255)
    assert tuple(result[32, 32]) == (*window.document.objects[1].color, 255)


def test_a_cut_out_shows_the_object_and_dims_the_rest(window):
    result = pixels(window, "cut-out")

    assert result[32, 32, 3] == 0
    assert 200 < result[2, 2, 3] < 255


def test_textures_have_gaps_and_differ_between_objects(window):
    window.actions_["add-object"].trigger()
    shown = look("textured", window.document.objects, 1, 0.5)
    first = drawn(shown, np.full((SIZE, SIZE), 1, np.uint8))[4:-4, 4:-4, 3] == 0
    second = drawn(shown, np.full((SIZE, SIZE), 2, np.uint8))[4:-4, 4:-4, 3] == 0

    assert 0.2 < first.mean() < 0.8
    assert (first != second).mean() > 0.2


@pytest.mark.parametrize("mode", VIEW_MODES)
def test_a_hidden_object_looks_like_background(window, mode):
    window.actions_["hide-object"].trigger()
    result = pixels(window, mode)

    assert (np.abs(result.astype(int) - result[2, 2]) <= 2).all()


@pytest.mark.parametrize("mode", VIEW_MODES)
def test_no_mode_is_much_slower_than_a_frame_full_of_objects(window, mode):
    full = np.ones((1080, 1920), np.uint8)

    def best(name):
        shown = look(name, window.document.objects, 1, 0.5)
        times = []
        for _ in range(4):
            begun = time.thread_time()
            drawn(shown, full)
            times.append(time.thread_time() - begun)
        return min(times)

    assert best(mode) < 2.5 * best("overlay") + 0.01


def test_m_goes_round_the_ways_of_looking_and_the_menu_follows(window):
    seen = []
    for _ in VIEW_MODES:
        QTest.keyClick(window.canvas, Qt.Key.Key_M)
        seen.append(window.cursor.view_mode)
        assert window.actions_[f"view-{seen[-1]}"].isChecked()

    assert sorted(seen) == sorted(VIEW_MODES)
    assert seen[-1] == "overlay"


def test_masks_that_are_off_are_off_in_every_mode(window):
    window.cursor.view_mode = "mask"
    window.cursor.masks_shown = False

    assert not window.canvas.masks._fill.any()


def test_onion_skin_shows_the_references_on_either_side(window):
    window.cursor.frame = 8
    paint(window, top=30)
    before, after = window.canvas._onion.items
    window.cursor.frame = 4
    assert not before.isVisible()

    QTest.keyClick(window.canvas, Qt.Key.Key_O, Qt.KeyboardModifier.ShiftModifier)

    assert before.isVisible()
    assert (before.labels == window.document.annotations[0]).all()
    assert (after.labels == window.document.annotations[8]).all()
    window.cursor.frame = 10
    assert (before.labels == window.document.annotations[8]).all()
    assert not after.isVisible()


def test_onion_skin_shows_a_reference_as_it_is_though_it_changed_while_that_was_off(window):
    cursor = window.cursor
    cursor.frame, cursor.onion = 4, True
    cursor.onion = False
    window.document.clear_object(0, 1)
    before, _ = window.canvas._onion.items

    cursor.onion = True

    assert (before.labels == window.document.annotations[0]).all()
