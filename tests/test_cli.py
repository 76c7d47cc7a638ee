"""The command line: quick help, one sentence and exit code 2 for a mistake."""

import argparse
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pytest

import vos_annotator
from vos_annotator.cli import COMMANDS, main
from vos_annotator.core.given_numbers import given_number
from vos_annotator.core.masks import encode_png
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video
from vos_annotator.machine import display
from vos_annotator.mobilevos import models


@pytest.fixture
def clip(tmp_path):
    folder = tmp_path / "clip"
    folder.mkdir()
    for frame in range(3):
        picture = np.full((32, 48, 3), 40 * frame, np.uint8)
        cv2.imwrite(str(folder / f"{frame:05d}.png"), picture)
    return folder


@pytest.fixture
def mask(tmp_path):
    label_map = np.zeros((32, 48), np.uint8)
    label_map[8:20, 8:20] = 1
    path = tmp_path / "mask.png"
    path.write_bytes(encode_png(label_map))
    return path


def mistake(capsys, *words):
    """Run a command that must fail; return its sentence."""
    assert main([str(word) for word in words]) == 2
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1
    return said


@pytest.mark.skipif(sys.platform == "win32", reason="a whole path is 260 characters there")
def test_a_name_longer_than_any_is_a_mistake_wherever_it_is_given(clip, mask, tmp_path, capsys):
    long, out = "n" * 300, tmp_path / "out"
    with Project.for_video(open_video(clip)) as project:
        project.set_references({0: np.ones((32, 48), np.uint8)})
    for words in (
        ("propagate", clip, "--masks", long, "--out", out),
        ("propagate", clip, "--masks", mask, "--out", out, "--checkpoint", long),
        ("batch", long, "--out", out),
        ("export", clip, "--out", out / long, "--format", "coco"),
    ):
        assert long in mistake(capsys, *words)


@pytest.mark.skipif(sys.platform == "win32", reason="links take rights there")
def test_links_that_lead_in_a_ring_are_a_mistake(clip, mask, tmp_path, capsys):
    ring, other = tmp_path / "ring", tmp_path / "other"
    ring.symlink_to(other)
    other.symlink_to(ring)
    for words in (("--masks", ring, "--out", tmp_path), ("--masks", mask, "--out", ring)):
        assert "ring" in mistake(capsys, "propagate", clip, *words, "--engine", "hold")
    for project in ("a.vos", "b.vos"):
        Project.create(tmp_path / project, open_video(clip)).close()
    words = ("merge", tmp_path / "a.vos", tmp_path / "b.vos", "--out", ring)
    assert "is there already" in mistake(capsys, *words)


