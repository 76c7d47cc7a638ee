"""The timeline under the mouse, and what it paints."""

import time
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPalette, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.core.video_clips import number_in, write_clip
from tests.ui.window import FRAMES, isolate_settings, make_clip, open_window, paint
from vos_annotator.core.masks import encode_png
from vos_annotator.core.objects import screen_color
from vos_annotator.ui.contrast import contrast
from vos_annotator.ui.theme import THEMES
from vos_annotator.ui.timeline_film import FILM
from vos_annotator.ui.timeline_lanes import LANE, lanes_image
from vos_annotator.ui.timeline_picture import GUTTER, HEAD, ROW
from vos_annotator.ui.timeline_states import (
    ABSENT,
    DOUBT,
    DOUBT_LEVELS,
    EMPTY,
    REFERENCE,
    STALE,
    SURE,
)

GROUND, QUIET, BLUE = QColor("#101010"), QColor("#808080"), QColor("#2060ff")


@pytest.fixture
def window(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        window.cursor.object_id = window.document.add_object("cat")
        yield window


def at(timeline, frame, lane=0):
    x = GUTTER + timeline.axis.center(frame)
    return QPoint(round(x), HEAD + lane * ROW + ROW // 2)


def drag(timeline, start, end, released=True):
    viewport = timeline.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(viewport, end)
    if released:
        QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)


def turn_wheel(timeline, position, steps):
    event = QWheelEvent(
        QPointF(position),
        QPointF(timeline.viewport().mapToGlobal(position)),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(timeline.viewport(), event)


def test_a_click_goes_to_the_frame_under_it(window):
    QTest.mouseClick(
        window.timeline.viewport(), Qt.MouseButton.LeftButton, pos=at(window.timeline, 7)
    )

    assert window.cursor.frame == 7


def test_dragging_scrubs_and_letting_go_ends_it(window):
    timeline = window.timeline
    drag(timeline, at(timeline, 2), at(timeline, 9), released=False)
    assert window.cursor.frame == 9
    assert window.cursor.scrubbing

    QTest.mouseRelease(timeline.viewport(), Qt.MouseButton.LeftButton, pos=at(timeline, 9))
    assert not window.cursor.scrubbing


def test_the_filmstrip_tells_frames_apart_where_keyframes_are_far_between(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, write_clip(tmp_path / "clip.mp4", gop=30)) as window:
        film, width = window.timeline.film, window.timeline.viewport().width() - GUTTER
        places = film._places(width)
        qtbot.waitUntil(lambda: all(film._images.get(frame) for _, frame in places))
        strip = QImage(width, FILM, QImage.Format.Format_RGB888)
        painter = QPainter(strip)
        film.paint(painter, width, GROUND)
        painter.end()
        pixels = np.frombuffer(strip.constBits(), np.uint8).reshape(FILM, -1)[:, : width * 3]
        pixels = pixels.reshape(FILM, width, 3)
        tile = film._thumbnails.size[0]
        shown = [number_in(pixels[:, round(x) : round(x) + tile]) for x, _ in places[:-1]]

        assert shown == [window.timeline.axis.frame_at(x + (tile + 1) / 2) for x, _ in places[:-1]]
        assert shown[-1] > 20 > shown[0]


def test_who_drags_the_playhead_and_rests_sees_the_very_frame(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, write_clip(tmp_path / "clip.mp4", gop=30)) as window:
        timeline, canvas = window.timeline, window.canvas
        for frame in (9, 17):
            drag(timeline, at(timeline, 2), at(timeline, frame), released=False)
            assert window.cursor.scrubbing
            qtbot.waitUntil(lambda frame=frame: canvas.shown_frame == frame)
        QTest.mouseRelease(timeline.viewport(), Qt.MouseButton.LeftButton, pos=at(timeline, 17))


@pytest.mark.parametrize("frame", [0, 30, 33, 39, 199])
def test_the_playhead_tells_its_frame_and_no_number_is_half_covered(qtbot, qapp, tmp_path, frame):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip", 200)) as window:
        timeline, axis = window.timeline, window.timeline.axis
        window.cursor.frame = frame
        picture = timeline.viewport().grab(QRect(GUTTER, 4, axis.width, 10)).toImage()
        font = QFont(timeline.font())
        font.setPixelSize(10)
        wide = QFontMetrics(font).horizontalAdvance(str(frame))
        ground = timeline.palette().color(QPalette.ColorRole.Base)
        inked = [
            x
            for x in range(picture.width())
            if any(is_ink(picture.pixelColor(x, y), ground) for y in range(10))
        ]
        head = round(axis.center(frame))
        side = range(head - wide - 11, head) if frame == 199 else range(head, head + wide + 11)
        own = [x for x in inked if x in side]

        assert own and own[-1] - own[0] >= wide - 3 and min(abs(x - head) for x in own) > 5
        numbers = [x for n, x in enumerate(inked) if n == 0 or x - inked[n - 1] > 3]
        assert all(b - a > wide / len(str(frame)) for a, b in pairwise(numbers))


def test_no_number_is_cut_off_at_either_side(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip", 1300)) as window:
        timeline, axis = window.timeline, window.timeline.axis
        window.cursor.frame = 1100
        axis.zoom(6.5, 0)
        ground = timeline.palette().color(QPalette.ColorRole.Base)
        for start in range(1000, 1020):
            axis.scroll_to(start)
            picture = timeline.viewport().grab(QRect(GUTTER, 4, axis.width, 10)).toImage()
            for x in (0, 1, picture.width() - 2, picture.width() - 1):
                assert not any(is_ink(picture.pixelColor(x, y), ground) for y in range(10)), start


def is_ink(color, ground):
    """Return whether a pixel is of a number: grey, and neither ground nor the playhead's blue."""
    return abs(color.red() - color.blue()) < 30 and abs(color.red() - ground.red()) > 40


@pytest.mark.parametrize(("taken", "over", "back"), [("in", 9, 3), ("out", 0, 5)])
def test_a_bracket_dragged_over_the_other_one_and_back_leaves_it_there(window, taken, over, back):
    window.cursor.in_frame, window.cursor.out_frame = brackets = 2, 6
    timeline, viewport = window.timeline, window.timeline.viewport()
    edge = {"in": brackets[0], "out": brackets[1] + 1}[taken]
    start = QPoint(round(GUTTER + timeline.axis.x(edge)), HEAD + ROW // 2)

    drag(timeline, start, at(timeline, over), released=False)
    assert (window.cursor.in_frame, window.cursor.out_frame) in [(6, 6), (2, 2)]
    QTest.mouseMove(viewport, at(timeline, back))
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=at(timeline, back))

    expected = {"in": (back, 6), "out": (2, back)}[taken]
    assert (window.cursor.in_frame, window.cursor.out_frame) == expected


def test_dragging_beyond_the_end_stays_on_the_last_frame(window):
    drag(window.timeline, at(window.timeline, 2), QPoint(window.timeline.width() + 300, 30))

    assert window.cursor.frame == FRAMES - 1


def test_a_bracket_can_be_dragged(window):
    timeline = window.timeline
    window.cursor.in_frame = 2
    left = QPoint(round(GUTTER + timeline.axis.x(2)), 30)

    drag(timeline, left, at(timeline, 5))

    assert window.cursor.in_frame == 5
    assert window.cursor.frame == 0


def test_a_click_on_a_name_chooses_the_object(window):
    dog = window.document.add_object("dog")

    QTest.mouseClick(
        window.timeline.viewport(),
        Qt.MouseButton.LeftButton,
        pos=QPoint(30, HEAD + ROW + ROW // 2),
    )

    assert window.cursor.object_id == dog


def test_the_wheel_zooms_at_the_mouse(window):
    timeline = window.timeline
    where = at(timeline, 6)
    before = timeline.axis.frame_at(where.x() - GUTTER)
    wide = timeline.axis.visible

    window.timeline.axis.width = 60  # a narrow view, so that there is something to zoom into
    window.timeline.axis.fit()
    turn_wheel(timeline, QPoint(GUTTER + 30, 40), 3)

    assert timeline.axis.visible < wide
    assert timeline.axis.frame_at(30) == pytest.approx(before, abs=1)


def test_painting_makes_a_diamond_and_undo_takes_it_away(window):
    timeline, object_id = window.timeline, window.cursor.object_id
    assert timeline.states.code(0, object_id) == EMPTY

    paint(window, object_id)
    assert timeline.states.code(0, object_id) == REFERENCE
    window.document.undo()
    assert timeline.states.code(0, object_id) == EMPTY


def test_the_tooltip_says_what_is_known(window):
    paint(window, window.cursor.object_id)

    assert window.timeline._describe(QPointF(at(window.timeline, 0))) == "cat, frame 0: reference"


def test_the_tooltip_says_of_what_its_share_is(window):
    object_id, shown = window.cursor.object_id, QPointF(at(window.timeline, 1))
    labels = np.full(window.document.video.shape[:2], object_id, np.uint8)
    window.document.project.predict(1, encode_png(labels), {object_id: 0.55}, "told")

    assert window.timeline._describe(shown) == "cat, frame 1: doubtful, 55 % sure"


def test_the_screen_reader_hears_frame_and_state(window):
    paint(window, window.cursor.object_id)
    window.cursor.frame = 3
    window.cursor.frame = 0

    assert window.timeline.accessibleDescription().startswith("frame 0 of 12, reference.")


def lane(code, width=24):
    image = lanes_image(np.full((1, width), code, np.uint8), [BLUE], GROUND, QUIET)
    return {
        (x, y): image.pixelColor(x, y).name() for x in range(width) for y in range(image.height())
    }


def lit(code):
    return {place for place, color in lane(code).items() if color != GROUND.name()}


def test_states_differ_in_form_and_not_by_colour_alone():
    forms = [frozenset(lit(code)) for code in (EMPTY, ABSENT, SURE, DOUBT, DOUBT + 7, STALE)]

    assert len(set(forms)) == len(forms)
    assert not forms[0]


def test_a_sure_lane_has_the_objects_colour_and_a_lost_one_is_red():
    middle = (3, LANE // 2)

    assert lane(SURE)[middle] == BLUE.name()
    red = QColor(lane(DOUBT + 7)[middle])
    assert red.red() > 2 * red.blue()


@pytest.mark.parametrize("name", THEMES)
def test_every_form_on_a_lane_is_seen_in_either_theme_whatever_the_objects_colour(name):
    ground, quiet = QColor(THEMES[name].surround), QColor(THEMES[name].quiet)
    colors = [QColor(*screen_color(i)) for i in range(1, 13)]
    colors += [QColor("black"), QColor("white"), QColor("yellow")]
    for code in (ABSENT, SURE, *range(DOUBT, DOUBT + DOUBT_LEVELS), STALE):
        codes = np.full((len(colors), 24), code, np.uint8)
        image = lanes_image(codes, colors, ground, quiet)
        for lane, color in enumerate(colors):
            shown = {image.pixel(x, lane * LANE + y) for x in range(24) for y in range(LANE)}
            inks = [QColor.fromRgb(each) for each in shown - {ground.rgb()}]
            assert inks and all(contrast(each, ground) >= 3 for each in inks), (code, color.name())


@pytest.mark.parametrize("ratio", [1, 2])
def test_lanes_are_as_high_on_any_screen(ratio):
    image = lanes_image(np.zeros((3, 40), np.uint8), [BLUE] * 3, GROUND, QUIET, ratio)

    assert image.height() / image.devicePixelRatio() == 3 * LANE


def test_fifty_thousand_frames_of_ten_objects_are_drawn_in_no_time():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, REFERENCE + 1, (10, 1500)).astype(np.uint8)
    colors = [BLUE] * 10
    lanes_image(codes, colors, GROUND, QUIET)

    started = time.thread_time()
    for _ in range(10):
        lanes_image(codes, colors, GROUND, QUIET)
    assert (time.thread_time() - started) / 10 < 0.05  # far above the usual 3 ms


def test_zooming_the_timeline_moves_nothing_above_it(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "long", frames=400)) as window:

        def canvas_height():
            window.workspace.layout().activate()
            return window.canvas.height()

        before = canvas_height()
        window.timeline.zoom_by(8)
        assert window.timeline.horizontalScrollBar().maximum() > 0
        assert abs(canvas_height() - before) <= 1
