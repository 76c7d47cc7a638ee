"""The window on a real project: opening, propagating, closing and opening again."""

import os
import threading
import time
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QLineEdit, QSpinBox

from tests.ui.mouse import click
from tests.ui.window import (
    FRAMES,
    finish_job,
    finish_run,
    isolate_settings,
    make_clip,
    open_window,
    paint,
)
from vos_annotator.core.edits import Status
from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.format import Options
from vos_annotator.core.mask_reading import read_label_map
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video
from vos_annotator.ui import dialogs
from vos_annotator.ui.export_dialog import ExportChoice
from vos_annotator.ui.job import Job
from vos_annotator.ui.status_bar import saved_text


@pytest.fixture(autouse=True)
def settings(qapp, tmp_path):
    isolate_settings(tmp_path / "settings")


@pytest.fixture
def clip(tmp_path):
    return make_clip(tmp_path / "clip")


@pytest.fixture
def window(qtbot, clip):
    with open_window(qtbot, clip) as window:
        yield window


def object_of(window):
    object_id = window.document.add_object("cat")
    window.cursor.object_id = object_id
    return object_id


def test_the_title_names_the_clip_and_says_when_it_was_saved(window):
    assert window.windowTitle().startswith("clip · saved ")


def test_the_title_names_the_project_where_it_is_not_the_one_that_the_clip_has_by_its_name(
    window, clip, monkeypatch
):
    merged = clip.with_name("clip merged.vos")
    window.workspace.project.save_copy(merged)
    assert window.open_path(merged)
    assert window.windowTitle().startswith("clip merged.vos · saved ")

    monkeypatch.chdir(clip.parent)
    assert window.open_path("clip.vos")
    assert window.windowTitle().startswith("clip · saved ")


def test_a_project_that_has_no_place_beside_its_clip_is_called_as_that_is(
    qtbot, clip, tmp_path, monkeypatch
):
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda *_, **__: str(tmp_path / "data"))
    may_be_written = os.access
    monkeypatch.setattr(
        os, "access", lambda path, how: Path(path) != clip.parent and may_be_written(path, how)
    )
    with open_window(qtbot, clip) as window:
        assert window.workspace.project.path.parent != clip.parent
        assert window.windowTitle().startswith("clip · saved ")


def test_when_it_was_saved_ends_at_the_right_whatever_was_said_before(window):
    label, ends = window._saved, []
    for seconds in (3 * 60, 0):  # "3 min", then less
        window.document.project.saved_at = time.time() - seconds
        label.refresh()
        QApplication.processEvents()
        picture = label.grab().toImage()
        columns, rows = range(picture.width()), range(picture.height())
        background = picture.pixel(0, 0)
        ends.append(max(x for x in columns if any(picture.pixel(x, y) != background for y in rows)))

    assert label.sizeHint().width() < label.width()
    assert ends[0] == ends[1]


def test_of_a_long_way_to_a_recent_project_its_name_and_both_ends_are_seen(qtbot, tmp_path):
    deep = tmp_path / "/".join(["a folder that is named with a whole sentence"] * 6)
    with open_window(qtbot, make_clip(deep / "clip")) as window:
        window.close_project()
        window.resize(window.minimumSize())
        QApplication.processEvents()
        page = window.centralWidget().currentWidget()
        button = next(each for each in page.findChildren(QAbstractButton) if "clip" in each.text())

        for text in (button.text(), window._recent.actions()[0].text()):
            assert text.startswith("clip.vos ") and text.endswith("sentence")
        assert button.toolTip() == str(deep / "clip.vos")
        assert page.rect().contains(button.geometry())
        assert button.fontMetrics().horizontalAdvance(button.text()) <= button.width()


def test_a_long_name_leaves_every_menu_its_place(qtbot, tmp_path):
    name = "a name that somebody wrote a whole sentence into, with the day, " * 3
    with open_window(qtbot, make_clip(tmp_path / name)) as window:
        bar, label = window.menuBar(), window._saved
        for width in (1600, window.minimumWidth(), 1200):
            window.resize(width, 700)
            QApplication.processEvents()
            menus_end = max(bar.actionGeometry(each).right() for each in bar.actions())

            assert menus_end < label.geometry().left()
            assert label.text().startswith("a name") and "· saved" in label.text()
            assert label.sizeHint().width() <= label.width()
        assert label.toolTip() == name and window.windowTitle().startswith(name)


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.2, "saved 3 s ago"), (180, "saved 3 min ago"), (9999, "saved")]
)
def test_how_long_ago_is_said_in_words(seconds, text):
    assert saved_text(seconds) == text


