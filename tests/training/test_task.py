"""What a batch teaches: every loss reaches every weight, and no teacher learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.heads import Features
from vos_annotator.mobilevos.memory import MemoryFrame, read_frames
from vos_annotator.mobilevos.network import Network, NetworkConfig, aggregate
from vos_annotator.mobilevos.readings import HANDICAP
from vos_annotator.training.recipe import Losses, Recipe, Stage, TeacherRecipe
from vos_annotator.training.task import Task, check_hints
from vos_annotator.training.teachers import FeatureTeacher, Teacher
from vos_annotator.training.unroll import Batch, Unroll, compete, others_of

SMALL = NetworkConfig(value_dim=16, decoder=(16, 8, 8))
LARGER = NetworkConfig(value_dim=32, decoder=(32, 16, 16))


class Patches(torch.nn.Module):
    """A feature teacher that needs no file: the mean colour of each position."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(images, 16)


@pytest.fixture
def batch() -> Batch:
    """Two clips of three frames at 160 x 160, the first with two objects."""
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.random((3, 2, 3, 160, 160), np.float32))
    masks = torch.zeros(3, 3, 160, 160)
    for t in range(3):
        masks[t, 0, 20:60, 20 + 10 * t : 70 + 10 * t] = 1
        masks[t, 1, 90:140, 60:120] = 1
        masks[t, 2, 40:120, 30:90] = 1
    strokes = torch.zeros(2, 3, 160, 160)
    strokes[0, :, 45:50, 62:70], strokes[1, :, 2:6, 2:100] = 1, 1
    strokes[0, 1] = 0
    strokes[0, 1, 100:110, 70:90] = 1
    return Batch(images, masks, torch.tensor([0, 0, 1]), strokes, torch.tensor([False] * 3))


def losses(**weights: float) -> Losses:
    return Losses(**weights)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (losses(), {"tracking", "scribble"}),
        (losses(scribble=0), {"tracking"}),
        (losses(logit=1), {"tracking", "scribble", "logit"}),
        (losses(representation=1, omega=0), {"tracking", "scribble", "representation"}),
        (losses(representation=1, omega=1, logit=1), {"logit", "representation"}),
        (losses(features=1), {"features"}),
    ],
)
def test_every_weight_learns_from_the_losses_that_are_asked_for(batch, asked, names):
    torch.manual_seed(0)
    network, teacher = Network(SMALL), Teacher(Network(LARGER))
    task = Task(network, asked, 2, teacher, FeatureTeacher(Patches()))
    loss, parts = task(batch, 1.0)
    loss.backward()
    assert names <= parts.keys()
    assert all(torch.isfinite(part) for part in parts.values())
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
    assert all(parameter.grad is None for parameter in teacher.network.parameters())
    assert {id(p) for p in task.parameters()} == {id(p) for p in network.parameters()}


def test_hints_alone_teach_the_backbone_what_the_teacher_sees(batch):
    torch.manual_seed(0)
    network = Network(replace(SMALL, backbone="mobilenet_v2_fused"))
    teacher = Teacher(Network(SMALL))
    task = Task(network, losses(tracking=0, scribble=0, hint=1), 2, teacher)
    loss, parts = task(batch, 1.0)
    loss.backward()
    assert parts.keys() == {"hint"}
    taught = {n.partition(".")[0] for n, p in network.named_parameters() if p.grad is not None}
    assert taught == {"backbone"}


@pytest.mark.parametrize(
    ("student", "teacher", "fits"),
    [
        ("mobilenet_v2_fused", "mobilenet_v2", True),
        ("resnet18", "efficientnet_lite2", True),  # room for the halves of each
        ("mobilenet_v2", "efficientnet_lite2", False),
        ("mobilenet_v2", "resnet18", False),
    ],
)
def test_hints_are_refused_where_the_loss_could_not_be_computed_and_nowhere_else(
    batch, student, teacher, fits
):
    network, known = Network(replace(SMALL, backbone=student)), replace(SMALL, backbone=teacher)
    hints = Recipe((Stage(steps=1, losses=losses(hint=1)),), teacher=TeacherRecipe(teacher))
    asked = Teacher(Network(known))
    task = Task(network, losses(tracking=0, scribble=0, hint=1), 2, asked)
    if fits:
        check_hints(network, asked, hints)
        task(batch, 1.0)
        return
    with pytest.raises(UserError, match="cannot learn from hints"):
        check_hints(network, asked, hints)
    with pytest.raises(RuntimeError):
        task(batch, 1.0)


