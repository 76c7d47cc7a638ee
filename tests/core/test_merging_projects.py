"""Two projects of one video become one: everything is taken, and no conflict is decided alone."""

import os

import cv2
import numpy as np
import pytest

from vos_annotator.cli import main
from vos_annotator.core.edits import (
    AbsenceEdit,
    ObjectsEdit,
    ReviewEdit,
    ReviewSpan,
    ReviewState,
    Status,
    VideoObject,
)
from vos_annotator.core.masks import encode_png
from vos_annotator.core.merging_projects import Merge, Preference
from vos_annotator.core.object_flags import pack
from vos_annotator.core.project import Project
from vos_annotator.core.rescue import rescue
from vos_annotator.core.video import open_video

SHAPE, FRAMES = (24, 32), 6
CAT = VideoObject(1, "cat", (200, 0, 0))


@pytest.fixture
def clip(tmp_path):
    folder = tmp_path / "clip"
    folder.mkdir()
    for frame in range(FRAMES):
        cv2.imwrite(str(folder / f"{frame:05d}.png"), np.full((*SHAPE, 3), 30 + frame, np.uint8))
    return folder


def make(tmp_path, clip, name, objects, references, predictions=None, absent=None):
    """Write a project and return its path."""
    path = tmp_path / f"{name}.vos"
    with Project.create(path, open_video(clip)) as project:
        project.apply(ObjectsEdit(tuple(objects)))
        for frame, labels in (predictions or {}).items():
            project.predict(frame, encode_png(labels), {1: 0.5}, "hold")
        project.set_references(references)
        for object_id, frames in (absent or {}).items():
            flags = np.isin(np.arange(FRAMES), frames)
            project.apply(AbsenceEdit(object_id, range(FRAMES), pack(flags)))
    return path


def square(object_id, left=2):
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:12, left : left + 8] = object_id
    return labels


def merge(tmp_path, a, b, *more):
    return main(["merge", str(a), str(b), "--out", str(tmp_path / "c.vos"), *more])


def merged(tmp_path):
    return Project.open(tmp_path / "c.vos")


def test_objects_are_matched_by_name_and_get_ids_of_their_own(tmp_path, clip):
    dog, cat = VideoObject(1, "dog", (0, 9, 0)), VideoObject(2, "cat", (1, 1, 1))
    a = make(tmp_path, clip, "a", [CAT], {0: square(1)})
    b = make(tmp_path, clip, "b", [dog, cat], {3: square(1) + square(2, left=20)})
    before = a.read_bytes(), b.read_bytes()

    assert merge(tmp_path, a, b) == 0

    with merged(tmp_path) as project:
        ids = {each.name: each.id for each in project.objects}
        assert len(ids) == 2 and ids["cat"] == 1
        np.testing.assert_array_equal(project.annotations[0], square(1))
        expected = square(ids["dog"]) + square(1, left=20)
        np.testing.assert_array_equal(project.annotations[3], expected)
        assert list(project.annotations.references) == [0, 3]
    with Project.open(a) as first, Project.open(b) as second:
        assert len(first.objects) == 1 and len(second.objects) == 2
    assert len(before[0]) == len(a.read_bytes())


def test_two_people_who_draw_different_objects_of_one_frame_both_count(tmp_path, clip, capsys):
    dog = VideoObject(1, "dog", (0, 9, 0))
    a = make(tmp_path, clip, "a", [CAT], {2: square(1)})
    b = make(tmp_path, clip, "b", [dog], {2: square(1, left=20)})

    assert merge(tmp_path, a, b) == 0

    with merged(tmp_path) as project:
        dog_id = next(each.id for each in project.objects if each.name == "dog")
        expected = square(1) + square(dog_id, left=20)
        np.testing.assert_array_equal(project.annotations[2], expected)
        assert project.history.can_undo
    assert "conflicts" not in capsys.readouterr().out


@pytest.mark.parametrize(("prefer", "left"), [("A", 2), ("B", 4)])
def test_what_is_drawn_differently_is_listed_and_decided_by_the_person_alone(
    tmp_path, clip, capsys, prefer, left
):
    a = make(tmp_path, clip, "a", [CAT], {1: square(1), 4: square(1)})
    b = make(tmp_path, clip, "b", [CAT], {1: square(1, left=4), 4: square(1)})

    assert merge(tmp_path, a, b) == 2
    told = capsys.readouterr()
    assert told.out == "frame 1: cat: drawn differently, by 32 pixels\n"
    assert "disagree: nothing is written" in told.err
    assert not (tmp_path / "c.vos").exists()

    assert merge(tmp_path, a, b, "--prefer", prefer) == 0
    with merged(tmp_path) as project:
        np.testing.assert_array_equal(project.annotations[1], square(1, left=left))
    assert f"1 conflicts decided by {prefer}" in capsys.readouterr().out


