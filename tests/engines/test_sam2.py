"""SAM 2 with random weights: what it keeps is bounded, and what does not fit is said."""

import numpy as np
import pytest

pytest.importorskip("sam2")
import torch
from sam2.build_sam import build_sam2

from tests.engine.made_up_weights import make_sam2
from vos_annotator.core.errors import UserError
from vos_annotator.engines.sam2 import SAM2Engine, config_of, load_sam2

SHAPE = (48, 64)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "sam2.1_hiera_tiny.pt"
    make_sam2(path)
    return path


def picture(frame):
    return np.random.default_rng(frame).integers(0, 255, (*SHAPE, 3), dtype=np.uint8)


def test_a_pass_keeps_no_more_than_the_network_reads(checkpoint):
    engine = SAM2Engine(checkpoint, size=60)
    label_map = np.zeros(SHAPE, np.uint8)
    label_map[10:30, 10:40] = 1
    for frame in (0, 40, 50):
        engine.memorize(frame, picture(frame), label_map)
    for frame in range(1, 22):
        engine.segment(frame, picture(frame))

    assert list(engine._pass[1]) == list(range(6, 22))  # as many pointers as it reads
    engine.begin_pass()
    engine.segment(39, picture(39))
    assert list(engine._pass[1]) == [39]


@pytest.mark.parametrize("version", ["2", "2.1"])
@pytest.mark.parametrize("size", ["t", "s"])
def test_which_network_weights_are_of_is_read_off_them(version, size):
    name = f"configs/sam{version}/sam{version}_hiera_{size}.yaml"

    assert config_of(build_sam2(name, device="cpu").state_dict()) == name


@pytest.mark.parametrize("content", [{"model": {}}, {"other": 1}, [1, 2]])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    torch.save(content, tmp_path / "some.pt")

    with pytest.raises(UserError, match=r"some\.pt is no checkpoint of SAM 2"):
        load_sam2(tmp_path / "some.pt", 128, "cpu")


def test_a_checkpoint_that_is_not_there_is_named():
    with pytest.raises(UserError, match=r"no SAM 2 checkpoint at nowhere\.pt"):
        SAM2Engine("nowhere.pt")
