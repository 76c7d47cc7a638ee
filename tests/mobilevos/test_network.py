"""The networks: their sizes, their shapes, and how objects compete."""

import pytest
import torch

from vos_annotator.mobilevos.backbones import count_parameters
from vos_annotator.mobilevos.memory import readout
from vos_annotator.mobilevos.network import NETWORKS, Network, aggregate
from vos_annotator.mobilevos.similarity import affinity

PUBLISHED = {  # millions of parameters, MobileVOS, CVPR 2023, table 1
    "mobilevos-resnet18": 8.1,
    "mobilevos-mobilenetv2-aspp": 2.5,
    "mobilevos-mobilenetv2": 1.9,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_student_has_the_published_size(name):
    assert count_parameters(Network(NETWORKS[name])) / 1e6 == pytest.approx(
        PUBLISHED[name], rel=0.1
    )


@pytest.mark.parametrize("name", NETWORKS)
@torch.inference_mode()
def test_every_student_goes_from_a_mask_to_logits_of_the_next_frame(name):
    network = Network(NETWORKS[name]).eval()
    image, mask = torch.rand(1, 3, 64, 96), torch.zeros(1, 1, 64, 96)
    features = network.encode(image)
    value = network.memorize(features, image, mask, mask)
    key = features.key.flatten(2)
    read = readout(affinity(key, key), value.flatten(2), value.shape[2:])
    logits, classified = network.decode(read, features)

    assert features.key.shape == (1, 64, 4, 6)
    assert value.shape == features.query.shape
    assert logits.shape == (1, 1, 16, 24)
    assert classified.shape[2:] == logits.shape[2:]
    assert logits.isfinite().all()


def test_objects_compete_as_in_the_published_soft_aggregation():
    logits = torch.randn(3, 5, 7)
    probability = logits.sigmoid()
    background = (1 - probability).prod(0, keepdim=True)
    odds = torch.cat([background, probability]).clamp(1e-7, 1 - 1e-7)
    odds = odds / (1 - odds)
    expected = odds / odds.sum(0)

    log_odds = aggregate(logits)

    ours = torch.cat([torch.zeros(1, 5, 7), log_odds]).softmax(0)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)


def test_one_object_keeps_its_own_sign():
    logits = torch.tensor([[-4.0, -0.1, 0.1, 4.0]])
    assert (aggregate(logits).sign() == logits.sign()).all()


def test_a_mask_travels_with_the_affinity_before_anything_is_learnt():
    torch.manual_seed(0)
    network = Network(NETWORKS["mobilevos-fast"]).eval()
    image = torch.rand(1, 3, 64, 64)
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., :32] = 1
    with torch.inference_mode():
        value = network.memorize(network.encode(image), image, mask, torch.zeros_like(mask))
    assert value[0, -2, :, 0].eq(1).all()
    assert value[0, -2, :, 3].eq(-1).all()