def test_without_a_video_the_window_says_where_to_drop_one(qtbot):
    with open_window(qtbot) as window:
        assert window.workspace is None
        assert window._welcome.isVisible()
        assert not window.actions_["propagate"].isEnabled()
        assert window.actions_["open-video"].isEnabled()


def test_a_path_that_cannot_be_opened_is_one_sentence_in_a_dialog(qtbot, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(dialogs, "show_problem", lambda parent, message: said.append(message))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with open_window(qtbot) as window:
        assert not window.open_path(broken)

        assert len(said) == 1
        assert "broken.mp4" in said[0]
        assert window.workspace is None


def test_a_dropped_folder_is_opened(qtbot, clip):
    with open_window(qtbot) as window:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(clip))])
        window.dropEvent(
            QDropEvent(
                QPointF(5, 5),
                Qt.DropAction.CopyAction,
                data,
                Qt.MouseButton.LeftButton,
                Qt.KeyboardModifier.NoModifier,
            )
        )

        assert window.document.video.name == "clip"
        assert Path(window.workspace.project.path) in window._recent.paths


@pytest.mark.parametrize("way", ["recent", "project", "video"])
def test_opening_what_is_open_goes_on_with_it(window, clip, monkeypatch, way):
    problems = []
    monkeypatch.setattr(dialogs, "show_problem", lambda parent, message: problems.append(message))
    workspace = window.workspace

    if way == "recent":
        window._recent.actions()[0].trigger()
    else:
        assert window.open_path(clip if way == "video" else workspace.project.path)

    assert problems == []
    assert window.workspace is workspace
    assert "is open already" in window.status.currentMessage()


def test_the_video_of_a_copy_that_is_open_opens_its_own_project(window, clip, tmp_path):
    own, copy = window.workspace.project.path, tmp_path / "copy.vos"
    window.workspace.project.save_copy(copy)
    assert window.open_path(copy)
    assert window.workspace.project.path == copy

    assert window.open_path(clip)
    assert window.workspace.project.path == own


def test_propagating_fills_the_clip_and_the_window_says_how_far_it_is(qtbot, window):
    object_id = object_of(window)
    paint(window, object_id)
    texts = []
    window.bridge.progress.connect(lambda _: texts.append(window.workspace.transport.left.text()))

    window.actions_["propagate"].trigger()
    qtbot.waitUntil(lambda: window.document.annotations.status(FRAMES - 1) is Status.PREDICTION)
    finish_run(qtbot, window)

    statuses = [window.document.annotations.status(frame) for frame in range(FRAMES)]
    assert statuses == [Status.REFERENCE, *[Status.PREDICTION] * (FRAMES - 1)]
    assert any("left" in text for text in texts)
    assert window.workspace.transport.left.text() == ""


def test_the_frames_of_a_pass_do_not_look_through_the_actions_each(qtbot, window):
    paint(window, object_of(window))
    refreshed = []
    window.workspace.changed.connect(lambda: refreshed.append(window.cursor.frame))

    window.bridge.propagate()
    finish_run(qtbot, window)

    assert window.document.annotations.status(FRAMES - 1) is Status.PREDICTION
    assert len(refreshed) < FRAMES // 2


@pytest.mark.parametrize(("action", "first", "last"), [("forward", None, 4), ("backward", 9, None)])
def test_propagating_away_from_the_range_is_refused_in_a_sentence(window, action, first, last):
    paint(window, object_of(window))
    window.cursor.in_frame, window.cursor.out_frame = first, last
    window.cursor.frame = 7
    window.actions_[f"propagate-{action}"].trigger()

    assert not window.bridge.busy
    said = window.status.currentMessage()
    assert said.startswith("Nothing to propagate this way") and "Alt+O" in said


def test_on_a_reference_outside_of_the_range_the_range_is_propagated(qtbot, window):
    object_id = object_of(window)
    for frame in (0, 9, 11):
        window.cursor.frame = frame
        paint(window, object_id)
    window.bridge.refresh.is_on = False
    window.cursor.in_frame, window.cursor.out_frame = 2, 6
    window.actions_["propagate"].trigger()
    finish_run(qtbot, window)

    statuses = window.document.annotations.statuses
    assert np.flatnonzero(statuses == Status.PREDICTION).tolist() == [2, 3, 4, 5, 6]