def test_output_that_nobody_reads_any_more_ends_a_command_quietly():
    words = [sys.executable, "-m", "vos_annotator", "models"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()  # as `| head` does

    assert process.stderr.read() == ""
    assert process.wait() == 141


def test_names_that_the_terminal_cannot_show_are_told_as_far_as_it_can(clip, mask):
    renamed = clip.rename(clip.with_name("clip é"))
    words = [sys.executable, "-m", "vos_annotator", "import", str(renamed), str(mask)]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    told = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    assert (told.returncode, told.stderr) == (0, "")
    assert "1 masks imported as references" in told.stdout and r"clip \xe9" in told.stdout


def test_help_names_every_command_without_loading_any(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(command in said for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_number_that_a_command_cannot_take_is_told_in_a_sentence_at_once(command, capsys):
    parser = argparse.ArgumentParser()
    try:
        import_module(COMMANDS[command][0]).add_arguments(parser)
    except ImportError as error:
        pytest.skip(f"an extra brings {error.name}")
    for action in parser._actions:
        assert action.type not in (int, float), f"{action.option_strings} has no bounds"
        if getattr(action.type, "func", None) is given_number:
            (option,) = action.option_strings
            for absurd in ("1e22", "9" * 22, "9" * 5000, "-" + "9" * 22, "inf", "nan", "-1", "x"):
                told = mistake(capsys, command, option, absurd)
                assert told.startswith(f"{option} {absurd[:20]}") and len(told) < 150
            assert f'{option} "" is no number' in mistake(capsys, command, option, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.strip() == vos_annotator.__version__


def test_python_m_and_the_script_main_py_are_the_same_program():
    top = Path(vos_annotator.__file__).parents[1]
    for words in (["-m", "vos_annotator", "gui"], [str(top / "main.py")]):
        done = subprocess.run(
            [sys.executable, *words, "--help"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0
        assert "--engine" in done.stdout


def test_a_video_that_is_not_there_is_named(capsys, tmp_path, mask):
    said = mistake(
        capsys, "propagate", tmp_path / "no.mp4", "--masks", mask, "--out", tmp_path / "out"
    )
    assert "no.mp4" in said


def test_masks_that_are_not_there_are_named(capsys, tmp_path, clip):
    said = mistake(
        capsys, "propagate", clip, "--masks", tmp_path / "no.png", "--out", tmp_path / "out"
    )
    assert "no.png" in said
    assert not (tmp_path / "out").exists()


def test_an_unknown_engine_is_answered_with_those_there_are(capsys, tmp_path, clip, mask):
    said = mistake(
        capsys, "propagate", clip, "--masks", mask, "--out", tmp_path / "out", "--engine", "no"
    )
    assert "mobilevos" in said


def test_a_folder_that_is_no_davis_set_is_named(capsys, tmp_path):
    assert str(tmp_path) in mistake(capsys, "evaluate", "--davis", tmp_path)


def test_training_data_that_is_not_there_is_named(capsys, tmp_path):
    words = ("train", "student", "--data", tmp_path / "no", "--out", tmp_path / "run")
    assert str(tmp_path / "no") in mistake(capsys, *words)


def test_a_package_that_an_extra_brings_is_named_with_the_extra(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "msgspec", None)
    monkeypatch.delitem(sys.modules, "vos_annotator.training.recipe", raising=False)
    monkeypatch.delitem(sys.modules, "vos_annotator.training.command", raising=False)
    assert "'vos-annotator[train]'" in mistake(capsys, "train", "student", "--out", "run")


def test_the_networks_and_checkpoints_are_listed(capsys, monkeypatch):
    name = next(iter(models.NETWORKS))  # to count the operations of all takes ten seconds
    monkeypatch.setattr(models, "NETWORKS", {name: models.NETWORKS[name]})
    assert main(["models"]) == 0
    networks, _, checkpoints = capsys.readouterr().out.partition("Checkpoints")
    assert name in networks
    assert "mobilevos-fast" in checkpoints


def test_without_a_display_the_window_says_in_one_sentence_what_to_do():
    done = subprocess.run(
        [sys.executable, "-m", "vos_annotator", "gui"],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(vos_annotator.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    if sys.platform.startswith("linux"):
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1
        assert "display" in done.stderr


def test_a_missing_system_library_is_named_with_its_package(capsys, monkeypatch):
    def fail(name):
        raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.setattr("vos_annotator.cli.import_module", fail)
    said = mistake(capsys, "models")
    assert "libGL.so.1" in said
    assert said.endswith("sudo apt-get install -y libgl1")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries of Linux")
def test_a_library_that_qt_needs_is_missed_before_qt_ends_the_process(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.setenv("DISPLAY", ":9999")
    monkeypatch.setattr(display, "_loads", lambda name: name != "libxcb-cursor.so.0")
    assert display.problem().endswith("sudo apt-get install -y libxcb-cursor0")
    monkeypatch.setattr(display, "_loads", lambda name: True)
    assert "display :9999 does not answer" in display.problem()


def test_qt_does_not_take_the_plugins_of_opencv():
    code = (
        "import cv2, os; from vos_annotator.ui.app import make_application;"
        "make_application(); print([k for k, v in os.environ.items() if 'QT' in k and 'cv2' in v])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
