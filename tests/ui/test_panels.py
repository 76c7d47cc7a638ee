"""The panels at the right: objects and references."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.ui.window import isolate_settings, make_clip, open_window, paint
from vos_annotator.ui.panels.object_row import NameField
from vos_annotator.ui.timeline_picture import HEAD, ROW
from vos_annotator.ui.timeline_states import (
    ABSENT,
    REFERENCE,
    REFERENCE_ABSENT,
    SAID_ABSENT,
    STALE,
    SURE,
    describe,
)
from vos_annotator.ui.transport import duration, timecode


@pytest.fixture
def window(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        window.cursor.object_id = window.document.add_object("cat")
        yield window


def click(widget, position=None):
    if position is None:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
    else:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=position)


def cell(panel, row):
    return panel.view.visualRect(panel.model.index(row))


def sizes(window):
    """Return how wide the panels are and how high the first of them is, px."""
    panel = window.workspace.objects_panel
    return panel.width(), panel.height()


def drag_line_beside(widget, across, down):
    """Move the line that is after a panel in its splitter, by so many px."""
    splitter = widget.parentWidget()
    handle = splitter.handle(splitter.indexOf(widget) + 1)
    start = handle.rect().center()
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(handle, start + QPoint(across, down))
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=start)


def test_panels_keep_the_size_that_a_person_gave_them_in_every_project(qtbot, window, tmp_path):
    before = sizes(window)
    drag_line_beside(window.workspace.objects_panel, 0, 90)
    drag_line_beside(window.canvas, -70, 0)
    chosen = sizes(window)
    assert chosen == pytest.approx((before[0] + 70, before[1] + 90), abs=5)

    window.open_path(make_clip(tmp_path / "other"))
    qtbot.waitUntil(lambda: sizes(window) == chosen)
    window.close()
    with open_window(qtbot, tmp_path / "clip") as again:
        again.resize(window.size())
        qtbot.waitUntil(lambda: sizes(again) == chosen)


def test_no_panel_can_be_pushed_out_of_sight(window):
    for way in (-2000, 2000):
        drag_line_beside(window.workspace.objects_panel, 0, way)
        for panel in (window.workspace.objects_panel, window.workspace.references_panel):
            assert panel.height() >= panel.minimumSizeHint().height() > 40


def test_eye_and_lock_change_the_object_and_undo_changes_it_back(window):
    cat = window.cursor.object_id
    row = window.workspace.objects_panel.rows[cat]

    click(row.eye)
    click(row.lock)
    assert not window.document.objects[cat].visible
    assert window.document.objects[cat].locked

    window.document.undo()
    assert not row.lock.isChecked()


def test_a_click_on_a_row_makes_its_object_current(window):
    dog = window.document.add_object("dog")

    click(window.workspace.objects_panel.rows[dog])

    assert window.cursor.object_id == dog


def in_view(window):
    """Return whether the list and the timeline show the current object."""
    panel, timeline = window.workspace.objects_panel, window.timeline
    row, viewport = panel.rows[window.cursor.object_id], panel._area.viewport()
    top = row.mapTo(viewport, row.rect().topLeft()).y()
    lane = timeline.states.ids.index(window.cursor.object_id) * ROW
    lane -= timeline.verticalScrollBar().value()
    in_list = top >= 0 and top + row.height() <= viewport.height()
    return in_list and lane >= 0 and lane + ROW <= timeline.viewport().height() - HEAD


def test_the_list_and_the_lanes_follow_the_current_object_and_a_new_one(qtbot, window):
    for _ in range(24):
        window.actions_["add-object"].trigger()
    qtbot.waitUntil(lambda: in_view(window))

    for _ in range(24):
        window.actions_["next-object"].trigger()
        qtbot.waitUntil(lambda: in_view(window))


@pytest.mark.parametrize("current", [1, 8, 15])
def test_a_project_with_many_objects_opens_at_the_current_one(qtbot, qapp, tmp_path, current):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        for _ in range(15):
            window.document.add_object()
        window.cursor.object_id = current
        window.workspace.save()
    with open_window(qtbot) as window:
        window.resize(1000, 640)
        window.open_path(tmp_path / "clip")
        assert window.cursor.object_id == current
        qtbot.waitUntil(lambda: in_view(window))


def test_a_name_has_room_before_the_state_has_and_all_of_it_is_in_the_tooltip(qtbot, window):
    window.document.update_object(window.cursor.object_id, name="the left hand of the dancer")
    row = window.workspace.objects_panel.rows[window.cursor.object_id]
    row.show_state("reference, which is marked absent")

    qtbot.waitUntil(lambda: row.state.width() < row.state.sizeHint().width())  # once laid out
    assert row.name.width() >= row.fontMetrics().horizontalAdvance("Object 12")
    assert row.toolTip() == "the left hand of the dancer"
    assert row.lock.geometry().right() <= row.width()


def test_a_name_that_has_no_room_ends_in_dots(qtbot):
    field = NameField()
    qtbot.addWidget(field)
    field.resize(100, 24)
    pictures = []
    for text in ("m" * 30, "m" * 29 + "x", "m" * 5 + "x" * 25):
        field.setText(text)
        pictures.append(field.grab().toImage())
    end = pictures[0].copy(84, 0, 16, 24)  # where letters are two thirds of the height and more

    assert pictures[0] == pictures[1] != pictures[2]
    assert all(end.pixelColor(x, 8) == end.pixelColor(0, 0) for x in range(12))


def test_escape_takes_the_old_name_back(window):
    cat = window.cursor.object_id
    field = window.workspace.objects_panel.rows[cat].name
    window.actions_["rename-object"].trigger()

    QTest.keyClicks(field, "nonsense")
    QTest.keyClick(field, Qt.Key.Key_Escape)

    assert window.document.objects[cat].name == "cat"
    assert field.text() == "cat"


def test_letters_typed_into_a_name_are_no_shortcuts(window):
    field = window.workspace.objects_panel.rows[window.cursor.object_id].name
    tool = window.cursor.tool
    window.actions_["rename-object"].trigger()

    QTest.keyClicks(field, "vse[1 ]")
    QTest.keyClick(field, Qt.Key.Key_Return)

    assert window.document.objects[window.cursor.object_id].name == "vse[1 ]"
    assert window.cursor.tool == tool


def test_rows_say_what_is_known_of_the_object_on_this_frame(window):
    cat = window.cursor.object_id
    state = window.workspace.objects_panel.rows[cat].state
    assert state.text() == ""

    paint(window, cat)
    assert state.text() == "reference"
    window.cursor.frame = 1
    assert state.text() == ""


def test_a_long_word_on_an_object_leaves_the_eye_and_the_lock_in_view(window):
    cat = window.document.add_object("a cat with a rather long name")
    panel = window.workspace.objects_panel
    row = panel.rows[cat]
    row.show_state("marked absent")

    assert row.state.toolTip() == "marked absent"
    assert row.minimumSizeHint().width() <= panel._area.viewport().width() - 12


@pytest.mark.parametrize("language", ["en", "de"])
def test_beside_a_short_name_every_state_can_be_read(qtbot, qapp, tmp_path, language):
    isolate_settings(tmp_path / "settings", language)
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        cat = window.document.add_object("cat")
        row = window.workspace.objects_panel.rows[cat]
        for code in (ABSENT, SURE, STALE, SAID_ABSENT, REFERENCE_ABSENT, REFERENCE):
            word = describe(code)
            row.show_state(word)
            needed = row.state.fontMetrics().horizontalAdvance(word)
            qtbot.waitUntil(lambda needed=needed: row.state.width() >= needed)
            assert row.lock.geometry().right() <= row.width()
    isolate_settings(tmp_path / "settings")


def test_where_two_words_have_no_room_the_row_says_that_the_object_is_absent(qtbot, window):
    window.document.update_object(window.cursor.object_id, name="the left hand of the dancer")
    state = window.workspace.objects_panel.rows[window.cursor.object_id].state
    state.setText("reference, absent")
    least = state.fontMetrics().horizontalAdvance("absent")
    qtbot.waitUntil(lambda: least < state.width() < state.sizeHint().width())
    state.setFixedWidth(state.width())
    shown = state.grab().toImage()
    state.setText("absent")

    assert shown == state.grab().toImage()


def test_references_are_listed_in_order_with_thumbnails_made_elsewhere(qtbot, window):
    panel = window.workspace.references_panel
    for frame in (8, 2):
        window.cursor.frame = frame
        paint(window, window.cursor.object_id)

    assert panel.model.frames == [2, 8]
    qtbot.waitUntil(
        lambda: panel.model.index(1).data(Qt.ItemDataRole.DecorationRole) is not None,
        timeout=5_000,
    )


def test_references_are_explained_while_there_are_none_and_each_says_what_a_click_does(window):
    panel = window.workspace.references_panel
    assert panel._empty.isVisible() and "keep with Enter" in panel._empty.text()

    paint(window, window.cursor.object_id)
    assert not panel._empty.isVisible()
    assert "frame 0. The cross" in panel.model.index(0).data(Qt.ItemDataRole.ToolTipRole)


def test_a_click_on_a_thumbnail_goes_there_and_its_x_releases_it(qtbot, window):
    panel = window.workspace.references_panel
    for frame in (8, 2):
        window.cursor.frame = frame
        paint(window, window.cursor.object_id)
    qtbot.waitUntil(lambda: cell(panel, 1).isValid())

    click(panel.view.viewport(), cell(panel, 1).center())
    assert window.cursor.frame == 8
    click(panel.view.viewport(), panel.delegate.cross_rect(cell(panel, 1)).center())
    assert panel.model.frames == [2]
    assert window.document.annotations.references == (2,)


def test_enter_on_a_thumbnail_goes_there_and_keeps_no_frame(qtbot, window):
    panel = window.workspace.references_panel
    for frame in (2, 8):
        window.cursor.frame = frame
        paint(window, window.cursor.object_id)
    window.cursor.frame = 5
    qtbot.waitUntil(lambda: cell(panel, 1).isValid())

    panel.view.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(panel.view, Qt.Key.Key_Home)
    QTest.keyClick(panel.view, Qt.Key.Key_Right)
    assert window.cursor.frame == 5
    QTest.keyClick(panel.view, Qt.Key.Key_Return)

    assert window.cursor.frame == 8
    assert window.document.annotations.references == (2, 8)


def test_after_a_click_on_a_thumbnail_enter_keeps_the_frame_gone_to_from_there(qtbot, window):
    panel = window.workspace.references_panel
    paint(window, window.cursor.object_id)
    qtbot.waitUntil(lambda: cell(panel, 0).isValid())
    window.canvas.setFocus()
    click(panel.view.viewport(), cell(panel, 0).center())

    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)

    assert window.cursor.frame == 1
    assert window.document.annotations.references == (0, 1)


def test_a_typed_frame_number_goes_there(window):
    window.actions_["go-to"].trigger()
    field = window.workspace.transport.frame

    QTest.keyClicks(field, "7")
    QTest.keyClick(field, Qt.Key.Key_Return)

    assert window.cursor.frame == 7


@pytest.mark.parametrize("typed", ["99", "12", "12345678901234567890", "0011"])
def test_a_number_that_no_frame_has_goes_to_the_last_one(window, typed):
    window.actions_["go-to"].trigger()
    field = window.workspace.transport.frame
    QTest.keyClicks(field, typed)
    QTest.keyClick(field, Qt.Key.Key_Return)

    assert window.cursor.frame == 11 and field.text() == "11"


def test_esc_leaves_the_frame_as_it_was_whatever_was_typed(qtbot, window):
    qtbot.waitUntil(window.isActiveWindow)
    window.cursor.frame = 3
    window.actions_["go-to"].trigger()
    QTest.keyClicks(QApplication.focusWidget(), "7")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)

    assert window.cursor.frame == 3
    assert window.workspace.transport.frame.text() == "3"


@pytest.mark.parametrize(
    ("command", "last"),
    [
        ("go-to", Qt.Key.Key_Return),
        ("go-to", Qt.Key.Key_Escape),
        ("rename-object", Qt.Key.Key_Return),
        ("rename-object", Qt.Key.Key_Escape),
    ],
)
def test_what_is_typed_gives_the_keys_back_to_the_canvas(qtbot, window, command, last):
    dog = window.document.add_object("dog")
    qtbot.waitUntil(window.isActiveWindow)
    window.actions_[command].trigger()
    QTest.keyClicks(QApplication.focusWidget(), "5")
    QTest.keyClick(QApplication.focusWidget(), last)

    assert QApplication.focusWidget() is window.canvas
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert window.cursor.object_id == dog
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert window.workspace.playback.is_playing


def test_the_wheel_over_the_frame_field_moves_the_frame_and_takes_no_keys(qtbot, window):
    qtbot.waitUntil(window.isActiveWindow)
    window.canvas.setFocus()
    field = window.workspace.transport.frame
    at = QPointF(field.mapTo(window, field.rect().center()))
    QTest.wheelEvent(window.windowHandle(), at, QPoint(0, 120))

    qtbot.waitUntil(lambda: window.cursor.frame == 1)
    assert QApplication.focusWidget() is window.canvas


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00.00"), (5.24, "00:05.24"), (3725.5, "1:02:05.50")]
)
def test_times_are_written_as_on_a_film(seconds, text):
    assert timecode(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (41, "41 s"), (150, "2 min"), (9000, "2.5 h")]
)
def test_what_is_left_is_rounded_to_what_one_can_use(seconds, text):
    assert duration(seconds) == text
