"""Run lengths as pycocotools has them, and polygons that run along the borders of pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from vos_annotator.core.formats.outlines import filled, one_outline, outlines
from vos_annotator.core.formats.rle import decode_rle, encode_rle

MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=24))


@given(MASKS)
def test_run_lengths_are_those_of_pycocotools_and_come_back(mask):
    text = encode_rle(mask)
    theirs = coco.decode({"size": list(mask.shape), "counts": text.encode()})

    np.testing.assert_array_equal(theirs, mask)
    np.testing.assert_array_equal(decode_rle(text, mask.shape), mask)


@pytest.mark.parametrize("size", [(1, 1), (1080, 1920), (4000, 3000)])
def test_long_runs_come_back(size):
    mask = np.zeros(size, bool)
    mask[size[0] // 3 :, : size[1] // 2] = True
    np.testing.assert_array_equal(decode_rle(encode_rle(mask), size), mask)


@given(MASKS)
def test_run_lengths_as_numbers_come_back(mask):
    ends = np.flatnonzero(np.diff(np.r_[False, mask.T.ravel()].astype(int), append=2))
    counts = np.diff(np.r_[0, ends]).tolist()
    np.testing.assert_array_equal(decode_rle(counts, mask.shape), mask)


@given(st.one_of(st.text(), st.lists(st.integers(-(2**70), 2**70))))
def test_what_is_no_mask_is_refused(counts):
    try:
        mask = decode_rle(counts, (5, 7))
    except (ValueError, OverflowError):
        return
    assert mask.shape == (5, 7)


def test_counts_that_come_round_to_the_right_sum_are_refused():
    for counts in ([2**63 - 1, 2**63 - 1, 37], [-35, 70], [36, 0, -1]):
        with pytest.raises((ValueError, OverflowError)):
            decode_rle(counts, (5, 7))


@given(MASKS)
def test_outlines_that_are_not_simplified_are_exact_holes_too(mask):
    parts = outlines(mask, tolerance=0)
    np.testing.assert_array_equal(filled(parts, mask.shape), mask)
    if parts:
        np.testing.assert_array_equal(filled([one_outline(parts)], mask.shape), mask)


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0), (1, 1)],
        [(0, 0), (1e30, 0), (0, 5)],
        [(0, 0), (float("nan"), 0), (0, 5)],
        [(0, 0), (float("inf"), 0), (0, 5)],
        [(0, 0), (0, -500), (0, 5)],
    ],
)
def test_polygons_that_are_none_are_refused(points):
    with pytest.raises(ValueError):
        filled([points], (20, 30))
