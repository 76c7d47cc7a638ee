"""Merge, compare and effort in the window: nothing is decided by the program, nothing waits."""

import os

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from tests.ui.window import SHAPE, isolate_settings, make_clip, open_window, paint
from vos_annotator.core.agreement import Agreement
from vos_annotator.core.edits import ReviewEdit, ReviewSpan, ReviewState, Status
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video
from vos_annotator.ui import dialogs
from vos_annotator.ui.compare_dialog import CompareDialog
from vos_annotator.ui.effort_dialog import EffortDialog
from vos_annotator.ui.merge_dialog import MergeDialog
from vos_annotator.ui.theme import LIGHT


@pytest.fixture
def window(qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        for frame in (1, 5):
            window.cursor.frame = frame
            paint(window)
        yield window


@pytest.fixture
def other(window, tmp_path):
    """Somebody else's project: frame 5 is drawn elsewhere, frame 8 alone, 2 to 3 sent back."""
    path = tmp_path / "other.vos"
    window.document.settle()
    window.workspace.project.save_copy(path)
    labels = np.zeros(SHAPE, np.uint8)
    labels[12:24, 16:28] = 1
    with Project.open(path, open_video(tmp_path / "clip")) as project:
        project.set_references({5: labels, 8: labels})
        project.apply(ReviewEdit((ReviewSpan(2, 3, ReviewState.SENT_BACK, "the tail"),)))
    window.workspace.project.apply(ReviewEdit((ReviewSpan(0, 2, ReviewState.DONE),)))
    return path


def shown(qtbot, window, verb, kind):
    """Open a dialog by its action and return it."""
    window.actions_[verb].trigger()
    dialog = window.findChild(kind)
    qtbot.waitUntil(dialog.isVisible)
    return dialog


def texts(tree):
    items = [tree.topLevelItem(n) for n in range(tree.topLevelItemCount())]
    return [[item.text(column) for column in range(tree.columnCount())] for item in items]


def test_conflicts_are_listed_and_nothing_is_written_until_each_is_decided(
    qtbot, window, other, tmp_path
):
    dialog = shown(qtbot, window, "merge", MergeDialog)
    dialog.out.field.setText(str(tmp_path / "c.vos"))
    dialog.other.field.setText(str(other))
    qtbot.waitUntil(lambda: dialog.list.topLevelItemCount() == 2, timeout=30_000)
    (frame, name, _, counts), (span, _, said, _) = texts(dialog.list)
    assert (frame, name, counts) == ("5", "Object 1", "")
    assert (span, said) == ("2", "review: done in one project, sent back (the tail) in the other")

    dialog.list.topLevelItem(0).setSelected(True)
    dialog.theirs.click()
    assert not dialog.merge.isEnabled()
    dialog.list.clearSelection()
    dialog.list.topLevelItem(1).setSelected(True)
    dialog.ours.click()
    assert [row[3] for row in texts(dialog.list)] == ["theirs", "mine"]
    assert not (tmp_path / "c.vos").exists()
    with qtbot.waitSignal(dialog.merged, timeout=30_000):
        dialog.merge.click()

    project = window.workspace.project
    assert project.path == tmp_path / "c.vos"
    assert list(project.annotations.references) == [1, 5, 8]
    assert project.annotations[5][13, 27] == 1
    assert project.reviews.at(2).state is ReviewState.DONE
    assert project.reviews.at(3).state is ReviewState.SENT_BACK


def test_what_is_no_project_of_this_video_is_said_and_a_file_there_is_left_alone(
    qtbot, window, other, tmp_path
):
    dialog = shown(qtbot, window, "merge", MergeDialog)
    dialog.other.field.setText(str(tmp_path / "none.vos"))
    qtbot.waitUntil(lambda: "none.vos does not exist" in dialog._note.text(), timeout=30_000)
    assert not dialog.merge.isEnabled()

    dialog.out.field.setText(str(other))
    dialog.other.field.setText(str(other))
    qtbot.waitUntil(lambda: dialog.list.topLevelItemCount() == 2, timeout=30_000)
    before = other.read_bytes()
    dialog.ours.click()
    dialog.merge.click()
    assert "is there already" in dialog._note.text()
    assert other.read_bytes() == before
    dialog.reject()


@pytest.mark.skipif(os.name == "nt", reason="a whole path is 260 characters there")
def test_a_name_that_is_too_long_is_said_and_the_merge_goes_on_with_another(
    qtbot, window, other, tmp_path
):
    dialog = shown(qtbot, window, "merge", MergeDialog)
    dialog.other.field.setText(str(tmp_path / ("o" * 300)))
    qtbot.waitUntil(lambda: "ooo does not exist" in dialog._note.text(), timeout=30_000)

    dialog.other.field.setText(str(other))
    qtbot.waitUntil(lambda: dialog.list.topLevelItemCount() == 2, timeout=30_000)
    dialog.ours.click()
    dialog.out.field.setText(str(tmp_path / ("c" * 300)))
    dialog.merge.click()
    assert "its name is too long: choose a shorter one" in dialog._note.text()

    dialog.out.field.setText(str(tmp_path / "c.vos"))
    with qtbot.waitSignal(dialog.merged, timeout=30_000):
        dialog.merge.click()


def test_the_worst_frames_of_a_comparison_can_be_gone_to_and_kept(
    qtbot, window, other, tmp_path, monkeypatch
):
    dialog = shown(qtbot, window, "compare-projects", CompareDialog)
    dialog.other.field.setText(str(other))
    qtbot.waitUntil(lambda: dialog.table.topLevelItemCount() == 1, timeout=30_000)
    top = dialog.table.topLevelItem(0)
    assert [top.text(0), top.text(1)] == ["Object 1", "2"]
    assert top.child(0).text(0) == "frame 5"
    window.cursor.frame, window.cursor.object_id = 0, window.document.add_object("other one")
    dialog.table.setCurrentItem(top.child(0))
    dialog.go.click()
    assert (window.cursor.frame, window.cursor.object_id) == (5, 1)

    table = tmp_path / "agreement.csv"
    monkeypatch.setattr(dialogs, "ask_new_file", lambda *_: table)
    dialog.save.click()
    rows = table.read_text().splitlines()
    assert rows[0] == "object,frame,J,F,A,B" and len(rows) == 3
    dialog.reject()


def test_every_word_of_a_comparison_has_its_room(qtbot, spoken, tmp_path):
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        dialog = shown(qtbot, window, "compare-projects", CompareDialog)
        both = (Status.PREDICTION, Status.PREDICTION)
        found = [Agreement("cup", frame, 0.5, 0.5, both) for frame in range(90)]
        dialog._show((["cup"], found, [[], []]))
        QApplication.processEvents()

        for column in range(dialog.table.columnCount()):
            assert dialog.table.sizeHintForColumn(column) <= dialog.table.columnWidth(column)


def test_the_picture_of_the_effort_goes_down_to_nothing_and_not_below(qtbot, window):
    dialog = shown(qtbot, window, "effort", EffortDialog)
    qtbot.waitUntil(dialog.table.isEnabled, timeout=30_000)

    for row in (0, 1):
        low, high = dialog.picture.getItem(row, 0).getViewBox().viewRange()[1]
        assert low == 0 < high


def test_the_effort_is_told_drawn_and_kept(qtbot, window, tmp_path, monkeypatch):
    dialog = shown(qtbot, window, "effort", EffortDialog)
    qtbot.waitUntil(dialog.table.isEnabled, timeout=30_000)
    assert dialog._figures.text().startswith("2 steps, ")
    assert "2 of 12 frames" in dialog._figures.text()

    wanted = (dialog.table, "e.csv", b"step,what"), (dialog.png, "e.png", b"\x89PNG")
    for button, name, start in wanted:
        monkeypatch.setattr(dialogs, "ask_new_file", lambda *_, name=name: tmp_path / name)
        button.click()
        assert (tmp_path / name).read_bytes().startswith(start)

    frame = next(window.document.video.path.iterdir())
    before = frame.read_bytes()
    monkeypatch.setattr(dialogs, "ask_new_file", lambda *_: frame)
    for button in (dialog.table, dialog.png):
        button.click()
        assert "stays as it is" in dialog._note.text() and frame.read_bytes() == before
    dialog.reject()


def test_the_picture_of_the_effort_follows_the_theme(qtbot, qapp, window):
    window.actions_["theme-dark"].trigger()
    dialog = shown(qtbot, window, "effort", EffortDialog)
    qtbot.waitUntil(dialog.table.isEnabled, timeout=30_000)
    try:
        window.actions_["theme-light"].trigger()
        ground = QColor(LIGHT.window)
        qtbot.waitUntil(lambda: dialog.picture.backgroundBrush().color() == ground)
        pen = dialog.picture.getItem(0, 0).getAxis("left").textPen()
        assert pen.color() == QColor(LIGHT.text)
    finally:
        window.actions_["theme-dark"].trigger()
    dialog.reject()


def test_a_merge_that_could_not_be_made_can_be_tried_again(qtbot, window, other, tmp_path):
    dialog = shown(qtbot, window, "merge", MergeDialog)
    dialog.other.field.setText(str(other))
    qtbot.waitUntil(lambda: dialog.list.topLevelItemCount() == 2, timeout=30_000)
    dialog.ours.click()
    dialog.out.field.setText(str(tmp_path / "c.vos"))
    other.unlink()
    assert dialog.merge.isEnabled()

    dialog.accept()
    assert not dialog.merge.isEnabled()
    qtbot.waitUntil(lambda: bool(dialog._note.text()), timeout=30_000)
    assert dialog.merge.isEnabled()
    dialog.reject()


def test_a_dialog_closes_with_its_project_and_its_thread_ends(qtbot, window, other):
    dialog = shown(qtbot, window, "compare-projects", CompareDialog)
    dialog.other.field.setText(str(other))
    dialog._look()
    job = dialog._job
    window.close_project()
    assert job is not None and not dialog.isVisible()
