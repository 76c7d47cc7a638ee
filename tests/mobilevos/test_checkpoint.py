"""Checkpoints: what is saved is what is loaded, and nothing else loads."""

import pickle

import pytest
import torch

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.checkpoint import find_checkpoint, load_checkpoint, save_checkpoint
from vos_annotator.mobilevos.network import NETWORKS, Network, NetworkConfig


@pytest.mark.parametrize("name", ["mobilevos-fast", "mobilevos-mobilenetv2-aspp"])
def test_a_checkpoint_describes_itself(tmp_path, name):
    network = Network(NETWORKS[name])
    save_checkpoint(tmp_path / "a.safetensors", network, {"step": 7})

    loaded, notes = load_checkpoint(tmp_path / "a.safetensors")

    assert loaded.config == network.config
    assert notes == {"step": 7}
    for ours, theirs in zip(network.parameters(), loaded.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


@pytest.mark.parametrize("content", [b"", b"junk", pickle.dumps({"a": 1}), b"\0" * 100])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"bad\.safetensors"):
        load_checkpoint(path)


def test_a_truncated_checkpoint_is_named(tmp_path):
    path = tmp_path / "cut.safetensors"
    save_checkpoint(path, Network(NetworkConfig(value_dim=16, decoder=(8, 8, 8))))
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(UserError, match=r"cut\.safetensors"):
        load_checkpoint(path)


def test_a_checkpoint_that_is_not_there_is_asked_for_by_name():
    with pytest.raises(UserError, match="no checkpoint 'nobody'"):
        find_checkpoint("nobody")
