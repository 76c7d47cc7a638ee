"""Where projects lie, whatever they and their folders are called: nothing of one is passed over."""

import os

import numpy as np
import platformdirs
import pytest

from tests.core.edit_stream import SHAPE, cut_off, make_pictures
from tests.core.test_project import forbid_writing
from vos_annotator.cli import main
from vos_annotator.core.atomic import put_file
from vos_annotator.core.database_place import copy_database
from vos_annotator.core.errors import UserError
from vos_annotator.core.project import Project
from vos_annotator.core.project_copy import copied_project
from vos_annotator.core.project_video import told_of_another
from vos_annotator.core.video import open_video

MASK = np.ones(SHAPE, bool)


@pytest.fixture
def clip(tmp_path):
    return make_pictures(tmp_path / "clip")


@pytest.fixture(autouse=True)
def user_data(tmp_path, monkeypatch):
    """Let the user's data folder lie among the test's files."""
    folder = tmp_path / "user data"
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda *_, **__: str(folder))
    return folder


def paint(clip, *frames):
    """Make frames of a video references of its project; return where that is."""
    with Project.for_video(open_video(clip)) as project:
        project.set_references(dict.fromkeys(frames, MASK))
        return project.path


# Beside the video, and in the user's data


@pytest.fixture
def two(clip, tmp_path, monkeypatch):
    """Paint beside the video, and then in the user's data while its folder is read-only."""
    beside = paint(clip, 0)
    with monkeypatch.context() as patch:
        forbid_writing(patch, tmp_path)
        elsewhere = paint(clip, 1, 2)
    assert beside != elsewhere
    return beside, elsewhere


def test_what_was_done_while_a_folder_was_read_only_is_there_when_it_is_not(clip, two):
    _, elsewhere = two

    with Project.for_video(open_video(clip)) as project:
        assert project.path == elsewhere
        assert project.annotations.references == (0, 1, 2)


def test_of_two_projects_of_a_video_the_one_that_was_written_last_opens(clip, two):
    beside, elsewhere = two
    os.utime(elsewhere, (1e9, 1e9))

    with Project.for_video(open_video(clip)) as project:
        assert project.path == beside


def test_of_two_projects_of_a_video_the_other_one_is_named(clip, two, capsys, tmp_path):
    beside, elsewhere = two

    with open_video(clip) as video:
        assert str(beside) in told_of_another(video, elsewhere)
        assert str(elsewhere) in told_of_another(video, beside)
        assert told_of_another(video, tmp_path / "copy.vos") == ""
    assert main(["export", str(clip), "--format", "davis", "--out", str(tmp_path / "out")]) == 0
    assert f"another project of this video, {beside}" in capsys.readouterr().err

    beside.unlink()
    with open_video(clip) as video:
        assert told_of_another(video, elsewhere) == ""


# Long names


long_names = pytest.mark.skipif(os.name == "nt", reason="a whole path is 260 characters there")


