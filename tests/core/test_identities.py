"""What speaks against an object being the one that it was."""

import numpy as np
import pytest

from vos_annotator.core.identities import look_exchanged, looks, moved_oddly

SHAPE = (64, 96)
RED, BLUE, GREY = (200, 30, 30), (30, 40, 200), (120, 120, 120)
LEFT, RIGHT = (10, 60)  # columns


def picture(left=RED, right=BLUE, jitter=0):
    """Return a picture of two squares, and the label map in which the left one is 1."""
    image = np.full((*SHAPE, 3), 90, np.uint8)
    label_map = np.zeros(SHAPE, np.uint8)
    for object_id, column, color in ((1, LEFT, left), (2, RIGHT, right)):
        image[20:44, column + jitter : column + jitter + 24] = color
        label_map[20:44, column + jitter : column + jitter + 24] = object_id
    return image, label_map


def exchanged(label_map):
    return np.array([0, 2, 1], np.uint8)[label_map]


@pytest.fixture
def known():
    return {each: [look] for each, look in looks(*picture()).items()}


def test_objects_that_look_like_themselves_are_themselves(known):
    image, label_map = picture(jitter=3)

    assert look_exchanged(looks(image, label_map), known) == {}


def test_two_objects_that_look_like_each_other_may_be_exchanged(known):
    image, label_map = picture()

    assert look_exchanged(looks(image, exchanged(label_map)), known) == {1: 2, 2: 1}


def test_colours_say_nothing_of_objects_that_look_alike():
    image, label_map = picture(GREY, GREY)
    known = {each: [look] for each, look in looks(image, label_map).items()}

    assert look_exchanged(looks(image, exchanged(label_map)), known) == {}


def test_a_look_that_a_person_showed_once_more_counts_too(known):
    image, label_map = picture(BLUE, RED)  # both turned round, as a person said
    again = {each: [*known[each], look] for each, look in looks(image, label_map).items()}

    assert look_exchanged(looks(image, label_map), known) != {}
    assert look_exchanged(looks(image, label_map), again) == {}


def test_objects_that_change_places_at_once_are_odd():
    _, label_map = picture()

    assert moved_oddly(label_map, exchanged(label_map)) == {1: 2, 2: 1}


def test_an_object_that_is_far_from_where_it_was_is_odd():
    before, now = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    before[4:14, 4:14], now[50:60, 80:90] = 1, 1

    assert moved_oddly(before, now) == {1: None}


def test_moving_coming_and_going_are_not_odd():
    _, label_map = picture()
    _, moved = picture(jitter=9)
    alone = np.where(label_map == 1, np.uint8(1), np.uint8(0))

    assert moved_oddly(label_map, moved) == {}
    assert moved_oddly(label_map, alone) == moved_oddly(alone, label_map) == {}
