"""A file of settings that the disk has damaged keeps nobody from working."""

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QSettings

from tests.ui.window import isolate_settings, make_clip, open_window
from vos_annotator.ui import dialogs, language, memory_watch, theme

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
