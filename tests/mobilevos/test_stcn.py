"""STCN: its authors' checkpoint fits, and ours says what their code says."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.backbones import count_parameters
from vos_annotator.mobilevos.heads import Features
from vos_annotator.mobilevos.memory import readout
from vos_annotator.mobilevos.similarity import affinity
from vos_annotator.mobilevos.stcn import STCN, load_stcn

# Of the 405 lines "name shape", sorted, that the state dict of the authors' network gives.
PUBLIC_NAMES = "d257682c81897eebc10a2d3ea5754ad2bc4cb04f6dfc46c17b4690367ae5519a"
# What the authors' code makes of `made_up` weights and `scene`: the largest key, the largest
# value, and logits at five places of the second frame.
THEIR_KEY, THEIR_VALUE = 6.17740, 3.54408
THEIR_LOGITS = {
    (0, 0, 0, 0): 0.222889,
    (0, 0, 7, 11): -0.873608,
    (1, 0, 15, 23): 0.185371,
    (1, 0, 3, 20): -0.619913,
    (0, 0, 12, 5): -0.214628,
}


def made_up(shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Return weights drawn for each name in order, such that activations keep their size."""
    rng = np.random.default_rng(0)
    weights = {}
    for name in sorted(shapes):
        shape = shapes[name]
        if name.endswith("num_batches_tracked"):
            weights[name] = torch.tensor(0)
            continue
        if name.endswith("running_var"):
            values = rng.uniform(0.5, 2, shape)
        elif len(shape) == 1:
            values = rng.normal(float("bn" in name and name.endswith("weight")), 0.1, shape)
        else:
            scale = 5.0 if "key_proj" in name else 1.0
            values = scale * rng.normal(0, np.prod(shape[1:]) ** -0.5, shape)
        weights[name] = torch.from_numpy(values).half()
    return weights


def scene() -> tuple[Tensor, Tensor]:
    """Return two frames (2, 3, 64, 96), and the masks (2, 1, 64, 96) of two objects."""
    frames = torch.from_numpy(np.random.default_rng(1).uniform(size=(2, 3, 64, 96))).float()
    masks = torch.zeros(2, 1, 64, 96)
    masks[0, :, 8:40, 10:50] = 1
    masks[1, :, 30:60, 60:90] = 0.75
    return frames, masks


@pytest.fixture(scope="module")
def shapes() -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of our state dict."""
    with torch.device("meta"):
        return {name: tuple(tensor.shape) for name, tensor in STCN().state_dict().items()}


@pytest.fixture(scope="module")
def checkpoint(shapes, tmp_path_factory) -> Iterator[Path]:
    """Return a file as the authors' code would write it."""
    path = tmp_path_factory.mktemp("stcn") / "stcn.pth"
    torch.save(made_up(shapes), path)
    yield path
    path.unlink()  # of 100 MB


def test_the_names_and_shapes_are_those_of_the_public_checkpoint(shapes):
    lines = "\n".join(sorted(f"{name} {shape}" for name, shape in shapes.items()))
    assert len(shapes) == 405
    assert hashlib.sha256(lines.encode()).hexdigest() == PUBLIC_NAMES


def test_it_has_the_published_size():
    with torch.device("meta"):
        assert count_parameters(STCN()) / 1e6 == pytest.approx(54.4, abs=0.05)


@torch.inference_mode()
def test_it_says_what_the_authors_code_says(checkpoint):
    network = load_stcn(checkpoint)
    (first, second), masks = scene()

    before, now = network.encode(first[None]), network.encode(second[None])
    both = Features(*(tensor.expand(2, -1, -1, -1) for tensor in before))
    value = network.memorize(both, first.expand(2, -1, -1, -1), masks, masks.flip(0))
    weights = affinity(before.key.flatten(2), now.key.flatten(2), 20)
    read = readout(weights.expand(2, -1, -1), value.flatten(2), now.key.shape[-2:])
    both = Features(*(tensor.expand(2, -1, -1, -1) for tensor in now))
    logits, features = network.decode(read, both)

    assert features.shape == (2, 256, 16, 24)
    assert before.key.max().item() == pytest.approx(THEIR_KEY, rel=1e-4)
    assert value.max().item() == pytest.approx(THEIR_VALUE, rel=1e-4)
    for place, logit in THEIR_LOGITS.items():
        assert logits[place].item() == pytest.approx(logit, abs=1e-3)


def test_a_checkpoint_of_single_objects_takes_others_as_nothing(shapes, tmp_path):
    weights = made_up(shapes)
    stem = weights["value_encoder.conv1.weight"]
    weights["value_encoder.conv1.weight"] = stem[:, :4].clone()
    torch.save(weights, tmp_path / "s0.pth")

    loaded = load_stcn(tmp_path / "s0.pth").value_encoder.conv1.weight

    torch.testing.assert_close(loaded[:, :4].data, stem[:, :4].float())
    assert loaded[:, 4].abs().max() == 0
    (tmp_path / "s0.pth").unlink()  # of 100 MB


@pytest.mark.parametrize("changed", ["key_comp.weight", "decoder.pred.bias"])
def test_a_weight_that_is_missing_or_of_another_shape_is_an_error(shapes, tmp_path, changed):
    weights = {name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}
    for bad in (None, torch.zeros(3)):
        torch.save(
            {n: t for n, t in (weights | {changed: bad}).items() if t is not None},
            tmp_path / "odd.pth",
        )
        with pytest.raises(UserError, match=r"odd\.pth is no checkpoint of STCN"):
            load_stcn(tmp_path / "odd.pth")


def test_a_file_to_resume_training_from_is_named(shapes, tmp_path):
    network = {name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}
    torch.save({"it": 3, "network": network, "optimizer": {}}, tmp_path / "a_checkpoint.pth")
    with pytest.raises(UserError, match=r"a_checkpoint\.pth is no checkpoint of STCN"):
        load_stcn(tmp_path / "a_checkpoint.pth")


@pytest.mark.parametrize("content", [b"", b"junk", b"\x80\x02junk", b"PK\x03\x04"])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    (tmp_path / "bad.pth").write_bytes(content)
    with pytest.raises(UserError, match=r"bad\.pth is no checkpoint of STCN"):
        load_stcn(tmp_path / "bad.pth")


def test_a_checkpoint_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"no STCN checkpoint at .*none\.pth"):
        load_stcn(tmp_path / "none.pth")
