"""Undo and redo outlive the program; what is damaged is refused in a sentence."""

import sqlite3
import zlib
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.edit_stream import FRAMES, content, label_map_of, make_pictures, redo, step
from tests.core.edit_stream import undo as take_back
from tests.core.older import make_older
from vos_annotator.core import history as history_module
from vos_annotator.core.corrections import correct
from vos_annotator.core.edit_codec import decode_edit, encode_edit
from vos_annotator.core.edits import Edits, FrameEdit, ObjectsEdit, Status, VideoObject
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video

NO_LABELS = zlib.compress(b"")

ids = st.frozensets(st.integers(1, 255), max_size=4)


@st.composite
def frame_edits(draw):
    """Draw an edit of a frame: pixels, a whole label map, or its state alone."""
    frame, status = draw(st.integers(0, 99)), draw(st.sampled_from(Status))
    stale = draw(ids)
    confidence = draw(st.dictionaries(st.integers(1, 255), st.floats(0, 1), max_size=3))
    kind = draw(st.sampled_from(["state", "patch", "png"]))
    if kind == "png":
        return FrameEdit(frame, status, None, draw(st.binary(max_size=40)), stale, confidence)
    if kind == "state":
        return FrameEdit(frame, status, stale=stale, confidence=confidence)
    before, after = (label_map_of(draw(st.integers(0, 50))) for _ in range(2))
    edit = FrameEdit.between(frame, before, after, status)
    return FrameEdit(frame, status, edit.patch, None, stale, confidence, edit.ids)


objects_edits = st.lists(
    st.builds(
        VideoObject,
        st.integers(1, 255),
        st.text(max_size=8),
        st.tuples(*[st.integers(0, 255)] * 3),
        st.booleans(),
        st.booleans(),
    ),
    max_size=3,
).map(lambda objects: ObjectsEdit(tuple(objects)))
edits = st.recursive(
    frame_edits() | objects_edits,
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: Edits(tuple(parts))),
    max_leaves=5,
)


@given(edits)
def test_an_edit_comes_back_from_its_bytes_as_it_was(edit):
    assert decode_edit(encode_edit(edit)) == edit


@given(st.binary(max_size=60))
def test_bytes_that_are_no_edit_are_refused(data):
    try:
        decode_edit(data)
    except ValueError:
        return
    raise AssertionError("that should be no edit")


@given(edits, st.data())
def test_an_edit_with_bytes_missing_is_refused(edit, data):
    whole = encode_edit(edit)
    cut = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(ValueError):
        decode_edit(whole[:cut])


@pytest.fixture
def path(tmp_path):
    Project.create(tmp_path / "clip.vos", open_video(make_pictures(tmp_path / "clip"))).close()
    return tmp_path / "clip.vos"


def masks(project):
    return [project.annotations[frame].tobytes() for frame in range(FRAMES)]


def paint(project, number):
    frame = number % FRAMES
    edit = FrameEdit.between(frame, project.annotations[frame], label_map_of(number))
    with project.together():
        project.history.push(f"Step {number}", project.apply(edit))


def test_what_was_done_before_a_restart_is_undone_after_it(path):
    project = Project.open(path)
    states = [masks(project)]
    for number in range(6):
        paint(project, number)
        states.append(masks(project))
    project.close()

    for expected in states[-2::-1]:
        project = Project.open(path)
        take_back(project)
        assert masks(project) == expected
        project.close()
    for expected in states[1:]:
        project = Project.open(path)
        redo(project)
        assert masks(project) == expected
        project.close()


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["step", "undo", "redo", "reopen"]), max_size=30))
def test_a_project_that_was_closed_in_between_has_the_history_of_one_that_was_not(
    tmp_path_factory, walk
):
    folder = tmp_path_factory.mktemp("walk")
    clip = make_pictures(folder / "clip")
    open_all_the_time, reopened = (
        Project.create(folder / f"{name}.vos", open_video(clip)) for name in ("a", "b")
    )
    for number, word in enumerate(walk):
        if word == "reopen":
            reopened.close()
            reopened = Project.open(folder / "b.vos")
        for project in (open_all_the_time, reopened):
            match word:
                case "step":
                    step(project, number)
                case "undo":
                    take_back(project)
                case "redo":
                    redo(project)
    try:
        assert content(open_all_the_time) == content(reopened)
    finally:
        open_all_the_time.close()
        reopened.close()


def test_a_new_step_takes_the_place_of_those_that_were_taken_back_also_on_disk(path):
    project = Project.open(path)
    for number in range(4):
        paint(project, number)
    for _ in range(3):
        take_back(project)
    paint(project, 9)
    project.close()

    project = Project.open(path)
    names = [project.history.name(n) for n in range(project.history.first, project.history.end)]
    assert names == ["Step 0", "Step 9"] and not project.history.can_redo
    project.close()


def test_the_oldest_steps_fall_off_in_memory_and_on_disk(path, monkeypatch):
    monkeypatch.setattr(history_module, "MOST_STEPS", 5)
    project = Project.open(path)
    for number in range(12):
        paint(project, number)
    assert len(project.history) == 5
    project.close()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM history").fetchone() == (5,)

    project = Project.open(path)
    for _ in range(9):
        take_back(project)
    assert not project.history.can_undo and project.history.redo_text == "Step 7"
    for _ in range(9):
        redo(project)
    np.testing.assert_array_equal(project.annotations[11], label_map_of(11))
    project.close()


def test_steps_that_are_written_are_not_kept_in_memory(path):
    project = Project.open(path)
    for number in range(8):
        paint(project, number)

    assert project.history.unsaved == {}
    project.close()


def test_a_damaged_step_is_refused_in_a_sentence_and_no_mask_changes(path):
    project = Project.open(path)
    for number in range(4):
        paint(project, number)
    project.close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE history SET edit = x'c1' WHERE position = 2")
    project = Project.open(path)
    take_back(project)
    before = masks(project)

    with pytest.raises(UserError, match="'Step 2' was damaged"):
        take_back(project)

    assert masks(project) == before and not project.history.can_undo
    redo(project)
    np.testing.assert_array_equal(project.annotations[3], label_map_of(3))
    project.close()


@pytest.mark.parametrize("damage", [{"pixels": b"x"}, {"values": b"x"}, {"values": NO_LABELS}])
def test_of_a_step_with_damaged_pixels_nothing_is_made(path, damage):
    project = Project.open(path)
    paint(project, 0)
    paint(project, FRAMES)  # the same frame again
    sound = FrameEdit(1, Status.REFERENCE, png=encode_png(label_map_of(3)))
    edit = project.history.to_undo()
    damaged = replace(edit, patch=replace(edit.patch, **damage))
    before = masks(project)

    with pytest.raises(UserError, match="is damaged"):
        correct(project, decode_edit(encode_edit(Edits((sound, damaged)))))

    assert masks(project) == before
    project.close()
    with Project.open(path) as project:
        assert masks(project) == before


def test_a_project_of_the_first_version_opens_with_nothing_to_undo(path):
    project = Project.open(path)
    paint(project, 1)
    expected = masks(project)
    project.close()
    make_older(path, 1)

    project = Project.open(path)
    assert masks(project) == expected and not project.history.can_undo
    paint(project, 2)
    project.close()
    project = Project.open(path)
    take_back(project)
    assert masks(project) == expected
    project.close()
