import numpy as np
import pytest

from vos_annotator.rendering.paths import knot_count, spin, through, wander

TIMES = np.linspace(0, 23, 2301)  # a hundred a frame


def test_a_path_leads_through_its_knots():
    knots = np.random.default_rng(0).normal(size=(5, 3))

    curve = through(knots, 25)

    np.testing.assert_allclose(curve(np.linspace(0, 24, 5)), knots, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_a_thing_never_jumps_nor_jerks(seed):
    rng = np.random.default_rng(seed)
    for curve in (wander(rng, 24, 6, (0, 0), (1, 1)), spin(rng, 24, 0.1, bool(seed % 2))):
        way = curve(TIMES)
        speed = np.abs(np.diff(way, axis=0))
        change = np.abs(np.diff(way, 2, axis=0))

        assert speed.max() < 0.05  # a hundredth of a frame
        assert change.max() < 0.002


def test_a_path_of_one_knot_stays_where_it_is():
    curve = through([(1.0, 2.0)], 10)

    assert np.array_equal(curve([0.0, 3.3, 9.0]), [(1.0, 2.0)] * 3)


def test_a_faster_pace_has_more_knots_and_a_short_clip_still_has_two():
    assert knot_count(24, 4) > knot_count(24, 12)
    assert knot_count(2, 100) == 2
