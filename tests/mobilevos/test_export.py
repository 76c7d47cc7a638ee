"""ONNX graphs: they say what the network says, at any size, and are not written otherwise."""

import re
from copy import deepcopy
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from vos_annotator.cli import main
from vos_annotator.mobilevos import export as command
from vos_annotator.mobilevos.backbones import BACKBONES, MobileBackbone
from vos_annotator.mobilevos.graphs import export
from vos_annotator.mobilevos.network import Network, NetworkConfig

onnx = pytest.importorskip("onnx", reason="comes with the extra [onnx]")
pytest.importorskip("onnxscript", reason="comes with the extra [onnx]")
onnxruntime = pytest.importorskip("onnxruntime", reason="comes with the extra [onnx]")

TINY = ((1, 8, 1, 2, 3), (1, 12, 1, 2, 5), (1, 16, 1, 2, 3))
TAPS = ((8, 4), (12, 2), (16, 1))  # channels, and positions a position of the keys


@pytest.fixture(scope="module")
def tiny() -> Network:
    """Return a small network whose keys tell places apart: where all tie, reading is chance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKBONES, "mobilenet_v2", partial(MobileBackbone, TINY))
        torch.manual_seed(0)
        widths = {"decoder": (8, 8, 8), "value_widths": (8, 8, 8)}
        network = Network(NetworkConfig(key_dim=8, value_dim=8, **widths)).eval()
    for module in network.backbone.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            nn.init.zeros_(module.bias)
    return network


@pytest.fixture(scope="module")
def graphs(tiny) -> dict[str, bytes]:
    """Return its graphs."""
    return export(tiny, "tiny")


@pytest.mark.parametrize("size", [96, 160])  # px; neither is what they were traced with
def test_the_graphs_say_what_the_network_says_on_real_frames(tiny, graphs, size):
    differences = command.compare(tiny, graphs, command.demo_scene(), size)
    assert set(differences) == {"features", "value", "logits", "masks"}
    assert max(differences.values()) < command.TOLERANCE


@pytest.fixture
def shipped(tiny, graphs, monkeypatch, tmp_path):
    """Return a file that passes for the tiny network's checkpoint, made graphs at once."""
    path = tmp_path / "tiny.safetensors"
    path.touch()
    monkeypatch.setattr(command, "load_checkpoint", lambda path: (deepcopy(tiny), {}))
    monkeypatch.setattr(command, "export", lambda network, name: graphs)
    monkeypatch.setattr(command, "SIZES", (96,))
    return path


def test_the_command_tells_the_differences_and_writes_three_files(shipped, tmp_path, capsys):
    assert main(["export-onnx", str(shipped), "--out", str(tmp_path / "a" / "b")]) == 0
    written = sorted(path.name for path in (tmp_path / "a" / "b").iterdir())
    assert written == ["tiny-encode.onnx", "tiny-memorize.onnx", "tiny-read.onnx"]
    assert re.search(r"at 96p: .*logits \d\.\de-\d\d", capsys.readouterr().out)


def test_graphs_that_say_something_else_are_not_written(shipped, monkeypatch, tmp_path, capsys):
    load = command.load_checkpoint

    def changed(path):
        network, notes = load(path)
        network.decoder.out.bias.data += 2 * command.TOLERANCE
        return network, notes

    monkeypatch.setattr(command, "load_checkpoint", changed)
    assert main(["export-onnx", str(shipped), "--out", str(tmp_path / "out")]) == 2
    assert "do not say what the network says" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_graph_is_one_file_that_says_what_it_is(graphs):
    for data in graphs.values():
        model = onnx.load_from_string(data)
        assert not any(tensor.external_data for tensor in model.graph.initializer)
        notes = {entry.key: entry.value for entry in model.metadata_props}
        assert notes["checkpoint"] == "tiny" and '"key_dim": 8' in notes["config"]
        assert (notes["top_k"], notes["bias_of_own_masks"]) == ("30", "-1.0")


def test_any_number_of_objects_can_be_read_from_any_number_of_positions(graphs):
    session = onnxruntime.InferenceSession(graphs["read"])
    features = [np.ones((1, c, 4 * s, 6 * s), np.float32) for c, s in (*TAPS, (8, 1), (8, 1))]
    for objects, positions in ((1, 5), (3, 77)):
        memory = [(1, 8, positions), (objects, 8, positions), (1, 1, positions)]
        inputs = [*features, *(np.zeros(shape, np.float32) for shape in memory)]
        names = [given.name for given in session.get_inputs()]
        logits, masks = session.run(None, dict(zip(names, inputs, strict=True)))
        assert logits.shape == (objects, 1, 16, 24)
        assert masks.shape == (objects, 1, 64, 96)
        assert masks.sum(0).max() <= 1.0001
