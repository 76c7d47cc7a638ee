"""File > Batch runs projects in a process of its own, and says how each does."""

import threading

import pytest
from PySide6.QtWidgets import QFileDialog

from tests.batch.test_batch import FRAMES, make_clip, scene, when
from tests.ui.window import isolate_settings, open_window
from vos_annotator.core.project import Project
from vos_annotator.core.translation import tr, use_language
from vos_annotator.core.video import open_video
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.ui import dialogs


@pytest.fixture
def queue(qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot) as window:
        window.actions_["batch"].trigger()
        queue = window.window_verbs.batch_queue
        assert queue.isVisible()
        queue.out.setText(str(tmp_path / "out"))
        yield queue
        queue.stop()


def make_project(folder, name, references=(0,)):
    video, _ = make_clip(folder, name, ())
    with Project.create(folder / f"{name}.mp4.vos", open_video(video)) as project:
        if references:
            project.set_references({frame: scene(frame)[1] for frame in references})
    return folder / f"{name}.mp4.vos"


def states(queue):
    return [queue.list.topLevelItem(n).text(1) for n in range(queue.list.topLevelItemCount())]


def test_projects_are_computed_beside_the_window_and_a_second_run_finds_them(
    qtbot, queue, tmp_path
):
    good = make_project(tmp_path, "good")
    empty = make_project(tmp_path, "empty", ())
    queue.add([good, empty, good])
    assert states(queue) == ["waiting", "waiting"]

    use_language("de")  # what is said in the other process is to be read here
    try:
        queue.run_button.click()
        assert queue.is_running and not queue.run_button.isEnabled()
        assert threading.active_count() < 20  # the window computes nothing of it
        qtbot.waitUntil(lambda: not queue.is_running, timeout=120_000)

        assert states(queue)[0] == tr("done") != "done"
        assert "hat keine Referenz" in states(queue)[1]
        assert queue.said.text() == tr("Some failed: the list says why. Run tries them again.")
    finally:
        use_language("en")
    assert len(when(tmp_path / "out")) == FRAMES

    queue.list.topLevelItem(1).setSelected(True)
    queue.remove_button.click()
    queue.run_button.click()
    qtbot.waitUntil(lambda: not queue.is_running, timeout=120_000)
    assert states(queue) == ["finished before"]
    assert str(tmp_path / "out") in queue.said.text()


def test_what_failed_is_not_counted_as_done_and_who_chooses_it_reads_all_of_the_reason(
    qtbot, queue, tmp_path, monkeypatch
):
    said = []
    with monkeypatch.context() as patch:
        patch.setattr(queue.said, "setText", said.append)
        queue.add([make_project(tmp_path, "empty", ()), make_project(tmp_path, "good")])
        queue.run_button.click()
        qtbot.waitUntil(lambda: not queue.is_running, timeout=120_000)
    assert "0 of 2 projects are done. 1 failed." in said
    assert states(queue)[0].startswith("failed: ")

    queue.list.setCurrentItem(queue.list.topLevelItem(0))
    assert queue.said.text().endswith("has no reference: paint an object on a frame first.")


def test_what_is_stopped_says_that_it_goes_on(qtbot, queue, tmp_path):
    queue.add([make_project(tmp_path, "a")])
    queue.run_button.click()
    queue.stop_button.click()
    assert not queue.is_running and "goes on" in queue.said.text()
    assert queue.run_button.isEnabled()


def test_a_batch_takes_the_engine_that_the_window_has_when_it_starts(qtbot, queue, tmp_path):
    queue.add([make_project(tmp_path, "a")])
    window = queue.parent()
    for engine in (EngineChoice("hold"), EngineChoice("other", tmp_path / "weights")):
        window.engine = engine  # as the dialog sets it
        queue.run_button.click()
        words = queue._process.arguments()
        queue.stop_button.click()

        assert words[words.index("--engine") + 1] == engine.name
    assert words[words.index("--checkpoint") + 1] == str(tmp_path / "weights")


@pytest.mark.parametrize("is_made_again", [False, True])
def test_a_batch_that_is_done_while_it_is_asked_of_closes_the_question_and_the_window(
    qtbot, queue, tmp_path, is_made_again
):
    window = queue.parent()
    queue.add([make_project(tmp_path, "a")])
    queue.run_button.click()

    window.make_again() if is_made_again else window.close()  # nobody answers

    assert not window.isVisible() and window.returns == is_made_again
    assert str(tmp_path / "out") in queue.said.text()
    assert len(when(tmp_path / "out")) == FRAMES


def test_closing_the_window_or_changing_its_language_asks_before_a_batch_stops(
    qtbot, queue, tmp_path, monkeypatch
):
    asked, may_stop = [], False
    monkeypatch.setattr(dialogs, "ask_to_stop", lambda _, work, __: asked.append(work) or may_stop)
    queue.add([make_project(tmp_path, "a")])
    window = queue.parent()
    queue.run_button.click()

    assert not window.close()
    window.make_again()
    assert not window.returns and window.isVisible() and queue.is_running

    may_stop = True
    assert window.close() and asked == ["Batch"] * 3


def test_projects_are_looked_for_where_the_last_video_was(queue, tmp_path, monkeypatch):
    project = make_project(tmp_path, "good")
    dialogs.remember_folder("open", str(tmp_path))
    asked = []

    def ask(parent, title, folder, kinds):
        asked.append(folder)
        return [str(project)], kinds

    monkeypatch.setattr(QFileDialog, "getOpenFileNames", ask)
    queue.add_button.click()
    assert asked == [str(tmp_path)] and queue.paths == [project]
