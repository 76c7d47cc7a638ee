"""Every loss against numbers worked out by hand or in float64, and that it teaches."""

import numpy as np
import pytest
import torch

from vos_annotator.training.distillation import (
    border_band,
    correlation,
    hint_loss,
    logit_loss,
    pick,
    representation_loss,
    sample_pixels,
)
from vos_annotator.training.losses import cross_entropy, dice

RNG = np.random.default_rng(0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_losses_are_least_where_the_mask_is_right():
    target = torch.zeros(1, 32, 32)
    target[:, 8:20, 8:20] = 1
    right, wrong = (target - 0.5) * 20, (0.5 - target) * 20
    assert dice(right, target) < 0.01 < 0.9 < dice(wrong, target)
    assert cross_entropy(right, target, 0.2) < 1e-3
    assert cross_entropy(wrong, target, 0.2) > 5


def test_bootstrapping_counts_the_hardest_pixels_only():
    log_odds, target = torch.full((1, 10, 10), -8.0), torch.zeros(1, 10, 10)
    target[0, 0, 0] = 1  # one of a hundred pixels is wrong, by 8
    assert cross_entropy(log_odds, target, 0.01).item() == pytest.approx(8, abs=0.01)
    assert cross_entropy(log_odds, target, 1).item() == pytest.approx(0.08, abs=0.01)


@pytest.mark.parametrize("poly", [0.0, 1.0])
def test_cross_entropy_equals_its_definition_in_float64(poly):
    log_odds, target = RNG.normal(0, 3, (2, 9, 7)), RNG.integers(0, 2, (2, 9, 7))
    p = np.where(target, sigmoid(log_odds), 1 - sigmoid(log_odds))
    expected = (-np.log(p) + poly * (1 - p)).reshape(2, -1)
    hardest = np.sort(expected, axis=1)[:, -12:].mean(1)  # a fifth of 63
    ours = cross_entropy(torch.tensor(log_odds), torch.tensor(target), 0.2, poly)
    np.testing.assert_allclose(ours, hardest, rtol=1e-5)


def test_the_poly_term_has_a_gradient_of_its_own():
    log_odds = torch.tensor([[[2.0]]], requires_grad=True)
    slopes = []
    for poly in (0.0, 1.0):
        (slope,) = torch.autograd.grad(
            cross_entropy(log_odds, torch.ones(1, 1, 1), 1, poly).sum(), log_odds
        )
        slopes.append(slope.item())
    p = sigmoid(2.0)
    assert slopes[1] - slopes[0] == pytest.approx(-p * (1 - p), rel=1e-4)


def definition(student: np.ndarray, teacher: np.ndarray, labels: np.ndarray, omega: float):
    """L_repr as the paper writes it, in float64, without its factor 1/|C_s|."""

    def cosines(z: np.ndarray) -> np.ndarray:
        z = z / np.linalg.norm(z, axis=1, keepdims=True)
        return z @ z.T

    c_s, y = cosines(student), np.eye(labels.max() + 1)[labels]
    c_ty = omega * cosines(teacher) + (1 - omega) * y @ y.T
    return np.log2((c_s**2).sum()) - np.log2(((c_s * c_ty) ** 2).sum())


@pytest.mark.parametrize("omega", [0.0, 0.5, 0.9, 1.0])
def test_the_representation_loss_equals_its_definition_in_float64(omega):
    student, teacher = RNG.normal(size=(2, 60, 8)), RNG.normal(size=(2, 60, 20))
    labels = RNG.integers(0, 3, (2, 60))
    ours = representation_loss(
        torch.tensor(student), torch.tensor(teacher), torch.tensor(labels), omega
    )
    expected = [definition(*each, omega) for each in zip(student, teacher, labels, strict=True)]
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


def test_without_a_teacher_the_representation_loss_is_supervised_contrastive_learning():
    # Two labels of equal size. Alike within a label: the better, the less alike across them.
    labels = torch.arange(2).repeat_interleave(10)[None]

    def loss(across: float) -> float:
        directions = torch.tensor([[1.0, 0.0], [across, (1 - across**2) ** 0.5]])
        return representation_loss(directions[labels], None, labels, omega=0).item()

    assert loss(0.0) == pytest.approx(0)
    assert loss(1.0) == pytest.approx(1)  # half of all pairs share a label: log2 of 2
    assert loss(0.5) == pytest.approx(np.log2(1.25))


def test_orthogonal_features_cannot_hide_from_the_representation_loss():
    few = torch.eye(8)[None]  # as many pixels as channels: all orthogonal
    with pytest.raises(ValueError, match="too few"):
        representation_loss(few, few, None, omega=1)
    # With more pixels than channels some must share a direction, and that shows.
    many, teacher = torch.eye(8).repeat(4, 1)[None], torch.randn(1, 32, 16)
    assert representation_loss(many, teacher, None, omega=1).item() > 0.5


def test_the_representation_loss_ignores_how_long_features_are():
    student, teacher = torch.randn(1, 40, 6), torch.randn(1, 40, 9)
    scaled = student * torch.rand(1, 40, 1).add(0.1)
    torch.testing.assert_close(
        representation_loss(student, teacher, None, 1),
        representation_loss(scaled, teacher, None, 1),
    )


def test_correlations_stay_in_float32_under_autocast():
    features = torch.randn(1, 64, 16).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        loss = representation_loss(features, features, None, 1)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, representation_loss(features.float(), features, None, 1))


