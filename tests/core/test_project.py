"""Projects: everything is there again, whatever happened to the program, the disk or the file."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import PIL.Image
import platformdirs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.edit_stream import (
    FRAMES,
    SHAPE,
    content,
    cut_off,
    label_map_of,
    make_pictures,
    step,
    undo,
)
from vos_annotator.core.edits import (
    AbsenceEdit,
    Edit,
    FrameEdit,
    ObjectsEdit,
    ReviewEdit,
    ReviewSpan,
    ReviewState,
    Status,
    VideoObject,
)
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.core.object_flags import pack
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def clip(tmp_path):
    return make_pictures(tmp_path / "clip")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "clip.vos"


@pytest.fixture(autouse=True)
def user_data(tmp_path, monkeypatch):
    """Let the user's data folder lie among the test's files."""
    folder = tmp_path / "user data"
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda *_, **__: str(folder))
    return folder


def make(path, clip, edits=13):
    project = Project.create(path, open_video(clip))
    for number in range(edits):
        step(project, number)
    return project


def paint(project, frame, number=1):
    edit = FrameEdit.between(frame, project.annotations[frame], label_map_of(number))
    return project.apply(edit)


def files_in(folder):
    """Return the content of every file of a folder."""
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}


# What is kept


def test_everything_is_there_again_when_a_project_is_reopened(clip, path):
    project = make(path, clip, edits=40)
    project.set_setting("place", {"frame": 7, "in": None})
    before = content(project)
    assert len(before["references"]) > 1 and any(stale for _, stale, _ in before["frames"])
    project.close()

    project = Project.open(path)

    assert content(project) == before
    assert project.setting("place") == {"frame": 7, "in": None}
    assert project.setting("other", 3) == 3
    assert project.video.frame_count == FRAMES
    project.close()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 500), st.booleans()), min_size=1, max_size=20))
def test_any_walk_of_edits_undo_and_reopening_keeps_everything(tmp_path, numbers):
    path = tmp_path / "walk.vos"
    path.unlink(missing_ok=True)
    clip = make_pictures(tmp_path / "clip")
    project = Project.create(path, open_video(clip))
    undo = []
    for number, is_undone in numbers:
        undo.append(paint(project, number % FRAMES, number))
        step(project, number)
        if is_undone:
            project.apply(undo.pop())
        if number % 7 == 0:
            before = content(project)
            project.close()
            project = Project.open(path)
            assert content(project) == before
    project.close()


def test_the_id_of_a_deleted_object_is_not_given_out_after_reopening(clip, path):
    project = Project.create(path, open_video(clip))
    project.apply(ObjectsEdit((VideoObject(1, "cat", (1, 2, 3)), VideoObject(2, "dog", (4, 5, 6)))))
    project.apply(ObjectsEdit((VideoObject(1, "cat", (1, 2, 3)),)))
    project.close()

    with_one = Project.open(path)
    assert with_one.objects.ids == (1,) and with_one.objects.next_id == 3
    with_one.close()


def test_names_with_halves_of_characters_are_written_and_so_is_all_that_follows(clip, path):
    odd = os.fsdecode(b"caf\xe9")  # as the name of a file of another age is read
    with Project.create(path, open_video(clip)) as project, project.together():
        listed = ObjectsEdit((VideoObject(1, odd, (1, 2, 3)),))
        project.history.push(f"Add {odd}", project.apply(listed))
        project.apply(ReviewEdit((ReviewSpan(0, 2, ReviewState.SENT_BACK, odd),)))
        project.predict(1, encode_png(label_map_of(1)), {1: 0.5}, odd)
        project.set_setting("file", odd)
        project.set_references({3: label_map_of(3)}, odd)

    with Project.open(path) as again:
        assert again.annotations.references == (3,)
        assert again.objects[1].name == again.history.undo_text == "caf?"
        assert again.reviews.said[0].note == "caf?" and again.engines() == {"caf?": 1}
        again.apply(again.history.to_undo())


def test_an_id_that_was_used_is_not_given_out_after_reopening_though_255_is_taken(clip, path):
    cat, speck = VideoObject(1, "cat", (1, 2, 3)), VideoObject(255, "speck", (4, 5, 6))
    with Project.create(path, open_video(clip)) as project:
        project.apply(project.apply(ObjectsEdit((cat, speck))))

    with Project.open(path) as reopened:
        assert len(reopened.objects) == 0 and reopened.objects.next_id == 2


def test_what_lies_under_an_id_is_nobody_elses_in_files_that_do_not_tell_of_used_ids(clip, path):
    with Project.create(path, open_video(clip)) as project:
        project.set_references({0: np.eye(*project.video.shape, dtype=np.uint8) * 255})
        project.set_references({1: np.eye(*project.video.shape, dtype=np.uint8)})
        project.apply(ObjectsEdit(()))
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM meta WHERE key = 'used_ids'")
    connection.close()

    with Project.open(path) as reopened:
        assert reopened.objects.next_id == 2


def test_undo_brings_back_what_an_id_that_came_back_wiped_whatever_was_computed_since(clip, path):
    with Project.create(path, open_video(clip)) as project:
        both = np.zeros(project.video.shape, np.uint8)
        both[2:8, 2:8], both[10:14, 2:8] = 1, 2
        cat, dog = VideoObject(1, "cat", (1, 2, 3)), VideoObject(2, "dog", (4, 5, 6))
        project.apply(ObjectsEdit((cat, dog)))
        project.predict(3, encode_png(both), {1: 0.9, 2: 0.8}, "hold")
        deletion = project.apply(ObjectsEdit((cat,)))
        project.set_references({5: both})  # the number is another object's now

        assert 2 not in np.unique(project.annotations.stored(3))
        project.predict(3, encode_png(np.ones_like(both)), {1: 0.7}, "hold")
        again = project.apply(project.history.to_undo())
        np.testing.assert_array_equal(project.annotations[3], np.where(both == 1, 1, 0))
        assert project.annotations.confidence(3) == {1: 0.9, 2: 0.8}
        project.apply(project.apply(again))
        project.apply(deletion)
        np.testing.assert_array_equal(project.annotations[3], both)


def test_a_frame_that_became_empty_leaves_no_row(clip, path):
    project = Project.create(path, open_video(clip))
    project.apply(paint(project, 4))
    project.close()

    with sqlite3.connect(path) as connection:
        for table in ("frames", "pngs"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    connection.close()


def test_the_file_knows_which_engine_made_a_frame(clip, path):
    project = Project.create(path, open_video(clip))
    project.predict(1, encode_png(label_map_of(1)), {1: 0.5}, "hold")
    project.predict(2, encode_png(label_map_of(2)), {1: 0.5}, "hold")
    project.mark_stale([1], [1])
    paint(project, 2)
    project.close()

    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT frame, engine FROM frames ORDER BY frame").fetchall()
    connection.close()
    assert rows == [(1, "hold"), (2, "")]


def test_thousands_of_stale_frames_are_one_small_transaction(tmp_path):
    project = Project.create(tmp_path / "long.vos", open_video(make_pictures(tmp_path / "l", 300)))
    png = encode_png(label_map_of(1))
    for frame in range(300):
        project.predict(frame, png, {1: 0.5}, "hold", ids=[1])
    statements = []
    project._file._connection.set_trace_callback(statements.append)

    project.mark_stale(range(300), [1])

    assert sum(each.startswith("BEGIN") for each in statements) == 1
    assert len(statements) < 6
    project.close()


def test_an_edit_that_changes_nothing_writes_nothing(clip, path):
    project = make(path, clip)
    saved_at = project.saved_at

    project.mark_stale([], [1])
    assert not project.predict(
        project.annotations.references[0], encode_png(label_map_of(1)), {}, ""
    )

    assert project.saved_at == saved_at
    project.close()


# The program is killed: what the drill of tests/drill does not come by


def test_a_copy_over_a_project_that_was_cut_off_is_the_copy(clip, path, tmp_path):
    project = make(path, clip, edits=5)
    there = cut_off(make(tmp_path / "other.vos", clip, edits=60), tmp_path / "copy.vos")

    project.save_copy(there)

    with Project.open(there) as copy:
        assert content(copy) == content(project)
    project.close()


def test_a_copy_that_fails_leaves_all_of_a_project_that_was_cut_off(
    clip, path, tmp_path, monkeypatch
):
    project, other = make(path, clip, edits=5), make(tmp_path / "other.vos", clip, edits=60)
    there = cut_off(other, tmp_path / "copy.vos")

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(UserError, match="cannot be written"):
        patch.setattr(os, "replace", fail)
        project.save_copy(there)

    with Project.open(there) as survivor:
        assert content(survivor) == content(other)
    assert not list(tmp_path.glob(".*"))
    project.close()


def test_a_copy_is_not_written_over_a_project_that_is_open(clip, path, tmp_path):
    project, other = make(path, clip, edits=5), make(tmp_path / "other.vos", clip)

    with pytest.raises(UserError, match=r"other\.vos is open in another window"):
        project.save_copy(other.path)

    paint(other, 3)
    before = content(other)
    other.close()
    with Project.open(tmp_path / "other.vos") as again:
        assert content(again) == before
    project.close()


def test_a_new_project_does_not_read_the_journal_of_one_that_was_taken_away(clip, path, tmp_path):
    cut_off(make(tmp_path / "other.vos", clip, edits=60), path).unlink()

    with Project.create(path, open_video(clip)) as project:
        assert len(project.objects) == 0 and not project.annotations.references


def test_what_killed_copies_left_goes_with_the_next_one(clip, path, tmp_path):
    project = make(path, clip, edits=5)
    for left in (".copy.vos.123.part", ".copy.vos.123.part-journal"):
        (tmp_path / left).write_bytes(b"half of it")

    project.save_copy(tmp_path / "copy.vos")

    assert not list(tmp_path.glob(".*"))
    project.close()


# The disk is full


FULL_DISK = """
import resource, sys
from tests.core.edit_stream import content, label_map_of, step
from vos_annotator.core.project import Project

