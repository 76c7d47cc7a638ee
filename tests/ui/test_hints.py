"""The hints of the first run name the keys that a person has, and go when their deed is done."""

import shutil

import pytest
from PySide6.QtWidgets import QLabel

from tests.ui.window import isolate_settings, make_clip, open_window, paint
from vos_annotator.paths import resources_folder
from vos_annotator.ui import demo, workspace
from vos_annotator.ui.demo import demo_clip


@pytest.fixture
def window(qtbot, qapp, tmp_path, monkeypatch):
    isolate_settings(tmp_path / "settings")
    clip = tmp_path / demo_clip().name
    shutil.copy(resources_folder() / "demo" / clip.name, clip)  # the project lies beside it
    monkeypatch.setattr(workspace, "is_demo", lambda video: True)
    with open_window(qtbot, clip) as window:
        yield window


def hint(window):
    return window.workspace.hints.text.text()


def test_a_hint_names_the_keys_as_they_are_now(window):
    assert "brush with B and" in hint(window)

    window.keymap.give("tool-brush", ["Shift+Y"])
    window.take_keys()

    assert "brush with Shift+Y and" in hint(window)
    assert any(
        label.text().startswith("Shift+Y, then paint")
        for label in window.workspace.objects_panel.findChildren(QLabel)
    )


def test_a_command_without_a_key_is_called_by_its_name(window):
    window.keymap.give("tool-scribble", [])
    window.take_keys()

    assert "scribble with “Scribble”." in hint(window)


def test_a_key_that_is_a_mark_of_rich_text_is_shown_as_it_is(window):
    window.keymap.give("tool-brush", ["<"])
    window.take_keys()

    assert "brush with &lt; and" in hint(window)


def test_the_next_hint_comes_when_the_deed_is_done(window):
    paint(window)

    assert "Press Ctrl+T." in hint(window)


def test_hints_that_are_shown_again_are_shown_on_the_clip_that_they_speak_of(
    qtbot, qapp, tmp_path, monkeypatch
):
    isolate_settings(tmp_path / "settings")
    clip = tmp_path / demo_clip().name
    shutil.copy(demo_clip(), clip)
    monkeypatch.setattr(demo, "demo_clip", lambda: clip)
    with open_window(qtbot, make_clip(tmp_path / "own")) as window:
        for _ in range(2):
            window.actions_["hints"].trigger()
            assert window.workspace.project.video.path == clip
            assert window.workspace.hints.isVisible() and "Paint the cup" in hint(window)

        window.close_project()
        window.actions_["hints"].trigger()
        assert window.workspace.hints.isVisible()
