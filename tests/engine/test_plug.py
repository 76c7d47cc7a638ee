"""Engines of other packages: found by being installed, and harmless when they are broken."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.engine.fakes import SHAPE
from tests.engine.packages import EXAMPLE, entry, install, make_wheel, unpack
from vos_annotator.cli import main
from vos_annotator.core.errors import UserError
from vos_annotator.engine.catalogue import facts_of
from vos_annotator.engine.registry import engine_names, load_engine

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder into which pip has installed the example's package."""
    folder = tmp_path_factory.mktemp("site")
    source = EXAMPLE.read_text("utf-8")
    text = entry("flow", "flow_engine:FlowEngine")
    install(make_wheel(folder / "wheels", "flow_engine", source, text), folder / "packages")
    return folder / "packages"


def run(installed, *words):
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join([str(installed), str(ROOT)])}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True)


def test_the_example_of_the_page_is_sixty_lines_and_the_one_that_is_tested():
    source = EXAMPLE.read_text("utf-8")
    page = (ROOT / "docs" / "engines.md").read_text("utf-8")

    assert source.count("\n") <= 60
    assert f"```python\n{source}```" in page


def test_an_engine_of_another_package_is_found_and_described(installed, monkeypatch):
    monkeypatch.syspath_prepend(installed)

    assert "flow" in engine_names()
    facts = facts_of("flow")
    assert (facts.package, facts.problem) == ("flow_engine", "")
    assert facts.summary == "Masks move along with the picture, by optical flow."
    assert not facts.takes_checkpoint


def test_the_example_does_what_every_engine_must_do(installed):
    words = ("-q", "-p", "no:pytest-qt", "-p", "no:xdist", "tests/engine/test_contract.py")
    done = run(installed, "pytest", *words, "-k", "flow")

    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_example_segments_a_video_from_the_shell(installed, tmp_path):
    (tmp_path / "clip").mkdir()
    for frame in range(3):
        picture = np.zeros((48, 64, 3), np.uint8)
        picture[10:30, 10 + 4 * frame : 30 + 4 * frame] = 200
        file = tmp_path / "clip" / f"{frame:05d}.png"
        cv2.imwrite(str(file), cv2.GaussianBlur(picture, (0, 0), 2))
    mask = np.zeros((48, 64), np.uint8)
    mask[10:30, 10:30] = 1
    cv2.imwrite(str(tmp_path / "mask.png"), mask)

    words = ("--masks", tmp_path / "mask.png", "--out", tmp_path / "out", "--engine", "flow")
    done = run(installed, "vos_annotator", "propagate", tmp_path / "clip", *words)

    assert done.returncode == 0, done.stderr
    found = cv2.imread(str(next(tmp_path.glob("out/**/00002.png"))), cv2.IMREAD_GRAYSCALE)
    assert found[12:28, 22:34].all() and not found[:, :12].any()


BROKEN = {
    "lacks a library": ("import nowhere_to_be_found\n", "odd:Odd", "nowhere_to_be_found"),
    "is no Python": ("def f(:\n", "odd:Odd", "SyntaxError"),
    "lacks its class": ("", "odd:Odd", "AttributeError"),
    "names no class": ("Odd = 3\n", "odd:Odd", "TypeError"),
    "raises at import": ("raise RuntimeError('no such luck')\n", "odd:Odd", "no such luck"),
    "raises when made": ("def Odd(size):\n    raise OSError('gone')\n", "odd:Odd", "gone"),
    "gives no engine": ("def Odd(size):\n    return {}\n", "odd:Odd", "dict lacks verbs"),
    "takes no size": ("def Odd():\n    return {}\n", "odd:Odd", "TypeError"),
}


@pytest.fixture(params=BROKEN)
def broken(request, tmp_path, monkeypatch):
    """A package with a broken engine, and what is wrong with it."""
    source, target, reason = BROKEN[request.param]
    unpack(make_wheel(tmp_path / "wheels", "odd", source, entry("odd", target)), tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.delitem(sys.modules, "odd", raising=False)
    yield reason
    sys.modules.pop("odd", None)


def test_a_broken_engine_is_told_of_in_a_sentence_and_the_others_load(broken):
    with pytest.raises(UserError, match=f"engine odd.*{broken}"):
        load_engine("odd")
    assert load_engine("hold").name == "hold"


def test_metadata_that_make_no_sense_take_no_other_engine_along(tmp_path, monkeypatch):
    text = "[vos_annotator.engines]\nthis is no entry point\n"
    unpack(make_wheel(tmp_path, "odd", "", text), tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")

    assert {"hold", "mobilevos"} <= set(engine_names())
    assert load_engine("hold").name == "hold"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--engine", "nobody"), "There is no engine nobody"),
        (("--engine", "hold", "--checkpoint", "x.pth"), "hold has no checkpoint"),
        (("--checkpoint", "nowhere.safetensors"), "nowhere.safetensors"),
    ],
)
def test_an_engine_that_cannot_run_ends_a_command_with_a_sentence(words, said, tmp_path, capsys):
    (tmp_path / "clip").mkdir()
    for frame in range(2):
        cv2.imwrite(str(tmp_path / "clip" / f"{frame:05d}.png"), np.zeros((*SHAPE, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "mask.png"), np.ones(SHAPE, np.uint8))
    where = ("--masks", str(tmp_path / "mask.png"), "--out", str(tmp_path / "out"))

    assert main(["propagate", str(tmp_path / "clip"), *where, *words]) == 2
    assert said in capsys.readouterr().err
