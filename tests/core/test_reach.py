"""What an edit makes stale is what an engine would now compute by something else: no more, no less.

The rule is held against `MemoryBank.select` and `lacking`, told here again frame by frame.
"""

import time

import numpy as np
import pytest

from tests.core.edit_stream import SHAPE, make_pictures
from vos_annotator.core.corrections import absence_edit, correct, new_object, with_objects
from vos_annotator.core.edits import FrameEdit, ObjectsEdit, Status
from vos_annotator.core.masks import encode_png
from vos_annotator.core.project import Project
from vos_annotator.core.reach import Sources, drawn, reached
from vos_annotator.core.video import open_video

FRAMES, IDS = 24, (1, 2, 3)


@pytest.fixture
def project(tmp_path):
    with open_video(make_pictures(tmp_path / "clip", FRAMES)) as video:
        project = Project.create(tmp_path / "clip.vos", video)
        project.apply(ObjectsEdit(tuple(new_object(each) for each in IDS)))
        yield project
        project.close()


def compute(project):
    """Have masks on every frame that is no reference, as a pass leaves them."""
    for frame in range(FRAMES):
        if project.annotations.status(frame) is not Status.REFERENCE:
            png = encode_png(picture({1: 0, 2: 0, 3: 0}))
            project.predict(frame, png, dict.fromkeys(IDS, 0.9), "test", IDS)


def picture(shown):
    """Return a label map of objects, each in its row and as far to the right as it says."""
    label_map = np.zeros(SHAPE, np.uint8)
    for object_id, at in shown.items():
        label_map[4 * object_id, at : at + 4] = object_id
    return label_map


def draw(project, frame, shown):
    edit = FrameEdit.between(frame, project.annotations[frame], picture(shown))
    return correct(project, with_objects(project, [edit], shown))[0]


def stale(project, object_id):
    return np.flatnonzero(project.annotations.staleness.frames(object_id)).tolist()


def test_a_first_reference_that_is_mended_is_read_beyond_the_second_one_too(project):
    draw(project, 0, {1: 0})
    draw(project, 12, {1: 3})
    compute(project)
    draw(project, 0, {1: 9})
    assert stale(project, 1) == [*range(1, 12), *range(13, FRAMES)]


def test_a_later_reference_is_read_up_to_the_neighbours_that_show_the_object_too(project):
    for frame in (0, 8, 16):
        draw(project, frame, {1: frame})
    compute(project)
    draw(project, 8, {1: 1})
    assert stale(project, 1) == [*range(1, 8), *range(9, 16)]


def test_references_without_an_object_do_not_keep_a_correction_of_it_from_reaching_beyond(project):
    for frame, shown in ((0, {1: 0, 2: 0}), (8, {1: 8}), (16, {1: 3, 2: 3}), (20, {1: 0, 2: 0})):
        draw(project, frame, shown)
    compute(project)
    draw(project, 16, {1: 3, 2: 9})
    assert stale(project, 2) == [*range(1, 8), *range(9, 16), *range(17, 20)]
    assert stale(project, 1) == []


def test_an_earlier_first_reference_is_read_everywhere_and_so_is_its_going(project):
    draw(project, 6, {1: 0})
    draw(project, 12, {1: 3})
    compute(project)
    inverse = draw(project, 2, {1: 5})
    everywhere = [f for f in range(FRAMES) if f not in (2, 6, 12)]
    assert stale(project, 1) == everywhere
    compute(project)
    assert stale(project, 1) == []
    correct(project, inverse)
    assert stale(project, 1) == everywhere


def test_an_absence_is_read_up_to_the_next_one_on_either_side(project):
    for frame in (0, 6, 12, 18):
        draw(project, frame, {1: 0})
    correct(project, absence_edit(project, 1, range(20, 22), True))
    compute(project)
    correct(project, absence_edit(project, 1, range(8, 10), True))
    passed = [*range(1, 6), 7, 10, 11, *range(13, 18), 19, 22, 23]  # the last span has both
    assert stale(project, 1) == passed