def test_learning_by_the_representation_loss_makes_correlations_like_the_teachers():
    torch.manual_seed(0)
    teacher = torch.randn(1, 6, 12).repeat_interleave(10, 1) + 0.1 * torch.randn(1, 60, 12)
    student = torch.randn(1, 60, 8, requires_grad=True)
    optimizer = torch.optim.Adam([student], 0.05)

    def distance() -> float:
        return (correlation(student).square() - correlation(teacher).square()).abs().mean().item()

    before = distance()
    for _ in range(200):
        optimizer.zero_grad()
        representation_loss(student, teacher, None, 1).sum().backward()
        optimizer.step()
    assert distance() < 0.6 * before


def test_the_logit_loss_equals_kl_near_borders_alone():
    student, teacher = RNG.normal(0, 2, (2, 6, 5)), RNG.normal(0, 2, (2, 6, 5))
    band = RNG.integers(0, 2, (2, 6, 5)).astype(bool)
    p, q = sigmoid(teacher / 2), sigmoid(student / 2)
    kl = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    ours = logit_loss(*(torch.tensor(each) for each in (student, teacher, band)), temperature=2.0)
    assert ours.item() == pytest.approx(4 * kl[band].mean(), rel=1e-5)


def test_the_logit_loss_teaches_the_student_only_and_is_nothing_where_they_agree():
    student = torch.randn(1, 6, 6, requires_grad=True)
    teacher = torch.randn(1, 6, 6, requires_grad=True)
    band = torch.ones(1, 6, 6, dtype=torch.bool)
    logit_loss(student, teacher, band).backward()
    assert student.grad.abs().sum() > 0
    assert teacher.grad is None
    assert logit_loss(teacher, teacher, band).item() == pytest.approx(0, abs=1e-6)
    assert logit_loss(student, teacher, ~band).item() == 0


def test_a_border_band_follows_the_border_and_is_empty_without_one():
    masks = torch.zeros(2, 20, 20)
    masks[0, :, 10:] = 1
    band = border_band(masks, radius=2)
    assert band[0].any(0).nonzero().flatten().tolist() == [8, 9, 10, 11]
    assert not band[1].any()


def test_pixels_are_drawn_near_borders_while_there_are_any():
    band = torch.zeros(1, 20, 20, dtype=torch.bool)
    band[0, 5] = True
    generator = torch.Generator().manual_seed(0)
    drawn = sample_pixels(band, 18, True, generator)[0]
    assert band.flatten()[drawn].float().mean() > 0.9
    assert len(drawn.unique()) == 18
    anywhere = sample_pixels(band, 200, False, generator)[0]
    assert band.flatten()[anywhere].float().mean() < 0.2
    assert sample_pixels(band, 10_000, True, generator).shape == (1, 400)


def test_picked_features_are_those_of_their_positions():
    features = torch.arange(24.0).reshape(1, 2, 3, 4)
    assert pick(features, torch.tensor([[5, 0]])).tolist() == [[[5.0, 17.0], [0.0, 12.0]]]


def test_a_hint_counts_each_channel_by_its_own_variance():
    theirs = RNG.normal(0, [[[[1.0]], [[10.0]]]], (3, 2, 8, 8))
    ours = theirs + np.array([0.5, 5.0]).reshape(1, 2, 1, 1)
    variance = theirs.var((0, 2, 3), ddof=1)
    expected = (np.array([0.5, 5.0]) ** 2 / variance).mean()
    flat = np.broadcast_to(theirs.mean((0, 2, 3), keepdims=True), theirs.shape)

    ours, theirs, flat = (torch.tensor(each.copy()) for each in (ours, theirs, flat))
    assert hint_loss([ours], [theirs]).item() == pytest.approx(expected, rel=1e-5)
    assert hint_loss([theirs], [theirs]).item() == 0
    assert hint_loss([flat], [theirs]).item() == pytest.approx(1, abs=0.01)


def test_a_backbone_without_signs_is_shown_what_is_above_zero_and_what_is_below():
    theirs = torch.tensor(RNG.normal(0.3, 1, (2, 4, 6, 6)))
    ours = torch.cat([theirs.clamp_min(0), (-theirs).clamp_min(0), torch.ones(2, 3, 6, 6)], 1)
    assert hint_loss([ours], [theirs]).item() == 0
    nothing = torch.zeros_like(ours)
    about_zero = (theirs.square().mean((0, 2, 3)) / theirs.var((0, 2, 3))).mean()
    assert hint_loss([nothing], [theirs]).item() == pytest.approx(about_zero.item(), rel=1e-5)