project = Project.open(sys.argv[1])
failures = []
project.write_failed.connect(failures.append)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, most))
for number in range(200):
    step(project, number)
assert project.problem == failures[-1]
assert all(sys.argv[1] in each and "kept in memory" in each for each in failures)
saved_at, expected = project.saved_at, content(project)
twin = Project.open(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
for number in range(200):
    step(twin, number)
assert content(twin) == expected, "memory lost an edit"
count = len(failures)
project.set_setting("space", "again")
assert len(failures) == count and project.saved_at > saved_at
assert not project.problem
project.close()
again = Project.open(sys.argv[1])
assert content(again) == expected, "the retry lost an edit"
assert again.setting("space") == "again"
print("kept")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_loses_nothing_and_the_next_write_brings_everything(clip, path, tmp_path):
    make(path, clip, edits=0).close()
    make(tmp_path / "twin.vos", clip, edits=0).close()

    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), str(tmp_path / "twin.vos")],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )

    assert done.stdout == "kept\n", done.stderr


# Files that cannot be opened


@pytest.fixture
def file(clip, path):
    """A project file that nobody has open."""
    make(path, clip).close()
    return path


def refuse(path, match):
    """Check that a file is refused with one sentence that names it, and left as it was."""
    before = files_in(path.parent)
    with pytest.raises(UserError, match=match) as caught:
        Project.open(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert files_in(path.parent) == before


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"SQLite format 3\0" + bytes(84), b"x" * 9999])
def test_a_file_that_is_no_project_is_refused_and_left_as_it_was(tmp_path, data):
    path = tmp_path / "junk.vos"
    path.write_bytes(data)

    refuse(path, r"not a project of this program")


