"""What a stage freezes stays as it is, and what does not learns."""

from dataclasses import replace

import pytest
import torch

from tests.training.test_task import SMALL, Patches, batch  # noqa: F401
from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.network import NETWORKS, Network
from vos_annotator.training.freezing import freeze
from vos_annotator.training.recipe import Losses, Stage
from vos_annotator.training.task import Task
from vos_annotator.training.teachers import FeatureTeacher, Teacher

RESNET = replace(NETWORKS["mobilevos-resnet18"], aspp=False)
EARLY = ("backbone.stem.", "backbone.norm.", "backbone.layer1.")
ALONE = {"tracking": 0.0, "scribble": 0.0}
LOSSES = {
    "tracking": Losses(scribble=0.0),
    "strokes": Losses(tracking=0.0),
    "hints": Losses(**ALONE, hint=1.0),
    "features": Losses(**ALONE, features=1.0),
}


@pytest.mark.parametrize("asked", LOSSES)
@pytest.mark.parametrize("what", ["nothing", "stem", "late"])
def test_whatever_may_learn_is_reached_by_a_loss(batch, asked, what):  # noqa: F811
    torch.manual_seed(0)  # several processes wait for the gradients of all that may learn
    network, losses = Network(SMALL), LOSSES[asked]
    freeze(network, Stage(steps=1, freeze=what, losses=losses))
    task = Task(network, losses, 2, Teacher(Network(SMALL)), FeatureTeacher(Patches()))
    task(batch, 1.0)[0].backward()
    for name, parameter in network.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name


@pytest.mark.parametrize("what", ["nothing", "stem", "backbone", "late"])
def test_freezing_holds_weights_and_norms_of_what_it_names(what):
    torch.manual_seed(0)
    network = Network(RESNET).train()
    freeze(network, Stage(steps=1, freeze=what))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    image, mask = torch.rand(2, 3, 64, 64), torch.rand(2, 1, 64, 64)
    features = network.encode(image)
    value = network.memorize(features, image, mask, 1 - mask)
    network.decode(value, features)[0].sum().backward()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.grad is not None:
                parameter -= parameter.grad.sign()
    learns = {
        "nothing": lambda name: True,
        "stem": lambda name: not name.startswith(EARLY),
        "backbone": lambda name: not name.startswith("backbone."),
        "late": lambda name: name.startswith(EARLY),
    }[what]
    changed = {n for n, value in network.state_dict().items() if not torch.equal(value, before[n])}
    assert changed == {n for n in before if learns(n) and not n.startswith("key.")}


def test_a_stage_in_which_nothing_would_learn_is_refused():
    hints = LOSSES["hints"]
    with pytest.raises(UserError, match='the stage "sight"'):
        freeze(Network(SMALL), Stage("sight", steps=1, freeze="backbone", losses=hints))
