"""What the disk changes in a name, in a review or in what is known of a frame is told of."""

import logging
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from tests.core.edit_stream import SHAPE, content, make_pictures
from tests.core.older import make_older
from vos_annotator.core.edits import ObjectsEdit, ReviewEdit, ReviewSpan, ReviewState, VideoObject
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.core.object_flags import pack
from vos_annotator.core.project import Project
from vos_annotator.core.rescue import rescue
from vos_annotator.core.row_sums import COLUMNS
from vos_annotator.core.video import open_video

PAGE = 4096
CAT, DOG = VideoObject(1, "cat", (1, 2, 3)), VideoObject(2, "dog", (4, 5, 6))


@pytest.fixture
def path(tmp_path):
    """A closed project with something in each of its tables."""
    path = tmp_path / "clip.vos"
    labels = np.zeros(SHAPE, np.uint8)
    labels[5:9, 5:9], labels[20:, :9] = 1, 2
    with Project.create(path, open_video(make_pictures(tmp_path / "clip"))) as project:
        project.apply(ObjectsEdit((CAT, DOG)))
        project.set_references({3: labels}, "Three")
        project.set_references({7: labels}, "Seven")
        for frame in (4, 5):
            project.predict(frame, encode_png(labels), {1: 0.75, 2: 0.5}, "hold")
        project.mark_stale([4, 5], [2])
        project.annotations.absences.replace(2, range(8, 10), np.ones(2, bool))
        project.apply(ReviewEdit((ReviewSpan(2, 5, ReviewState.SENT_BACK, "the tail"),)))
        project.set_setting("key", "value")
    return path


def held(project):
    """Return all that a project has but the names of its steps, which are read with the step."""
    known = {key: value for key, value in content(project).items() if "done" not in key}
    absent = pack(project.annotations.absences.frames(2))
    return known, project.reviews.spans, project.setting("key"), absent


def change(path, statement):
    """Change rows as the disk might: without their sums."""
    with closing(sqlite3.connect(path)) as file, file:
        assert file.execute(statement).rowcount > 0


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE objects SET name = 'cut' WHERE id = 1", "the objects 1 (cut)"),
        ("UPDATE objects SET locked = 1 WHERE id = 2", "the objects 2 (dog)"),
        ("UPDATE objects SET sum = sum + 1", "the objects 1 (cat), 2 (dog)"),
        ("UPDATE objects SET name = 'cut', sum = NULL WHERE id = 1", "the objects 1 (cut)"),
        ("UPDATE frames SET ids = '[1, 3]' WHERE frame > 3", "frames 4-5, 7:"),
        ("UPDATE frames SET engine = 'hole' WHERE frame = 4", "frames 4:"),
        ("UPDATE review SET state = 2", "the review"),
        ("UPDATE review SET note = 'the tall'", "the review"),
        ("UPDATE stale SET frames = (SELECT frames FROM absent)", "to be computed anew"),
        ("UPDATE absent SET object = 1", "where objects are absent"),
        ("""UPDATE meta SET value = '"valve"' WHERE key = 'setting:key'""", "settings"),
        (["UPDATE objects SET name = 'x'", " UPDATE review SET last = 6"][0], "objects"),
    ],
    ids=lambda value: value.partition(" WHERE")[0] if value.startswith("UPDATE") else "",
)
def test_a_row_that_the_disk_has_changed_is_told_of(path, caplog, statement, told):
    with Project.open(path) as project:
        assert project.changed == ""
    change(path, statement)

    with caplog.at_level(logging.WARNING), Project.open(path) as project:
        assert told in project.changed and str(path) in project.changed
    assert told in caplog.text