def test_objects_of_two_people_that_overlap_are_a_conflict(tmp_path, clip, capsys):
    a = make(tmp_path, clip, "a", [CAT], {1: square(1)})
    b = make(tmp_path, clip, "b", [VideoObject(1, "dog", (0, 9, 0))], {1: square(1, left=6)})

    assert merge(tmp_path, a, b) == 2
    assert "frame 1: cat, dog: drawn over each other" in capsys.readouterr().out


def test_a_reference_is_not_mixed_with_what_a_machine_found(tmp_path, clip, capsys):
    dog = VideoObject(2, "dog", (0, 9, 0))
    a = make(tmp_path, clip, "a", [CAT], {1: square(1)})
    b = make(tmp_path, clip, "b", [dog], {}, predictions={1: square(2, left=20)})

    assert merge(tmp_path, a, b) == 2
    assert "frame 1: dog: predicted by one project" in capsys.readouterr().out
    assert merge(tmp_path, a, b, "--prefer", "A") == 0
    with merged(tmp_path) as project:
        np.testing.assert_array_equal(project.annotations[1], square(1))
        assert project.annotations.status(1) is Status.REFERENCE
    (tmp_path / "c.vos").unlink()
    assert merge(tmp_path, b, a, "--prefer", "A") == 0  # a machine's word is never preferred
    with merged(tmp_path) as project:
        assert project.annotations.status(1) is Status.REFERENCE
        assert 2 not in project.annotations[1]


def test_predictions_of_both_are_kept_and_stay_predictions(tmp_path, clip):
    dog = VideoObject(2, "dog", (0, 9, 0))
    a = make(tmp_path, clip, "a", [CAT], {0: square(1)}, predictions={3: square(1)})
    b = make(tmp_path, clip, "b", [dog], {}, predictions={3: square(2, left=20), 4: square(2)})

    assert merge(tmp_path, a, b) == 0
    with merged(tmp_path) as project:
        np.testing.assert_array_equal(project.annotations[3], square(1) + square(2, left=20))
        np.testing.assert_array_equal(project.annotations[4], square(2))
        assert project.annotations.status(3) is Status.PREDICTION


def compute(path, but_for=()):
    """Let every prediction of a project be computed by its references, but for some frames."""
    with Project.open(path) as project:
        project.annotations.staleness.clear(np.arange(FRAMES), project.objects.ids)
        for object_id, frames in dict(but_for).items():
            project.mark_stale(frames, [object_id])
        assert stale(project).keys() == {f for frames in dict(but_for).values() for f in frames}


def stale(project):
    known = project.annotations
    return {f: set(known.stale(f)) for f in range(FRAMES) if known.stale(f)}


def test_how_sure_an_engine_was_of_an_object_that_is_off_the_list_is_left_out(tmp_path, clip):
    dog = VideoObject(2, "dog", (0, 9, 0))
    a = make(tmp_path, clip, "a", [CAT], {0: square(1)}, {3: square(1)})
    b = make(tmp_path, clip, "b", [dog], {0: square(2, left=20)}, {3: square(2, left=20)})

    assert merge(tmp_path, a, b) == 0

    with merged(tmp_path) as project:
        assert dict(project.annotations.confidence(3)) == {1: 0.5}
    rescued = rescue(tmp_path / "c.vos", tmp_path / "rescued.vos")
    assert not rescued.unsure and not rescued.other


def test_predictions_that_are_stale_in_either_project_are_stale(tmp_path, clip):
    dog = VideoObject(2, "dog", (0, 9, 0))
    a = make(tmp_path, clip, "a", [CAT], {0: square(1)}, {f: square(1) for f in (3, 4)})
    theirs = {f: square(2, left=20) for f in (3, 4, 5)}
    b = make(tmp_path, clip, "b", [dog], {}, theirs)
    compute(a, {1: [3]})
    compute(b, {2: [4, 5]})

    assert merge(tmp_path, a, b) == 0
    with merged(tmp_path) as project:
        assert stale(project) == {3: {1}, 4: {2}, 5: {1, 2}}  # B knows nothing of 1