def test_stop_ends_a_run_and_keeps_what_there_is(qtbot, window):
    object_id = object_of(window)
    paint(window, object_id)
    window.actions_["propagate"].trigger()
    assert window.actions_["stop"].isEnabled()

    window.actions_["stop"].trigger()
    finish_run(qtbot, window)

    assert not window.actions_["stop"].isEnabled()
    assert window.document.annotations.status(0) is Status.REFERENCE


def test_no_speed_is_told_once_a_video_is_closed_amid_a_run(qtbot, window):
    paint(window, object_of(window))
    told = []
    window.bridge.progress.connect(lambda _: told.append(window.status.engine.text()))
    window.bridge.progress.connect(lambda _: window.close_project() if told[1:] else None)
    window.actions_["propagate"].trigger()
    qtbot.waitUntil(lambda: window.workspace is None)

    assert "fps" in told[-1]
    assert "fps" not in window.status.engine.text()


def test_closing_joins_every_thread(qtbot, clip):
    before = set(threading.enumerate())
    with open_window(qtbot, clip) as window:
        paint(window, object_of(window))
        window.actions_["propagate"].trigger()
        assert set(threading.enumerate()) - before

    assert set(threading.enumerate()) <= before


def test_opening_again_shows_what_was_there(qtbot, clip):
    with open_window(qtbot, clip) as window:
        first, second = object_of(window), object_of(window)
        paint(window, first)
        window.document.update_object(second, name="dog", locked=True)
        window.cursor.frame = 7
        window.cursor.object_id = second
        window.cursor.in_frame, window.cursor.out_frame = 2, 9
        path = window.workspace.project.path

    with open_window(qtbot, path) as window:
        cursor, objects = window.cursor, window.document.objects
        assert (cursor.frame, cursor.object_id) == (7, second)
        assert (cursor.in_frame, cursor.out_frame) == (2, 9)
        assert (objects[second].name, objects[second].locked) == ("dog", True)
        assert window.document.annotations.references == (0,)
        assert first in window.document.annotations[0]


@pytest.mark.parametrize("end", ["close_project", "make_again", "open_again"])
def test_a_name_that_is_being_typed_is_kept_when_the_project_is_closed(qtbot, window, clip, end):
    object_of(window)
    window.actions_["rename-object"].trigger()
    QTest.keyClicks(window.focusWidget(), "dog")
    if end == "open_again":
        window.open_path(make_clip(clip.parent / "other", frames=3))
    else:
        getattr(window, end)()

    with Project.for_video(open_video(clip)) as project:
        assert [each.name for each in project.objects] == ["dog"]


@pytest.mark.parametrize("action", ["close", "quit"])
def test_a_frame_number_that_is_being_typed_is_gone_to_when_the_project_is_closed(
    qtbot, window, clip, action
):
    window.actions_["go-to"].trigger()
    QTest.keyClicks(window.focusWidget(), "9")
    window.actions_[action].trigger()  # what is raised in an event fails the test

    with open_window(qtbot, clip) as again:
        assert again.cursor.frame == 9


def test_a_polygon_that_is_being_drawn_is_kept_when_the_project_is_closed(qtbot, window, clip):
    qtbot.waitUntil(lambda: window.canvas.is_current)
    window.cursor.object_id = object_of(window)
    window.cursor.tool = "lasso"
    for corner in ((10, 10), (50, 10), (50, 30), (10, 30)):
        click(window.canvas, corner)
    window.close_project()

    with Project.for_video(open_video(clip)) as project:
        assert abs(int((project.annotations[0] == 1).sum()) - 40 * 20) <= 40


def test_the_tool_stays_in_hand_and_a_project_keeps_its_brush(qtbot, window, tmp_path):
    first = window.workspace.project.path
    window.actions_["tool-eraser"].trigger()
    window.cursor.brush_size = 31

    assert window.open_path(make_clip(tmp_path / "other"))
    assert window.cursor.tool == "eraser" and window.actions_["tool-eraser"].isChecked()
    assert window.cursor.brush_size < 31  # as suits the video

    assert window.make_again()  # as for another language
    with open_window(qtbot, first) as again:
        assert (again.cursor.tool, again.cursor.brush_size) == ("eraser", 31)
        assert "31 px" in again.status.work.text()


def test_another_video_takes_the_place_of_the_first(qtbot, window, tmp_path):
    other = make_clip(tmp_path / "other", frames=3)
    first = window.workspace

    assert window.open_path(other)

    assert window.document.video.frame_count == 3
    assert window.workspace is not first
    assert window.workspace.transport.frame.maximum() == 2


