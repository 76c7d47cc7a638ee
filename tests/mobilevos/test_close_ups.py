"""A second look from near: sharper borders in large frames, nothing changed in small ones."""

import cv2
import numpy as np
import pytest

from vos_annotator.core.mask_reading import read_label_map
from vos_annotator.core.video import open_video
from vos_annotator.evaluation.metrics import contour_accuracy
from vos_annotator.mobilevos.engine import MobileVOSEngine
from vos_annotator.paths import resources_folder

SHAPE, SIZE = (480, 640), 96


@pytest.fixture(scope="module")
def engine():
    return MobileVOSEngine(size=SIZE)


@pytest.fixture(autouse=True)
def empty_memory(engine):
    yield
    for frame in range(10):
        engine.forget(frame)
    engine.begin_pass()


def star(x: int, object_id: int = 1, shape=SHAPE):
    """Return a picture of a star with thin points, at `x`, and its label map."""
    rng = np.random.default_rng(3)
    image = cv2.GaussianBlur(rng.integers(40, 120, (*shape, 3), dtype=np.uint8), (0, 0), 4)
    turns = np.arange(16) * np.pi / 8
    reach = np.where(np.arange(16) % 2, 45, 130) * shape[0] / 480
    points = np.stack([x + reach * np.cos(turns), shape[0] / 2 + reach * np.sin(turns)], 1)
    label_map = np.zeros(shape, np.uint8)
    cv2.fillPoly(image, [points.astype(np.int32)], (220, 70, 40))
    cv2.fillPoly(label_map, [points.astype(np.int32)], object_id)
    return image, label_map


def told(**label_maps):
    """Return what looks references up; which were asked for is in its `asked`."""
    asked = []

    def reference(frame):
        asked.append(frame)
        return label_maps[f"at_{frame}"]

    reference.asked = asked
    return reference


def test_borders_of_a_large_frame_are_sharper_from_near(engine):
    engine.memorize(0, *star(300))
    image, truth = star(320)
    coarse = engine.segment(1, image).label_map()

    fine = engine.refine(1, image, coarse, told(at_0=star(300)))

    before = contour_accuracy(truth == 1, coarse == 1)
    assert contour_accuracy(truth == 1, fine == 1) > before + 0.1
    assert set(np.unique(fine)) == {0, 1} and fine.dtype == np.uint8


def test_what_looks_like_the_object_but_lies_apart_from_its_mask_is_no_part_of_it():
    engine, demo = MobileVOSEngine(size=288), resources_folder() / "demo"
    with open_video(demo / "demo.mp4") as video:
        first, *_, image = frames = [video[frame] for frame in range(34, 38)]
    drawn = (read_label_map(demo / "masks" / "00034.png") == 1).astype(np.uint8)
    engine.memorize(34, first, drawn)
    for frame, each in enumerate(frames[1:], 35):
        coarse = engine.segment(frame, each).label_map()  # with a speck on an orange sleeve

    fine = engine.refine(37, image, coarse, lambda frame: (first, drawn))

    side = 2 * (16 * 480 // 288 + 8) + 1  # a position of the working size, and what borders take
    near = cv2.dilate(coarse, np.ones((side, side), np.uint8)) > 0
    assert fine[near].any() and not fine[~near].any()


def test_a_reference_that_could_not_be_looked_at_is_looked_at_the_next_time(engine):
    engine.memorize(0, *star(300))
    image, truth = star(320)

    with pytest.raises(TypeError):
        engine.refine(1, image, truth, told(at_0=(None, truth)))
    after = engine.refine(1, image, truth, again := told(at_0=star(300)))

    assert again.asked == [0]
    engine.forget(0)
    engine.memorize(0, *star(300))
    np.testing.assert_array_equal(after, engine.refine(1, image, truth, told(at_0=star(300))))


def test_a_frame_that_shows_no_more_from_near_is_returned_as_it_is(engine):
    small = (100, 140)
    engine.memorize(0, *star(60, shape=small))
    image, _ = star(62, shape=small)
    coarse = engine.segment(1, image).label_map()

    assert engine.refine(1, image, coarse, told()) is coarse


def test_the_label_map_that_was_given_stays_as_it_is(engine):
    engine.memorize(0, *star(300))
    image, truth = star(320)
    truth.flags.writeable = False

    fine = engine.refine(1, image, truth, told(at_0=star(300)))

    assert fine is not truth


def test_objects_do_not_share_pixels_and_keep_their_ids(engine):
    image, label_map = star(180, 3)
    other, other_map = star(460, 9)
    image[:, 320:], label_map[:, 320:] = other[:, 320:], other_map[:, 320:]
    engine.memorize(0, image, label_map)

    fine = engine.refine(1, image.copy(), label_map, told(at_0=(image, label_map)))

    assert set(np.unique(fine)) == {0, 3, 9}
    for object_id in (3, 9):
        own, wanted = fine == object_id, label_map == object_id
        assert (own & wanted).sum() > 0.85 * (own | wanted).sum()


def test_a_reference_is_looked_up_once_for_an_object_until_it_changes(engine):
    reference = told(at_0=star(300))
    engine.memorize(0, *star(300))
    image, truth = star(320)
    for _ in range(3):
        engine.refine(1, image, truth, reference)
    assert reference.asked == [0]

    engine.memorize(0, *star(300))
    engine.refine(1, image, truth, reference)

    assert reference.asked == [0, 0]


def test_the_same_references_give_the_same_borders_whatever_was_refined_before(engine):
    engine.memorize(0, *star(300))
    image, truth = star(320)
    reference = told(at_0=star(300))
    expected = engine.refine(1, image, truth, reference)
    engine.refine(2, *star(340), reference)
    engine.segment(3, star(350)[0])

    np.testing.assert_array_equal(engine.refine(1, image, truth, reference), expected)


def test_a_frame_without_objects_stays_empty(engine):
    engine.memorize(0, *star(300))

    assert not engine.refine(1, star(320)[0], np.zeros(SHAPE, np.uint8), told()).any()
