"""Checkpoints: what is saved is what is loaded, and nothing else loads."""

import hashlib
import json
import pickle

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

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


def test_a_checkpoint_from_before_a_shape_could_be_chosen_has_the_shape_of_that_time(tmp_path):
    network = Network(NetworkConfig())
    save_checkpoint(tmp_path / "new.safetensors", network)
    with safe_open(tmp_path / "new.safetensors", framework="pt") as file:
        config = json.loads(file.metadata()["config"])
    del config["value_widths"]
    weights = load_file(tmp_path / "new.safetensors")
    save_file(weights, tmp_path / "old.safetensors", {"config": json.dumps(config)})

    old, new = (load_checkpoint(tmp_path / f"{name}.safetensors")[0] for name in ("old", "new"))

    assert old.config == new.config
    image = torch.rand(1, 3, 32, 48)
    with torch.inference_mode():
        for ours, theirs in zip(old.encode(image), new.encode(image), strict=True):
            assert torch.equal(ours, theirs)


def test_norms_keep_how_many_batches_they_have_seen(tmp_path):
    network = Network(NETWORKS["mobilevos-resnet18"])
    network.backbone.norm.num_batches_tracked += 100_000  # more than half precision can hold
    save_checkpoint(tmp_path / "a.safetensors", network)
    loaded, _ = load_checkpoint(tmp_path / "a.safetensors")
    assert loaded.backbone.norm.num_batches_tracked == 100_000
    assert loaded.backbone.norm.weight.dtype == torch.float32


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


@pytest.mark.parametrize("told", [{"config": "null"}, {"config": "[1]"}, {"notes": "{"}])
def test_a_checkpoint_that_describes_something_else_is_named(tmp_path, told):
    path = tmp_path / "odd.safetensors"
    save_checkpoint(path, Network(NetworkConfig(value_dim=16, decoder=(8, 8, 8))))
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    save_file(load_file(path), path, metadata | told)
    with pytest.raises(UserError, match=r"odd\.safetensors"):
        load_checkpoint(path)


def test_a_checkpoint_of_a_network_that_ran_away_is_named(tmp_path):
    network = Network(NetworkConfig(value_dim=16, decoder=(8, 8, 8)))
    network.key.weight.data[0] = torch.nan
    save_checkpoint(tmp_path / "nan.safetensors", network)
    with pytest.raises(UserError, match=r"nan\.safetensors"):
        load_checkpoint(tmp_path / "nan.safetensors")


def test_one_changed_bit_of_a_weight_is_noticed_by_the_card_beside_the_checkpoint(tmp_path):
    path = tmp_path / "a.safetensors"
    save_checkpoint(path, Network(NETWORKS["mobilevos-fast"]))
    whole = path.read_bytes()
    card = path.with_suffix(".md")
    card.write_text(f"# A\n\nsha256 `{hashlib.sha256(whole).hexdigest()}`\n")
    load_checkpoint(path)

    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))

    with pytest.raises(UserError, match=r"is not the file that a\.md tells of"):
        load_checkpoint(path)
    card.unlink()
    load_checkpoint(path)
