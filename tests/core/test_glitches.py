"""Glitches: what is called one, and what is not."""

import numpy as np
import pytest

from vos_annotator.core.glitches import Glitch, find_glitches, small

SHAPE = (64, 96)


def nobody(frame, object_id):
    return False


def square(left, top=20, size=16, object_id=1):
    label_map = np.zeros(SHAPE, np.uint8)
    label_map[top : top + size, left : left + size] = object_id
    return label_map


def moving(frames=12, step=2):
    """Return a square that moves evenly to the right."""
    return {frame: square(10 + step * frame) for frame in range(frames)}


def found(maps, ids=(1,), is_answered=nobody, cuts=()):
    return find_glitches(maps, ids, is_answered, cuts)


@pytest.mark.parametrize("step", [0, 2, 5])
def test_what_moves_evenly_has_no_glitch(step):
    assert found(moving(step=step)) == []


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros(SHAPE, np.uint8),
        square(70, top=44),
        square(10, top=10, size=40),
        square(20, top=20, size=7),
    ],
    ids=["gone", "elsewhere", "too large", "too small"],
)
def test_a_run_of_one_to_three_wrong_frames_is_found(wrong, length):
    maps = moving()
    maps |= dict.fromkeys(range(5, 5 + length), wrong)

    assert found(maps) == [Glitch(range(5, 5 + length), 1)]


def test_an_object_that_is_away_for_longer_has_left():
    maps = moving() | dict.fromkeys(range(4, 8), np.zeros(SHAPE, np.uint8))

    assert found(maps) == []


def test_an_object_that_goes_elsewhere_and_stays_there_is_no_glitch():
    maps = moving() | {frame: square(70, top=44) for frame in range(6, 12)}

    assert found(maps) == []


def test_what_a_person_answers_for_is_no_glitch():
    maps = moving() | {5: np.zeros(SHAPE, np.uint8)}

    assert found(maps, is_answered=lambda frame, object_id: frame == 5) == []
    assert found(maps, is_answered=lambda frame, object_id: frame != 5) != []


@pytest.mark.parametrize("cut", [5, 6])
def test_nothing_is_compared_over_a_cut(cut):
    maps = moving() | {5: np.zeros(SHAPE, np.uint8)}

    assert found(maps, cuts=[cut]) == []


def test_frames_without_masks_are_no_neighbours():
    maps = moving() | {5: np.zeros(SHAPE, np.uint8)}
    del maps[6]

    assert found(maps) == []


def test_each_object_has_its_own_glitches():
    maps = {frame: square(8) + square(60, object_id=2) for frame in range(9)}
    maps[3] = square(8)
    maps[6] = square(60, object_id=2)

    assert found(maps, ids=(1, 2)) == [Glitch(range(3, 4), 2), Glitch(range(6, 7), 1)]


def test_label_maps_are_made_small_and_small_ones_stay():
    assert small(np.zeros((1080, 1920), np.uint8)).shape == (64, 114)
    assert small(np.zeros((48, 64), np.uint8)).shape == (48, 64)
