"""Heads that read features with signs fit a backbone whose features have none."""

import pytest
import torch
from torch import nn

from vos_annotator.mobilevos.network import NETWORKS, Network
from vos_annotator.training.rectified import halves, rectified


class Sees(nn.Module):
    """A backbone that gives the features it was given, and zeros beyond."""

    def __init__(self, stride4, stride8, stride16):
        super().__init__()
        self.features = stride4, stride8, stride16

    def forward(self, image):
        return self.features


@pytest.fixture
def signed():
    torch.manual_seed(0)
    return Network(NETWORKS["mobilevos-mobilenetv2"]).eval()


def masks_of(network, image, mask):
    features = network.encode(image)
    value = network.memorize(features, image, mask, 1 - mask)
    return features.key, features.query, value, network.decode(value, features)[0]


@torch.inference_mode()
def test_a_backbone_that_shows_the_halves_of_signed_features_gives_the_same_masks(signed):
    image, mask = torch.rand(1, 3, 64, 96), (torch.rand(1, 1, 64, 96) > 0.5).float()
    own = Network(NETWORKS["mobilevos-resnet18"]).eval()
    made = rectified(signed.state_dict(), own.state_dict())
    fitting = {n: w for n, w in made.items() if n in own.state_dict() and "backbone" not in n}
    own.load_state_dict(fitting, strict=False)

    def shown(features, channels):
        split = halves(features)
        beyond = torch.rand(1, channels - split.shape[1], *split.shape[2:])
        return torch.cat([split, beyond], 1)

    widths = own.backbone.channels
    own.backbone = Sees(*map(shown, signed.backbone(signed.normalized(image)), widths))
    with_masks = torch.cat([signed.normalized(image), mask, 1 - mask], 1)
    own.value.backbone = Sees(*map(shown, signed.value.backbone(with_masks), widths))
    for ours, theirs in zip(masks_of(own, image, mask), masks_of(signed, image, mask), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_heads_without_room_for_halves_stay_as_they_were(signed):
    weights = signed.state_dict()
    same = rectified(weights, weights)
    assert all(torch.equal(same[name], weight) for name, weight in weights.items())