def test_messages_can_be_read_again(window):
    window.say("something happened")
    window.warn("it failed", "Traceback: here")

    text = window.messages.text.toPlainText()
    assert "something happened" in text
    assert "Traceback: here" in text
    assert "Messages" in window.status.currentMessage()


def test_the_messages_are_closed_where_they_are(qtbot, window):
    window.actions_["messages"].trigger()
    qtbot.waitUntil(window.messages.close_button.isVisible)
    assert not window.messages.close_button.icon().isNull()

    window.messages.close_button.click()
    assert window.messages.isHidden()


def test_a_failure_of_the_engine_is_said_and_the_window_lives(window):
    window.bridge.failed.emit("The engine could not be loaded.", "Traceback: there")

    assert "could not be loaded" in window.status.currentMessage()
    assert "Traceback: there" in window.messages.text.toPlainText()


def test_import_makes_references_and_export_writes_what_was_drawn(qtbot, window, tmp_path):
    object_id = object_of(window)
    paint(window, object_id)
    choice = ExportChoice(tmp_path / "davis", "clip")
    window.window_verbs.export_to(choice)
    assert window.actions_["stop"].isEnabled()
    finish_job(qtbot, window)
    folder = tmp_path / "davis" / "Annotations" / "480p" / "clip"
    assert len(list(folder.glob("*.png"))) == FRAMES
    assert "12 of 12 frames" in window.messages.text.toPlainText()

    drawn = window.document.annotations[0].copy()
    window.document.release(0)
    window.window_verbs.import_masks_from(folder)
    finish_job(qtbot, window)

    assert 0 in window.document.annotations.references
    assert (window.document.annotations[0] == drawn).all()


def test_an_export_leaves_out_the_object_that_was_deleted(qtbot, window, tmp_path):
    kept = object_of(window)
    paint(window, kept)
    gone = window.document.add_object()
    paint(window, gone, top=30)
    window.document.delete_object(gone)

    choice = ExportChoice(tmp_path / "davis", "clip", options=Options(with_images=False))
    window.window_verbs.export_to(choice)
    finish_job(qtbot, window)

    written = read_label_map(tmp_path / "davis" / "Annotations" / "480p" / "clip" / "00000.png")
    assert set(np.unique(written)) == {0, kept}


def test_escape_stops_a_job(qtbot, window):
    window.start_job(Job("Import", wait_to_be_stopped))
    QTest.keyClick(window, Qt.Key.Key_Escape)
    finish_job(qtbot, window)


def test_everything_that_takes_the_focus_has_a_name(window):
    window.workspace.cursor.object_id = object_of(window)
    nameless = [
        widget
        for kind in (QAbstractButton, QLineEdit, QSpinBox)
        for widget in window.findChildren(kind)
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not (widget.accessibleName() or getattr(widget, "text", str)())
        and not widget.objectName().startswith("qt_")
    ]

    assert nameless == []


def test_playback_moves_on_and_stays_inside_the_range(qtbot, window):
    window.cursor.in_frame, window.cursor.out_frame = 3, 5
    seen = []
    window.cursor.frame_changed.connect(seen.append)

    window.actions_["play"].trigger()
    qtbot.waitUntil(lambda: seen.count(3) >= 2, timeout=5_000)
    window.actions_["play"].trigger()

    assert {3, 4, 5} >= set(seen) > {3}  # a busy machine leaves frames out to keep the pace
    assert not window.workspace.playback.is_playing


def wait_to_be_stopped(progress, cancelled):
    while not cancelled():
        threading.Event().wait(0.01)


def test_closing_amid_an_export_asks_and_keeps_it_running_unless_it_may_stop(
    qtbot, window, monkeypatch
):
    asked, may_stop = [], False
    monkeypatch.setattr(dialogs, "ask_to_stop", lambda _, work, __: asked.append(work) or may_stop)
    window.start_job(Job("Export", wait_to_be_stopped))

    assert not window.close() and not window.close_project()
    assert window.isVisible() and window.workspace is not None and window.has_job

    may_stop = True
    assert window.close()
    assert asked == ["Export"] * 3 and not window.has_job


def test_closing_right_after_a_job_has_told_its_result_asks_nothing(qtbot, window, monkeypatch):
    asked, told, run = [], [], Job.run
    monkeypatch.setattr(dialogs, "ask_to_stop", lambda _, work, __: asked.append(work) or True)
    monkeypatch.setattr(Job, "run", lambda job: (run(job), threading.Event().wait(0.5)))
    job = Job("Export", lambda *_: "done")
    job.succeeded.connect(told.append)
    window.start_job(job)
    qtbot.waitUntil(lambda: told == ["done"])

    assert window.has_job and window.close()  # its thread has not ended yet
    assert asked == []