def test_another_programs_database_is_refused_and_left_as_it_was(tmp_path):
    path = tmp_path / "bookmarks.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE meta (key TEXT, value TEXT)")
    connection.close()

    refuse(path, r"not a project of this program")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_project_is_refused_and_left_as_it_was(file, share):
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])

    refuse(file, r"damaged")


def test_a_newer_project_says_what_to_update(file):
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()

    refuse(file, r"made by a newer version.*update the program")


def test_a_missing_project_says_so(tmp_path):
    refuse(tmp_path / "gone.vos", r"does not exist")


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM meta WHERE key = 'fingerprint'",
        "UPDATE meta SET value = '{' WHERE key = 'shape'",
        "UPDATE frames SET status = 7",
        "UPDATE frames SET ids = 'one'",
        "UPDATE frames SET frame = frame + 1000",
        "UPDATE objects SET color = '[1, '",
        "UPDATE objects SET name = x'cafe'",
        "INSERT OR REPLACE INTO stale VALUES (1, 'x', 0)",
        "INSERT INTO review VALUES (0, 1, 9, '', 0)",
        "INSERT INTO review VALUES (0, 1000, 1, '', 0)",
        "INSERT INTO review VALUES (0, 2, 1, '', 0), (1, 3, 1, '', 0)",
        "DROP TABLE frames",
    ],
)
def test_rows_that_make_no_sense_are_damage_and_left_as_they_were(file, change):
    with sqlite3.connect(file) as connection:
        connection.execute(change)
    connection.close()

    refuse(file, r"damaged")


