"""Review states: a person's word on how far the work is, which can be taken back exactly."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.edit_stream import make_pictures
from tests.core.older import make_older
from vos_annotator.core.edit_codec import decode_edit, encode_edit
from vos_annotator.core.edits import ReviewEdit, ReviewSpan, ReviewState
from vos_annotator.core.project import Project
from vos_annotator.core.reviews import Reviews
from vos_annotator.core.video import open_video

FRAMES = 8
TO_DO, DONE, ACCEPTED, SENT_BACK = ReviewState


@st.composite
def edits(draw):
    cuts = sorted(draw(st.sets(st.integers(0, FRAMES), min_size=2)))
    note = st.sampled_from(["", "the ear", "Ärmel\n"])
    return ReviewEdit(
        tuple(
            ReviewSpan(first, stop - 1, draw(st.sampled_from(ReviewState)), draw(note))
            for first, stop in pairwise(cuts)
        )
    )


@pytest.fixture
def path(tmp_path):
    with Project.create(tmp_path / "clip.vos", open_video(make_pictures(tmp_path))) as project:
        return project.path


@given(st.lists(edits(), max_size=6))
def test_what_was_said_is_taken_back_exactly_also_through_the_file(made):
    reviews, states, inverses = Reviews(FRAMES), [], []
    for edit in made:
        states.append(reviews.spans)
        inverses.append(reviews.apply(decode_edit(encode_edit(edit))))
        for span in edit.spans:
            for frame in range(span.first, span.last + 1):
                said = reviews.at(frame)
                assert (said.state, said.note) == (span.state, span.note)
    for state, inverse in zip(states[::-1], inverses[::-1], strict=True):
        reviews.apply(decode_edit(encode_edit(inverse)))
        assert reviews.spans == state


@given(st.lists(edits(), max_size=6))
def test_spans_cover_every_frame_once_and_neighbours_differ(made):
    reviews = Reviews(FRAMES)
    for edit in made:
        reviews.apply(edit)

    spans = reviews.spans
    assert [f for each in spans for f in range(each.first, each.last + 1)] == [*range(FRAMES)]
    assert all((a.state, a.note) != (b.state, b.note) for a, b in pairwise(spans))


@pytest.mark.parametrize(
    "spans",
    [
        (),
        (ReviewSpan(3, 2, DONE),),
        (ReviewSpan(-1, 2, DONE),),
        (ReviewSpan(0, 2, DONE), ReviewSpan(4, 5, DONE)),
        (ReviewSpan(0, 2, DONE), ReviewSpan(2, 5, DONE)),
    ],
)
def test_spans_with_gaps_or_overlaps_are_no_review(spans):
    with pytest.raises(ValueError, match="a review of"):
        ReviewEdit(spans)


def test_a_review_and_its_undo_are_there_after_a_restart(path):
    sent = ReviewSpan(2, 4, SENT_BACK, "the ear is missing")
    with Project.open(path) as project:
        project.history.push("Review", project.apply(ReviewEdit((sent,))))
        project.save()
        before = project.reviews.spans
    with Project.open(path) as project:
        assert project.reviews.spans == before and project.reviews.at(3) == sent
        project.history.undone(project.apply(project.history.to_undo()))
        project.save()
    with Project.open(path) as project:
        assert project.reviews.said == () and project.history.can_redo


def test_a_copy_has_the_review_too(path, tmp_path):
    with Project.open(path) as project:
        project.apply(ReviewEdit((ReviewSpan(0, 1, ACCEPTED),)))
        project.save_copy(tmp_path / "copy.vos")
        with Project.open(tmp_path / "copy.vos", project.video.fork()) as copy:
            assert copy.reviews.spans == project.reviews.spans


def test_a_project_of_the_schema_before_has_everything_to_do(path):
    make_older(path, 4)

    with Project.open(path) as project:
        assert {each.state for each in project.reviews.spans} == {TO_DO}
        project.apply(ReviewEdit((ReviewSpan(1, 2, DONE),)))
    with Project.open(path) as project:
        assert project.reviews.said == (ReviewSpan(1, 2, DONE),)
