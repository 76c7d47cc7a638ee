"""The document: every verb can be undone and done again, and tells what it touched."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.edit_stream import SHAPE, content, make_pictures
from vos_annotator.core.corrections import new_object
from vos_annotator.core.edits import FrameEdit, ObjectsEdit, Status
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video
from vos_annotator.ui.document import Document

FRAMES = 8


@pytest.fixture
def document(qapp, tmp_path):
    """A document with objects 1 and 2: references at 1 and 5, predictions elsewhere but at 7."""
    video = open_video(make_pictures(tmp_path / "clip", FRAMES))
    project = Project.create(tmp_path / "clip.vos", video)
    document = Document(project)
    for name in ("cat", "dog"):
        document.add_object(name)
    for frame in (1, 5):
        document.paint(frame, both(frame), "Paint")
    for frame in (0, 2, 3, 4, 6):
        project.predict(frame, encode_png(both(frame)), {1: 0.9, 2: 0.4}, "hold")
    forget_steps(document)
    yield document
    project.close()


def forget_steps(document):
    """Let what was done so far be no step."""
    history = document.history
    for position in range(history.first, history.end):
        history._drop(position)


def both(at):
    """Return a label map with a square of 1 and a square of 2."""
    label_map = np.zeros(SHAPE, np.uint8)
    label_map[at : at + 8, at : at + 8] = 1
    label_map[25:35, 30 + at : 45 + at] = 2
    return label_map


def painted(document, frame, object_id=1, top=15):
    label_map = document.annotations[frame].copy()
    label_map[top : top + 5, 3:20] = object_id
    return label_map


def stale(document):
    """Return the frames that are stale, and for which objects."""
    annotations = document.annotations
    return {f: set(annotations.stale(f)) for f in range(FRAMES) if annotations.stale(f)}


VERBS = {
    "paint a reference": lambda d: d.paint(1, painted(d, 1), "Paint"),
    "paint a prediction": lambda d: d.paint(3, painted(d, 3), "Paint"),
    "paint an empty frame": lambda d: d.paint(7, painted(d, 7, 2), "Paint"),
    "paint an object to be": lambda d: d.paint(3, painted(d, 3, 3), "Paint"),
    "keep a prediction": lambda d: d.keep(2),
    "keep an empty frame": lambda d: d.keep(7),
    "release": lambda d: d.release(5),
    "clear an object here": lambda d: d.clear_object(5, 2),
    "clear an object of a prediction": lambda d: d.clear_object(2, 1),
    "delete an object": lambda d: d.delete_object(2),
    "add an object": lambda d: d.add_object("bird"),
    "rename an object": lambda d: d.update_object(1, name="lynx"),
    "lock an object": lambda d: d.update_object(2, locked=True, visible=False),
    "copy from a frame": lambda d: d.copy_from(3, 1, 1),
    "import": lambda d: d.import_references({0: both(3), 1: both(4), 7: painted(d, 7, 9)}),
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_a_verb_is_one_step_that_undo_and_redo_repeat_exactly(document, verb):
    before = visible(document)
    verb(document)
    after = visible(document)
    assert after != before and len(document.history) == 1

    for _ in range(2):
        document.undo()
        assert shown(document, before)
        document.redo()
        assert shown(document, after)


def visible(document):
    """What a person sees, without what is stale: that only ever grows until a run."""
    return {
        "pixels": [document.annotations[f].tobytes() for f in range(FRAMES)],
        "status": [document.annotations.status(f) for f in range(FRAMES)],
        "ids": [document.annotations.objects_at(f) for f in range(FRAMES)],
        "objects": tuple(document.objects),
    }


def shown(document, expected):
    found = visible(document)
    assert found == expected
    return True


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_what_a_verb_did_is_in_the_file_when_it_returns(document, verb, tmp_path):
    verb(document)
    document.project.save_copy(tmp_path / "copy.vos")

    copy = Project.open(tmp_path / "copy.vos")

    assert content(copy) == content(document.project)
    copy.close()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(sorted(VERBS)), min_size=1, max_size=8),
    st.lists(st.booleans(), max_size=30),
)
def test_any_walk_through_the_history_shows_the_same_states_again(document, names, walk):
    forget_steps(document)
    begin = document.history.done
    states = [visible(document)]
    for name in names:
        try:
            VERBS[name](document)
        except KeyError:
            continue  # an object that was deleted before
        if len(document.history) == len(states):
            states.append(visible(document))
    for forward in walk:
        (document.redo if forward else document.undo)()
        assert shown(document, states[document.history.done - begin])
    while document.history.can_undo:
        document.undo()
    assert shown(document, states[0])


def test_what_was_done_before_a_restart_is_undone_by_the_same_key_after_it(document, tmp_path):
    before = visible(document)
    document.clear_object(1, 2)
    document.delete_object(1)
    after = visible(document)
    document.project.close()

    again = Document(Project.open(tmp_path / "clip.vos"))
    again.undo()
    again.undo()
    assert shown(again, before) and again.history.redo_text == "Clear dog here"
    again.redo()
    again.redo()
    assert shown(again, after)
    again.project.close()


def test_a_verb_that_changes_nothing_is_no_step(document):
    document.paint(1, document.annotations[1], "Paint")
    document.paint(3, document.annotations[3], "Paint")
    document.keep(1)
    document.release(3)
    document.clear_object(3, 9)
    document.update_object(1, name="cat")

    assert len(document.history) == 0
    assert document.annotations.references == (1, 5)


def test_a_step_is_named_after_what_was_done(document):
    document.clear_object(1, 2)
    document.delete_object(1)

    assert [document.history.name(document.history.first + n) for n in range(2)] == [
        "Clear dog here",
        "Delete cat everywhere",
    ]


def test_an_edit_that_fails_is_no_step_and_changes_nothing(document):
    before = visible(document)

    with pytest.raises(IndexError):
        document.keep(FRAMES)
    with pytest.raises(IndexError):
        document.edit("Far away", FrameEdit(99, Status.REFERENCE))

    assert len(document.history) == 0 and shown(document, before)


# Locks


def test_locked_objects_keep_every_pixel_and_get_none(document):
    document.update_object(2, locked=True)
    before = document.annotations[1].copy()
    after = np.ones(SHAPE, np.uint8)
    after[:3] = 2

    document.paint(1, after, "Flood")

    found = document.annotations[1]
    np.testing.assert_array_equal(found == 2, before == 2)
    assert (found[3:][before[3:] != 2] == 1).all()
    np.testing.assert_array_equal(found[:3], before[:3])


def test_a_locked_object_is_neither_cleared_nor_copied_over(document):
    document.update_object(2, locked=True)
    before = document.annotations[1].copy()

    document.clear_object(1, 2)
    document.copy_from(1, 5, 2)

    np.testing.assert_array_equal(document.annotations[1], before)
    assert len(document.history) == 1


# What becomes stale, and who is told


@pytest.fixture
def told(document):
    """What `reference_changed` said, in order."""
    found = []
    document.reference_changed.connect(lambda frame, ids: found.append((frame, set(ids))))
    return found


def test_predictions_up_to_the_neighbouring_references_become_stale_for_what_was_touched(
    document, told
):
    document.paint(3, painted(document, 3, object_id=2), "Paint")

    assert stale(document) == {2: {2}, 4: {2}}
    assert told == [(3, {2})]


def test_taking_pixels_from_an_object_touches_it_too(document, told):
    after = painted(document, 1)
    after[28:30] = 1  # across the dog

    document.paint(1, after, "Paint")

    assert told == [(1, {1, 2})]
    assert stale(document) == {f: {1, 2} for f in (0, 2, 3, 4, 6)}  # their first reference


def test_keeping_and_releasing_touch_every_object(document, told):
    document.keep(3)
    assert stale(document) == {2: {1, 2}, 4: {1, 2}}
    document.release(5)

    assert stale(document) == {f: {1, 2} for f in (2, 4, 5, 6)}
    assert told == [(3, {1, 2}), (5, {1, 2})]


def test_a_released_reference_is_computed_anew_for_objects_that_it_does_not_show_too(document):
    document.paint(2, np.zeros(SHAPE, np.uint8), "Erase")
    document.keep(3)

    document.release(2)

    assert stale(document)[2] == {1, 2}


def test_saying_that_nothing_is_here_makes_the_neighbours_stale(document, told):
    document.project.predict(7, encode_png(np.zeros(SHAPE, np.uint8)), {}, "hold")
    document.keep(7)

    assert stale(document) == {6: {1, 2}}


def test_undo_restores_the_frame_and_makes_its_neighbours_stale_again(document, told):
    document.paint(3, painted(document, 3), "Paint")
    for frame in (2, 4):
        document.project.predict(frame, encode_png(both(frame)), {1: 0.9, 2: 0.4}, "hold")
    assert stale(document) == {}

    document.undo()

    assert document.annotations.status(3) is Status.PREDICTION
    assert document.annotations.confidence(3) == {1: 0.9, 2: 0.4}
    assert stale(document) == {2: {1}, 4: {1}}
    assert told == [(3, {1}), (3, {1})]


def test_redo_gives_the_persons_mask_and_not_what_an_engine_found_meanwhile(document):
    document.paint(3, painted(document, 3), "Paint")
    expected = document.annotations[3].copy()
    document.undo()
    document.project.predict(3, encode_png(np.full(SHAPE, 2, np.uint8)), {2: 1.0}, "hold")

    document.redo()

    np.testing.assert_array_equal(document.annotations[3], expected)
    assert document.annotations.status(3) is Status.REFERENCE


def test_changes_of_predictions_and_of_the_list_touch_no_reference(document, told):
    document.project.predict(2, encode_png(both(0)), {}, "hold")
    document.add_object()
    document.update_object(1, visible=False)
    document.edit("Prediction", FrameEdit(3, Status.PREDICTION))

    assert told == []


def test_deleting_an_object_touches_the_references_that_showed_it(document, told):
    document.clear_object(5, 2)
    told.clear()

    document.delete_object(2)
    assert told == [(1, {2})]
    document.undo()
    assert told == [(1, {2}), (1, {2})]


def test_many_stale_frames_are_one_signal(document, qtbot):
    signals = []
    document.became_stale.connect(lambda frames: signals.append(frames.tolist()))
    document.frame_changed.connect(lambda frame, box: signals.append(frame))

    document.paint(5, painted(document, 5), "Paint")

    assert signals == [5, [2, 3, 4, 6]]


# Objects


def test_new_objects_get_new_ids_even_after_undo(document):
    third = document.add_object("bird")
    document.undo()

    assert (third, document.add_object("fish")) == (3, 4)
    assert document.objects[4].name == "fish"


def test_past_255_adding_an_object_is_refused_in_a_sentence(document):
    document.edit("Many", ObjectsEdit(tuple(map(new_object, range(1, 256)))))

    with pytest.raises(UserError, match="at most 255 objects"):
        document.add_object()
    assert len(document.history) == 1


def test_an_object_added_in_mid_video_leaves_the_others_as_they_are(document):
    before = visible(document)
    new = document.add_object("bird")
    document.paint(3, painted(document, 3, new, top=36), "Paint")

    after = visible(document)
    changed = [f for f in range(FRAMES) if after["pixels"][f] != before["pixels"][f]]
    assert changed == [3]
    assert stale(document) == {f: {new} for f in (0, 2, 4, 6)}  # no other reference shows it


def test_an_imported_object_that_is_not_known_is_added_with_its_id(document):
    document.import_references({0: painted(document, 0, 40)})

    assert document.objects.ids == (1, 2, 40)
    assert document.annotations.references == (0, 1, 5)
    assert document.objects.next_id == 41


def test_the_pixels_of_an_object_that_is_not_listed_any_more_are_gone_too(document):
    new = document.add_object("bird")
    document.paint(3, painted(document, 3, new, top=36), "Paint")
    label_map = painted(document, 2, new, top=36)
    document.project.predict(2, encode_png(label_map), {new: 1.0}, "hold")

    document.undo()
    document.undo()

    assert new not in document.objects
    for frame in range(FRAMES):
        assert new not in document.annotations[frame]
        assert new not in document.annotations.objects_at(frame)
    document.redo()
    assert new in document.annotations[2]


def test_importing_the_id_of_a_deleted_object_does_not_bring_its_old_masks_back(document):
    before = visible(document)
    document.delete_object(2)
    document.import_references({0: painted(document, 0, 2, top=36)})

    assert document.objects.ids == (1, 2)
    assert [f for f in range(FRAMES) if 2 in document.annotations[f]] == [0]
    assert [f for f in range(FRAMES) if 2 in document.annotations.objects_at(f)] == [0]
    document.undo()
    assert not [f for f in range(FRAMES) if 2 in document.annotations[f]]
    document.undo()
    assert shown(document, before)


def test_what_an_imported_object_is_to_be_carried_over_is_stale_where_one_of_its_id_was_deleted(
    document,
):
    document.delete_object(2)
    document.import_references({1: painted(document, 1, 2, top=36)})

    assert stale(document) == {frame: {2} for frame in (0, 2, 3, 4, 6)}


def test_deleting_an_object_touches_no_frame_and_holds_after_reopening(document, tmp_path):
    signals = []
    document.frame_changed.connect(lambda frame, box: signals.append(frame))

    document.delete_object(1)

    assert signals == []
    assert not any(1 in document.annotations[frame] for frame in range(FRAMES))
    document.project.save_copy(tmp_path / "copy.vos")
    copy = Project.open(tmp_path / "copy.vos")
    assert not any(1 in copy.annotations[frame] for frame in range(FRAMES))
    copy.close()
