"""Operations on masks: what they keep, what they take, and what they leave alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from vos_annotator.core import shapes

SIZES = st.integers(1, 6)
MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24))
LABEL_MAPS = arrays(np.uint8, (12, 16), elements=st.integers(0, 3))
EVERY = {
    "grow": lambda mask: shapes.grow(mask, 2),
    "shrink": lambda mask: shapes.shrink(mask, 2),
    "fill_holes": shapes.fill_holes,
    "drop_specks": lambda mask: shapes.drop_specks(mask, 5),
    "keep_largest": shapes.keep_largest,
    "smooth": lambda mask: shapes.smooth(mask, 3),
}


def disc(shape, center, radius):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(rows - center[0], columns - center[1]) <= radius


@pytest.mark.parametrize("operation", EVERY.values(), ids=EVERY)
@given(mask=MASKS)
@settings(max_examples=40)
def test_an_operation_gives_a_fresh_mask_of_the_same_size_and_leaves_its_own_alone(operation, mask):
    before = mask.copy()
    after = operation(mask)

    assert after.shape == mask.shape
    assert after.dtype == bool
    assert not np.shares_memory(after, mask)
    assert (mask == before).all()


@pytest.mark.parametrize("operation", EVERY.values(), ids=EVERY)
@pytest.mark.parametrize("value", [False, True])
def test_nothing_stays_nothing_and_a_full_frame_stays_full(operation, value):
    mask = np.full((9, 11), value)
    assert (operation(mask) == value).all()


@pytest.mark.parametrize("operation", EVERY.values(), ids=EVERY)
@given(label_map=LABEL_MAPS)
@settings(max_examples=40)
def test_no_operation_touches_another_object(operation, label_map):
    after = shapes.with_mask(label_map, 1, operation(label_map == 1))

    for other in (2, 3):
        assert ((after == other) == (label_map == other)).all()


@given(mask=MASKS, size=SIZES)
@settings(max_examples=60)
def test_growing_takes_exactly_the_pixels_within_reach(mask, size):
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
    expected = np.zeros_like(mask)
    for y, x in np.argwhere(mask):
        expected |= (rows - y) ** 2 + (columns - x) ** 2 <= size * size

    assert (shapes.grow(mask, size) == expected).all()


@given(mask=MASKS, size=SIZES)
@settings(max_examples=60)
def test_shrinking_an_object_is_growing_what_is_around_it(mask, size):
    assert (shapes.shrink(mask, size) == ~shapes.grow(~mask, size)).all()


@given(mask=MASKS)
def test_filling_dropping_and_keeping_twice_is_once(mask):
    for name in ("fill_holes", "drop_specks", "keep_largest"):
        once = EVERY[name](mask)
        assert (EVERY[name](once) == once).all()


@given(mask=MASKS)
def test_filling_only_gives_and_cleaning_only_takes(mask):
    assert (shapes.fill_holes(mask) >= mask).all()
    assert (shapes.drop_specks(mask, 4) <= mask).all()
    assert (shapes.keep_largest(mask) <= mask).all()


def test_a_hole_is_filled_but_a_bay_at_the_border_of_the_frame_is_not():
    mask = np.ones((10, 10), bool)
    mask[4:6, 4:6] = False
    mask[0:3, 8] = False
    after = shapes.fill_holes(mask)

    assert after[4:6, 4:6].all()
    assert not after[0:3, 8].any()


def test_specks_go_and_parts_that_are_large_enough_stay():
    mask = np.zeros((20, 20), bool)
    mask[2:4, 2:4] = mask[10:15, 10:15] = True

    assert shapes.drop_specks(mask, 4).sum() == 29
    assert shapes.drop_specks(mask, 5).sum() == 25
    assert (shapes.keep_largest(mask) == shapes.drop_specks(mask, 5)).all()


def test_an_object_that_leaves_the_picture_is_not_shrunk_from_there():
    mask = np.zeros((20, 20), bool)
    mask[5:15, :8] = True
    after = shapes.shrink(mask, 2)

    assert after[7:13, 0].all()
    assert not after[:, 6:].any()


def test_smoothing_takes_a_hair_and_a_notch_and_hardly_changes_a_disc():
    clean = disc((60, 60), (30, 30), 18)
    rough = clean.copy()
    rough[30, 48:56] = True
    rough[12:18, 30] = False

    after = shapes.smooth(rough, 6)

    assert not after[30, 49:].any()
    assert after[14:18, 30].all()
    assert (after & clean).sum() / (after | clean).sum() > 0.95


def test_smoothing_keeps_an_object_that_is_cut_by_the_frame():
    mask = np.zeros((40, 40), bool)
    mask[:, :20] = True

    assert (shapes.smooth(mask, 8) == mask).all()


def test_between_two_shapes_the_ends_are_the_shapes_themselves():
    first, last = disc((50, 80), (20, 20), 8), disc((50, 80), (30, 55), 14)

    assert (shapes.between(first, last, 0) == first).all()
    assert (shapes.between(first, last, 1) == last).all()


def test_half_way_a_thing_that_moved_and_grew_is_in_the_middle_and_half_grown():
    first, last = disc((60, 100), (20, 20), 8), disc((60, 100), (36, 70), 16)
    expected = disc((60, 100), (28, 45), 12)
    half = shapes.between(first, last, 0.5)

    assert (half & expected).sum() / (half | expected).sum() > 0.95


def test_between_something_and_nothing_is_nothing():
    nothing = np.zeros((20, 20), bool)
    assert not shapes.between(disc((20, 20), (10, 10), 5), nothing, 0.3).any()
    assert not shapes.between(nothing, nothing, 0.3).any()
