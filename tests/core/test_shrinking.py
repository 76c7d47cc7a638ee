"""Pictures made small are what the mean of their pixels says."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vos_annotator.core.shrinking import covered, shrunk


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((216, 384), (48, 85)),  # halved once
        ((216, 384), (6, 11)),  # four times
        ((108, 192), (48, 85)),
        ((135, 240), (20, 36)),  # odd: in one go
        ((48, 80), (48, 80)),
    ],
)
def test_a_picture_is_as_its_means_in_one_go_but_for_rounding(size, wanted):
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    at_once = cv2.resize(noise, wanted[::-1], interpolation=cv2.INTER_AREA)
    found = shrunk(noise, wanted)
    assert found.shape == (*wanted, 3)
    # Where a pixel covers a part of one that was halved, half of that has another colour.
    off = np.abs(found.astype(int) - at_once)
    assert off.mean() < 6, "of 85, which two pixels of noise are apart"
    smooth = cv2.GaussianBlur(noise, (0, 0), 4)
    at_once = cv2.resize(smooth, wanted[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk(smooth, wanted).astype(int) - at_once).max() <= 2


@given(st.integers(1, 64), st.integers(1, 64), st.integers(0, 255), st.data())
def test_what_has_one_colour_keeps_it_at_any_size(height, width, colour, data):
    wanted = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    found = shrunk(np.full((height, width, 3), colour, np.uint8), wanted)
    assert found.shape == (*wanted, 3) and (found == colour).all()


@given(
    st.sampled_from([(216, 384, 48, 85), (108, 192, 48, 85), (216, 384, 6, 11), (45, 80, 6, 11)]),
    st.integers(0, 3),
    st.data(),
)
def test_a_part_is_that_part_of_the_whole(sides, more, data):
    height, width, *wanted = sides
    noise = np.random.default_rng(more).integers(0, 256, (height, width + more, 3), np.uint8)
    box = tuple(
        slice(start, data.draw(st.integers(start + 1, side)))
        for side, start in ((side, data.draw(st.integers(0, side - 1))) for side in wanted)
    )
    part, whole = shrunk(noise, tuple(wanted), box), shrunk(noise, tuple(wanted))[box]
    assert np.abs(part.astype(int) - whole).max() <= 1  # by rounding
    assert (part == whole).mean() > 0.9


@given(
    st.sampled_from([(108, 192, 48, 85), (45, 80, 6, 11), (48, 85, 48, 80), (48, 79, 48, 80)]),
    st.data(),
)
def test_of_a_mask_the_share_that_it_covers_is_told_wherever_it_lies(sides, data):
    height, width, *wanted = sides
    mask = np.zeros((height, width), bool)
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    mask[top : top + data.draw(st.integers(0, 40)), left : left + data.draw(st.integers(0, 40))] = 1
    at_once = cv2.resize(
        mask.astype(np.float32), (wanted[1], wanted[0]), interpolation=cv2.INTER_AREA
    )
    found = covered(mask, tuple(wanted))
    np.testing.assert_allclose(found, at_once, atol=1e-5 if height < 4 * wanted[0] else 0.15)
    assert found.sum() == pytest.approx(mask.sum() * found.size / mask.size, abs=0.3)
