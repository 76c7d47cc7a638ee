"""Objects computed where they are: the boxes, and that masks are as those of whole frames."""

import numpy as np
import pytest
import torch

from vos_annotator.mobilevos.crops import (
    OUTSIDE,
    box_around,
    cut,
    decoded,
    memorized,
    place_of,
    whole,
)
from vos_annotator.mobilevos.engine import MobileVOSEngine
from vos_annotator.mobilevos.export import demo_scene
from vos_annotator.mobilevos.memory import far_value
from vos_annotator.mobilevos.runtimes.runtime import TorchRuntime

GRID = 20, 36  # positions
PICTURE = torch.rand(
    1, 3, *(16 * side for side in GRID), generator=torch.Generator().manual_seed(0)
)


@pytest.fixture(scope="module")
def runtime() -> TorchRuntime:
    """Return the shipped network, whose values and masks mean something."""
    return TorchRuntime(MobileVOSEngine(96).network)


@pytest.fixture(scope="module")
def look(runtime):
    """Return what the network sees of a picture of noise."""
    with torch.inference_mode():
        return runtime.look(PICTURE)


@pytest.fixture(scope="module")
def for_values(runtime, look):
    """Return what values of objects in it share."""
    with torch.inference_mode():
        return runtime.for_values(look, PICTURE)


@pytest.mark.parametrize("seed", range(20))
def test_a_box_holds_what_it_is_around_with_its_margin_and_lies_in_the_frame(seed):
    chance = np.random.default_rng(seed)
    place = np.zeros(GRID, bool)
    for _ in range(chance.integers(1, 4)):
        place[chance.integers(4, 12), chance.integers(8, 20)] = True

    rows, columns = box = box_around(place, 2)

    if box != whole(GRID):
        assert place[rows, columns].sum() == place.sum()
        for side, true, limit in zip(box, np.nonzero(place), GRID, strict=True):
            assert 0 <= side.start <= max(0, true.min() - 2)
            assert min(limit, true.max() + 3) <= side.stop <= limit
            assert (side.stop - side.start) % 4 == 0 or side.stop - side.start == limit


def test_nothing_has_no_box_and_what_is_everywhere_has_the_whole_frame():
    nothing = np.zeros(GRID, np.float32)
    assert box_around(nothing > 0, 2) is None
    assert place_of(nothing) is None
    assert place_of(nothing + 1) == whole(GRID)


def test_an_object_is_looked_for_as_widely_as_it_is_worth_it():
    share = np.zeros(GRID, np.float32)
    share[8:11, 8:11] = 0.9
    share[10, 14] = 0.05  # near: looking there too costs little
    assert place_of(share)[1].stop > 14
    share[19, 35] = 0.05  # far: the whole frame for a trace
    assert place_of(share) != whole(GRID)
    assert place_of(share)[1].stop < 35


@torch.inference_mode()
def test_values_of_small_objects_are_as_those_computed_on_the_whole_frame(
    runtime, look, for_values
):
    masks = torch.zeros(3, 1, *(16 * side for side in GRID))
    masks[0, :, 100:150, 90:140] = 1
    masks[1, :, 200:260, 400:450] = 0.8  # the third is nowhere
    others = (masks.sum(0, keepdim=True) - masks).clamp(0, 1)
    expected = runtime.memorize(torch.cat([masks, others], 1), for_values)

    nobody = runtime.memorize(torch.cat([masks[2:], others[2:]], 1), for_values)

    def value_of(pairs, boxes, is_all):
        assert all(box != whole(GRID) for box in boxes) and not is_all
        return runtime.memorize(pairs, cut(for_values, 16 * GRID[1], boxes))

    value = memorized(value_of, masks, others, [nobody] * 3, 2)

    torch.testing.assert_close(value[:, -2:], expected[:, -2:])  # the masks that it carries
    torch.testing.assert_close(value[2], expected[2], atol=1e-4, rtol=1e-4)
    assert (value - expected).abs().mean() < 0.05 * expected.abs().mean()


@torch.inference_mode()
def test_an_object_of_which_nothing_is_known_elsewhere_is_looked_at_in_the_whole_frame(
    runtime, for_values
):
    masks = torch.zeros(1, 1, *(16 * side for side in GRID))
    masks[0, :, 100:150, 90:140] = 1
    pairs = torch.cat([masks, torch.zeros_like(masks)], 1)

    def value_of(given, boxes, is_all):
        assert boxes == [whole(GRID)] and is_all
        return runtime.memorize(given, for_values)

    value = memorized(value_of, masks, torch.zeros_like(masks), [None], 2)
    torch.testing.assert_close(value, runtime.memorize(pairs, for_values))


def test_far_from_an_object_is_where_its_mask_is_empty():
    value = torch.tensor([[[1.0, 3.0, 100.0], [-1.0, -1.0, 0.5], [-1.0, 1.0, -1.0]]])
    assert far_value(value, 2)[0, :, 0, 0].tolist() == [2.0, -1.0, 0.0]
    assert far_value(value[:, :, 2:], 2) is None


@torch.inference_mode()
def test_logits_are_as_those_of_the_whole_frame_within_a_box_and_low_outside(
    runtime, look, for_values
):
    masks = torch.zeros(2, 2, *(16 * side for side in GRID))
    masks[0, 0, 128:176, 160:224] = 1
    read = runtime.memorize(masks, for_values)
    for_masks = runtime.for_masks(look)
    expected = runtime.decode(read, for_masks)
    box = rows, columns = slice(4, 16), slice(6, 18)

    def logits_in(given, boxes, is_all):
        return runtime.decode(given, cut(for_masks, 16 * GRID[1], boxes))

    logits = decoded(logits_in, [read[:1, :, rows, columns]], [box, None], GRID)

    inner = slice(4 * 8, 4 * 11), slice(4 * 10, 4 * 14)  # where the object is
    torch.testing.assert_close(logits[0, 0][inner], expected[0, 0][inner], atol=0.05, rtol=0.01)
    assert logits[1].eq(OUTSIDE).all()
    assert logits[0, 0, :16].eq(OUTSIDE).all()


def test_masks_in_parts_are_those_of_whole_frames():
    def masks(in_parts: bool) -> np.ndarray:
        engine, scene = MobileVOSEngine(288), demo_scene()
        engine.vision.works_in_parts = in_parts
        for frame, label_map in enumerate(scene.label_maps):
            engine.memorize(frame, scene.frames[frame], label_map)
        return engine.segment(2, scene.frames[2]).label_map()

    parts, frame = masks(True), masks(False)
    assert frame.any()
    assert (parts != frame).mean() < 0.001


def test_a_frame_that_is_shown_again_costs_nothing_and_changes_nothing():
    engine, scene = MobileVOSEngine(96), demo_scene()
    engine.memorize(0, scene.frames[0], scene.label_maps[0])
    engine.begin_pass()
    first = engine.segment(1, scene.frames[1])
    recent = engine.bank.recent

    assert engine.segment(2, scene.frames[1].copy()) is first
    assert engine.bank.recent == recent
    assert engine.segment(3, scene.frames[1].copy(), [1]) is not first
    engine.begin_pass()
    assert engine.segment(2, scene.frames[1].copy()) is not first
