"""Doubtful frames and glitches in one order, each place once."""

from itertools import pairwise

import numpy as np
import pytest

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.edits import FrameEdit
from vos_annotator.core.glitches import Glitch
from vos_annotator.core.masks import encode_png
from vos_annotator.ui.timeline_states import ABSENT, LaneStates
from vos_annotator.ui.unsure_places import MOST, UnsurePlace, unsure_places

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


def test_what_only_waits_to_be_computed_anew_is_no_place(annotations):
    doubt(annotations, dict.fromkeys(range(60), 0.9) | {20: 0.7})
    annotations.mark_stale(range(60), [1])
    assert frames(annotations) == [20]


def test_what_a_correction_is_about_to_mend_comes_after_doubt_elsewhere(annotations):
    doubt(annotations, dict.fromkeys(range(10, 17), 0.4) | dict.fromkeys(range(50, 53), 0.6))
    assert frames(annotations) == [13, 51]
    annotations.apply(FrameEdit.between(13, annotations[13], label_map(1)))
    annotations.mark_stale([*range(10, 13), *range(14, 17)], [1])
    assert frames(annotations)[0] == 51


def test_an_object_that_is_lost_for_a_moment_is_not_hidden_by_one_that_is_faintly_doubted(
    annotations,
):
    faint = dict.fromkeys(range(60), 0.78)
    for frame, confidence in faint.items():
        annotations.predict(frame, encode_png(label_map(1, 2)), {1: confidence, 2: 0.9})
    for frame in (41, 42):
        annotations.predict(frame, encode_png(label_map(1, 2)), {1: 0.78, 2: 0.2})
    places = unsure_places(states_of(annotations, 1, 2))

    assert (places[0].frame, places[0].object_id) in ((41, 2), (42, 2))
    assert len(places) >= 3 and {place.object_id for place in places[1:]} == {1}


def test_a_long_doubtful_stretch_is_a_place_for_each_that_a_correction_reaches(annotations):
    doubt(annotations, dict.fromkeys(range(60), 0.5))
    visited = sorted(frames(annotations))
    assert all(later - earlier > 12 for earlier, later in pairwise(visited))
    assert all(min(abs(frame - each) for each in visited) <= 12 for frame in range(60))


def test_objects_that_are_doubted_on_the_same_frames_are_one_place(annotations):
    for frame in range(20, 29):
        annotations.predict(frame, encode_png(label_map(1, 2)), {1: 0.5, 2: 0.6})
    assert unsure_places(states_of(annotations, 1, 2)) == [UnsurePlace(24, 1)]


def test_a_reference_without_an_object_that_is_right_beside_it_is_a_place(annotations):
    for frame in range(60):
        shown = label_map(1, 2) if frame > 9 else label_map(1)
        annotations.predict(frame, encode_png(shown), {1: 0.9, 2: 0.9})
    for frame in (5, 30, 31):
        annotations.apply(FrameEdit.between(frame, annotations[frame], label_map(1)))
    assert unsure_places(states_of(annotations, 1, 2)) == [UnsurePlace(30, 2)]
    annotations.absences.set(30, {2})
    annotations.absences.set(31, {2})
    assert unsure_places(states_of(annotations, 1, 2)) == []


def test_of_an_hour_that_is_doubtful_all_over_the_places_that_are_worth_most_are_returned():
    annotations = Annotations(90_000, SHAPE)
    png = encode_png(label_map(1))
    for first in range(0, 90_000, 300):
        for frame in range(first, first + 20):
            annotations.predict(frame, png, {1: 0.1 if first == 45_000 else 0.5}, (1,))
    states = LaneStates(annotations, 90_000)
    states.set_objects((1,))
    places = unsure_places(states)
    assert len(places) == MOST
    assert 45_000 <= places[0].frame < 45_020


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
