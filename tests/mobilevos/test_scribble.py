"""Scribbles: a stroke is always obeyed, whatever the network thinks."""

import cv2
import numpy as np
import pytest

from vos_annotator.mobilevos.engine import MobileVOSEngine
from vos_annotator.mobilevos.scribble import INSIDE, OUTSIDE, Marks, close_up, obey

SHAPE = (192, 256)


@pytest.fixture(scope="module")
def engine():
    return MobileVOSEngine(size=192)


def scene(x=120, y=96, radius=40):
    """Return a frame with a disk on a blurred ground, and the disk's mask."""
    rng = np.random.default_rng(5)
    image = cv2.GaussianBlur(rng.integers(40, 120, (*SHAPE, 3), dtype=np.uint8), (0, 0), 3)
    mask = np.zeros(SHAPE, np.uint8)
    cv2.circle(image, (x, y), radius, (220, 60, 40), -1)
    cv2.circle(image, (x - radius // 4, y - radius // 4), radius // 3, (250, 240, 90), -1)
    cv2.circle(mask, (x, y), radius, 1, -1)
    return image, mask.astype(bool)


def strokes(*lines):
    """Return strokes given as (value, start, end), 5 px wide."""
    drawn = np.zeros(SHAPE, np.uint8)
    for value, start, end in lines:
        cv2.line(drawn, start, end, value, 5)
    return drawn


def box(top, left, bottom, right):
    mask = np.zeros(SHAPE, bool)
    mask[top:bottom, left:right] = True
    return mask


def iou(a, b):
    return (a & b).sum() / max((a | b).sum(), 1)


def test_one_stroke_inside_gives_the_whole_object(engine):
    image, truth = scene()
    assert iou(engine.scribble(0, image, strokes((INSIDE, (100, 96), (140, 100)))), truth) > 0.7


@pytest.mark.parametrize("seed", range(8))
def test_every_stroke_is_obeyed_wherever_it_lies(engine, seed):
    rng = np.random.default_rng(seed)
    lines = [(v, *(tuple(map(int, rng.integers(0, 190, 2))) for _ in "ab")) for v in (1, 1, 2, 2)]
    drawn = strokes(*lines)
    mask = engine.scribble(0, scene()[0], drawn)
    assert mask.shape == SHAPE
    assert mask[drawn == INSIDE].all()
    assert not mask[drawn == OUTSIDE].any()


def test_without_strokes_the_current_mask_stays(engine):
    image, truth = scene()
    none = np.zeros(SHAPE, np.uint8)
    np.testing.assert_array_equal(engine.scribble(0, image, none, truth), truth)
    assert not engine.scribble(0, image, none).any()


def test_strokes_outside_alone_give_nothing(engine):
    assert not engine.scribble(0, scene()[0], strokes((OUTSIDE, (20, 20), (200, 20)))).any()


def test_an_empty_current_mask_is_none(engine):
    image, _ = scene()
    drawn = strokes((INSIDE, (100, 96), (140, 100)))
    empty = np.zeros(SHAPE, bool)
    np.testing.assert_array_equal(
        engine.scribble(0, image, drawn, empty), engine.scribble(0, image, drawn)
    )


def test_a_stroke_outside_takes_a_wrong_part_off_and_leaves_the_object(engine):
    image, truth = scene()
    wrong = truth | box(20, 180, 80, 240)
    mask = engine.scribble(0, image, strokes((OUTSIDE, (190, 30), (230, 70))), wrong)
    assert iou(mask, truth) > max(0.9, iou(wrong, truth))


def test_a_stroke_inside_brings_a_missing_part_and_leaves_the_rest(engine):
    image, truth = scene()
    part = truth & ~box(96, 0, 192, 256)
    mask = engine.scribble(0, image, strokes((INSIDE, (105, 115), (135, 115))), part)
    assert iou(mask, truth) > iou(part, truth) + 0.15
    assert (mask & part).sum() > 0.9 * part.sum()


def test_a_small_object_is_found_in_a_large_frame(engine):
    image, truth = scene(x=60, y=50, radius=9)
    mask = engine.scribble(0, image, strokes((INSIDE, (58, 50), (62, 50))))
    assert iou(mask, truth) > 0.5


def test_the_same_strokes_give_the_same_mask_whatever_came_before(engine):
    image, _ = scene()
    drawn = strokes((INSIDE, (100, 96), (140, 100)), (OUTSIDE, (10, 20), (200, 20)))
    first = engine.scribble(0, image, drawn)
    engine.scribble(3, scene(60)[0], strokes((INSIDE, (50, 96), (60, 100))))
    np.testing.assert_array_equal(engine.scribble(0, image.copy(), drawn), first)


def test_a_scribble_leaves_what_is_remembered_alone(engine):
    engine.memorize(0, scene()[0], scene()[1].astype(np.uint8))
    before = engine.segment(1, scene(124)[0]).logits
    engine.begin_pass()
    engine.scribble(5, scene(60)[0], strokes((INSIDE, (50, 96), (60, 100))))
    np.testing.assert_array_equal(engine.segment(1, scene(124)[0]).logits, before)
    engine.forget(0)
    engine.begin_pass()


def test_a_part_that_no_stroke_touches_is_dropped():
    mask = box(20, 20, 60, 60) | box(100, 100, 140, 140)
    obeyed = obey(mask, Marks.of(strokes((INSIDE, (30, 30), (50, 50)))))
    np.testing.assert_array_equal(obeyed, box(20, 20, 60, 60))


def test_a_small_hole_is_filled_unless_a_stroke_says_it_is_one():
    inside = INSIDE, (30, 30), (30, 90)
    solid = box(20, 20, 120, 120)
    holed = solid & ~box(60, 60, 72, 72)
    np.testing.assert_array_equal(obey(holed, Marks.of(strokes(inside))), solid)
    np.testing.assert_array_equal(
        obey(holed, Marks.of(strokes(inside, (OUTSIDE, (65, 65), (66, 66))))), holed
    )


def test_a_hole_as_large_as_that_of_a_ring_stays_open():
    ring = box(20, 20, 120, 120) & ~box(50, 50, 90, 90)
    np.testing.assert_array_equal(obey(ring, Marks.of(strokes((INSIDE, (30, 30), (30, 90))))), ring)


def random_mask(rng):
    return cv2.GaussianBlur(rng.normal(size=SHAPE).astype(np.float32), (0, 0), 8) > 0.01


@pytest.mark.parametrize("seed", range(10))
def test_a_stroke_that_agrees_with_the_current_mask_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    current = random_mask(rng)
    said = strokes((INSIDE, (20, 90), (230, 100)), (OUTSIDE, (20, 30), (230, 40)))
    said[(said == INSIDE) & ~current | (said == OUTSIDE) & current] = 0
    np.testing.assert_array_equal(obey(random_mask(rng), Marks.of(said, current)), current)


@pytest.mark.parametrize("seed", range(10))
def test_the_current_mask_changes_only_in_regions_where_a_stroke_says_so(seed):
    rng = np.random.default_rng(seed)
    current = random_mask(rng)
    said = strokes((INSIDE, (20, 90), (120, 100)), (OUTSIDE, (140, 30), (230, 40)))
    mask = obey(random_mask(rng), Marks.of(said, current))

    assert mask[said == INSIDE].all()
    assert not mask[said == OUTSIDE].any()
    count, regions = cv2.connectedComponents((mask ^ current).astype(np.uint8))
    spoken = (said == INSIDE) & ~current | (said == OUTSIDE) & current
    assert set(range(1, count)) <= set(regions[spoken])
    assert count > 1


@pytest.mark.parametrize(
    "area",
    [(0, 0, 192, 256), (90, 100, 93, 102), (0, 250, 4, 256), (10, 10, 12, 250)],
    ids=["all", "tiny", "corner", "flat"],
)
def test_a_close_up_holds_the_object_at_a_size_the_network_takes(area):
    mask = box(*area)
    (rows, columns), size = close_up(mask, side=160)
    assert mask[rows, columns].sum() == mask.sum()
    assert all(length >= 32 and length % 16 == 0 for length in size)
    assert size[0] * size[1] <= 1.6 * 160**2


def two_parts(x):
    """Return a frame with a figure of a red and a green half, and the mask of the red one."""
    rng = np.random.default_rng(5)
    image = cv2.GaussianBlur(rng.integers(40, 120, (*SHAPE, 3), dtype=np.uint8), (0, 0), 3)
    image[50:140, x : x + 36], image[50:140, x + 36 : x + 72] = (220, 50, 40), (40, 190, 60)
    return image, box(50, x, 140, x + 36)


def test_a_stroke_is_worth_more_where_another_frame_shows_the_object(engine):
    (before, shown), (image, truth) = two_parts(60), two_parts(100)
    drawn = strokes((INSIDE, (115, 60), (115, 130)))  # where does it end?
    alone = engine.scribble(9, image, drawn, None, 1)
    engine.memorize(0, before, shown.astype(np.uint8))
    try:
        told = engine.scribble(9, image, drawn, None, 1)
        other = engine.scribble(9, image, drawn, None, 2)
        nobody = engine.scribble(9, image, drawn)
    finally:
        engine.forget(0)

    assert iou(told, truth) > max(0.85, iou(alone, truth) + 0.2)
    np.testing.assert_array_equal(other, alone)
    np.testing.assert_array_equal(nobody, alone)


def test_a_frame_does_not_read_what_it_was_itself_as_a_reference(engine):
    image, _ = two_parts(100)
    drawn = strokes((INSIDE, (115, 60), (115, 130)))
    alone = engine.scribble(9, image, drawn, None, 1)
    engine.memorize(9, image, box(0, 0, 40, 60).astype(np.uint8))
    try:
        again = engine.scribble(9, image, drawn, None, 1)
    finally:
        engine.forget(9)

    np.testing.assert_array_equal(again, alone)


def test_what_another_object_has_is_not_taken_for_this_one(engine):
    (image, truth), drawn = two_parts(100), strokes((INSIDE, (115, 60), (115, 130)))
    green = box(50, 136, 140, 172)
    told = engine.scribble(9, image, drawn, others=green)
    assert iou(told, truth) > max(0.85, iou(engine.scribble(9, image, drawn), truth) + 0.2)


def test_a_stroke_inside_what_another_object_has_opens_that_region_alone():
    here, there = box(10, 10, 60, 60), box(100, 100, 150, 150)
    marks = Marks.of(strokes((INSIDE, (20, 20), (40, 40))), None, here | there)
    np.testing.assert_array_equal(marks.others, there)