@settings(
    max_examples=60,
    derandomize=True,  # the same bytes mean something else in the next run's file
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_a_project_with_wrong_bytes_opens_or_is_refused_in_a_sentence(file, data):
    good = file.read_bytes()
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 20))):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    broken = file.with_name("broken.vos")
    broken.write_bytes(bad)
    try:
        Project.open(broken).close()
    except UserError as error:
        assert str(broken) in str(error) or "clip" in str(error)
    for left in file.parent.glob("broken.vos*"):
        left.unlink()


def test_a_project_that_is_open_already_is_refused_and_the_first_goes_on(clip, path):
    first = make(path, clip)

    with pytest.raises(UserError, match="open in another window"):
        Project.open(path)
    paint(first, 3)
    before = content(first)
    first.close()

    again = Project.open(path)
    assert content(again) == before
    again.close()


OPEN = "import sys; from vos_annotator import Project; Project.open(sys.argv[1]); print('open')"


def test_a_second_program_is_refused_too(clip, path):
    first = make(path, clip)

    done = subprocess.run(
        [sys.executable, "-c", OPEN, path],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )

    assert "open in another window" in done.stderr and done.stdout == ""
    first.close()


def test_creating_over_a_project_is_refused_and_leaves_it(file, clip):
    before = file.read_bytes()

    with pytest.raises(UserError, match="is there already"):
        Project.create(file, open_video(clip))

    assert file.read_bytes() == before


def test_creating_where_nothing_can_be_written_leaves_nothing_behind(tmp_path, clip):
    (tmp_path / "file").write_text("a file, not a folder")

    with pytest.raises(UserError, match="cannot be written"):
        Project.create(tmp_path / "file" / "clip.vos", open_video(clip))

    assert sorted(each.name for each in tmp_path.iterdir()) == ["clip", "file"]


# Where the video is


def test_a_project_and_its_video_that_moved_together_find_each_other(file, clip, tmp_path):
    there = tmp_path / "elsewhere"
    there.mkdir()
    shutil.move(file, there / file.name)
    shutil.move(clip, there / clip.name)

    project = Project.open(there / file.name)

    assert project.video.path == there / "clip"
    project.close()


def test_a_project_that_moved_alone_finds_its_video_where_it_was(file, clip, tmp_path):
    there = tmp_path / "elsewhere"
    there.mkdir()
    shutil.move(file, there / file.name)
    make_pictures(there / "clip", shade=3)  # another one of the same name, beside it

    project = Project.open(there / file.name)

    assert project.video.path == clip
    project.close()


def test_a_missing_video_is_named_and_the_project_left_as_it_was(file, clip):
    shutil.move(clip, clip.with_name("moved"))

    refuse(file, r"video of .* is not at .*clip any more: put it back")


def test_a_video_that_moved_is_linked_again_by_showing_it_once(file, clip, tmp_path):
    moved = Path(shutil.move(clip, tmp_path / "moved"))
    Project.open(file, open_video(moved)).close()

    project = Project.open(file)

    assert project.video.path == moved
    project.close()


@pytest.mark.parametrize(
    ("frames", "shade", "match"),
    [(FRAMES, 5, "has changed since"), (FRAMES - 1, 0, "has 11 frames, not the 12")],
)
def test_another_video_is_refused_before_masks_land_on_it(file, clip, frames, shade, match):
    shutil.rmtree(clip)
    make_pictures(clip, frames, shade)

    refuse(file, match)


