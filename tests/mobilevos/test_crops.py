"""Objects computed where they are: masks and values are as those of whole frames."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vos_annotator.mobilevos.boxes import area, whole
from vos_annotator.mobilevos.crops import OUTSIDE, cut, decoded, memorized
from vos_annotator.mobilevos.demo import demo_scene
from vos_annotator.mobilevos.engine import MobileVOSEngine
from vos_annotator.mobilevos.memory import far_value
from vos_annotator.mobilevos.patches import patches_of
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


def in_boxes(part, prepared, given, boxes):
    """Return what a part of the network makes of batches in their boxes."""
    return [
        part(batch, cut(prepared, 16 * GRID[1], where))
        for batch, where in zip(given, boxes, strict=True)
    ]


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
        assert all(box != whole(GRID) for batch in boxes for box in batch) and not is_all
        return in_boxes(runtime.memorize, for_values, pairs, boxes)

    value = torch.cat(
        memorized(value_of, patches_of(masks[:, 0]), masks[:, 0].sum(0), [nobody] * 3, 2)
    )

    torch.testing.assert_close(value[:, -2:], expected[:, -2:])  # the masks that it carries
    torch.testing.assert_close(value[2], expected[2], atol=1e-4, rtol=1e-4)
    assert (value - expected).abs().mean() < 0.05 * expected.abs().mean()


@torch.inference_mode()
def test_values_of_an_object_smaller_than_any_position_are_computed_where_it_is(
    runtime, look, for_values
):
    masks = torch.zeros(2, 1, *(16 * side for side in GRID))
    masks[0, :, 109:115, 93:99] = 1  # on a corner of four positions
    masks[1, :, 200:260, 400:450] = 1
    others = masks.flip(0)
    expected = runtime.memorize(torch.cat([masks, others], 1), for_values)
    nothing = torch.zeros_like(masks[:1])
    nobody = runtime.memorize(torch.cat([nothing, masks.sum(0, keepdim=True)], 1), for_values)

    def value_of(pairs, boxes, is_all):
        return in_boxes(runtime.memorize, for_values, pairs, boxes)

    value = memorized(value_of, patches_of(masks[:, 0]), masks[:, 0].sum(0), [nobody] * 2, 2)[0]

    here = slice(6, 8), slice(5, 7)
    near, wanted, without = (each[0][:-2, *here] for each in (value, expected, nobody))
    assert (near - wanted).abs().mean() < 0.3 * (without - wanted).abs().mean()


@torch.inference_mode()
def test_an_object_of_which_nothing_is_known_elsewhere_is_looked_at_in_the_whole_frame(
    runtime, for_values
):
    masks = torch.zeros(1, 1, *(16 * side for side in GRID))
    masks[0, :, 100:150, 90:140] = 1
    pairs = torch.cat([masks, torch.zeros_like(masks)], 1)

    def value_of(given, boxes, is_all):
        assert boxes == [[whole(GRID)]] and is_all
        return in_boxes(runtime.memorize, for_values, given, boxes)

    (value,) = memorized(value_of, patches_of(masks[:, 0]), masks[0, 0], [None], 2)
    torch.testing.assert_close(value, runtime.memorize(pairs, for_values))


def boxes_within(height: int, width: int) -> st.SearchStrategy:
    """Return boxes of positions in a grid."""
    sides = [
        st.tuples(st.integers(0, side - 3), st.integers(1, 3)).map(lambda at: slice(at[0], sum(at)))
        for side in (height, width)
    ]
    return st.tuples(*sides)


@given(
    st.lists(st.lists(boxes_within(*GRID), max_size=1), min_size=1, max_size=9), st.integers(1, 4)
)
def test_each_box_is_computed_once_beside_equally_large_ones_whatever_the_lanes(places, lanes):
    boxes = [box for of_one in places for box in of_one]
    reads = [
        torch.full((1, 1, rows.stop - rows.start, columns.stop - columns.start), float(n))
        for n, (rows, columns) in enumerate(boxes)
    ]
    computed = []

    def logits_in(given, where, is_all):
        for batch, its_boxes in zip(given, where, strict=True):
            assert len(batch) == len(its_boxes)
            computed.append(
                [(int(read.max()), box) for read, box in zip(batch, its_boxes, strict=True)]
            )
        return [batch.repeat_interleave(4, 2).repeat_interleave(4, 3) for batch in given]

    logits = decoded(logits_in, reads, places, GRID, lanes)

    assert sorted(n for batch in computed for n, _ in batch) == list(range(len(boxes)))
    assert all(boxes[n] is box for batch in computed for n, box in batch)
    if len(boxes) >= lanes and len({read.shape for read in reads}) == 1:
        assert len(computed) >= lanes
    n = 0
    for (found,), of_one in zip(logits, places, strict=True):
        for rows, columns in of_one:
            inside = found[4 * rows.start : 4 * rows.stop, 4 * columns.start : 4 * columns.stop]
            assert inside.eq(n).all()
            n += 1
        assert found.ne(OUTSIDE).sum() == 16 * area(*of_one)


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
        return in_boxes(runtime.decode, for_masks, given, boxes)

    logits = decoded(logits_in, [read[:1, :, rows, columns]], [(box,), ()], GRID)

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