def test_strokes_are_learnt_in_every_so_many_steps_and_count_as_much_in_all(batch):
    torch.manual_seed(0)
    network = Network(SMALL)
    always, rarely = (Task(network, losses(scribble_every=n)) for n in (1, 3))
    totals, names = [], []
    with torch.no_grad():
        each = always(batch, 1.0)
        for step in range(6):
            total, parts = rarely(batch, 1.0, step=step)
            totals.append(total.item())
            names.append("scribble" in parts)
    assert names == [True, False, False] * 2
    assert sum(totals) / 6 == pytest.approx(each[0].item(), rel=1e-5)


@pytest.mark.parametrize("name", ["logit", "representation", "features", "scribble", "hint"])
def test_each_loss_alone_moves_the_network(batch, name):
    torch.manual_seed(0)
    network = Network(SMALL)
    task = Task(
        network, losses(**{name: 1.0}), 2, Teacher(Network(LARGER)), FeatureTeacher(Patches())
    )

    def gradient(weight: float) -> torch.Tensor:
        network.zero_grad()
        asked = losses(**({"scribble": 0.0} | {name: weight}))
        task.losses = asked
        task(batch, 1.0, torch.Generator().manual_seed(1))[0].backward()
        return network.backbone.stem.weight.grad.clone()

    assert (gradient(1.0) - gradient(0.0)).abs().max() > 0


def test_the_teacher_is_told_the_masks_of_the_frames_between(batch):
    torch.manual_seed(0)
    teacher = Teacher(Network(LARGER))
    before = teacher.propagate(batch)
    batch.masks[1] = 0  # told otherwise of frame 1, it says something else of frame 2
    after = teacher.propagate(batch)
    torch.testing.assert_close(before[0].log_odds, after[0].log_odds)
    assert (before[1].log_odds - after[1].log_odds).abs().max() > 1e-4


def test_a_last_frame_that_is_given_teaches_nothing(batch):
    torch.manual_seed(0)
    task = Task(Network(SMALL), losses(scribble=0.0))
    keyed = Batch(batch.images, batch.masks, batch.owner, batch.strokes, torch.tensor([True] * 3))
    expected = task._segmentation(
        Unroll(task.network, keyed).propagate()[0], keyed.masks[1], 1.0
    ).mean()
    loss, _ = task(keyed, 1.0)
    assert loss.item() == pytest.approx(expected.item() / 2, rel=1e-5)


@pytest.mark.parametrize("keyed", [[False] * 3, [True, True, False], [True] * 3])
def test_a_last_frame_is_made_a_value_only_for_the_pairs_that_read_it(batch, keyed):
    torch.manual_seed(0)
    network, seen = Network(SMALL).eval(), []
    network.value.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    Unroll(network, replace(batch, keyed=torch.tensor(keyed))).propagate()
    assert sum(seen) == 2 * 3 + sum(keyed)  # of the first frame, of the second, and of the last


def test_only_pairs_whose_last_frame_is_given_read_it(batch):
    torch.manual_seed(0)
    network, keyed = Network(SMALL).eval(), torch.tensor([True, True, False])

    def said(keyed: torch.Tensor) -> torch.Tensor:
        return Unroll(network, replace(batch, keyed=keyed)).propagate()[0].log_odds

    nobody, some, all_of_them = said(keyed & False), said(keyed), said(keyed | True)
    torch.testing.assert_close(some[2], nobody[2])
    torch.testing.assert_close(some[:2], all_of_them[:2])
    assert (some[:2] - nobody[:2]).abs().max() > 1e-4