def test_the_project_of_a_video_is_beside_it_and_opened_the_next_time(clip):
    project = Project.for_video(open_video(clip))
    paint(project, 3)
    project.close()

    again = Project.for_video(open_video(clip))

    assert again.path == clip.with_name("clip.vos")
    assert again.annotations.references == (3,)
    again.close()


def forbid_writing(monkeypatch, folder):
    """Have the system say that nothing may be written in `folder`."""
    real = os.access

    def access(path, mode, **how):
        is_inside = Path(path) == folder or Path(path).parent == folder
        return not (is_inside and mode & os.W_OK) and real(path, mode, **how)

    monkeypatch.setattr(os, "access", access)


def test_in_a_read_only_folder_the_project_goes_to_the_users_data(
    clip, tmp_path, monkeypatch, user_data
):
    forbid_writing(monkeypatch, tmp_path)
    project = Project.for_video(open_video(clip))
    paint(project, 3)
    project.close()

    again = Project.for_video(open_video(clip))

    assert again.path.is_relative_to(user_data)
    assert again.annotations.references == (3,)
    assert not clip.with_name("clip.vos").exists()
    again.close()


def test_a_read_only_project_goes_on_in_the_users_data_with_all_its_masks(
    clip, tmp_path, monkeypatch, user_data
):
    project = Project.for_video(open_video(clip))
    paint(project, 3)
    before = content(project)
    project.close()
    beside = project.path.read_bytes()
    forbid_writing(monkeypatch, tmp_path)

    project = Project.for_video(open_video(clip))

    assert project.path.is_relative_to(user_data)
    assert content(project) == before
    paint(project, 4)
    project.close()
    assert clip.with_name("clip.vos").read_bytes() == beside
    again = Project.for_video(open_video(clip))
    assert again.annotations.references == (3, 4)
    again.close()


def bitmaps(folder, shade):
    """Write pictures whose files have the same names and sizes whatever the shade is."""
    folder.mkdir(parents=True)
    for frame in range(3):
        picture = np.full((*SHAPE, 3), shade + frame, np.uint8)
        PIL.Image.fromarray(picture).save(folder / f"{frame}.bmp")
    return folder


def as_an_earlier_version_left_it(path, folder):
    """Let a project know its folder of pictures by their names and sizes alone."""
    names = sorted(each.name for each in folder.iterdir())
    listing = "".join(f"{name}\0{(folder / name).stat().st_size}\0" for name in names)
    former = hashlib.blake2b(listing.encode(), digest_size=16).hexdigest()
    with closing(sqlite3.connect(path)) as connection, connection:
        query = "UPDATE meta SET value = ? WHERE key = 'fingerprint'"
        connection.execute(query, (json.dumps(former),))
    return former


def test_uncompressed_pictures_in_the_place_of_others_are_refused(tmp_path):
    folder = bitmaps(tmp_path / "clip", 10)
    Project.create(tmp_path / "clip.vos", open_video(folder)).close()
    shutil.rmtree(folder)
    bitmaps(folder, 90)

    refuse(tmp_path / "clip.vos", "has changed since")


def test_a_project_that_knows_its_pictures_by_names_and_sizes_opens_and_knows_them_better(tmp_path):
    folder = bitmaps(tmp_path / "clip", 10)
    path = tmp_path / "clip.vos"
    Project.create(path, open_video(folder)).close()
    as_an_earlier_version_left_it(path, folder)

    Project.open(path).close()

    shutil.rmtree(folder)
    bitmaps(folder, 90)
    refuse(path, "has changed since")


def test_in_the_users_data_each_folder_of_uncompressed_pictures_has_a_project(
    tmp_path, monkeypatch, user_data
):
    one, other = bitmaps(tmp_path / "1" / "clip", 10), bitmaps(tmp_path / "2" / "clip", 90)
    for folder in (one.parent, other.parent):
        forbid_writing(monkeypatch, folder)
    with Project.for_video(open_video(one)) as project:
        path = project.path
        paint(project, 1)
    former = as_an_earlier_version_left_it(path, one)
    path = path.rename(path.with_name(f"clip-{former[:12]}.vos"))

    for _ in range(2):
        with Project.for_video(open_video(one)) as project:
            assert (project.path, project.annotations.references) == (path, (1,))
        with Project.for_video(open_video(other)) as project:
            assert project.path != path and not project.annotations.references


