"""Nothing is lost: after a crash it is said what was kept, and no unsaved edit goes unasked."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from tests.core import edit_stream
from tests.ui.window import FRAMES, isolate_settings, make_clip, open_window, paint
from vos_annotator.core.errors import MissingVideo, UnknownVideo
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video
from vos_annotator.ui import dialogs, saved_label
from vos_annotator.ui.card import Card


@pytest.fixture(autouse=True)
def settings(tmp_path):
    isolate_settings(tmp_path / "settings")


@pytest.fixture
def clip(tmp_path):
    return make_clip(tmp_path / "clip")


@pytest.fixture
def problems(monkeypatch):
    """Collect the sentences of the dialogs that say what is wrong."""
    said = []
    monkeypatch.setattr(dialogs, "show_problem", lambda parent, message: said.append(message))
    return said


def cards(window):
    return [card.text.text() for card in window.workspace.findChildren(Card)]


# After a crash


def test_after_a_crash_a_card_says_what_was_kept_and_can_be_closed(qtbot, tmp_path):
    video = edit_stream.make_pictures(tmp_path / "pictures")
    with Project.create(tmp_path / "open.vos", open_video(video)) as open_one:
        for number in range(14):
            edit_stream.step(open_one, number)
        path = edit_stream.cut_off(open_one, tmp_path / "pictures.vos")

    with open_window(qtbot, path) as window:
        project = window.workspace.project
        (text,) = cards(window)
        assert f"{len(project.objects)} object" in text and "Everything was kept" in text
        assert f"Last step: {project.history.undo_text}; Ctrl+Z" in text
        assert window.workspace.findChild(Card).isVisible()

        window.workspace.findChild(Card).close_button.click()
        qtbot.waitUntil(lambda: not cards(window))


def test_a_project_in_which_nothing_was_done_before_a_crash_has_no_card(qtbot, tmp_path):
    video = edit_stream.make_pictures(tmp_path / "pictures")
    with Project.create(tmp_path / "open.vos", open_video(video)) as open_one:
        path = edit_stream.cut_off(open_one, tmp_path / "pictures.vos")

    with open_window(qtbot, path) as window:
        assert window.workspace.project.cut_off_at is not None
        assert cards(window) == []


def test_a_project_that_was_closed_has_no_card(qtbot, clip):
    for _ in range(2):
        with open_window(qtbot, clip) as window:
            paint(window)
            assert cards(window) == []


def test_a_copy_of_an_open_project_has_no_card(qtbot, clip, tmp_path):
    with open_window(qtbot, clip) as window:
        paint(window)
        window.workspace.project.save_copy(tmp_path / "copy.vos")

    with open_window(qtbot, tmp_path / "copy.vos") as window:
        assert cards(window) == []


# The video is missing


@pytest.fixture
def lost(qtbot, clip, tmp_path):
    """Return the project of a clip, and where the clip went."""
    with open_window(qtbot, clip) as window:
        paint(window)
        path = window.workspace.project.path
    return path, Path(shutil.move(clip, tmp_path / "moved"))


def test_a_missing_video_that_is_shown_once_has_its_masks_again(qtbot, lost, monkeypatch, problems):
    path, moved = lost
    asked = []

    def show(parent, missing):
        asked.append(str(missing))
        return moved

    monkeypatch.setattr(dialogs, "ask_missing_video", show)
    with open_window(qtbot) as window:
        assert window.open_path(path)
        assert window.document.annotations[0].any()
        assert window.document.video.path == moved
    assert len(asked) == 1 and "clip" in asked[0]

    with open_window(qtbot) as window:
        assert window.open_path(path)
    assert len(asked) == 1 and problems == []


def test_another_video_in_its_place_is_refused_and_the_project_stays(
    qtbot, lost, monkeypatch, problems, tmp_path
):
    path, _ = lost
    other = make_clip(tmp_path / "other", frames=FRAMES - 3)
    before = path.read_bytes()
    monkeypatch.setattr(dialogs, "ask_missing_video", lambda *_: other)
    with open_window(qtbot) as window:
        assert not window.open_path(path)
        assert window.workspace is None
    assert len(problems) == 1 and f"{FRAMES - 3} frames" in problems[0]
    assert path.read_bytes() == before

    monkeypatch.setattr(dialogs, "ask_missing_video", lambda *_: None)
    with open_window(qtbot) as window:
        assert not window.open_path(path)
    assert len(problems) == 1  # who cancels knows why nothing opens


# There are two projects


def test_a_window_names_the_other_project_of_its_video(qtbot, clip, tmp_path, monkeypatch):
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda *_, **__: str(tmp_path / "data"))
    with open_window(qtbot, clip) as window:
        paint(window)
        beside, video = window.workspace.project.path, window.document.video
        other = tmp_path / "data" / "projects" / f"clip-{video.fingerprint[:12]}.vos"
        other.parent.mkdir(parents=True)
        window.workspace.project.save_copy(other)

    with open_window(qtbot, beside) as window:
        assert f"another project of this video, {other}" in window.messages.text.toPlainText()


# The disk is full


def fill_disk(window):
    """Let SQLite find no room for another page."""
    _limit(window, 1)


def free_disk(window):
    _limit(window, 1 << 30)


def _limit(window, pages):
    window.workspace.project._file._connection.execute(f"PRAGMA max_page_count = {pages}")


def scrawl(window):
    """Paint noise, which takes room."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 2, window.document.video.shape, dtype=np.uint8)
    for frame in range(FRAMES):
        window.document.paint(frame, np.roll(noise, frame), "Scrawl")


