"""Where projects lie, whatever they and their folders are called: nothing of one is passed over."""

import os

import numpy as np
import platformdirs
import pytest

from tests.core.edit_stream import SHAPE, make_pictures
from tests.core.test_project import forbid_writing
from vos_annotator.cli import main
from vos_annotator.core.project import Project
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