@pytest.mark.parametrize(("memory", "differs"), [(1, False), (2, True), (0, True)])
def test_the_memory_bounds_what_a_frame_reads(batch, memory, differs):
    torch.manual_seed(0)
    network = Network(SMALL).eval()
    told = Unroll(network, batch).propagate(memory, is_told=True)[-1].log_odds
    batch.masks[1] = 1 - batch.masks[1]
    changed = Unroll(network, batch).propagate(memory, is_told=True)[-1].log_odds
    assert bool((told - changed).abs().max() > 1e-5) == differs


@pytest.mark.parametrize("top_k", [0, 30])
@pytest.mark.parametrize("is_told", [False, True])
def test_frames_are_read_as_the_engine_reads_them(batch, top_k, is_told):
    torch.manual_seed(0)
    network = Network(SMALL).eval()
    unroll = Unroll(network, batch)
    unroll.features = [  # a network that learnt nothing finds many positions equally near
        each._replace(key=each.key + torch.randn_like(each.key)) for each in unroll.features
    ]
    steps = unroll.propagate(2, is_told, top_k)
    between = batch.masks[1] if is_told else steps[0].at_full_size().sigmoid()
    entries = []
    for t, masks in enumerate((batch.masks[0], between)):
        features, image = unroll.features[t], batch.images[t][batch.owner]
        others = others_of(masks, batch.owner, 2)
        value = network.memorize(features, image, masks[:, None], others[:, None]).flatten(2)
        entries.append((features.key.flatten(2), value))
    features = unroll.features[2]
    logits = []
    for pair in range(len(batch.owner)):
        frames = [MemoryFrame(key[pair : pair + 1], {1: v[pair : pair + 1]}) for key, v in entries]
        biases = [0.0, 0.0 if is_told else HANDICAP]
        reading = read_frames(features.key[pair : pair + 1], frames, biases, top_k or 10**6)
        reading.look_up()
        read = reading.read(1)
        logits.append(network.decode(read, Features(*(x[pair : pair + 1] for x in features)))[0])
    expected = compete(torch.cat(logits)[:, 0], batch.owner, 2)
    torch.testing.assert_close(steps[1].log_odds, expected, rtol=1e-3, atol=1e-3)


def test_a_task_reads_as_many_positions_as_its_stage_says(batch):
    torch.manual_seed(0)
    network, asked = Network(SMALL).eval(), losses(scribble=0.0)
    few, many = (Task(network, asked, top_k=k)(batch, 1.0)[0].item() for k in (2, 0))
    assert few != many


def test_objects_compete_within_their_clip_only():
    logits = torch.randn(3, 4, 4)
    owner = torch.tensor([0, 0, 1])
    together = compete(logits, owner, 2)
    alone = compete(logits[2:], torch.tensor([0]), 1)
    torch.testing.assert_close(together[2:], alone)
    assert (together[:2].sigmoid().sum(0) <= 1 + 1e-5).all()


@pytest.mark.parametrize("own", [-10.0, -2.0, 2.0, 7.0, 9.0, 10.0])
@pytest.mark.parametrize("rivals", [(), (-9.0,), (3.0,), (9.0, -3.0)])
def test_objects_compete_as_in_the_engine_however_sure_of_them_the_network_is(own, rivals):
    logits = torch.tensor([own, *rivals])[:, None, None].requires_grad_()
    chances = F.pad(aggregate(logits), (0, 0, 0, 0, 1, 0)).double().log_softmax(0)
    expected = chances[1] - torch.cat([chances[:1], chances[2:]]).logsumexp(0)
    found = compete(logits, torch.zeros(len(logits), dtype=torch.long), 1)[0]
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=0.01)
    wanted, given = (torch.autograd.grad(each.sum(), logits)[0] for each in (expected, found))
    torch.testing.assert_close(given, wanted, rtol=0, atol=0.02)


def test_the_others_of_an_object_are_those_of_its_clip():
    masks = torch.eye(3)[:, None, :].repeat(1, 2, 1)
    others = others_of(masks, torch.tensor([0, 0, 1]), 2)
    assert torch.equal(others[0], masks[1])
    assert torch.equal(others[2], torch.zeros(2, 3))