@pytest.fixture
def answers(monkeypatch):
    """Answer the question of what to do, one after the other; unasked ones are left."""
    given = []
    monkeypatch.setattr(dialogs, "ask_unsaved", lambda parent, path: given.pop(0)())
    return given


def test_a_window_says_at_once_and_until_it_is_mended_that_the_disk_takes_nothing(
    qtbot, clip, monkeypatch
):
    monkeypatch.setattr(saved_label, "_RETRY", 0)
    with open_window(qtbot, clip) as window:
        paint(window)
        fill_disk(window)
        scrawl(window)
        failed = []
        window.workspace.project.write_failed.connect(failed.append)

        def says_so():
            (text,) = cards(window)
            assert "not on disk" in text and str(window.workspace.project.path) in text
            assert "clip · not saved" in window.windowTitle()
            return True

        assert says_so()
        assert window.status.currentMessage() == cards(window)[0]
        qtbot.waitUntil(lambda: len(failed) > 1, timeout=20_000)  # it was tried again, twice
        assert says_so() and window.messages.text.toPlainText().count("not on disk") == 1
        window.actions_["save"].trigger()
        assert says_so() and "not on disk" in window.status.currentMessage()

        free_disk(window)
        qtbot.waitUntil(lambda: "clip · saved" in window.windowTitle())
        qtbot.waitUntil(lambda: not cards(window))
        assert not window.workspace.project.problem
        assert "on disk again" in window.status.currentMessage()


def test_a_window_whose_edits_are_not_on_disk_stays_open_if_that_is_wanted(qtbot, clip, answers):
    with open_window(qtbot, clip) as window:
        paint(window)
        fill_disk(window)
        scrawl(window)
        answers.append(lambda: dialogs.Unsaved.KEEP_OPEN)

        assert not window.close() and window.isVisible()
        assert window.document.annotations[FRAMES - 1].any()
        free_disk(window)
    assert not answers

    with open_window(qtbot, clip) as window:
        assert window.document.annotations[FRAMES - 1].any()


def test_trying_again_with_room_on_the_disk_closes_with_everything_saved(qtbot, clip, answers):
    with open_window(qtbot, clip) as window:
        paint(window)
        fill_disk(window)
        scrawl(window)

        def make_room():
            free_disk(window)
            return dialogs.Unsaved.RETRY

        answers.extend([lambda: dialogs.Unsaved.RETRY, make_room])
        assert window.close()
    assert not answers

    with open_window(qtbot, clip) as window:
        assert window.document.annotations[FRAMES - 1].any() and cards(window) == []


def test_a_copy_elsewhere_has_what_the_full_disk_did_not_take(
    qtbot, clip, answers, monkeypatch, tmp_path
):
    copy = tmp_path / "copy.vos"
    monkeypatch.setattr(dialogs, "ask_copy", lambda parent, path: copy)
    with open_window(qtbot, clip) as window:
        paint(window)
        fill_disk(window)
        scrawl(window)
        expected = [window.document.annotations[frame].copy() for frame in range(FRAMES)]
        answers.append(lambda: dialogs.Unsaved.COPY)
        assert window.close()
    assert not answers

    with open_window(qtbot, copy) as window:
        for frame, label_map in enumerate(expected):
            np.testing.assert_array_equal(window.document.annotations[frame], label_map)
        window.document.undo()
        assert not np.array_equal(window.document.annotations[FRAMES - 1], expected[-1])