# Copies


def test_a_copy_holds_everything_and_the_original_goes_on(clip, path, tmp_path):
    project = make(path, clip)
    before = content(project)
    there = tmp_path / "elsewhere"
    there.mkdir()

    project.save_copy(there / "copy.vos")
    paint(project, 2, number=99)
    copy = Project.open(there / "copy.vos")

    assert content(copy) == before
    assert content(project) != before
    copy.close()
    project.close()
    assert [each.name for each in there.iterdir()] == ["copy.vos"]


def test_a_copy_onto_the_project_itself_or_into_nowhere_is_refused(clip, path, tmp_path):
    project = make(path, clip)

    with pytest.raises(UserError, match="this project itself"):
        project.save_copy(path)
    with pytest.raises(UserError, match="cannot be written"):
        project.save_copy(tmp_path / "nowhere" / "copy.vos")

    paint(project, 2)
    project.close()


def test_frames_may_be_numbers_of_numpy(clip, path):
    with Project.create(path, open_video(clip)) as project:
        project.set_references({frame: label_map_of(frame) for frame in np.arange(3)})
        assert project.save()

    with Project.open(path) as project:
        np.testing.assert_array_equal(project.annotations[2], label_map_of(2))


@pytest.mark.parametrize("number", [np.int64, np.uint8])
def test_every_number_of_a_change_may_be_one_of_numpy(clip, path, number):
    one, two, half = number(1), number(2), np.float32(0.5)
    no = np.bool_(False)
    objects = VideoObject(one, "A", (one, two, one)), VideoObject(two, "B", (0, 0, 0), no, no)
    png, flags = encode_png(label_map_of(1)), pack(np.ones(2, bool))
    changes = (
        lambda project: project.predict(one, png, {two: half}, "hold", [one, two], [one]),
        lambda project: project.predict(two, png, {}, "hold"),
        lambda project: project.mark_stale([two], {one}),
        lambda project: project.apply(ObjectsEdit(objects)),
        lambda project: project.apply(
            FrameEdit(number(3), Status.PREDICTION, None, png, {one}, {two: half}, {one}, {two})
        ),
        lambda project: project.apply(AbsenceEdit(two, range(5, 7), flags)),
        lambda project: project.apply(ReviewEdit((ReviewSpan(one, two, ReviewState.DONE),))),
    )
    with Project.create(path, open_video(clip)) as project:
        for change in changes:
            with project.together():
                if isinstance(inverse := change(project), Edit):
                    project.history.push("Change", inverse)
            assert project.problem == ""
        before = content(project)
    with Project.open(path) as project:
        assert content(project) == before
        for frame in (1, 3):
            assert dict(project.annotations.confidence(frame)) == {2: 0.5}
            assert project.annotations.stale(frame) == {1}
        while project.history.can_undo:
            undo(project)


def test_a_setting_that_is_no_json_is_refused_and_holds_nothing_up_that_follows(clip, path):
    with Project.create(path, open_video(clip)) as project:
        project.set_setting("size", 480)
        with pytest.raises(TypeError, match="int64"):
            project.set_setting("size", np.int64(288))
        project.set_references({2: label_map_of(2)})
        assert project.problem == ""
    with Project.open(path) as project:
        assert project.setting("size") == 480 and project.annotations.references == (2,)


def test_masks_of_the_videos_size_only(clip, path):
    project = make(path, clip)
    with pytest.raises(ValueError, match="the video is"):
        project.predict(11, encode_png(np.zeros((5, 5), np.uint8)), {}, "hold")
    assert project.annotations.shape == SHAPE
    project.close()


def test_a_read_only_project_that_was_cut_off_goes_on_with_its_last_edits_too(
    clip, tmp_path, monkeypatch, user_data
):
    other = make(tmp_path / "other.vos", clip, edits=30)
    cut_off(other, clip.with_name("clip.vos"))
    forbid_writing(monkeypatch, tmp_path)

    with Project.for_video(open_video(clip)) as project:
        assert project.path.is_relative_to(user_data)
        assert content(project) == content(other)
    other.close()
