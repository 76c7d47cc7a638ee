"""Rivals take turns with this program: told by their checkouts, run in processes of their own."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vos_annotator.cli import main
from vos_annotator.core.errors import UserError
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.evaluation.bench import command, compare, rival
from vos_annotator.evaluation.bench.extent import QUICK
from vos_annotator.evaluation.bench.setting import Setting

XMEM = {  # what the adapter needs of XMem; the network says that all is the first object
    "model/__init__.py": "",
    "model/resnet.py": "def load_weights_add_extra_dim(*_): raise OSError('no weights here')",
    "model/network.py": """
import torch
from model import resnet

class XMem(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        print("Single object mode: False")
        resnet.load_weights_add_extra_dim(self, torch.utils.model_zoo.load_url("resnet50"))
""",
    "inference/__init__.py": "",
    "inference/memory_manager.py": "",
    "inference/inference_core.py": """
import time
import torch

now = 0.0
time.perf_counter = lambda: now  # a clock of its own: a frame takes what it is told to take

class InferenceCore:
    def __init__(self, network, config):
        self.steps = 0

    def set_all_labels(self, labels):
        self.all_labels = labels

    def step(self, image, mask=None, valid_labels=None):
        assert image.shape[0] == 3 and (mask is None) == (self.steps > 0)
        self.steps += 1
        global now
        now += FRAME
        scores = torch.zeros(len(self.all_labels) + 1, *image.shape[1:])
        scores[1] = 1
        return scores
""",
}


@pytest.fixture
def setting(tmp_path):
    """A setting in which everything is as small as it can be."""
    tiny = replace(QUICK, sizes=("144p",), frames=6, rounds=3)
    return Setting(EngineChoice("hold"), tiny, tmp_path)


def checkout(folder: Path, frame: str = "0.01") -> Path:
    """Write what looks like a checkout of XMem whose frames take so many seconds."""
    for name, source in XMEM.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source.replace("FRAME", frame))
    return folder


def test_a_rival_takes_turns_with_the_engine_and_the_ratio_is_told(setting, tmp_path):
    outcome = compare.measure(setting, [checkout(tmp_path / "x")], None)

    found = outcome.figures["144p, 1 object"]["XMem"]
    assert found["theirs_ms"] == pytest.approx(10)
    assert found["frames"] == 6
    assert len(found["ratios"]) == 3
    assert found["ratio"] == np.median(found["ratios"]) > 0
    assert found["threads"] >= 1
    table = str(outcome.tables[0])
    assert "XMem" in table
    assert "ratio" in table


def test_a_slow_rival_is_asked_for_fewer_frames(setting, tmp_path):
    hasty = replace(setting, extent=replace(setting.extent, frames=30, rounds=1, seconds=0.0))

    outcome = compare.measure(hasty, [checkout(tmp_path / "x")], None)

    assert outcome.figures["144p, 1 object"]["XMem"]["frames"] == 2


def test_the_command_compares_and_measures_nothing_else(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "QUICK", replace(QUICK, sizes=("480p",)))
    file, folder = tmp_path / "bench.json", checkout(tmp_path / "x")
    words = ["--quick", "--engine", "hold", "--compare", str(folder)]

    assert main(["bench", *words, "--json", str(file)]) == 0

    figures = json.loads(file.read_text())
    assert figures["times_as_fast"].keys() == {"XMem"}
    assert "stages" not in figures
    assert "480p, 3 objects" in capsys.readouterr().out


def test_a_checkout_of_cutie_holds_two_networks_and_others_one(tmp_path):
    for kind in rival.KINDS:
        mark = tmp_path / kind.adapter / kind.mark
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()

    names = {kind.name: rival.kinds_in(tmp_path / kind.adapter) for kind in rival.KINDS}

    assert [kind.name for kind in names["Cutie base"]] == ["Cutie small", "Cutie base"]
    assert [kind.name for kind in names["XMem"]] == ["XMem"]
    assert [kind.name for kind in names["EdgeTAM"]] == ["EdgeTAM"]
    for kind in rival.KINDS:
        assert (Path(rival.__file__).parent / "rivals" / f"{kind.adapter}.py").is_file()


def test_a_folder_that_is_no_rival_is_a_mistake_of_the_user(tmp_path, capsys):
    assert main(["bench", "--quick", "--engine", "hold", "--compare", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert str(tmp_path) in said
    assert "Cutie" in said


def test_a_rival_that_lacks_a_package_is_told_with_what_is_missing(setting, tmp_path, capsys):
    folder = checkout(tmp_path / "x")
    (folder / "model" / "network.py").write_text("import a_package_that_nobody_has")

    with pytest.raises(UserError, match="a_package_that_nobody_has"):
        compare.measure(setting, [folder], None)

    assert "Traceback" in capsys.readouterr().err


def test_a_python_that_there_is_not_is_a_mistake_of_the_user(setting, tmp_path):
    with pytest.raises(UserError, match="no-python"):
        compare.measure(setting, [checkout(tmp_path / "x")], str(tmp_path / "no-python"))
