"""Edits: made and taken back, in any order that undo allows, they leave every pixel in place."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.edits import Edits, FrameEdit, ObjectsEdit, Patch, Status, edits_of
from vos_annotator.core.masks import encode_png, object_ids

SHAPE, FRAMES = (12, 17), 3
quick = settings(max_examples=60)


@st.composite
def label_maps(draw):
    """A label map of a few boxes."""
    label_map = np.zeros(SHAPE, np.uint8)
    for _ in range(draw(st.integers(0, 3))):
        top, left = draw(st.integers(0, SHAPE[0])), draw(st.integers(0, SHAPE[1]))
        height, width = draw(st.integers(0, 8)), draw(st.integers(0, 8))
        label_map[top : top + height, left : left + width] = draw(st.sampled_from([0, 1, 2, 255]))
    return label_map


def snapshot(annotations):
    """Everything that is known of every frame."""
    return [
        (
            annotations.state(frame),
            annotations.stale(frame),
            annotations[frame].tobytes(),
            annotations.png(frame) is None,
        )
        for frame in range(annotations.frame_count)
    ]


@quick
@given(label_maps(), label_maps())
def test_a_patch_turns_one_label_map_into_the_other_and_its_inverse_turns_it_back(before, after):
    edit = FrameEdit.between(0, before, after)
    label_map = before.copy()
    if edit.patch is None:
        np.testing.assert_array_equal(before, after)
        return

    inverse, _ = edit.patch.apply(label_map)
    np.testing.assert_array_equal(label_map, after)
    inverse.apply(label_map)
    np.testing.assert_array_equal(label_map, before)


def test_an_edit_of_a_part_of_a_frame_is_that_of_the_frame():
    before = np.arange(200, dtype=np.uint8).reshape(10, 20)
    after = before.copy()
    after[4:6, 7:12] = 3
    part = (slice(2, 9), slice(5, 18))

    of_part = FrameEdit.between(0, before[part], after[part], corner=(2, 5))
    assert of_part == FrameEdit.between(0, before, after)


@quick
@given(label_maps(), label_maps())
def test_an_edit_names_exactly_the_objects_that_gain_or_lose_a_pixel(before, after):
    edit = FrameEdit.between(0, before, after)

    expected = {
        i
        for i in {*object_ids(before), *object_ids(after)}
        if ((before == i) != (after == i)).any()
    }
    assert edit.ids == expected


def test_a_patch_holds_no_more_than_the_box_that_changed():
    before = np.zeros((1080, 1920), np.uint8)
    after = before.copy()
    after[500:520, 100:1400] = 3
    edit = FrameEdit.between(0, before, after)

    assert edit.patch.box == (slice(500, 520), slice(100, 1400))
    assert len(edit.patch.pixels) + len(edit.patch.values) < 1000


def test_a_patch_of_a_shifted_stroke_sets_only_its_own_pixels():
    label_map = np.full((4, 4), 9, np.uint8)
    diagonal = np.eye(3, dtype=bool)
    patch = Patch.of((slice(1, 4), slice(0, 3)), diagonal, np.array([1, 2, 3], np.uint8))

    patch.apply(label_map)

    assert label_map.tolist() == [[9, 9, 9, 9], [1, 9, 9, 9], [9, 2, 9, 9], [9, 9, 3, 9]]


person = st.tuples(
    st.just("edit"),
    st.integers(0, FRAMES - 1),
    st.sampled_from([Status.REFERENCE, Status.REFERENCE, Status.PREDICTION, Status.EMPTY]),
    st.one_of(st.none(), label_maps()),
)


def make(annotations, frame, status, after):
    """Make a person's edit as the document would; return the inverse."""
    if after is None:
        return annotations.apply(FrameEdit(frame, status))
    return annotations.apply(FrameEdit.between(frame, annotations[frame], after, status))


@quick
@given(st.lists(person, max_size=12), st.lists(label_maps(), min_size=FRAMES, max_size=FRAMES))
def test_undoing_everything_restores_every_frame_exactly(edits, predicted):
    annotations = Annotations(FRAMES, SHAPE)
    for frame, label_map in enumerate(predicted[1:]):
        annotations.predict(frame, encode_png(label_map), {1: 0.5}, stale=[1])
    start = snapshot(annotations)

    undo = [make(annotations, *each[1:]) for each in edits]
    for inverse in reversed(undo):
        annotations.apply(inverse)

    assert snapshot(annotations) == start


@quick
@given(st.lists(person, min_size=1, max_size=8), st.lists(st.booleans(), max_size=40))
def test_any_walk_of_undo_and_redo_shows_the_same_states_again(edits, walk):
    annotations = Annotations(FRAMES, SHAPE)
    states, steps = [snapshot(annotations)], []
    for each in edits:
        steps.append(make(annotations, *each[1:]))
        states.append(snapshot(annotations))
    at = len(edits)
    for forward in walk:
        if forward and at < len(edits):
            steps[at] = annotations.apply(steps[at])
            at += 1
        elif not forward and at:
            at -= 1
            steps[at] = annotations.apply(steps[at])
        assert snapshot(annotations) == states[at]


@quick
@given(st.lists(person, min_size=1, max_size=8), st.lists(label_maps(), min_size=1, max_size=8))
def test_references_come_back_exactly_whatever_an_engine_did_meanwhile(edits, predictions):
    annotations = Annotations(FRAMES, SHAPE)
    states, steps = [references_of(annotations)], []
    for each in edits:
        steps.append(make(annotations, *each[1:]))
        states.append(references_of(annotations))

    def engine_runs(number):
        for frame in range(FRAMES):
            png = encode_png(predictions[(number + frame) % len(predictions)])
            annotations.predict(frame, png, {})

    for at in reversed(range(len(steps))):
        engine_runs(at)
        steps[at] = annotations.apply(steps[at])
        assert references_of(annotations) == states[at]
    for at in range(len(steps)):
        engine_runs(at + 3)
        steps[at] = annotations.apply(steps[at])
        assert references_of(annotations) == states[at + 1]


def references_of(annotations):
    return {frame: annotations[frame].tobytes() for frame in annotations.references}


def test_edits_of_a_kind_are_found_however_deep():
    a, b = FrameEdit(1, Status.REFERENCE), FrameEdit(2, Status.EMPTY)

    assert list(edits_of(FrameEdit, Edits((a, Edits((ObjectsEdit(()), b)))))) == [a, b]
    assert list(edits_of(FrameEdit, ObjectsEdit(()))) == []
