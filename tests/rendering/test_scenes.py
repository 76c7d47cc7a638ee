import numpy as np
import pytest

from vos_annotator.rendering.scenes import Choice, draw_scene

CHOICE = Choice(10, (0, 1), (5, 6, 7, 8, 9))
FRAMES, ASPECT = 24, 1.5


def draw(seed):
    return draw_scene(np.random.default_rng(seed), CHOICE, FRAMES, ASPECT)


def places(body):
    return body.place(np.arange(FRAMES))  # (T, 3): u, v, log depth


@pytest.mark.parametrize("seed", range(20))
def test_the_same_seed_draws_the_same_scene(seed):
    one, other = draw(seed), draw(seed)

    assert len(one.bodies) == len(other.bodies)
    for mine, theirs in zip(one.bodies, other.bodies, strict=True):
        assert (mine.model, mine.tint, mine.cover) == (theirs.model, theirs.tint, theirs.cover)
        np.testing.assert_array_equal(places(mine), places(theirs))
    assert one.room == other.room


def test_another_seed_draws_another_scene():
    assert not np.array_equal(places(draw(0).bodies[0]), places(draw(1).bodies[0]))


@pytest.mark.parametrize("seed", range(20))
def test_a_scene_has_three_to_six_things_before_the_camera(seed):
    bodies = draw(seed).bodies

    assert 3 <= len(bodies) <= 6
    for body in bodies:
        assert 0 <= body.model < CHOICE.count
        nearest = np.exp(places(body)[:, 2]).min()
        assert nearest > body.size + 0.3, "the camera would be inside"


def test_things_leave_the_picture_and_come_back():
    returned = 0
    for seed in range(60):
        for body in draw(seed).bodies:
            is_out = np.abs(places(body)[:, 0]) > ASPECT + 0.1
            returned += is_out.any() and not is_out[0] and not is_out[-1]
    assert returned >= 5


def test_look_alikes_cross():
    crossings = 0
    for seed in range(60):
        bodies = draw(seed).bodies
        if bodies[0].model == bodies[1].model:
            apart = places(bodies[0])[:, 0] - places(bodies[1])[:, 0]
            crossings += apart[0] * apart[-1] < 0
    assert crossings >= 15


def test_about_half_of_the_things_bend():
    bends = [
        np.ptp(body.bend(np.arange(24.0))) > 0 for seed in range(40) for body in draw(seed).bodies
    ]

    assert 0.35 < np.mean(bends) < 0.65


def test_look_alikes_of_one_colour_are_covered_alike():
    pairs = [draw(seed).bodies[:2] for seed in range(80)]
    alike = [(a, b) for a, b in pairs if a.model == b.model and a.tint == b.tint]

    assert len(alike) > 10
    assert all(a.cover == b.cover for a, b in alike)
    assert any(a.cover is not None for a, _ in alike)
