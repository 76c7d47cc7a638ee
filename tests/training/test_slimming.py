"""Narrower heads begin with what wider ones know."""

from dataclasses import replace

import pytest
import torch

from vos_annotator.mobilevos.checkpoint import save_checkpoint
from vos_annotator.mobilevos.network import NETWORKS, Network
from vos_annotator.training.command import make_network
from vos_annotator.training.recipe import NetworkRecipe
from vos_annotator.training.slimming import GROUPS, slimmed

WIDE = NETWORKS["mobilevos-light"]
NARROW = {
    "key_dim": 40,
    "value_widths": (24, 40, 72),
    "decoder": (88, 40, 24),
}


@pytest.fixture
def wide():
    """A network in which the channels that a narrow one has no room for say nothing."""
    torch.manual_seed(3)
    network = Network(WIDE).eval()
    weights, wanted = network.state_dict(), Network(replace(WIDE, **NARROW)).state_dict()
    for group in GROUPS:
        first = f"{group.writers[0]}.weight"
        channels, kept = weights[first].shape[0], wanted[first].shape[0]
        silent = torch.randperm(channels)[kept:]
        for name in group.readers:
            weights[f"{name}.weight"][:, silent] = 0
        if not group.readers:  # a key is read by its distance from others
            for kind in ("weight", "bias"):
                weights[f"{group.writers[0]}.{kind}"][silent] = 0
    network.load_state_dict(weights)
    return network


def masks_of(network, image, mask):
    features = network.encode(image)
    value = network.memorize(features, image, mask, 1 - mask)
    return features.key, value, network.decode(value, features)[0]


def test_slimming_loses_nothing_where_channels_said_nothing(wide):
    narrow = Network(replace(WIDE, **NARROW)).eval()
    narrow.load_state_dict(slimmed(wide.state_dict(), narrow.state_dict()))
    image, mask = torch.rand(1, 3, 64, 96), (torch.rand(1, 1, 64, 96) > 0.5).float()
    with torch.no_grad():
        wide_key, *whole = masks_of(wide, image, mask)
        key, *slim = masks_of(narrow, image, mask)
    for ours, theirs in zip(slim, whole, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
    assert key.shape[1] == NARROW["key_dim"]
    torch.testing.assert_close(
        key.flatten(2).square().sum(1), wide_key.flatten(2).square().sum(1), rtol=1e-4, atol=1e-5
    )


def test_a_network_slimmed_to_its_own_shape_is_itself(wide):
    weights = wide.state_dict()
    for name, tensor in slimmed(weights, weights).items():
        assert torch.equal(tensor, weights[name])


def test_a_recipe_slims_what_it_borrows(wide, tmp_path):
    save_checkpoint(tmp_path / "wide.safetensors", wide)
    borrowed = str(tmp_path / "wide.safetensors")
    asked = NetworkRecipe(name="mobilevos-light", init="random", shape=NARROW, borrow=borrowed)
    made, stored = make_network(asked).state_dict(), wide.state_dict()
    expected = slimmed(stored, made)
    assert made["value.fuse.1.conv1.weight"].shape[:2] == (72, 126)
    for name in made:
        torch.testing.assert_close(made[name], expected[name].half().float())
