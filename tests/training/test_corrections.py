"""The simulated second stroke goes where a mask is most wrong, and says what is true there."""

import torch

from vos_annotator.training.corrections import correct


def square(top: int, left: int, side: int) -> torch.Tensor:
    mask = torch.zeros(128, 128)
    mask[top : top + side, left : left + side] = 1
    return mask


def test_what_is_missed_most_gets_a_stroke_inside():
    truth = torch.maximum(square(10, 10, 30), square(70, 60, 50))
    inside, outside = correct((square(10, 10, 30) > 0)[None], truth[None])
    assert inside[0, 70:120, 60:110].any()
    assert inside.sum() == inside[0, 70:120, 60:110].sum()
    assert not outside.any()
    assert 0 < inside.mean() < 0.1


def test_what_is_too_much_gets_a_stroke_outside_though_a_little_is_missed_elsewhere():
    truth = square(10, 10, 40)
    mask = torch.maximum(square(10, 10, 36), square(70, 70, 40))
    inside, outside = correct((mask > 0)[None], truth[None])
    assert outside[0, 70:110, 70:110].any()
    assert not (outside[0] * truth).any()
    assert not inside.any()


def test_objects_are_corrected_each_for_itself_and_a_right_one_not_at_all():
    truth = torch.stack([square(10, 10, 40), square(60, 60, 40)])
    mask = torch.stack([square(10, 10, 40), square(60, 60, 10)]) > 0
    inside, outside = correct(mask, truth)
    assert not inside[0].any() and not outside.any()
    assert inside[1].any()
