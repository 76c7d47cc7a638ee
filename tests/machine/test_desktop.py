"""An entry in a desktop's menus is whole, this installation's own, and goes without a trace."""

import configparser
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from vos_annotator.cli import main
from vos_annotator.machine import desktop

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="a desktop entry is a thing of Linux"
)


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "my data"))
    return tmp_path / "my data"


def files(folder):
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def test_the_entry_starts_this_program_with_the_file_that_was_chosen(data):
    assert main(["desktop", "install"]) == 0

    path = data / "applications" / "vos-annotator.desktop"
    entry = configparser.RawConfigParser(delimiters="=")
    entry.optionxform = str
    entry.read_string(path.read_text("utf-8"))
    command = entry["Desktop Entry"]["Exec"]
    assert command.endswith(" gui %f")
    done = subprocess.run(
        ["sh", "-c", command.replace(" gui %f", " --version")], capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout[:1].isdecimal()
    if shutil.which("desktop-file-validate"):
        subprocess.run(["desktop-file-validate", str(path)], check=True)
    kind = ElementTree.parse(data / "mime" / "packages" / "vos-annotator.xml").getroot()[0]
    assert kind.get("type") in entry["Desktop Entry"]["MimeType"].split(";")
    assert "<svg" in (data / "icons/hicolor/scalable/apps/vos-annotator.svg").read_text("utf-8")


def test_removing_takes_away_what_was_installed_and_nothing_else(data, capsys):
    other = data / "applications" / "other.desktop"
    other.parent.mkdir(parents=True)
    other.write_text("of another program")
    assert main(["desktop", "install"]) == 0
    there = files(data)
    assert main(["desktop", "install"]) == 0
    assert "Nothing to do" in capsys.readouterr().out and files(data) == there

    assert main(["desktop", "remove"]) == 0
    assert not [name for name in files(data) if "vos-annotator" in name]
    assert other.read_text() == "of another program"
    assert main(["desktop", "remove"]) == 0
    assert "Nothing to do" in capsys.readouterr().out


def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    assert main(["desktop", "install"]) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("/usr/bin/vos", '"/usr/bin/vos"'),
        ("/my folder/100%", '"/my folder/100%%"'),
        ('/a"$b', '"/a\\\\"\\\\$b"'),
    ],
)
def test_a_command_is_quoted_as_the_standard_says(word, quoted):
    assert desktop._quoted(word) == quoted