def test_what_is_on_disk_closes_without_a_question(qtbot, clip, answers):
    with open_window(qtbot, clip) as window:
        paint(window)
        assert window.close()


def test_another_project_is_not_opened_over_edits_that_are_to_be_kept(
    qtbot, clip, answers, tmp_path
):
    with open_window(qtbot, clip) as window:
        paint(window)
        fill_disk(window)
        scrawl(window)
        answers.append(lambda: dialogs.Unsaved.KEEP_OPEN)

        assert not window.open_path(make_clip(tmp_path / "second"))
        assert window.document.video.name == "clip"
        answers.append(lambda: dialogs.Unsaved.LOSE)
        assert window.open_path(tmp_path / "second")
        assert window.document.video.name == "second"


# After damage


def test_a_damaged_project_opens_as_what_can_be_read_of_it_and_says_what_that_is(
    qtbot, tmp_path, clip, problems, monkeypatch
):
    path = tmp_path / "clip.vos"
    with Project.create(path, open_video(clip)) as project:
        project.set_references({0: np.ones(project.video.shape, bool)})
    sound = path.read_bytes()
    path.write_bytes(bytes(4096) + sound[4096:])
    new = tmp_path / "rescued.vos"
    asked = []
    monkeypatch.setattr(dialogs, "ask_rescue", lambda _, damaged: asked.append(damaged) or True)
    monkeypatch.setattr(dialogs, "ask_rescued", lambda *_: new)

    with open_window(qtbot) as window:
        assert window.open_path(path)

        assert [each.project for each in asked] == [path]
        assert window.workspace.project.path == new
        assert window.document.annotations.references == (0,)
        assert "1 mask was rescued" in cards(window)[-1]
    assert path.read_bytes() == bytes(4096) + sound[4096:]
    assert not problems


def test_the_window_asks_for_the_video_of_a_project_that_names_none_or_one_that_has_gone(
    qtbot, tmp_path, clip, problems, monkeypatch
):
    path = tmp_path / "odd.vos"
    with Project.create(path, open_video(clip)) as project:
        project.set_references({0: np.ones(project.video.shape, bool)})
    with closing(sqlite3.connect(path)) as file:
        (page,) = file.execute("SELECT rootpage FROM sqlite_master WHERE name='meta'").fetchone()
    moved = clip.rename(tmp_path / "moved")
    sound = path.read_bytes()
    asked = []

    def show(_, missing):
        asked.append(type(missing))
        return answers.pop()

    monkeypatch.setattr(dialogs, "ask_rescue", lambda *_: True)
    monkeypatch.setattr(dialogs, "ask_missing_video", show)
    for name, harm in (("no-video", page - 1), ("moved", 0)):
        new = tmp_path / f"{name}-rescued.vos"
        monkeypatch.setattr(dialogs, "ask_rescued", lambda *_, new=new: new)
        path.write_bytes(sound[: 4096 * harm] + bytes(4096) + sound[4096 * (harm + 1) :])
        with open_window(qtbot) as window:
            answers = [moved, None]
            assert not window.open_path(path) and not new.exists()
            assert window.open_path(path)
            assert window.workspace.project.path == new
            assert window.document.annotations.references == (0,)
            assert window.document.video.path == moved
    assert asked == [UnknownVideo, UnknownVideo, MissingVideo, MissingVideo]
    assert not problems


def test_a_card_says_what_of_a_project_the_disk_has_changed(qtbot, tmp_path, clip):
    path = tmp_path / "clip.vos"
    with Project.create(path, open_video(clip)) as project:
        project.set_references({0: np.ones(project.video.shape, bool)})
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE objects SET name = 'Obiect 1'")

    with open_window(qtbot, path) as window:
        (card,) = cards(window)
        assert "the objects 1 (Obiect 1)" in card
        window.document.update_object(1, name="Object 1")
    with open_window(qtbot, path) as window:
        assert not cards(window)