def test_a_job_that_goes_on_after_its_last_frame_does_not_say_that_nothing_is_left(qtbot, window):
    def work(progress, cancelled):
        progress(2, 12)
        may_end.wait(20)
        progress(12, 12)
        wait_to_be_stopped(progress, cancelled)  # as an export reads back what it wrote

    may_end = threading.Event()
    transport = window.workspace.transport
    window.start_job(Job("Export", work))
    qtbot.waitUntil(lambda: transport.left.text() == "Export: 10 left")
    may_end.set()
    qtbot.waitUntil(lambda: transport.left.text() == "Export …")
    window.stop_job()
    finish_job(qtbot, window)


def when_asked(act, button=None):
    """Do something, and click a button, once a question is up; return what is asked, in a list."""

    def look():
        box = QApplication.activeModalWidget()
        if box is None:
            QTimer.singleShot(10, look)
            return
        texts.append(box.text())
        act()
        if button is not None:
            next(each for each in box.buttons() if each.text() == button).click()

    texts: list[str] = []
    QTimer.singleShot(0, look)
    return texts


def test_an_export_that_is_done_while_it_is_asked_of_closes_the_question_and_the_window(window):
    may_end = threading.Event()
    window.start_job(Job("Export", lambda *_: may_end.wait(20)))
    texts = when_asked(may_end.set)

    assert window.close()
    assert "Export is not done yet" in texts[0] and window.workspace is None


def test_an_export_that_fails_while_it_is_asked_of_keeps_the_window_open_and_says_why(window):
    def work(*_):
        may_end.wait(20)
        raise UserError("The disk is full.")

    may_end = threading.Event()
    window.start_job(Job("Export", work))
    texts = when_asked(may_end.set)

    assert not window.close()
    assert texts and window.isVisible()
    assert "The disk is full." in window.messages.text.toPlainText()


def test_closing_while_masks_are_put_aside_for_an_export_asks_too(
    qtbot, window, monkeypatch, tmp_path
):
    paint(window, object_of(window))
    with monkeypatch.context() as patch:
        patch.setattr("vos_annotator.ui.gathering.VISIT", -1.0)  # one mask between two events
        window.window_verbs.export_to(ExportChoice(tmp_path / "out", "clip"))
        texts = when_asked(lambda: None, "Keep open")

        assert not window.close_project() and texts
        finish_job(qtbot, window)
    assert list((tmp_path / "out").rglob("00000.png"))


@pytest.mark.parametrize("typed, goes_to", [("new", "new.vos"), ("cup 1.5", "cup 1.5.vos")])
def test_a_copy_has_the_ending_by_which_it_is_opened_again(
    window, monkeypatch, tmp_path, typed, goes_to
):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / typed), ""))

    assert dialogs.ask_copy(window, window.workspace.project.path) == tmp_path / goes_to


@pytest.mark.parametrize("word, goes_to", [("Keep it", None), ("Replace", "old.vos")])
def test_what_is_there_is_replaced_only_if_that_is_said_though_its_ending_was_not_typed(
    window, monkeypatch, tmp_path, word, goes_to
):
    def answer():
        box = QApplication.activeModalWidget()
        texts.append(box.text())
        next(each for each in box.buttons() if each.text() == word).click()

    texts: list[str] = []
    (tmp_path / "old.vos").write_bytes(b"the work of a week")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "old"), ""))
    QTimer.singleShot(50, answer)

    found = dialogs.ask_copy(window, window.workspace.project.path)

    assert found == (goes_to and tmp_path / goes_to)
    assert "old.vos is there already" in texts[0]


def test_the_question_whether_work_may_stop_keeps_it_by_default(qtbot, window):
    def answer():
        box = QApplication.activeModalWidget()
        if box is None:
            QTimer.singleShot(10, answer)
            return
        texts.append(box.text())
        QTest.keyClick(box, keys.pop(0))

    texts, keys = [], [Qt.Key.Key_Return, Qt.Key.Key_Escape]
    for _ in range(2):
        QTimer.singleShot(0, answer)
        assert not dialogs.ask_to_stop(window, "Export", window._jobs.ended)
    assert all("Export is not done yet" in text for text in texts)
