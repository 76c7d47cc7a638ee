"""Doubtful frames and glitches in one order, each place once."""

import numpy as np
import pytest

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.edits import FrameEdit
from vos_annotator.core.glitches import Glitch
from vos_annotator.core.masks import encode_png
from vos_annotator.ui.timeline_states import ABSENT, LaneStates
from vos_annotator.ui.unsure_places import UnsurePlace, unsure_places

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


def doubt(annotations, confidences):
    for frame, confidence in confidences.items():
        annotations.predict(frame, encode_png(label_map(1)), {1: confidence})


def frames(annotations, *glitches):
    return [place.frame for place in unsure_places(states_of(annotations, 1, 2), glitches)]


def test_each_doubtful_stretch_is_a_place_what_is_worth_most_first(annotations):
    doubt(annotations, {5: 0.7, 6: 0.5, 7: 0.7, 30: 0.3, 31: 0.3, 32: 0.4, 40: 0.9, 55: 0.75})
    assert frames(annotations) == [31, 6, 55]


def test_it_is_in_the_middle_of_what_is_doubted_that_a_correction_is_worth_most(annotations):
    doubt(annotations, dict.fromkeys(range(3, 20), 0.5))
    doubt(annotations, {4: 0.3})  # the worst frame, but at one end
    assert frames(annotations) == [11]
    annotations.apply(FrameEdit.between(8, annotations[8], label_map(1)))
    assert frames(annotations) == [14, 5]


def test_an_object_that_may_have_been_lost_is_doubtful_and_one_that_surely_left_is_not(annotations):
    annotations.predict(5, encode_png(label_map(1)), {1: 0.9, 2: 0.4})
    annotations.predict(6, encode_png(label_map(1)), {1: 0.9, 2: 0.95})
    states = states_of(annotations, 1, 2)
    assert [place.frame for place in unsure_places(states)] == [5]
    assert states.code(6, 2) == ABSENT


def test_stale_frames_are_the_last_to_be_looked_at(annotations):
    for frame in (5, 20):
        annotations.predict(frame, encode_png(label_map(1)), {1: 0.7 if frame == 20 else 0.9})
    annotations.mark_stale([5], [1])
    assert frames(annotations) == [20, 5]


def test_a_glitch_comes_after_what_is_lost_and_before_what_is_hardly_doubted(annotations):
    doubt(annotations, {5: 0.75, 30: 0.2, 31: 0.2, 32: 0.2})
    assert frames(annotations, Glitch(range(18, 20), 1)) == [31, 18, 5]


def test_a_glitch_that_is_doubted_too_is_one_place_as_bad_as_the_worse_of_both(annotations):
    doubt(annotations, {17: 0.75, 18: 0.2, 19: 0.3, 20: 0.7, 40: 0.3})
    assert frames(annotations, Glitch(range(18, 20), 1)) == [18, 40]


def test_a_long_doubtful_stretch_with_its_worth_elsewhere_is_a_place_beside_its_glitch(annotations):
    doubt(annotations, {frame: 0.2 if frame > 25 else 0.7 for frame in range(10, 40)})
    assert frames(annotations, Glitch(range(12, 13), 1)) == [31, 12]


def test_objects_that_have_a_glitch_on_the_same_frames_are_one_place(annotations):
    together = Glitch(range(18, 20), 1), Glitch(range(19, 21), 2)
    apart = Glitch(range(21, 22), 1)
    places = unsure_places(states_of(annotations, 1, 2), (*together, apart))

    assert places == [UnsurePlace(18, 1, together), UnsurePlace(21, 1, (apart,))]
    assert [place.frames for place in places] == [range(18, 21), range(21, 22)]


def test_a_place_names_the_object_that_is_doubted_most(annotations):
    annotations.predict(5, encode_png(label_map(1, 2)), {1: 0.7, 2: 0.4})
    assert unsure_places(states_of(annotations, 1, 2)) == [UnsurePlace(5, 2)]


def test_objects_that_are_left_out_have_no_places(annotations):
    annotations.predict(5, encode_png(label_map(1, 2)), {1: 0.7, 2: 0.4})
    states, glitch = states_of(annotations, 1, 2), Glitch(range(20, 21), 2)

    assert unsure_places(states, [glitch], {2}) == [UnsurePlace(5, 1)]
    assert unsure_places(states, [glitch], {1, 2}) == []


def test_without_objects_or_doubt_there_is_no_place(annotations):
    assert unsure_places(states_of(annotations)) == frames(annotations) == []