def test_predictions_are_stale_where_the_other_project_has_references_that_they_do_not_know(
    tmp_path, clip
):
    a = make(tmp_path, clip, "a", [CAT], {0: square(1), 3: square(1, left=10)})
    everywhere = {f: square(1) for f in range(1, FRAMES)}
    b = make(tmp_path, clip, "b", [CAT], {0: square(1)}, everywhere)
    compute(b)

    assert merge(tmp_path, a, b) == 0
    with merged(tmp_path) as project:
        assert stale(project) == {1: {1}, 2: {1}, 4: {1}, 5: {1}}


def test_masks_by_who_does_not_know_an_object_are_stale_for_it_where_the_other_has_none(
    tmp_path, clip
):
    dog = VideoObject(1, "dog", (0, 9, 0))
    theirs = {f: square(1, left=20) for f in range(2, FRAMES)}
    a = make(tmp_path, clip, "a", [CAT], {0: square(1)}, {2: square(1)}, absent={1: [4]})
    b = make(tmp_path, clip, "b", [dog], {1: square(1, left=20)}, theirs)
    compute(a)
    compute(b)

    assert merge(tmp_path, a, b) == 0
    with merged(tmp_path) as project:
        due = np.flatnonzero(project.annotations.staleness.frames(CAT.id))
        assert due.tolist() == [3, 5]  # 2 is computed, on 4 it is absent


def test_predictions_made_by_the_same_references_are_as_good_as_before(tmp_path, clip):
    a = make(tmp_path, clip, "a", [CAT], {0: square(1)})
    everywhere = {f: square(1) for f in range(1, FRAMES)}
    b = make(tmp_path, clip, "b", [CAT], {0: square(1)}, everywhere)
    compute(b)

    assert merge(tmp_path, a, b) == 0
    with merged(tmp_path) as project:
        assert stale(project) == {}


def test_where_deleted_objects_were_absent_is_not_taken_over(tmp_path, clip):
    mine = make(tmp_path, clip, "mine", [CAT], {5: square(1)})

    assert merge(tmp_path, mine, without_a_mistake(tmp_path, clip, [2])) == 0
    with merged(tmp_path) as project:
        assert project.annotations.absences.ids == ()


def test_where_objects_are_absent_is_taken_over_and_contradiction_is_listed(tmp_path, clip, capsys):
    a = make(tmp_path, clip, "a", [CAT], {1: square(1)})
    b = make(tmp_path, clip, "b", [CAT], {}, absent={1: [3, 4]})
    assert merge(tmp_path, a, b) == 0
    with merged(tmp_path) as project:
        assert np.flatnonzero(project.annotations.absences.frames(1)).tolist() == [3, 4]

    (tmp_path / "c.vos").unlink()
    other = make(tmp_path, clip, "other", [CAT], {}, absent={1: [1, 2]})
    assert merge(tmp_path, a, other) == 2
    assert "frame 1: cat: absent in one project, drawn in the other" in capsys.readouterr().out


def test_predictions_of_either_are_stale_around_where_the_other_alone_says_an_object_is_absent(
    tmp_path, clip
):
    everywhere = {f: square(1) for f in range(1, FRAMES)}
    a = make(tmp_path, clip, "a", [CAT], {0: square(1)}, everywhere)
    compute(a)
    b = make(tmp_path, clip, "b", [CAT], {0: square(1)}, absent={1: [3]})

    for pair in ((a, b), (b, a)):
        assert merge(tmp_path, *pair) == 0
        with merged(tmp_path) as project:
            assert stale(project) == {1: {1}, 2: {1}, 4: {1}, 5: {1}}
        (tmp_path / "c.vos").unlink()


def test_who_draws_without_an_object_that_they_do_not_know_does_not_say_that_it_is_absent(
    tmp_path, clip
):
    everywhere = {f: square(1) for f in range(1, FRAMES)}
    a = make(tmp_path, clip, "a", [CAT], {0: square(1)}, everywhere, absent={1: [5]})
    other = VideoObject(1, "dog", (0, 0, 200))
    b = make(tmp_path, clip, "b", [other], {3: square(1, left=16)})

    assert merge(tmp_path, a, b, "--prefer", "A") == 0
    with merged(tmp_path) as project:
        assert np.flatnonzero(project.annotations.absences.frames(1)).tolist() == [5]


