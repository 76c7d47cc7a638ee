"""A crash leaves a report that the next start points to, and what happened can be copied."""

import faulthandler
import logging
import os
import subprocess
import sys
import threading
import time

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key
from PySide6.QtGui import QGuiApplication

from tests.core import edit_stream
from tests.ui.window import isolate_settings, make_clip, open_window
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video
from vos_annotator.machine import diagnostics
from vos_annotator.ui.card import Card

PROGRAM = """
import ctypes, os, signal, sys
from pathlib import Path
from vos_annotator.machine import diagnostics

def in_the_middle_of_a_stroke():
    {end}

with diagnostics.kept(Path(sys.argv[1])):
    in_the_middle_of_a_stroke()
"""
FAULT, KILL = "ctypes.string_at(0)", "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture(autouse=True)
def crashes_of_later_tests_are_told(request):
    """Give the interpreter's crash report back to pytest, once `kept` has let go of it."""
    yield
    faulthandler.enable(request.config.stash[fault_handler_stderr_fd_key])


@pytest.fixture
def logs(tmp_path, monkeypatch):
    """Return the folder of the log and the reports, one of this test's own."""
    folder = tmp_path / "logs"
    folder.mkdir()
    monkeypatch.setattr(diagnostics, "folder", lambda: folder)
    return folder


def run(logs, end):
    """Run a program that ends in a way of its own."""
    program = PROGRAM.format(end=end)
    subprocess.run([sys.executable, "-c", program, str(logs)], capture_output=True)


def test_a_crash_leaves_a_report_of_where_it_was(logs):
    began = time.time() - 1
    run(logs, FAULT)

    report = diagnostics.crash_since(began)
    assert "in_the_middle_of_a_stroke" in report.read_text()
    assert diagnostics.crash_since(time.time() + 1) is None  # it is no later crash's


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("end", [KILL, "pass", "raise OSError"])
def test_who_is_killed_or_ends_leaves_no_report_to_be_taken_for_a_crash(logs, end):
    run(logs, end)
    assert diagnostics.crash_since(0) is None

    with diagnostics.kept():  # the next program takes away what was left empty
        assert [each.name for each in logs.glob("crash-*")] == [f"crash-{os.getpid()}.txt"]
    assert not list(logs.glob("crash-*"))


def test_the_card_after_a_crash_points_to_its_report(qtbot, tmp_path, logs):
    isolate_settings(tmp_path / "settings")
    video = edit_stream.make_pictures(tmp_path / "pictures")
    with Project.create(tmp_path / "open.vos", open_video(video)) as project:
        edit_stream.step(project, 0)
        path = edit_stream.cut_off(project, tmp_path / "pictures.vos")
    report = logs / "crash-1.txt"
    report.write_text("Fatal Python error: Segmentation fault")

    with open_window(qtbot, path) as window:
        (card,) = window.workspace.findChildren(Card)
        assert str(report) in card.text.text() and "Copy diagnostics" in card.text.text()


def test_a_log_of_whatever_length_takes_little_room(logs):
    with diagnostics.kept():
        for number in range(3000):
            logging.getLogger("vos_annotator.test").info("line %d of many: %s", number, "x" * 999)

    files = list(logs.glob("log.txt*"))
    assert sum(each.stat().st_size for each in files) <= 4 * diagnostics.LOG_SIZE
    assert "line 2999 " in (logs / "log.txt").read_text()


def test_a_thread_that_ends_by_an_error_is_in_the_log(logs, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "__excepthook__", lambda *_: None)
    with diagnostics.kept():
        thread = threading.Thread(target=lambda: [][0], name="decoding")
        thread.start()
        thread.join()

    text = (logs / "log.txt").read_text()
    assert "decoding ended" in text and "IndexError" in text


def test_where_no_log_can_be_written_the_program_runs_all_the_same(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with diagnostics.kept(tmp_path / "file" / "logs"):
        logging.getLogger("vos_annotator.test").info("said to nobody")
    assert diagnostics.told(tmp_path / "file" / "logs")


def test_diagnostics_are_copied_with_the_last_crash_and_what_was_said(qtbot, tmp_path, logs):
    isolate_settings(tmp_path / "settings")
    (logs / "crash-1.txt").write_text("Fatal Python error: Segmentation fault")
    with diagnostics.kept(), open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        window.warn("Propagation failed: no memory.", "Traceback: in segment")
        window.actions_["diagnostics"].trigger()

    text = QGuiApplication.clipboard().text()
    assert "MobileVOS Annotator" in text and "PySide6 6." in text
    assert "Segmentation fault" in text
    assert "Propagation failed: no memory." in text and "Traceback: in segment" in text
