"""A pen paints as wide as it is pressed; the minimap moves the view."""

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QInputDevice, QPointingDevice, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.ui.window import isolate_settings, make_clip, open_window, paint
from vos_annotator.ui.minimap import Minimap

Left, Right, No = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
TIP, ERASER = QPointingDevice.PointerType.Pen, QPointingDevice.PointerType.Eraser


@pytest.fixture
def window(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        window.actions_["add-object"].trigger()
        window.cursor.brush_size = 20
        qtbot.waitUntil(lambda: window.canvas.is_current)
        yield window


def send(canvas, kind, point, pressure, button, buttons, end):
    device = QPointingDevice(
        "pen",
        1,
        QInputDevice.DeviceType.Stylus,
        end,
        QInputDevice.Capability.Position | QInputDevice.Capability.Pressure,
        1,
        2,
    )
    place = QPointF(canvas.to_widget(QPointF(*point)))
    event = QTabletEvent(
        kind, device, place, place, pressure, 0, 0, 0, 0, 0, Qt.KeyboardModifier.NoModifier,
        button, buttons,
    )  # fmt: skip
    QApplication.sendEvent(canvas.viewport(), event)
    assert event.isAccepted()


def touch(canvas, point, pressure=1.0, button=Left, end=TIP):
    send(canvas, QEvent.Type.TabletPress, point, pressure, button, button, end)
    send(canvas, QEvent.Type.TabletRelease, point, 0.0, button, No, end)


def area(window):
    return int((window.document.annotations[0] == 1).sum())


def test_a_light_touch_paints_less_than_a_firm_one(window):
    touch(window.canvas, (32, 24), 0.2)
    light = area(window)
    window.actions_["undo"].trigger()
    touch(window.canvas, (32, 24), 1.0)

    assert 0 < light < area(window) / 4


def test_a_stroke_swells_with_the_pressure(window):
    canvas = window.canvas
    send(canvas, QEvent.Type.TabletPress, (12, 24), 0.1, Left, Left, TIP)
    send(canvas, QEvent.Type.TabletMove, (50, 24), 1.0, No, Left, TIP)
    send(canvas, QEvent.Type.TabletRelease, (50, 24), 0.0, Left, No, TIP)
    column = (window.document.annotations[0] == 1).sum(axis=0)

    assert column[50] > 15
    assert window.cursor.pressure == 1.0
    window.actions_["undo"].trigger()
    assert area(window) == 0


@pytest.mark.parametrize(("button", "end"), [(Right, TIP), (Left, ERASER)])
def test_barrel_button_and_eraser_end_take_away(window, button, end):
    paint(window, top=4, left=4, size=40)
    before = area(window)

    touch(window.canvas, (20, 20), button=button, end=end)

    assert 0 < area(window) < before


def test_the_barrel_button_pressed_in_the_air_draws_nothing_and_the_stroke_then_takes_away(window):
    paint(window, top=4, left=4, size=40)
    before, canvas, both = area(window), window.canvas, Left | Right
    send(canvas, QEvent.Type.TabletPress, (10, 10), 0.0, Right, Right, TIP)
    send(canvas, QEvent.Type.TabletMove, (20, 20), 0.0, No, Right, TIP)
    send(canvas, QEvent.Type.TabletRelease, (20, 20), 0.0, Right, No, TIP)
    assert area(window) == before

    send(canvas, QEvent.Type.TabletPress, (20, 20), 0.0, Right, Right, TIP)
    send(canvas, QEvent.Type.TabletPress, (20, 20), 1.0, Left, both, TIP)
    send(canvas, QEvent.Type.TabletRelease, (20, 20), 1.0, Right, Left, TIP)
    send(canvas, QEvent.Type.TabletMove, (36, 36), 1.0, No, Left, TIP)
    assert area(window) == before  # the stroke is in hand until the tip is lifted
    send(canvas, QEvent.Type.TabletRelease, (36, 36), 0.0, Left, No, TIP)
    labels = window.document.annotations[0]
    assert labels[20, 20] == labels[30, 30] == 0
    window.actions_["undo"].trigger()
    assert area(window) == before


def test_the_minimap_shows_only_where_the_frame_is_larger_than_the_view(window):
    minimap = window.canvas.findChild(Minimap)
    assert not minimap.isVisible()

    window.canvas.zoom_to(window.canvas.zoom * 4, QPointF(32, 24))
    assert minimap.isVisible()
    assert window.canvas.rect().contains(minimap.geometry())

    window.canvas.fit()
    assert not minimap.isVisible()


def test_keys_zoom_and_move_the_view(window):
    canvas = window.canvas
    before = canvas.zoom
    QTest.keyClick(canvas, Qt.Key.Key_Z)
    QTest.keyClick(canvas, Qt.Key.Key_Z)
    assert canvas.zoom > 1.5 * before

    left = canvas.view.viewRect().left()
    keys = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(canvas, Qt.Key.Key_Right, keys)
    assert canvas.view.viewRect().left() > left


def test_a_click_on_the_minimap_moves_the_view_there_and_paints_nothing(window):
    canvas = window.canvas
    canvas.zoom_to(canvas.zoom * 4, QPointF(32, 24))
    minimap = canvas.findChild(Minimap)

    QTest.mouseClick(minimap, Left, pos=QPoint(minimap.width() // 4, minimap.height() // 4))

    center = canvas.view.viewRect().center()
    assert abs(center.x() - 16) < 1
    assert abs(center.y() - 12) < 1
    assert area(window) == 0