@pytest.mark.parametrize("seed", range(16))
def test_what_is_stale_is_what_is_read_otherwise_than_before(project, seed):
    rng = np.random.default_rng(seed)
    inverses = []
    for _ in range(12):
        compute(project)
        before, listed = reads(project), set(project.objects.ids)
        were_drawn = drawn(project.annotations)
        edit, frame = None, int(rng.integers(FRAMES))
        shown = {i: int(rng.integers(3)) for i in listed if rng.random() < 0.5}
        match rng.integers(8):
            case 0 | 1 | 2:
                after = picture(shown)
                edit = FrameEdit.between(frame, project.annotations[frame], after)
            case 3 if project.annotations.status(frame) is not Status.REFERENCE:
                edit = FrameEdit(frame, Status.REFERENCE)
            case 4 if project.annotations.references:
                frame = int(rng.choice(project.annotations.references))
                edit = FrameEdit(frame, Status.PREDICTION)
            case 5:
                end = int(rng.integers(frame + 1, FRAMES + 1))
                object_id = int(rng.choice(sorted(listed)))
                edit = absence_edit(project, object_id, range(frame, end), rng.random() < 0.6)
            case 6 if len(listed) > 1:
                edit = ObjectsEdit(tuple(project.objects)[1:])
            case 7 if inverses:
                edit = inverses.pop()
        if edit is None:
            continue
        inverse, touched = correct(project, edit)
        inverses = [inverse]
        after, meant = reads(project), frozenset[int]().union(*touched.values())
        for object_id in project.objects.ids:
            absent = project.annotations.absences.frames(object_id)
            differs = {
                frame
                for frame in np.flatnonzero(project.annotations.statuses == Status.PREDICTION)
                if not absent[frame]
                and frame not in touched  # it is as new as the edit
                and (object_id not in listed or before[object_id][frame] != after[object_id][frame])
            }
            was_said = before[object_id][-1] if object_id in listed else absent.tolist()
            if object_id not in meant and was_said == absent.tolist():
                differs = set()  # nobody meant it
            if object_id not in were_drawn | drawn(project.annotations):
                differs = set()  # its masks are by no reference
            assert set(stale(project, object_id)) == differs, (object_id, edit)


def reads(project):
    """Return what is read of each object in the span of each frame; last, where it is absent."""
    annotations = project.annotations
    known = {}
    for object_id in project.objects.ids:
        absent = annotations.absences.frames(object_id)
        masks = {
            f: hash((annotations[f] == object_id).tobytes())
            for f in annotations.references
            if object_id in annotations.objects_at(f)
        }
        ends = [
            f
            for f in range(FRAMES)
            if absent[f] and not (0 < f < FRAMES - 1 and absent[f - 1] and absent[f + 1])
        ]
        known[object_id] = []
        for frame in range(FRAMES):
            left, right = annotations.span(frame)
            read = [left, right]
            for each in range(left + 1, right):
                if absent[each]:  # nothing is looked for
                    read.append(None)
                    continue
                chosen = {min(masks, default=None), *nearest(list(masks), each)} - {None}
                read.append([(f, masks[f]) for f in sorted(chosen)])
                read.append(nearest(ends, each))
            known[object_id].append(read)
        known[object_id].append(absent.tolist())
    return known


def nearest(frames, frame):
    before = max((each for each in frames if each <= frame), default=None)
    return before, min((each for each in frames if each > frame), default=None)


def test_three_hundred_references_and_ten_thousand_frames_are_told_apart_in_no_time():
    showing, nowhere = list(range(0, 10_000, 33)), np.zeros(10_000, bool)
    sources = Sources(showing, nowhere)
    took = []
    for _ in range(5):
        began = time.thread_time()
        assert reached(sources, sources, [0], showing).all()
        took.append(time.thread_time() - began)
    assert min(took) < 0.002
