"""What speaks against an object being the one that it was."""

import time
from itertools import combinations

import numpy as np
import pytest

from vos_annotator.core.glitches import iou
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


def pair_by_pair(now, known):
    """Return what `look_exchanged` does, two objects at a time."""

    def best(look, several):
        return max(float(np.sqrt(look * each).sum()) for each in several)

    found = {}
    for a, b in combinations(sorted(now.keys() & known.keys()), 2):
        own = best(now[a], known[a]) + best(now[b], known[b])
        crossed = best(now[a], known[b]) + best(now[b], known[a])
        if crossed - own > 0.1:
            for each, other in ((a, b), (b, a)):
                found[each] = max(found.get(each, (0.0, 0)), (crossed - own, other))
    return {each: other for each, (_, other) in found.items()}


def some_looks(rng, objects):
    """Return looks of some of the objects; several look alike."""
    few = rng.random((4, 512)) ** 20
    few = (few / few.sum(1, keepdims=True)).astype(np.float32)
    return {each: few[rng.integers(4)] for each in objects if rng.random() < 0.9}


@pytest.mark.parametrize("seed", range(30))
def test_many_objects_are_compared_at_once_as_they_are_pair_by_pair(seed):
    rng = np.random.default_rng(seed)
    ids = sorted(rng.permutation(255)[: rng.integers(0, 12)].tolist())
    now, *shown = (some_looks(rng, ids) for _ in range(4))
    known = {each: [look[each] for look in shown if each in look] for each in shown[0]}

    assert look_exchanged(now, known) == pair_by_pair(now, known)


@pytest.mark.parametrize("seed", range(30))
def test_of_many_objects_those_that_change_places_are_those_whose_masks_do(seed):
    rng = np.random.default_rng(seed)
    before = rng.permutation(255)[:48].astype(np.uint8).reshape(6, 8)
    before = before.repeat(8, 0).repeat(8, 1)
    order = np.arange(256, dtype=np.uint8)
    some = np.unique(before)[[3, 9, 20, 21]]
    order[some] = some[[1, 0, 3, 2]]
    now = np.roll(order[before], rng.integers(0, 3), 1)

    odd = {each: other for each, other in moved_oddly(before, now).items() if other is not None}

    assert odd == {
        a: b
        for a in np.unique(before).tolist()
        for b in np.unique(before).tolist()
        if 0 not in (a, b) and a != b and iou(before == a, now == b) >= 0.5
    }


def test_a_frame_of_a_hundred_objects_takes_a_fraction_of_the_time_that_its_pairs_do():
    rng = np.random.default_rng(0)
    ids = range(1, 101)
    looks_of = rng.random((4, 100, 512)).astype(np.float32)
    now, *shown = (dict(zip(ids, each, strict=True)) for each in looks_of)
    known = {each: [look[each] for look in shown] for each in ids}
    label_map = np.arange(1, 101, dtype=np.uint8).reshape(10, 10).repeat(8, 0).repeat(8, 1)

    def seconds(*calls):
        started = time.thread_time()
        for call, *given in calls:
            call(*given)
        return time.thread_time() - started

    whole = min(
        seconds((look_exchanged, now, known), (moved_oddly, label_map, label_map)) for _ in range(3)
    )
    assert whole < seconds((pair_by_pair, now, known)) / 2