@long_names
@pytest.mark.parametrize("length", [100, 230, 238, 243, 247, 255])
def test_a_video_may_have_as_long_a_name_as_there_is(clip, tmp_path, length, monkeypatch):
    name = ("動画" * 50)[: (length - 1) // 3]
    clip = clip.rename(tmp_path / (name + "x" * (length - len(name.encode()))))

    path = paint(clip, 3)
    assert paint(clip, 4) == path and path.parent == tmp_path
    assert path.name.startswith(name[:60])
    with Project.open(path) as project:
        assert project.annotations.references == (3, 4)

    forbid_writing(monkeypatch, tmp_path)
    assert paint(clip, 5).parent.name == "projects"


@long_names
def test_videos_whose_long_names_differ_in_the_end_have_their_own_projects(clip, tmp_path):
    first = clip.rename(tmp_path / f"{'a' * 250}1")
    second = make_pictures(tmp_path / f"{'a' * 250}2", shade=7)

    assert paint(first, 3) != paint(second, 4)


@long_names
def test_a_project_whose_name_is_too_long_is_refused_in_a_sentence(clip, tmp_path):
    name = f"{'a' * 246}.vos"
    for make in (Project.create, lambda path, video: Project.open(path, video)):
        with pytest.raises(UserError, match=r"name is too long|does not exist"):
            make(tmp_path / name, open_video(clip))
    with pytest.raises(UserError, match="too long: choose a shorter one"):
        Project.create(tmp_path / ("a" * 300), open_video(clip))
    assert [each.name for each in tmp_path.iterdir()] == ["clip"]


@long_names
def test_a_file_is_written_by_the_longest_name_there_is(tmp_path):
    file = tmp_path / ("画" * 85)
    assert put_file(file, b"data")
    assert file.read_bytes() == b"data"


# Moved away


def test_a_project_that_was_moved_away_after_a_crash_gets_its_last_edits_back(
    clip, tmp_path, caplog
):
    path, away = tmp_path / "clip.vos", tmp_path / "away"
    with Project.create(tmp_path / "other.vos", open_video(clip)) as other:
        other.set_references({3: MASK})
        cut_off(other, path)
    away.mkdir()
    path.rename(away / path.name)  # alone

    paint(clip, 5)

    with Project.open(path) as project:
        assert project.annotations.references == (5,)
    kept = tmp_path / "clip.vos-wal-1"
    assert str(kept) in caplog.text
    kept.rename(away / "clip.vos-wal")
    with Project.open(away / "clip.vos", open_video(clip)) as project:
        assert project.annotations.references == (3,)


def test_no_journal_is_lost_by_a_copy_or_an_empty_file_in_its_place(clip, tmp_path, two):
    beside, elsewhere = two
    elsewhere.unlink()
    for path in (beside, elsewhere):
        path.with_name(f"{path.name}-wal").write_bytes(b"edits")
    beside.write_bytes(b"")

    paint(clip, 5)
    with Project.create(tmp_path / "other.vos", open_video(clip)) as other:
        copy_database(other.path, elsewhere)

    for path in (beside, elsewhere):
        assert path.with_name(f"{path.name}-wal-1").read_bytes() == b"edits"


def test_who_is_told_to_move_a_project_away_is_told_of_its_journal(clip):
    path = paint(clip, 0)
    other = make_pictures(clip.with_name("other"), shade=9)

    with pytest.raises(UserError, match=r"move the project away, with .*clip\.vos-wal"):
        Project.open(path, open_video(other))


# Through a link


@pytest.fixture
def link(tmp_path):
    """Return a link, in another folder, to where a project is to be."""
    link = tmp_path / "links" / "link.vos"
    link.parent.mkdir()
    try:
        link.symlink_to(tmp_path / "clip.vos")
    except OSError as error:
        pytest.skip(f"no links here: {error}")
    return link


def test_through_a_link_a_project_that_was_cut_off_is_read_to_its_last_edit(clip, link, tmp_path):
    with Project.create(tmp_path / "other.vos", open_video(clip)) as other:
        other.set_references({3: MASK})
        cut_off(other, tmp_path / "clip.vos")

    with copied_project(link, tmp_path, open_video(clip)) as copy:
        assert copy.annotations.references == (3,)


def test_through_a_link_a_project_is_not_read_while_it_is_open(clip, link, tmp_path):
    with Project.for_video(open_video(clip)) as project:
        project.set_references({3: MASK})

        with (
            pytest.raises(UserError, match="open in another window"),
            copied_project(link, tmp_path, open_video(clip)),
        ):
            pass
        with pytest.raises(UserError, match="this project itself"):
            project.save_copy(link)


def test_a_copy_to_a_link_goes_where_it_leads(clip, link, tmp_path):
    paint(clip, 0)
    with Project.create(tmp_path / "other.vos", open_video(clip)) as other:
        other.set_references({3: MASK})
        other.save_copy(link)

    assert link.is_symlink()
    with Project.open(tmp_path / "clip.vos") as project:
        assert project.annotations.references == (3,)