def review(path, *spans):
    with Project.open(path) as project:
        for span in spans:
            project.apply(ReviewEdit((ReviewSpan(*span),)))


def test_what_either_says_of_the_review_is_said_of_the_merged_project(tmp_path, clip, capsys):
    a = make(tmp_path, clip, "a", [CAT], {1: square(1)})
    b = make(tmp_path, clip, "b", [CAT], {2: square(1)})
    review(a, (0, 1, ReviewState.DONE), (4, 4, ReviewState.SENT_BACK, "ear"))
    review(b, (1, 2, ReviewState.DONE), (4, 4, ReviewState.SENT_BACK, "ear"))

    assert merge(tmp_path, a, b) == 0
    with merged(tmp_path) as project:
        assert project.reviews.said == (
            ReviewSpan(0, 2, ReviewState.DONE),
            ReviewSpan(4, 4, ReviewState.SENT_BACK, "ear"),
        )
        while project.history.can_undo:
            project.history.undone(project.apply(project.history.to_undo()))
        assert project.reviews.at(2).state is ReviewState.TO_DO


@pytest.mark.parametrize("prefer", ["A", "B"])
def test_reviews_that_differ_are_listed_by_span_and_decided_by_the_person(
    tmp_path, clip, capsys, prefer
):
    a = make(tmp_path, clip, "a", [CAT], {1: square(1)})
    b = make(tmp_path, clip, "b", [CAT], {2: square(1)})
    review(a, (0, 3, ReviewState.ACCEPTED))
    review(b, (2, 4, ReviewState.SENT_BACK, "the tail"))

    assert merge(tmp_path, a, b) == 2
    said = capsys.readouterr().out
    assert said == (
        "frames 2-3: review: accepted in one project, sent back (the tail) in the other\n"
    )
    assert merge(tmp_path, a, b, "--prefer", prefer) == 0
    back = ReviewSpan(2 if prefer == "B" else 4, 4, ReviewState.SENT_BACK, "the tail")
    with merged(tmp_path) as project:
        accepted = ReviewSpan(0, back.first - 1, ReviewState.ACCEPTED)
        assert project.reviews.said == (accepted, back)


def test_each_conflict_may_be_decided_for_itself(tmp_path, clip):
    a = make(tmp_path, clip, "a", [CAT], {1: square(1), 3: square(1)})
    b = make(tmp_path, clip, "b", [CAT], {1: square(1, left=4), 3: square(1, left=4)})
    review(a, (1, 1, ReviewState.ACCEPTED), (3, 3, ReviewState.ACCEPTED))
    review(b, (1, 1, ReviewState.DONE), (3, 3, ReviewState.DONE))
    with Project.open(a) as first, Project.open(b, first.video.fork()) as second:
        first.save_copy(tmp_path / "c.vos")
        with merged(tmp_path) as project:
            Merge(first, second).write(project, Preference(frames={3}, reviews={1}))
            np.testing.assert_array_equal(project.annotations[1], square(1))
            np.testing.assert_array_equal(project.annotations[3], square(1, left=4))
            assert project.reviews.at(1).state is ReviewState.DONE
            assert project.reviews.at(3).state is ReviewState.ACCEPTED


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a", "nowhere", "c"), "nowhere.vos"),
        (("a", "b", "a"), "is there already"),
        (("a", "other", "c"), "it had"),
        (("a", "twins", "c"), "two objects that are called cat"),
    ],
)
def test_what_cannot_be_merged_is_said(tmp_path, clip, capsys, words, said):
    make(tmp_path, clip, "a", [CAT], {1: square(1)})
    make(tmp_path, clip, "b", [CAT], {2: square(1)})
    make(tmp_path, clip, "twins", [CAT, VideoObject(2, "cat", (1, 1, 1))], {})
    (tmp_path / "short").mkdir()
    for frame in range(2):
        cv2.imwrite(str(tmp_path / "short" / f"{frame}.png"), np.zeros((*SHAPE, 3), np.uint8))
    make(tmp_path, tmp_path / "short", "other", [CAT], {0: square(1)})
    first, second, out = (str(tmp_path / f"{word}.vos") for word in words)

    assert main(["merge", first, second, "--out", out]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="a whole path is 260 characters there")