def test_of_the_bytes_of_rows_no_bit_changes_unnoticed(path):
    with Project.open(path) as project:
        before = held(project)
    sound, places = path.read_bytes(), []
    with closing(sqlite3.connect(path)) as file:
        for table in COLUMNS:
            query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
            start = (file.execute(query, (table,)).fetchone()[0] - 1) * PAGE
            filled_from = int.from_bytes(sound[start + 5 : start + 7], "big")
            places += range(start + filled_from, start + PAGE)  # where the rows of a page lie
    rng = np.random.default_rng(0)
    noticed = 0
    for place in rng.choice(places, 300, replace=False).tolist():
        damaged = bytearray(sound)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            with Project.open(path) as project:
                is_told = bool(project.changed)
                is_other = held(project) != before
        except UserError:
            is_told = is_other = True
        assert is_told or not is_other, f"byte {place}"
        noticed += is_told
    assert noticed > 150


def test_what_a_person_confirms_counts_again_and_the_rest_is_told_of_again(path):
    change(path, "UPDATE objects SET name = 'cut' WHERE id = 1")
    change(path, "UPDATE frames SET engine = 'hole' WHERE frame = 4")
    with Project.open(path) as project:
        assert "cut" in project.changed and "frames 4" in project.changed
        project.apply(ObjectsEdit((CAT, DOG)))
    with Project.open(path) as project:
        assert "cat" not in project.changed and "frames 4" in project.changed


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("objects", "the list of objects"),
        ("frames", "which frames had masks"),
        ("stale", "to be computed anew"),
        ("absent", "where objects are absent"),
        ("review", "the review"),
    ],
)
def test_a_project_of_which_a_row_is_gone_whole_is_refused_and_its_rescue_names_it(
    path, tmp_path, table, told
):
    with closing(sqlite3.connect(path)) as file:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        page = (file.execute(query, (table,)).fetchone()[0] - 1) * PAGE
    damaged = bytearray(path.read_bytes())
    damaged[page + 4] -= 1  # of the page's two bytes that say how many rows it has
    path.write_bytes(damaged)

    with pytest.raises(UserError, match=table):
        Project.open(path)
    assert path.read_bytes() == damaged
    assert told in str(rescue(path, tmp_path / "new.vos"))


def test_a_step_of_undo_that_the_disk_has_changed_is_not_taken_back(path):
    with Project.open(path) as project:
        edit = project.history.to_undo()
        assert edit.frame == 7
    with closing(sqlite3.connect(path)) as file, file:
        last = "position = (SELECT max(position) FROM history)"
        (data,) = file.execute(f"SELECT edit FROM history WHERE {last}").fetchone()
        changed = data.replace(b"\x07", b"\x06", 1)  # of frame 6 it would be
        assert len(data) == len(changed) and data != changed
        file.execute(f"UPDATE history SET edit = ? WHERE {last}", (changed,))
    with Project.open(path) as project, pytest.raises(UserError, match="as it was written"):
        project.history.to_undo()


@pytest.mark.parametrize("version", [1, 4, 5])
def test_a_project_of_an_older_version_has_sums_from_its_first_opening_on(path, version):
    make_older(path, version)
    change(path, "UPDATE objects SET name = 'cut' WHERE id = 1")  # of which nobody can know
    with Project.open(path) as project:
        assert project.changed == "" and project.objects[1].name == "cut"
    change(path, "UPDATE objects SET name = 'cat' WHERE id = 1")
    change(path, "UPDATE frames SET status = 1 WHERE frame = 7")
    with Project.open(path) as project:
        assert "1 (cat)" in project.changed and "frames 7" in project.changed


def test_a_rescue_names_what_the_disk_has_changed_and_takes_it_as_it_is(path, tmp_path):
    change(path, "UPDATE objects SET name = 'cut' WHERE id = 1")
    change(path, "UPDATE review SET state = 2")
    found = str(rescue(path, tmp_path / "new.vos"))
    assert "changed by the disk: the objects 1 (cut), the review" in found
    with Project.open(tmp_path / "new.vos") as project:
        assert project.changed == "" and project.objects[1].name == "cut"
