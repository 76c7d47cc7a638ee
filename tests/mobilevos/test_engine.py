"""The student as an engine: references count, cost is bounded, results repeat."""

import cv2
import numpy as np
import pytest
import torch

from vos_annotator.mobilevos.bank import packed
from vos_annotator.mobilevos.engine import MobileVOSEngine
from vos_annotator.mobilevos.memory import MemoryFrame
from vos_annotator.mobilevos.vision import working_size


@pytest.fixture(scope="module")
def engine():
    return MobileVOSEngine(size=192)


@pytest.fixture(autouse=True)
def empty_memory(engine):
    yield
    for frame in range(100):
        engine.forget(frame)
    engine.begin_pass()


def scene(x: int, shade: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return a frame with a textured disk at `x`, and its label map."""
    rng = np.random.default_rng(5)
    image = cv2.GaussianBlur(rng.integers(40, 120, (192, 256, 3), dtype=np.uint8), (0, 0), 3)
    label_map = np.zeros((192, 256), np.uint8)
    cv2.circle(image, (x, 96), 40, (220 - shade, 60, 40 + shade), -1)
    cv2.circle(image, (x - 10, 86), 12, (250, 240, 90), -1)
    cv2.circle(label_map, (x, 96), 40, 1, -1)
    return image, label_map


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / max((a | b).sum(), 1)


def test_the_frame_after_a_reference_is_found(engine):
    engine.memorize(0, *scene(90))
    image, truth = scene(104)
    assert iou(engine.segment(1, image).label_map() == 1, truth == 1) > 0.8


def test_what_was_denied_on_a_frame_is_not_found_on_the_next_one(engine):
    image, label_map = scene(70)
    twin, _ = scene(190)
    both = image.copy()
    both[:, 128:] = twin[:, 128:]  # two alike; the object is the one on the left
    alone = scene(190)[0]  # which has left
    engine.memorize(0, both, label_map)
    engine.begin_pass()
    taken = int(engine.segment(5, alone).label_map().sum())
    engine.deny(4, alone, [1])
    engine.begin_pass()
    found = int(engine.segment(5, alone).label_map().sum())
    engine.deny(4, None, [])

    assert found < 0.5 * taken or taken == found == 0


def test_two_objects_never_share_a_pixel_and_keep_their_ids(engine):
    image, label_map = scene(70)
    other, other_map = scene(190, shade=150)
    image[:, 128:], label_map[:, 128:] = other[:, 128:], other_map[:, 128:] * 7
    engine.memorize(0, image, label_map)

    segmentation = engine.segment(1, image.copy())

    assert segmentation.ids == (1, 7)
    assert set(np.unique(segmentation.label_map())) <= {0, 1, 7}
    assert iou(segmentation.label_map() == 7, label_map == 7) > 0.7


def test_the_same_references_give_the_same_masks(engine):
    def run() -> list[bytes]:
        engine.begin_pass()
        return [engine.segment(t, scene(90 + 5 * t)[0]).logits.tobytes() for t in range(1, 4)]

    engine.memorize(0, *scene(90))
    assert run() == run()


def test_a_correction_survives_in_memory_and_forgetting_it_takes_it_back(engine):
    engine.memorize(0, *scene(90))
    image = scene(150)[0]
    before = engine.segment(9, image).logits
    engine.begin_pass()
    engine.memorize(10, *scene(150))
    corrected = engine.segment(9, image).logits
    engine.begin_pass()
    engine.forget(10)

    np.testing.assert_array_equal(engine.segment(9, image).logits, before)
    assert not np.array_equal(corrected, before)


def test_an_object_added_later_leaves_what_the_others_read_alone(engine):
    engine.memorize(0, *scene(90))
    image, label_map = scene(100)
    label_map[10:40, 200:240] = 2
    engine.memorize(5, image, label_map)

    segmentation = engine.segment(3, scene(96)[0])

    assert segmentation.ids == (1, 2)
    assert iou(segmentation.label_map() == 1, scene(96)[1] == 1) > 0.8


def test_an_object_that_a_reference_adds_in_the_middle_of_a_pass_is_found_on_the_next_frame(engine):
    engine.memorize(0, *scene(90))
    engine.begin_pass()
    engine.segment(1, scene(92)[0])
    image, label_map = scene(94)
    label_map[10:40, 200:240] = 2
    engine.memorize(2, image, label_map)

    segmentation = engine.segment(3, scene(96)[0])

    assert segmentation.ids == (1, 2)
    assert iou(segmentation.label_map() == 1, scene(96)[1] == 1) > 0.8


def test_an_object_is_found_beyond_references_that_are_older_than_it(engine):
    image, label_map = scene(90)
    for frame in (0, 50):
        engine.memorize(frame, image, np.zeros_like(label_map))
    engine.memorize(20, image, label_map)
    assert iou(engine.segment(70, image.copy()).label_map() == 1, label_map == 1) > 0.8


def test_an_empty_reference_and_an_empty_memory_give_empty_masks(engine):
    image, label_map = scene(90)
    assert not engine.segment(0, image).label_map().any()
    engine.memorize(0, image, np.zeros_like(label_map))
    assert not engine.segment(1, image).label_map().any()


def test_a_scribble_marks_the_whole_object(engine):
    image, truth = scene(120)
    strokes = np.zeros(truth.shape, np.uint8)
    cv2.line(strokes, (100, 96), (140, 100), 1, 5)
    cv2.line(strokes, (20, 20), (230, 30), 2, 5)
    mask = engine.scribble(0, image, strokes)
    assert mask[strokes == 1].all()
    assert not mask[strokes == 2].any()
    assert iou(mask, truth == 1) > 0.7


@pytest.mark.parametrize("shape", [(480, 854), (1080, 1920), (1920, 1080), (37, 61), (2160, 3840)])
def test_the_working_size_is_a_multiple_of_16_and_keeps_the_shape(shape):
    height, width = working_size(shape, 480)
    assert height % 16 == 0
    assert width % 16 == 0
    assert min(height, width) <= max(480, 16)
    assert height / width == pytest.approx(shape[0] / shape[1], rel=0.25)


def test_a_small_frame_is_enlarged_to_the_working_size_and_a_tiny_one_no_further_than_it_helps():
    assert working_size((360, 640), 480) == (480, 848)
    assert working_size((96, 128), 480) == (192, 256)


def test_a_reference_that_is_recalled_segments_as_one_that_was_looked_at(engine):
    other = MobileVOSEngine(size=192)
    image, _ = scene(104)
    engine.memorize(0, *scene(90))
    content = engine.remembered(0)
    engine.begin_pass()

    assert other.memory_mark == engine.memory_mark
    assert other.recall(0, content)
    other.begin_pass()
    np.testing.assert_array_equal(other.segment(1, image).logits, engine.segment(1, image).logits)


def test_engines_that_remember_differently_have_other_marks(engine):
    assert MobileVOSEngine(size=96).memory_mark != engine.memory_mark


def test_what_no_engine_would_remember_is_not_recalled(engine):
    engine.memorize(0, *scene(90))
    entry = engine.bank[0]
    wide = MemoryFrame(entry.key, {1: torch.cat([entry.values[1]] * 2, 1)})
    short = MemoryFrame(entry.key[..., 1:], entry.values)
    whole = MemoryFrame(entry.key.float(), entry.values)
    contents = [packed(each) for each in (wide, short, whole)]

    for content in (b"", b"nonsense", packed(entry)[:-4], *contents):
        assert not engine.recall(7, content)
    assert engine.bank.select(50, 1) == (0,)