@pytest.mark.parametrize("length", [248, 300])  # too long beside a journal's; for any file
def test_a_name_too_long_for_a_project_is_said_before_anything_is_compared(
    tmp_path, clip, capsys, length
):
    a = make(tmp_path, clip, "a", [CAT], {1: square(1)})
    b = make(tmp_path, clip, "b", [CAT], {1: square(1, left=4)})
    name = "c" * (length - 4) + ".vos"

    assert main(["merge", str(a), str(b), "--out", str(tmp_path / name)]) == 2
    told = capsys.readouterr()
    assert f"{name} cannot be written, its name is too long" in told.err
    assert "drawn differently" not in told.out
    for other in ("merge", "compare"):
        words = ["--out", str(tmp_path / "c.vos")] if other == "merge" else []
        assert main([other, str(a), str(tmp_path / name), *words]) == 2
        assert f"{name} does not exist" in capsys.readouterr().err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.vos", "b.vos", "clip"]


def test_projects_are_compared_by_object_and_frame(tmp_path, clip, capsys):
    dog = VideoObject(2, "dog", (0, 9, 0))
    a = make(tmp_path, clip, "a", [CAT, dog], {0: square(1), 1: square(1)})
    b = make(tmp_path, clip, "b", [CAT], {0: square(1), 1: square(1, left=6), 2: square(1)})

    assert main(["compare", str(a), str(b), "--csv", str(tmp_path / "found.csv")]) == 0

    out = capsys.readouterr().out
    assert f"only in {a}: dog" in out
    assert out.splitlines()[-1].split()[:3] == ["cat", "2", "0.667"]
    assert "frame 1: J 0.333" in out
    rows = (tmp_path / "found.csv").read_text().splitlines()
    assert rows[0] == "object,frame,J,F,A,B"
    assert rows[1] == "cat,0,1.000000,1.000000,reference,reference" and len(rows) == 3


def test_projects_without_a_common_object_are_not_compared(tmp_path, clip, capsys):
    a = make(tmp_path, clip, "a", [CAT], {0: square(1)})
    b = make(tmp_path, clip, "b", [VideoObject(1, "dog", (0, 9, 0))], {0: square(1)})

    assert main(["compare", str(a), str(b)]) == 2
    assert "no object of the same name" in capsys.readouterr().err


def without_a_mistake(tmp_path, clip, ids):
    """Write a project that shows a cat on two frames, and had objects `ids` there too."""
    path = tmp_path / "a.vos"
    with Project.create(path, open_video(clip)) as project:
        mistakes = [VideoObject(i, f"mistake {i}", (0, 0, 9)) for i in ids]
        project.apply(ObjectsEdit((CAT, *mistakes)))
        drawn = square(1)
        drawn[12:24].flat[: len(ids)] = ids
        project.set_references({0: drawn, 3: drawn})
        for object_id in ids:
            project.apply(AbsenceEdit(object_id, range(1, 3), pack(np.ones(2, bool))))
        project.apply(ObjectsEdit((CAT,)))
    return path


@pytest.mark.parametrize("ids", [[2], range(2, 256)])
def test_a_deleted_object_does_not_come_back_as_one_of_the_other_project(tmp_path, clip, ids):
    dog = VideoObject(2, "dog", (0, 9, 0))
    a = without_a_mistake(tmp_path, clip, list(ids))
    b = make(tmp_path, clip, "b", [CAT, dog], {5: square(2, left=20)}, {2: square(2)})

    assert merge(tmp_path, a, b) == 0

    with merged(tmp_path) as project:
        dog_id = next(each.id for each in project.objects if each.name == "dog")
        np.testing.assert_array_equal(project.annotations[0], square(1))
        np.testing.assert_array_equal(project.annotations[2], square(dog_id))
        np.testing.assert_array_equal(project.annotations[3], square(1))
        np.testing.assert_array_equal(project.annotations[5], square(dog_id, left=20))


def test_the_number_of_a_deleted_object_is_given_only_where_no_other_is_left(tmp_path, clip):
    dog = VideoObject(2, "dog", (0, 9, 0))
    a = without_a_mistake(tmp_path, clip, [2])
    b = make(tmp_path, clip, "b", [CAT, dog], {5: square(2, left=20)})

    merge(tmp_path, a, b)

    with merged(tmp_path) as project:
        assert {each.name: each.id for each in project.objects} == {"cat": 1, "dog": 3}
