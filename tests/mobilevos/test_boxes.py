"""Boxes around what counts in a frame."""

import cv2
import numpy as np
import pytest

from vos_annotator.mobilevos.boxes import area, boxes_around, places_of, whole

GRID = 20, 36  # positions


@pytest.mark.parametrize("seed", range(40))
def test_boxes_hold_what_they_are_around_with_a_margin_lie_in_the_frame_and_do_not_meet(seed):
    chance = np.random.default_rng(seed)
    place = np.zeros(GRID, bool)
    for _ in range(chance.integers(1, 6)):
        place[chance.integers(GRID[0]), chance.integers(GRID[1])] = True

    boxes = boxes_around(place, 2)

    held = np.zeros(GRID, int)
    for box in boxes:
        held[box] += 1
        for side, limit in zip(box, GRID, strict=True):
            assert 0 <= side.start < side.stop <= limit
            assert (side.stop - side.start) % 2 == 0 or side.stop - side.start == limit
    assert held.max() == 1
    near = cv2.dilate(place.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert held[near].all()


def test_nothing_has_no_box_and_what_is_everywhere_has_the_whole_frame():
    nothing = np.zeros(GRID, np.float32)
    assert boxes_around(nothing > 0, 2) == ()
    assert places_of(nothing) == ()
    assert places_of(nothing + 1) == (whole(GRID),)


def test_what_lies_apart_has_boxes_of_its_own_and_what_lies_near_has_one():
    place = np.zeros(GRID, bool)
    place[2, 2] = place[17, 33] = True
    assert len(boxes_around(place, 2)) == 2
    assert area(*boxes_around(place, 2)) < place.size / 8
    place[6, 5] = True
    assert len(boxes_around(place, 2)) == 2


def test_an_object_is_looked_for_as_widely_as_it_is_worth_it():
    share = np.zeros(GRID, np.float32)
    share[8:11, 8:11] = 0.9
    share[10, 11:16] = 0.15  # an arm: looking there too costs little
    assert _columns(share) > 15
    share[10, 11:] = share[:, 20] = 0.15  # most of the frame for a trace
    assert _columns(share) < 16


def test_fainter_signs_of_an_object_count_only_where_there_are_no_others():
    share = np.zeros(GRID, np.float32)
    share[8, 8:16] = 0.05
    assert _columns(share) > 15
    share[8, 8] = 0.5
    assert _columns(share) < 16


def _columns(share):
    """Return where the columns end in which the only place to look is."""
    ((_, columns),) = places_of(share)
    return columns.stop
