"""Whoever works without the window hears of it when the disk took less than everything."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.core.edit_stream import label_map_of, make_pictures
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video

FRAMES, ROOT = 150, Path(__file__).parents[2]

NO_ROOM = """
import resource, sys
from vos_annotator.cli import main

_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, most))
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def clip(tmp_path):
    return make_pictures(tmp_path / "clip", FRAMES)


def with_no_room(*words):
    """Run a command while no file may grow beyond a few masks."""
    return subprocess.run(
        [sys.executable, "-c", NO_ROOM, *map(str, words)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def make(path, clip, frames=range(1)):
    with Project.create(path, open_video(clip)) as project:
        project.set_references({frame: label_map_of(frame) for frame in frames})
    return path


needs_limit = pytest.mark.skipif(
    sys.platform == "win32", reason="needs a limit on the size of files"
)


@needs_limit
def test_an_import_that_the_disk_does_not_take_fails_and_leaves_the_project(clip, tmp_path):
    path, masks = make(tmp_path / "clip.vos", clip), tmp_path / "masks"
    masks.mkdir()
    for frame in range(1, FRAMES):
        (masks / f"{frame:05d}.png").write_bytes(encode_png(label_map_of(frame)))

    done = with_no_room("import", path, masks)

    assert done.returncode == 2, done.stderr
    assert str(path) in done.stderr and "lacks the last changes" in done.stderr
    assert "imported" not in done.stdout
    with Project.open(path) as project:
        assert project.annotations.references == (0,)


@needs_limit
def test_a_merge_that_the_disk_does_not_take_fails_and_leaves_nothing(clip, tmp_path):
    first = make(tmp_path / "a.vos", clip)
    second = make(tmp_path / "b.vos", clip, range(1, FRAMES))
    out = tmp_path / "out"
    out.mkdir()

    done = with_no_room("merge", first, second, "--out", out / "c.vos")

    assert done.returncode == 2, done.stderr
    assert str(out / "c.vos") in done.stderr and "lacks the last changes" in done.stderr
    assert not done.stdout and not list(out.iterdir())


def fill_disk(project):
    project._file._connection.execute("PRAGMA max_page_count = 1")


def test_closing_a_project_raises_if_changes_are_lost(clip, tmp_path):
    with (
        pytest.raises(UserError, match=r"clip\.vos lacks the last changes"),
        Project.create(tmp_path / "clip.vos", open_video(clip)) as project,
    ):
        fill_disk(project)
        project.set_references({frame: label_map_of(frame) for frame in range(FRAMES)})
        assert "cannot be written" in project.problem

    assert make(tmp_path / "next.vos", clip).is_file()  # files were let go, too


def test_who_only_read_a_project_loses_nothing_on_a_full_disk(clip, tmp_path):
    with Project.open(make(tmp_path / "clip.vos", clip)) as project:
        project._file._connection.execute("PRAGMA query_only = 1")
    assert project.problem  # that it was closed could not be noted

    with Project.open(tmp_path / "clip.vos") as again:
        assert again.annotations.references == (0,)


def test_what_went_wrong_before_is_told_rather_than_what_was_lost(clip, tmp_path):
    with (
        pytest.raises(ValueError, match="first"),
        Project.create(tmp_path / "clip.vos", open_video(clip)) as project,
    ):
        fill_disk(project)
        project.set_references({frame: np.ones((40, 60), bool) for frame in range(FRAMES)})
        raise ValueError("first")
