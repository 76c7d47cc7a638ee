"""A file of settings that the disk has damaged keeps nobody from working."""

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QSettings

from tests.ui.window import isolate_settings, make_clip, open_window
from vos_annotator.ui import dialogs, language, memory_watch, opening, theme

JUNK = ["junk", ["a", "b"], QByteArray(b"\0\xff"), "99999999999999", "-5", {"a": 1}]
UI = Path(theme.__file__).parent


def keys():
    """Return every key that the window keeps something under."""
    texts = (path.read_text(encoding="utf-8") for path in UI.rglob("*.py"))
    return {key for text in texts for key in re.findall(r'^_\w*KEY = "(.+)"', text, re.MULTILINE)}


@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_the_window_opens_whatever_is_in_its_settings(qtbot, tmp_path, junk):
    isolate_settings(tmp_path / "settings")
    assert len(keys()) > 10
    for key in keys():
        QSettings().setValue(key, junk)
    memory_watch.apply_choice()

    assert theme.theme_choice() == "system" == language.language_choice()
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        assert window.workspace is not None
        window.window_verbs.show_batch()


def test_a_dialog_begins_where_there_is_a_folder(qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    dialogs.remember_folder("open", str(tmp_path / "disk" / "films"))

    assert dialogs.folder_to_look_in("open") == str(tmp_path)
    (tmp_path / "disk" / "films").mkdir(parents=True)
    assert dialogs.folder_to_look_in("open") == str(tmp_path / "disk" / "films")


def test_dialogs_look_beside_the_video_that_was_opened_by_whatever_way(qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    clip, masks = make_clip(tmp_path / "films" / "clip"), tmp_path / "masks"
    masks.mkdir()
    with open_window(qtbot) as window:
        window.open_path(clip)
        for purpose in ("open", "masks"):
            assert dialogs.folder_to_look_in(purpose) == str(clip.parent)
    dialogs.remember_folder("masks", str(masks))
    assert dialogs.folder_to_look_in("masks") == str(masks)


def test_nobody_is_sent_to_the_folder_of_the_demo_by_a_dialog(qtbot, tmp_path, monkeypatch):
    isolate_settings(tmp_path / "settings")
    clip = make_clip(tmp_path / "films" / "demo")
    monkeypatch.setattr(opening, "is_demo", lambda video: video.path == clip)
    with open_window(qtbot) as window:
        window.open_path(clip)
        assert window.workspace and dialogs.folder_to_look_in("open") != str(clip.parent)
