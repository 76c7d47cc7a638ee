"""Changes of many masks: made between other events, one step of undo, all or nothing on disk."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTimer

from tests.ui.mouse import click
from tests.ui.window import finish_job, isolate_settings, make_clip, open_window
from vos_annotator.core.formats.importing import Masks
from vos_annotator.core.formats.registry import FORMATS
from vos_annotator.core.masks import encode_png
from vos_annotator.core.project import Project
from vos_annotator.core.shapes import grow
from vos_annotator.core.video import open_video
from vos_annotator.ui import big_change
from vos_annotator.ui.operation_dialog import OperationDialog
from vos_annotator.ui.range_edit import RangeEdit

MANY = 2 * big_change.BIG


@pytest.fixture
def clip(qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    return make_clip(tmp_path / "clip", frames=MANY)


@pytest.fixture
def window(qtbot, clip, monkeypatch):
    monkeypatch.setattr(big_change, "VISIT", 0.0)  # one mask at each turn
    with open_window(qtbot, clip) as window:
        window.bridge.refresh.is_on = False
        yield window


def square(shape, frame):
    label_map = np.zeros(shape, np.uint8)
    label_map[5 : 20 + frame % 7, 5:25] = 1
    return label_map


def begin(window, frames=MANY):
    """Begin to import a mask for each frame."""
    document = window.document
    shape, every = document.video.shape, range(frames)
    pngs = {frame: encode_png(square(shape, frame)) for frame in every}
    masks = Masks(Path("masks"), FORMATS["davis"], pngs, {1: tuple(every)})
    window.window_verbs._take(document, masks)


def finish(qtbot, window):
    finish_job(qtbot, window)


def turn(qtbot, window, masks):
    """Let the event loop turn until so many masks are there."""
    references = window.document.annotations
    qtbot.waitUntil(lambda: len(references.references) >= masks, timeout=20_000)


def everything(project):
    known = project.annotations
    frames = range(known.frame_count)
    masks = [(known.status(f), known[f].tobytes(), known.stale(f)) for f in frames]
    return masks, tuple(project.objects), project.history.done


def as_after_a_kill(window, folder):
    """Open what a program that is killed now leaves behind."""
    folder.mkdir()
    path = window.workspace.project.path
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, folder / file.name)
    return Project.open(folder / path.name, open_video(window.document.video.path))


def test_the_event_loop_has_its_turn_between_two_masks(qtbot, window):
    turns = []
    timer = QTimer(window, interval=0)
    timer.timeout.connect(lambda: turns.append(len(window.document.annotations.references)))
    timer.start()
    begin(window)
    finish(qtbot, window)
    timer.stop()

    assert len(set(turns)) > MANY / 2


def test_a_big_import_is_one_step_of_undo_and_so_are_its_undo_and_redo(qtbot, window):
    before = everything(window.workspace.project)
    begin(window)
    finish(qtbot, window)
    after = everything(window.workspace.project)
    assert after[-1] == before[-1] + 1
    assert all(mask == square((48, 64), f).tobytes() for f, (_, mask, _) in enumerate(after[0]))

    window.actions_["undo"].trigger()
    assert window.has_job
    finish(qtbot, window)
    assert everything(window.workspace.project) == before

    window.actions_["redo"].trigger()
    finish(qtbot, window)
    assert everything(window.workspace.project) == after


def test_a_program_killed_in_the_middle_has_changed_nothing(qtbot, window, tmp_path):
    before = everything(window.workspace.project)
    begin(window)
    turn(qtbot, window, MANY // 2)

    with as_after_a_kill(window, tmp_path / "killed") as project:
        assert everything(project) == before
    finish(qtbot, window)
    with as_after_a_kill(window, tmp_path / "done") as project:
        assert everything(project) == everything(window.workspace.project)


def test_stopping_takes_everything_back(qtbot, window, clip):
    before = everything(window.workspace.project)
    begin(window)
    turn(qtbot, window, MANY // 2)
    window.actions_["stop"].trigger()
    finish(qtbot, window)

    assert everything(window.workspace.project) == before
    window.close_project()
    with Project.for_video(open_video(clip)) as project:
        assert everything(project) == before


def test_stopping_when_all_is_made_leaves_all_of_it_or_nothing(qtbot, window):
    project, shape = window.workspace.project, window.document.video.shape
    window.document.add_object()
    for frame in range(20, MANY):
        project.predict(frame, encode_png(square(shape, 0)), {1: 0.9}, "hold")
    masks, _, done = before = everything(project)
    window.document.became_stale.connect(lambda _: window.actions_["stop"].trigger())
    begin(window, frames=18)
    finish(qtbot, window)

    has_step = project.history.done > done
    assert has_step == (everything(project)[0] != masks)
    assert has_step or everything(project) == before


@pytest.mark.parametrize("end", ["edit", "close"])
def test_what_is_left_is_made_before_another_edit_and_before_closing(qtbot, window, clip, end):
    begin(window)
    turn(qtbot, window, MANY // 2)
    if end == "edit":
        window.document.add_object("dog")
        assert window.document.history.undo_text == "Add dog"
        assert not window.has_job
    window.close_project()

    with Project.for_video(open_video(clip)) as project:
        assert project.annotations.references == tuple(range(MANY))


def test_saving_now_makes_what_is_left(qtbot, window, tmp_path):
    begin(window)
    turn(qtbot, window, MANY // 2)
    window.actions_["save"].trigger()

    with as_after_a_kill(window, tmp_path / "killed") as project:
        assert project.annotations.references == tuple(range(MANY))


def test_undo_in_the_middle_takes_back_what_it_finishes(qtbot, window):
    before = everything(window.workspace.project)
    begin(window)
    turn(qtbot, window, MANY // 2)
    window.actions_["undo"].trigger()
    finish(qtbot, window)

    assert everything(window.workspace.project) == before


def test_a_change_of_a_range_is_given_up_where_a_mask_changed_meanwhile(qtbot, window):
    project, shape = window.workspace.project, window.document.video.shape
    window.document.paint(0, square(shape, 0), "Paint")
    for frame in range(1, MANY):
        project.predict(frame, encode_png(square(shape, frame)), {1: 0.9}, "test")
    before = everything(project)
    window.cursor.object_id = 1
    late = MANY - 2
    RangeEdit(window, 1, "Grow").start(range(MANY), lambda _, mask: grow(mask, 2))
    qtbot.waitUntil(lambda: window.document.finish_change is not None, timeout=20_000)
    project.predict(late, encode_png(np.zeros(shape, np.uint8)), {1: 0.9}, "test")
    finish(qtbot, window)

    after = everything(project)
    assert [n for n, pair in enumerate(zip(before[0], after[0], strict=True)) if len(set(pair)) > 1]
    assert after[0][:late] == before[0][:late] and after[-1] == before[-1]
    assert "changed meanwhile" in window.messages.text.toPlainText()


@pytest.fixture
def undoing(qtbot, window):
    """The window in the midst of the undo of a big import, which takes object 2 off the list."""
    window.document.add_object("mine")
    shape, every = window.document.video.shape, range(MANY)
    pngs = {frame: encode_png(2 * square(shape, frame)) for frame in every}
    masks = Masks(Path("masks"), FORMATS["davis"], pngs, {2: tuple(every)})
    window.window_verbs._take(window.document, masks)
    finish(qtbot, window)
    window.cursor.object_id = 1
    qtbot.waitUntil(lambda: window.canvas.is_current)
    window.actions_["undo"].trigger()
    references = window.document.annotations
    qtbot.waitUntil(lambda: len(references.references) < MANY // 2, timeout=20_000)
    assert window.has_job and window.document.objects.ids == (1, 2)
    return window


@pytest.mark.parametrize("edit", ["lock-object", "add-object", "keep", "the eye", "a stroke"])
def test_an_edit_begun_in_the_midst_of_an_undo_is_one_of_what_that_leaves(undoing, edit):
    document = undoing.document
    if edit == "a stroke":
        click(undoing.canvas, (50, 40))
    elif edit == "the eye":
        undoing.workspace.objects_panel.rows[1].eye.click()
    else:
        undoing.actions_[edit].trigger()

    assert not undoing.has_job
    assert 2 not in document.objects
    assert document.annotations.references == ((0,) if edit in ("keep", "a stroke") else ())
    assert not (document.annotations[0] == 2).any()
    assert document.history.undo_text != "Add mine"


@pytest.mark.parametrize("edit", ["delete-object", "lock-object", "a stroke"])
def test_an_edit_of_an_object_that_an_undo_under_way_takes_away_befalls_no_other(undoing, edit):
    undoing.cursor.object_id = 2
    if edit == "a stroke":
        click(undoing.canvas, (50, 40))
    else:
        undoing.actions_[edit].trigger()

    assert [(each.name, each.locked) for each in undoing.document.objects] == [("mine", False)]
    assert undoing.document.annotations.references == ()


def test_an_outline_that_is_finished_in_the_midst_of_the_undo_of_its_object_ends_with_it(
    qtbot, window
):
    qtbot.waitUntil(lambda: window.canvas.is_current)
    begin(window)
    finish(qtbot, window)
    window.cursor.object_id, window.cursor.tool = 1, "lasso"
    for corner in ((40, 30), (58, 30), (58, 44)):
        click(window.canvas, corner)
    window.verbs.undo_edit()
    annotations = window.document.annotations
    qtbot.waitUntil(lambda: len(annotations.references) < MANY // 2, timeout=20_000)
    assert window.has_job
    window.canvas.tool("lasso").finish()

    assert not window.has_job and not window.canvas.tool("lasso").is_busy
    assert window.document.objects.ids == () and annotations.references == ()
    assert not window.document.history.can_undo


def test_ok_of_an_operation_in_the_midst_of_an_undo_changes_what_that_leaves(qtbot, window):
    document = window.document
    small = np.zeros(document.video.shape, np.uint8)
    small[30:34, 40:44] = 1
    document.paint(0, small, "Paint")
    window.cursor.object_id = 1
    begin(window)
    finish(qtbot, window)
    window.actions_["grow"].trigger()
    dialog = window.findChild(OperationDialog)
    qtbot.waitUntil(lambda: dialog._preview is not None)
    window.actions_["undo"].trigger()
    qtbot.waitUntil(lambda: len(document.annotations.references) < MANY // 2, timeout=20_000)
    assert window.has_job
    dialog.accept()
    qtbot.waitUntil(lambda: document.history.undo_text == "Grow")

    assert (document.annotations[0] == grow(small == 1, 2)).all()


def test_a_frame_kept_while_a_change_of_a_range_is_computed_stays_a_reference(qtbot, window):
    project, shape = window.workspace.project, window.document.video.shape
    window.document.paint(0, square(shape, 0), "Paint")
    for frame in range(1, MANY):
        project.predict(frame, encode_png(square(shape, frame)), {1: 0.9}, "test")
    RangeEdit(window, 1, "Grow").start(range(MANY), lambda _, mask: grow(mask, 2))
    window.document.keep(MANY - 1)
    before = everything(project)
    said = window.messages.text
    qtbot.waitUntil(lambda: "changed meanwhile" in said.toPlainText(), timeout=20_000)
    finish(qtbot, window)

    assert everything(project) == before


def test_predictions_that_became_stale_while_a_change_is_computed_are_stale_after_it(qtbot, window):
    project, shape = window.workspace.project, window.document.video.shape
    window.document.add_object("cup")
    window.document.add_object("hand")
    for frame in range(1, MANY):
        project.predict(frame, encode_png(square(shape, frame)), {1: 0.9}, "test")
    RangeEdit(window, 1, "Grow").start(range(1, MANY), lambda _, mask: grow(mask, 2))
    hand = np.where(square(shape, 0), np.uint8(2), np.uint8(0))
    window.document.paint(0, hand, "Paint")
    qtbot.waitUntil(lambda: window.document.history.undo_text == "Grow", timeout=20_000)
    finish(qtbot, window)

    assert window.document.annotations.stale(MANY - 1) == {2}


def test_a_full_disk_is_told_at_the_end_and_nothing_is_lost(qtbot, window, clip):
    project = window.workspace.project
    failures = []
    project.write_failed.connect(failures.append)
    connection = project._file._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    begin(window)
    finish(qtbot, window)
    connection.execute("PRAGMA max_page_count = 100000")  # else closing would ask, whatever failed
    assert len(set(failures)) == 1
    assert project.annotations.references == tuple(range(MANY))
    assert project.save()
    window.close_project()
    with Project.for_video(open_video(clip)) as again:
        assert again.annotations.references == tuple(range(MANY))


def test_deleting_an_object_whose_many_masks_no_run_gives_again_leaves_room_between_them(
    qtbot, window
):
    document = window.document
    shape = document.video.shape
    pngs = {frame: encode_png(square(shape, frame)) for frame in range(MANY)}
    masks = Masks(Path("masks"), FORMATS["davis"], pngs, {1: tuple(range(MANY))})
    window.window_verbs._take(document, masks, as_predictions=True)
    finish(qtbot, window)
    before = everything(window.workspace.project)

    window.actions_["delete-object"].trigger()
    assert window.has_job
    finish(qtbot, window)
    assert not list(document.objects) and window.cursor.object_id is None
    assert "is deleted from every frame" in window.messages.text.toPlainText()

    window.actions_["undo"].trigger()
    assert window.has_job
    finish(qtbot, window)
    assert everything(window.workspace.project) == before
