"""What the timeline knows of each object on each frame."""

import numpy as np
import pytest

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.edits import AbsenceEdit, FrameEdit, Status
from vos_annotator.core.masks import encode_png
from vos_annotator.core.object_flags import pack
from vos_annotator.ui.timeline_states import (
    ABSENT,
    DOUBT,
    EMPTY,
    REFERENCE,
    REFERENCE_ABSENT,
    SAID_ABSENT,
    STALE,
    SURE,
    LaneStates,
    doubt_level,
)

SHAPE = (12, 16)


@pytest.fixture
def annotations():
    return Annotations(60, SHAPE)


def label_map(*ids):
    labels = np.zeros(SHAPE, np.uint8)
    for row, object_id in enumerate(ids):
        labels[row] = object_id
    return labels


def states_of(annotations, *ids):
    states = LaneStates(annotations, 60)
    states.set_objects(ids)
    return states


def test_nothing_is_known_at_first(annotations):
    assert not states_of(annotations, 1, 2).codes.any()


def test_a_reference_says_who_is_there_and_who_is_not(annotations):
    annotations.apply(FrameEdit.between(3, label_map(), label_map(1)))
    states = states_of(annotations, 1, 2)

    assert states.code(3, 1) == REFERENCE
    assert states.code(3, 2) == REFERENCE_ABSENT


def test_predictions_are_sure_doubtful_absent_or_stale(annotations):
    annotations.predict(5, encode_png(label_map(1, 2)), {1: 0.95, 2: 0.5, 3: 0.9})
    states = states_of(annotations, 1, 2, 3)

    assert states.code(5, 1) == SURE
    assert DOUBT < states.code(5, 2) < STALE
    assert states.code(5, 3) == ABSENT

    annotations.mark_stale([5], [1])
    states.update(5)
    assert states.code(5, 1) == STALE
    assert states.code(5, 2) != STALE


def test_an_object_that_was_never_looked_for_is_not_called_absent(annotations):
    annotations.predict(5, encode_png(label_map(1)), {1: 0.95, 2: 0.9})
    states = states_of(annotations, 1, 2, 3)
    assert [states.code(5, each) for each in (2, 3)] == [ABSENT, EMPTY]
    states.update(5)
    assert [states.code(5, each) for each in (2, 3)] == [ABSENT, EMPTY]


def test_what_is_stale_is_doubted_as_it_was(annotations):
    annotations.predict(5, encode_png(label_map(1)), {1: 0.55})
    states = states_of(annotations, 1)
    before = states.doubt()
    states.mark_stale(annotations.mark_stale([5], [1]))
    assert states.code(5, 1) == STALE
    assert (states.doubt() == before).all() and before[0, 5] > 0


def test_a_released_reference_is_updated_alone(annotations):
    inverse = annotations.apply(FrameEdit.between(3, label_map(), label_map(1)))
    states = states_of(annotations, 1)
    annotations.apply(inverse)

    states.update(3)

    assert annotations.status(3) is Status.EMPTY
    assert states.code(3, 1) == EMPTY


def test_less_confidence_is_never_shown_as_less_doubt():
    levels = [doubt_level(confidence) for confidence in np.linspace(1, 0, 200)]

    assert levels[0] == SURE
    assert levels == sorted(levels)
    assert levels[-1] == STALE - 1


def test_a_pixel_shows_the_frame_under_it_that_matters_most(annotations):
    annotations.apply(FrameEdit.between(17, label_map(), label_map(1)))
    annotations.predict(25, encode_png(label_map(1)), {1: 0.1})
    states = states_of(annotations, 1)

    columns = states.worst(np.array([0, 10, 20, 30]), 59)

    assert columns[0].tolist() == [EMPTY, REFERENCE, STALE - 1, EMPTY]


def test_a_lane_of_an_object_that_was_never_painted_is_empty(annotations):
    annotations.apply(FrameEdit.between(3, label_map(), label_map(1)))
    annotations.predict(4, encode_png(label_map(1)), {1: 1.0})
    states = states_of(annotations, 1, 2)

    assert not states.worst(np.arange(60), 59)[1].any()


def test_that_an_object_is_away_is_shown_where_it_was_said_before_it_was_ever_painted(annotations):
    annotations.apply_absence(AbsenceEdit(2, range(5, 8), pack(np.ones(3, bool))))
    states = states_of(annotations, 1, 2)

    shown = states.worst(np.arange(60), 59)
    assert shown[1].nonzero()[0].tolist() == [5, 6, 7]
    assert (shown[1, 5:8] == SAID_ABSENT).all()


def test_objects_that_stay_keep_their_lanes(annotations):
    annotations.apply(FrameEdit.between(3, label_map(), label_map(1, 2)))
    states = states_of(annotations, 1, 2)

    states.set_objects((2, 3))

    assert states.ids == (2, 3)
    assert states.code(3, 2) == REFERENCE
    assert states.code(3, 1) == EMPTY


@pytest.mark.parametrize("seed", range(5))
def test_a_lane_made_at_once_is_the_lane_that_grew_frame_by_frame(annotations, seed):
    rng = np.random.default_rng(seed)
    grown = states_of(annotations, 1, 2, 3)
    for _ in range(80):
        frame, ids = int(rng.integers(60)), rng.integers(1, 4, 2)
        if rng.random() < 0.8:
            confidence = {int(i): float(rng.random()) for i in ids}
            annotations.predict(frame, encode_png(label_map(*ids)), confidence)
        else:
            annotations.apply(FrameEdit.between(frame, annotations[frame], label_map(*ids)))
        grown.update(frame)
        grown.mark_stale(annotations.mark_stale([int(rng.integers(60))], [int(ids[0])]))

    at_once = states_of(annotations, 1, 2, 3)
    np.testing.assert_array_equal(at_once.codes, grown.codes)
    np.testing.assert_array_equal(at_once.doubt(), grown.doubt())
