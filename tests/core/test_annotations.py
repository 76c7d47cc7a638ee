"""Annotations: a reference is a person's, predictions come and go, memory stays small."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vos_annotator.core import annotations as module
from vos_annotator.core.annotations import Annotations
from vos_annotator.core.edits import FrameEdit, Status
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import decode_png, encode_png, object_ids
from vos_annotator.core.memory_budget import BUDGET
from vos_annotator.core.object_flags import ObjectFlags

SHAPE = (20, 30)


def square(object_id, at=2, size=6):
    label_map = np.zeros(SHAPE, np.uint8)
    label_map[at : at + size, at : at + size] = object_id
    return label_map


def paint(annotations, frame, label_map):
    return annotations.apply(FrameEdit.between(frame, annotations[frame], label_map))


def test_a_prediction_never_replaces_a_reference():
    annotations = Annotations(3, SHAPE)
    paint(annotations, 1, square(2))
    seen = []
    annotations.changed.connect(lambda *what: seen.append(what))

    assert not annotations.predict(1, encode_png(square(7)), {7: 1.0})
    assert not annotations.predict(1, encode_png(square(7)), {7: 1.0}, ids=[7], stale=[7])

    np.testing.assert_array_equal(annotations[1], square(2))
    assert annotations.status(1) is Status.REFERENCE
    assert annotations.objects_at(1) == (2,)
    assert annotations.stale(1) == frozenset()
    assert seen == []


def test_a_prediction_says_what_it_shows_without_being_decoded(monkeypatch):
    annotations = Annotations(3, SHAPE)
    _ = annotations[1]  # zeros, which must not be taken for the prediction later
    png = encode_png(square(3) + square(4, at=12))
    monkeypatch.setattr(module, "decode_png", lambda data: pytest.fail("decoded"))

    annotations.predict(1, png, {3: 0.5, 4: 0.25}, ids=(4, 3))

    assert annotations.objects_at(1) == (3, 4)
    assert annotations.confidence(1) == {3: 0.5, 4: 0.25}
    assert annotations.png(1) == png
    monkeypatch.undo()
    np.testing.assert_array_equal(annotations[1], square(3) + square(4, at=12))


@pytest.mark.parametrize("ids", [None, (1,)])
def test_a_prediction_of_another_size_is_refused(ids):
    annotations = Annotations(3, SHAPE)

    with pytest.raises(ValueError, match=r"\(5, 5\)"):
        annotations.predict(1, encode_png(np.ones((5, 5), np.uint8)), {}, ids)

    assert annotations.status(1) is Status.EMPTY


@pytest.mark.parametrize("ids", [None, (1,)])
def test_bytes_that_are_no_png_are_refused(ids):
    annotations = Annotations(3, SHAPE)

    with pytest.raises(UserError, match="not a readable PNG"):
        annotations.predict(1, b"nothing like a picture, but long enough", {}, ids)

    assert annotations.status(1) is Status.EMPTY


@settings(max_examples=40)
@given(st.binary(min_size=SHAPE[0] * SHAPE[1], max_size=SHAPE[0] * SHAPE[1]))
def test_every_label_map_reads_back_as_it_was_painted(data):
    annotations = Annotations(1, SHAPE)
    label_map = np.frombuffer(data, np.uint8).reshape(SHAPE)

    paint(annotations, 0, label_map)
    annotations._decoded.clear()

    np.testing.assert_array_equal(annotations[0], label_map)
    assert annotations.objects_at(0) == tuple(sorted(set(data) - {0}))


def test_what_is_known_of_a_frame_is_what_its_png_shows_after_any_strokes():
    rng = np.random.default_rng(0)
    annotations = Annotations(1, (100, 40))
    for _ in range(60):
        after = annotations[0].copy()
        top, left = rng.integers(0, (90, 30))
        height, width = rng.integers(1, (100, 40))
        after[top : top + height, left : left + width] = rng.integers(0, 4)
        annotations.apply(FrameEdit.between(0, annotations[0], after))

        assert annotations.png(0) == encode_png(after)
        assert annotations.state(0).ids == object_ids(after)


def test_a_label_map_can_only_be_read():
    annotations = Annotations(1, SHAPE)
    paint(annotations, 0, square(1))

    with pytest.raises(ValueError, match="read-only"):
        annotations[0][0, 0] = 3


def test_as_many_label_maps_are_kept_decoded_as_is_allowed_and_the_others_are_as_right(
    monkeypatch,
):
    monkeypatch.setattr(BUDGET, "cap", lambda kind: 12 * SHAPE[0] * SHAPE[1])
    annotations = Annotations(100, SHAPE)
    for frame in range(100):
        annotations.predict(frame, encode_png(square(frame + 1)), {})
    for frame in range(100):
        np.testing.assert_array_equal(annotations[frame], square(frame + 1))

    assert 0 < len(annotations._decoded) <= 12
    assert annotations[99] is annotations[99]


def test_references_are_sorted_and_each_is_there_once():
    annotations = Annotations(9, SHAPE)
    for frame in (5, 1, 8, 1, 5):
        paint(annotations, frame, square(frame + 1, at=frame))
        paint(annotations, frame, square(frame + 2, at=frame))
    annotations.apply(FrameEdit(8, Status.PREDICTION))

    assert annotations.references == (1, 5)
    assert [annotations.span(frame) for frame in (0, 1, 3, 5, 8)] == [
        (-1, 1),
        (-1, 5),
        (1, 5),
        (1, 9),
        (5, 9),
    ]


def test_keeping_an_empty_frame_stores_that_nothing_is_there():
    annotations = Annotations(2, SHAPE)

    inverse = annotations.apply(FrameEdit(1, Status.REFERENCE))
    assert annotations.references == (1,)
    assert annotations.png(1) is not None and not annotations[1].any()

    annotations.apply(inverse)
    assert annotations.status(1) is Status.EMPTY and annotations.png(1) is None


def test_what_a_person_painted_survives_release_a_new_prediction_and_undo():
    annotations = Annotations(2, SHAPE)
    paint(annotations, 0, square(1))
    inverse = annotations.apply(FrameEdit(0, Status.PREDICTION, stale=frozenset({1})))
    annotations.predict(0, encode_png(square(9)), {9: 1.0})

    annotations.apply(inverse)

    assert annotations.references == (0,)
    np.testing.assert_array_equal(annotations[0], square(1))
    assert annotations.stale(0) == frozenset()


def test_a_change_is_announced_with_its_box():
    annotations, seen = Annotations(2, SHAPE), []
    annotations.changed.connect(lambda *what: seen.append(what))

    paint(annotations, 1, square(1, at=3, size=4))
    annotations.apply(FrameEdit(1, Status.PREDICTION))

    assert seen == [(1, (slice(3, 7), slice(3, 7))), (1, None)]


@pytest.mark.parametrize("frame", [-1, 3])
def test_a_frame_outside_the_video_is_an_error_everywhere(frame):
    annotations = Annotations(3, SHAPE)

    for ask in (annotations.__getitem__, annotations.state, annotations.stale, annotations.png):
        with pytest.raises(IndexError):
            ask(frame)
    with pytest.raises(IndexError):
        annotations.mark_stale([1, frame], [1])
    with pytest.raises(IndexError):
        annotations.apply(FrameEdit(frame, Status.REFERENCE))


# Stale frames


def predicted(frames=6):
    annotations = Annotations(frames, SHAPE)
    for frame in range(frames):
        annotations.predict(frame, encode_png(square(1) + square(2, at=10)), {1: 0.9, 2: 0.8})
    return annotations


def test_only_predictions_become_stale():
    annotations = Annotations(4, SHAPE)
    annotations.predict(1, encode_png(square(1)), {1: 0.9})
    paint(annotations, 2, square(1))

    changed = annotations.mark_stale(range(4), [1])

    assert changed.tolist() == [1]
    assert [annotations.stale(frame) for frame in range(4)] == [set(), {1}, set(), set()]


def test_a_frame_is_stale_for_the_objects_that_were_corrected_and_no_others():
    annotations = predicted()

    annotations.mark_stale([1, 2], [1])
    annotations.mark_stale([2, 3], [2])

    assert [annotations.stale(frame) for frame in range(5)] == [set(), {1}, {1, 2}, {2}, set()]
    assert np.flatnonzero(annotations.staleness.frames(2)).tolist() == [2, 3]


def test_marking_tells_once_and_only_of_frames_that_were_not_stale_yet():
    annotations, seen = predicted(), []
    annotations.became_stale.connect(lambda frames: seen.append(frames.tolist()))
    annotations.changed.connect(lambda *what: pytest.fail("one event a frame"))

    annotations.mark_stale(range(1, 4), [1])
    annotations.mark_stale(range(2, 6), [1])
    annotations.mark_stale(range(1, 6), [1])
    annotations.mark_stale([], [1])

    assert seen == [[1, 2, 3], [4, 5]]


def test_a_new_prediction_is_fresh_unless_it_says_otherwise():
    annotations = predicted()
    annotations.mark_stale(range(6), [1, 2])

    annotations.predict(3, encode_png(square(1)), {})
    annotations.predict(4, encode_png(square(1)), {}, ids=[1], stale=[2])

    assert annotations.stale(3) == frozenset()
    assert annotations.stale(4) == {2}


def test_a_reference_is_never_stale_and_undo_brings_the_staleness_back():
    annotations = predicted()
    annotations.mark_stale([3], [2])

    inverse = annotations.apply(FrameEdit(3, Status.REFERENCE))
    assert annotations.stale(3) == frozenset()
    annotations.apply(inverse)

    assert annotations.stale(3) == {2}
    assert annotations.confidence(3) == {1: 0.9, 2: 0.8}


@settings(max_examples=50)
@given(st.integers(1, 70), st.data())
def test_stale_frames_survive_being_packed(frame_count, data):
    frames = data.draw(st.lists(st.integers(0, frame_count - 1), unique=True))
    staleness = ObjectFlags(frame_count)
    staleness.mark(np.array(frames, np.intp), [3])

    again = ObjectFlags(frame_count, {3: staleness.packed(3)})

    assert np.flatnonzero(again.frames(3)).tolist() == sorted(frames)
    again.set(0, {3, 5})  # what was read can be changed
    assert again.at(0) == {3, 5} and again.unsaved >= {5}
    assert staleness.unsaved == ({3} if frames else set())


# Hidden objects


def test_a_hidden_object_is_in_no_label_map_and_no_png_until_it_is_shown_again():
    annotations = predicted()
    paint(annotations, 2, square(2, at=4) + square(1, at=12))
    before = [annotations[frame].copy() for frame in range(6)]

    annotations.hide(frozenset({2}))

    for frame in range(6):
        expected = np.where(before[frame] == 2, 0, before[frame])
        np.testing.assert_array_equal(annotations[frame], expected)
        np.testing.assert_array_equal(decode_png(annotations.png(frame)), expected)
        assert annotations.objects_at(frame) == (1,)
    assert list(annotations.appearances(2)) == []

    annotations.hide(frozenset())
    for frame in range(6):
        np.testing.assert_array_equal(annotations[frame], before[frame])


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.booleans()), max_size=10))
def test_edits_made_while_an_object_is_hidden_are_taken_back_exactly(steps):
    annotations = predicted(frames=3)
    before = [annotations[frame].copy() for frame in range(3)]
    annotations.hide(frozenset({2}))
    undo = []
    for at, (frame, object_id, is_kept) in enumerate(steps):
        status = Status.REFERENCE if is_kept else Status.PREDICTION
        after = annotations[frame].copy()
        after[at : at + 9, at : at + 12] = object_id
        undo.append(annotations.apply(FrameEdit.between(frame, annotations[frame], after, status)))
        np.testing.assert_array_equal(annotations[frame] == 2, False)
    for inverse in reversed(undo):
        annotations.apply(inverse)
    annotations.hide(frozenset())

    for frame in range(3):
        np.testing.assert_array_equal(annotations[frame], before[frame])


def test_an_objects_appearances_come_with_its_confidence():
    annotations = predicted(frames=3)
    paint(annotations, 1, square(1))

    assert sorted(annotations.appearances(1)) == [*((0, True, 0.9), (1, True, 1.0), (2, True, 0.9))]
    assert sorted(annotations.appearances(2)) == [(0, True, 0.8), (2, True, 0.8)]


def test_an_object_that_was_looked_for_in_vain_is_told_with_how_sure_that_is():
    annotations = Annotations(3, SHAPE)
    annotations.predict(1, encode_png(square(1)), {1: 0.9, 2: 0.4})
    assert list(annotations.appearances(2)) == [(1, False, 0.4)]
