"""A report on any machine: nothing in it fails because something is missing."""

import re
import sys
from pathlib import Path

import pytest

from vos_annotator.cli import main
from vos_annotator.machine import checks, facts


def by_name(found):
    return {fact.name: fact for fact in found}


def program(path, text):
    """Write a program of the shell that stands for Python."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_one_screen_and_one_file_tell_of_everything_and_of_nobody(capsys, tmp_path):
    main(["doctor", "--file", str(tmp_path / "report.txt")])

    said = capsys.readouterr().out
    names = {line.split()[0] for line in said.splitlines() if line[:1].strip()}
    assert {"program", "packages", "memory", "display", "codecs", "CPU", "GPU", "speed"} <= names
    assert {"settings", "projects", "log", "temporary"} <= names
    assert int(re.search(r"(\d+) ms a frame", said)[1]) > 0 and "h264" in said
    assert len(said.splitlines()) <= 35
    report = (tmp_path / "report.txt").read_text("utf-8")
    assert "ms a frame" in report
    assert str(Path.home()) not in report


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ("kill -ILL $$", "SIGILL"),
        ("echo 'ImportError: libfoo.so is not there' >&2; exit 1", "libfoo.so is not there"),
        ("exit 3", "code 3"),
    ],
)
def test_a_library_that_takes_its_process_along_is_told_of(tmp_path, monkeypatch, ends, words):
    monkeypatch.setattr(sys, "executable", program(tmp_path / "python", ends))
    (fact,) = checks.checked("devices")
    assert words in fact.problem


def test_a_check_that_cannot_even_begin_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    (fact,) = checks.checked("speed")
    assert "could not be started" in fact.problem


def test_what_is_missing_comes_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(facts, "PACKAGES", ("numpy", "no-such-package"))
    monkeypatch.setattr(facts, "models_folder", lambda: tmp_path)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file" / "settings"))

    found = by_name(facts.facts())

    assert found["packages"].problem.endswith("pip install no-such-package")
    assert "install the program again" in found["its files"].problem
    assert found["projects"].problem == ""
    if sys.platform.startswith("linux"):
        assert "cannot be written" in found["settings"].problem
