"""J, F and their statistics against values by hand and a slow, literal second opinion."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from vos_annotator.evaluation.metrics import (
    Statistics,
    boundary,
    contour_accuracy,
    region_similarity,
)

shapes = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14)
pairs = shapes.flatmap(lambda shape: st.tuples(arrays(np.bool_, shape), arrays(np.bool_, shape)))


def square(top, left, side=40, shape=(120, 160)):
    mask = np.zeros(shape, bool)
    mask[top : top + side, left : left + side] = True
    return mask


def literal_contour_accuracy(truth, result):
    """F word for word: every boundary pixel looks for one of the other within the radius."""

    def pixels(mask):
        height, width = mask.shape
        found = []
        for y in range(height):
            for x in range(width):
                below, right = min(y + 1, height - 1), min(x + 1, width - 1)
                # At the last row and column only the neighbour that exists is looked at.
                if y == height - 1 and x == width - 1:
                    continue
                neighbours = (mask[y, right], mask[below, x], mask[below, right])
                if any(neighbour != mask[y, x] for neighbour in neighbours):
                    found.append((y, x))
        return np.array(found, np.float64).reshape(-1, 2)

    ours, theirs = pixels(result), pixels(truth)
    if not len(ours) or not len(theirs):
        return float(len(ours) == len(theirs))
    radius = np.ceil(0.008 * np.sqrt(truth.shape[0] ** 2 + truth.shape[1] ** 2))
    distance = np.linalg.norm(ours[:, None] - theirs[None], axis=2)
    precision = (distance.min(1) <= radius + 1e-9).mean()
    recall = (distance.min(0) <= radius + 1e-9).mean()
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@given(pairs)
def test_f_is_what_a_literal_reading_of_the_definition_gives(pair):
    assert contour_accuracy(*pair) == pytest.approx(literal_contour_accuracy(*pair), abs=1e-12)


@given(pairs)
def test_j_is_intersection_over_union(pair):
    truth, result = (set(zip(*np.nonzero(mask), strict=True)) for mask in pair)
    expected = len(truth & result) / len(truth | result) if truth | result else 1
    assert region_similarity(*pair) == pytest.approx(expected, abs=1e-12)


@given(pairs)
def test_both_measures_are_symmetric_and_full_marks_for_the_truth_itself(pair):
    truth, result = pair
    assert region_similarity(truth, result) == region_similarity(result, truth)
    assert contour_accuracy(truth, result) == pytest.approx(contour_accuracy(result, truth))
    assert region_similarity(truth, truth) == contour_accuracy(truth, truth) == 1


def test_a_square_moved_by_a_quarter_of_its_side():
    assert region_similarity(square(30, 30), square(30, 40)) == pytest.approx(30 / 50)


def test_a_boundary_within_the_radius_is_found_and_one_pixel_further_is_not():
    # 120 x 160 has a diagonal of 200, so the radius is ceil(1.6) = 2 pixels.
    shape = (120, 160)
    left = np.zeros(shape, bool)
    left[:, :50] = True
    for shift, expected in ((1, 1), (2, 1), (3, 0)):
        moved = np.zeros(shape, bool)
        moved[:, : 50 + shift] = True
        assert contour_accuracy(left, moved) == expected


def test_the_radius_is_8_pixels_at_480p():
    straight = np.zeros((480, 854), bool)
    straight[:, :400] = True
    wide = np.zeros_like(straight)
    wide[:, :408] = True
    assert contour_accuracy(straight, wide) == 1
    wide[:, :409] = True
    assert contour_accuracy(straight, wide) == 0


def test_empty_masks():
    empty, full = np.zeros((9, 9), bool), square(2, 2, 4, (9, 9))
    assert region_similarity(empty, empty) == contour_accuracy(empty, empty) == 1
    assert region_similarity(full, empty) == contour_accuracy(full, empty) == 0
    assert region_similarity(empty, full) == contour_accuracy(empty, full) == 0


def test_the_boundary_lies_half_a_pixel_towards_the_origin():
    mask = square(2, 2, 2, (6, 6))
    rows = ["000000", "011100", "010100", "011100", "000000", "000000"]
    np.testing.assert_array_equal(boundary(mask), [[c == "1" for c in row] for row in rows])


def test_f_of_large_masks_matches_a_dilation_by_a_disk():
    rng = np.random.default_rng(5)
    noise = cv2.GaussianBlur(rng.random((2, 300, 400)).transpose(1, 2, 0), (0, 0), 9)
    truth, result = noise[..., 0] > 0.5, noise[..., 1] > 0.5
    radius = 4  # ceil(0.008 * 500)
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = (rows**2 + columns**2 <= radius**2).astype(np.uint8)
    edges = [boundary(mask) for mask in (truth, result)]
    grown = [cv2.dilate(edge.astype(np.uint8), disk) > 0 for edge in edges]
    precision = (edges[1] & grown[0]).sum() / edges[1].sum()
    recall = (edges[0] & grown[1]).sum() / edges[0].sum()
    expected = 2 * precision * recall / (precision + recall)
    assert contour_accuracy(truth, result) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("measure", [region_similarity, contour_accuracy])
def test_masks_of_other_shapes_or_types_are_refused(measure):
    with pytest.raises(ValueError, match="the result is"):
        measure(np.zeros((4, 4), bool), np.zeros((4, 5), bool))
    with pytest.raises(ValueError, match="masks are bool"):
        measure(np.zeros((4, 4), bool), np.zeros((4, 4), np.uint8))


def test_recall_is_the_share_of_frames_above_one_half():
    assert Statistics.of([0.5, 0.51, 0.2, 1.0]).recall == 0.5


def test_decay_is_the_first_quarter_minus_the_last_with_shared_border_frames():
    # 8 frames: borders round(1, 2.75, 4.5, 6.25, 8) = 1, 3, 4 or 5, 6, 8: frames 1-3 and 6-8.
    values = [1.0, 0.9, 0.8, 0, 0, 0.3, 0.2, 0.1]
    assert Statistics.of(values).decay == pytest.approx(0.9 - 0.2)
    assert Statistics.of(values).mean == pytest.approx(3.3 / 8)


def test_decay_of_a_sequence_longer_than_256_frames_compares_its_ends():
    values = np.r_[np.ones(300), np.zeros(300)]
    assert Statistics.of(values).decay == 1


def test_one_frame_has_no_decay_and_no_frames_no_statistics():
    assert Statistics.of([0.7]) == Statistics(0.7, 1.0, 0.0)
    with pytest.raises(ValueError, match="no frames"):
        Statistics.of([])
