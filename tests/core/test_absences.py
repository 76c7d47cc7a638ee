"""Absences: a person's word on where an object is not, which can be taken back exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.edit_stream import make_pictures
from vos_annotator.core.annotations import Annotations
from vos_annotator.core.corrections import absence_edit, correct, new_object
from vos_annotator.core.edit_codec import decode_edit, encode_edit
from vos_annotator.core.edits import AbsenceEdit, FrameEdit, ObjectsEdit, Status
from vos_annotator.core.masks import encode_png
from vos_annotator.core.object_flags import pack
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video

SHAPE, FRAMES = (12, 16), 8


def scene(*ids):
    label_map = np.zeros(SHAPE, np.uint8)
    for n, object_id in enumerate(ids):
        label_map[2:6, 2 + 5 * n : 6 + 5 * n] = object_id
    return label_map


@pytest.fixture
def annotations():
    """Predictions of objects 1 and 2 on all frames but 3, which is a reference."""
    annotations = Annotations(FRAMES, SHAPE)
    for frame in range(FRAMES):
        annotations.predict(frame, encode_png(scene(1, 2)), {1: 0.9, 2: 0.9})
    annotations.apply(FrameEdit(3, Status.REFERENCE))
    return annotations


def away(frames, is_absent=True, object_id=1):
    return AbsenceEdit(object_id, frames, pack(np.full(len(frames), is_absent)))


def test_an_absent_object_is_shown_nowhere_and_comes_back_at_once(annotations):
    inverse = annotations.apply_absence(away(range(4, 7)))

    for frame in range(4, 7):
        np.testing.assert_array_equal(annotations[frame], np.where(scene(1, 2) == 2, 2, 0))
        assert annotations.objects_at(frame) == (2,)
        assert annotations.png(frame) == encode_png(annotations[frame])
    assert annotations.objects_at(2) == annotations.objects_at(7) == (1, 2)
    assert {f: shown for f, shown, _ in annotations.appearances(1)}[5] is False

    annotations.apply_absence(inverse)
    assert all((annotations[frame] == scene(1, 2)).all() for frame in range(FRAMES))


def test_painting_an_absent_object_is_taken_for_the_opposite_and_undone_with_it(annotations):
    annotations.apply_absence(away(range(4, 7)))
    painted = scene(2)
    painted[8:10, 8:10] = 1

    inverse = annotations.apply(FrameEdit.between(5, annotations[5], painted))
    assert annotations.absences.at(5) == frozenset() and annotations.absences.at(4) == {1}
    np.testing.assert_array_equal(annotations[5], painted)  # and not what was predicted there

    annotations.apply(inverse)
    assert annotations.absences.at(5) == {1}
    assert 1 not in annotations[5]


def test_a_frame_that_is_kept_has_nothing_of_what_is_absent_from_it(annotations):
    annotations.apply_absence(away(range(4, 7)))
    annotations.apply(FrameEdit(5, Status.REFERENCE))
    annotations.apply_absence(away(range(4, 7), is_absent=False))

    assert annotations.objects_at(5) == (2,) and annotations.objects_at(4) == (1, 2)


def without(object_id, label_map):
    return np.where(label_map == object_id, 0, label_map).astype(np.uint8)


def test_erasing_an_object_says_that_it_is_not_there_until_it_is_painted_again(annotations):
    whole = annotations[5]
    part = whole.copy()
    part[2:4] = without(1, part[2:4])
    annotations.apply(FrameEdit.between(5, whole, part))
    assert annotations.absences.at(5) == frozenset()  # a part of it is still there

    inverse = annotations.apply(FrameEdit.between(5, part, without(1, part)))
    assert annotations.absences.at(5) == {1} and annotations.absences.at(4) == frozenset()

    again = annotations.apply(inverse)
    assert annotations.absences.at(5) == frozenset()
    annotations.apply(again)
    assert annotations.absences.at(5) == {1}
    annotations.apply(FrameEdit.between(5, annotations[5], whole))
    assert annotations.absences.at(5) == frozenset()


def test_an_object_that_is_drawn_nowhere_else_is_only_begun_elsewhere(annotations):
    kept = annotations[3]
    annotations.apply(FrameEdit.between(3, kept, without(1, kept)))
    assert annotations.absences.at(3) == frozenset()


def test_keeping_a_frame_says_that_what_was_predicted_to_be_away_is(annotations):
    annotations.predict(5, encode_png(scene(2)), {1: 0.9, 2: 0.9})
    annotations.apply(FrameEdit(5, Status.REFERENCE))
    assert annotations.absences.at(5) == {1}


def test_a_stroke_on_another_object_says_nothing_of_what_is_away(annotations):
    annotations.predict(5, encode_png(scene(2)), {1: 0.9, 2: 0.9})
    annotations.apply(FrameEdit.between(5, scene(2), scene()))
    assert annotations.absences.at(5) == {2}


def test_releasing_a_frame_takes_back_what_it_said_but_not_what_was_said_of_a_stretch(annotations):
    annotations.apply_absence(away(range(4, 7), object_id=2))
    annotations.apply(FrameEdit.between(5, annotations[5], scene()))
    assert annotations.absences.at(5) == {1, 2}
    annotations.apply(FrameEdit(5, Status.PREDICTION))
    assert annotations.absences.at(5) == {2}


def test_a_prediction_does_not_bring_an_absent_object_back(annotations):
    annotations.apply_absence(away(range(4, 7)))
    annotations.predict(5, encode_png(scene(1, 2)), {1: 1.0, 2: 1.0})

    assert 1 not in annotations[5] and annotations.objects_at(5) == (2,)


@settings(max_examples=40)
@given(st.data())
def test_any_walk_of_words_and_strokes_is_undone_to_the_pixel(data):
    annotations = Annotations(FRAMES, SHAPE)
    for frame in range(0, FRAMES, 2):
        annotations.apply(FrameEdit.between(frame, annotations[frame], scene(1, 2)))
    known, inverses = [_known(annotations)], []
    for _ in range(data.draw(st.integers(1, 8))):
        frame, object_id = data.draw(st.integers(0, FRAMES - 1)), data.draw(st.integers(1, 2))
        if data.draw(st.booleans()):
            end = data.draw(st.integers(frame + 1, FRAMES))
            edit = away(range(frame, end), data.draw(st.booleans()), object_id)
            inverses.append((annotations.apply_absence, annotations.apply_absence(edit)))
        else:
            after = annotations[frame].copy()
            row = data.draw(st.integers(0, SHAPE[0] - 2))
            after[row : row + 2, :5] = data.draw(st.sampled_from([0, object_id]))
            edit = FrameEdit.between(frame, annotations[frame], after)
            inverses.append((annotations.apply, annotations.apply(edit)))
        known.append(_known(annotations))
    for apply, inverse in reversed(inverses):
        assert _known(annotations) == known.pop()
        apply(decode_edit(encode_edit(inverse)))
    assert _known(annotations) == known.pop()


def _known(annotations):
    return [
        (annotations.status(f), annotations[f].tobytes(), annotations.absences.at(f))
        for f in range(annotations.frame_count)
        if annotations.status(f) is Status.REFERENCE or annotations.absences.at(f)
    ]


@pytest.fixture
def project(tmp_path):
    with open_video(make_pictures(tmp_path / "clip")) as video:
        project = Project.create(tmp_path / "clip.vos", video)
        project.apply(ObjectsEdit((new_object(1),)))
        label_map = np.zeros(video.shape, np.uint8)
        label_map[2:6, 2:6] = 1
        for frame in (0, 4):
            project.apply(FrameEdit.between(frame, project.annotations[frame], label_map))
        for frame in (1, 2, 3):
            project.predict(frame, encode_png(label_map), {1: 0.9}, "test")
        yield project
        project.close()


def test_what_was_carried_through_an_absence_is_stale_and_the_absence_itself_is_not(project):
    correct(project, absence_edit(project, 1, range(2, 3), True))

    assert [frame for frame in range(5) if project.annotations.stale(frame)] == [1, 3]


def test_a_reference_where_an_object_is_absent_loses_its_pixels(project):
    inverse, _ = correct(project, absence_edit(project, 1, range(3, 5), True))
    assert 1 not in project.annotations[4]

    correct(project, inverse)
    assert 1 in project.annotations[4] and not project.annotations.absences.ids


def test_absences_are_there_again_when_a_project_is_reopened(project):
    correct(project, absence_edit(project, 1, range(1, 3), True))
    path, video = project.path, project.video.path
    project.close()

    with open_video(video) as again:
        reopened = Project.open(path, again)
        assert [f for f in range(5) if 1 in reopened.annotations.absences.at(f)] == [1, 2]
        assert 1 not in reopened.annotations[1]
        reopened.close()
