"""Scribbles: a stroke is always obeyed, whatever the network thinks."""

import cv2
import numpy as np
import pytest

from vos_annotator.mobilevos.engine import MobileVOSEngine
from vos_annotator.mobilevos.scribble import INSIDE, OUTSIDE, obey

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
    obeyed = obey(mask, strokes((INSIDE, (30, 30), (50, 50))))
    np.testing.assert_array_equal(obeyed, box(20, 20, 60, 60))


def test_a_small_hole_is_filled_unless_a_stroke_says_it_is_one():
    inside = INSIDE, (30, 30), (30, 90)
    solid = box(20, 20, 120, 120)
    holed = solid & ~box(60, 60, 72, 72)
    np.testing.assert_array_equal(obey(holed, strokes(inside)), solid)
    np.testing.assert_array_equal(
        obey(holed, strokes(inside, (OUTSIDE, (65, 65), (66, 66)))), holed
    )


def test_a_hole_as_large_as_that_of_a_ring_stays_open():
    ring = box(20, 20, 120, 120) & ~box(50, 50, 90, 90)
    np.testing.assert_array_equal(obey(ring, strokes((INSIDE, (30, 30), (30, 90)))), ring)
