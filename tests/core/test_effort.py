"""What annotating took: counted from the steps that stand, with the time between them."""

import cv2
import numpy as np
import pytest

from tests.core.older import make_older
from vos_annotator.cli import main
from vos_annotator.core.effort import REST, Effort, Step
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video

SHAPE = (24, 32)


@pytest.fixture
def path(tmp_path):
    """A project in which frames 1, 5 and 5 again were drawn."""
    (tmp_path / "clip").mkdir()
    for frame in range(8):
        picture = np.full((*SHAPE, 3), frame, np.uint8)
        cv2.imwrite(str(tmp_path / "clip" / f"{frame:05d}.png"), picture)
    path = tmp_path / "a.vos"
    with Project.create(path, open_video(tmp_path / "clip")) as project:
        for n, frame in enumerate((1, 5, 5)):
            labels = np.zeros(SHAPE, np.uint8)
            labels[n : n + 8, 4:12] = 1
            project.set_references({frame: labels}, f"Step {n}")
    return path


def test_steps_frames_and_distances_are_read_off_the_history(path):
    with Project.open(path) as project:
        effort = Effort.of(project)
        assert [step.name for step in effort.steps] == ["Step 0", "Step 1", "Step 2"]
        assert effort.frames == {1: 1, 5: 2} and effort.distances == (4,)
        assert all(step.at > 1e9 for step in effort.steps)

        edit = project.history.to_undo()
        project.history.undone(project.apply(edit))
        assert len(Effort.of(project).steps) == 2


def test_a_pause_counts_as_a_rest_and_unknown_times_count_nothing():
    steps = tuple(Step("x", at, (0,)) for at in (0.0, 100.0, 110.0, 9000.0, 8000.0))

    assert Effort(steps).seconds == (0.0, 0.0, 10.0, REST, 0.0)
    assert Effort(()).seconds == () and Effort(()).distances == ()


def test_a_project_of_the_schema_before_has_steps_without_times(path):
    make_older(path, 3)

    with Project.open(path) as project:
        assert [step.at for step in Effort.of(project).steps] == [0, 0, 0]
        labels = np.ones(SHAPE, np.uint8)
        project.set_references({7: labels}, "Later")
    with Project.open(path) as project:
        assert Effort.of(project).steps[-1].at > 1e9


def test_the_report_is_a_table_and_a_picture(path, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    csv, png = tmp_path / "effort.csv", tmp_path / "effort.png"

    assert main(["effort", str(path), "--csv", str(csv), "--png", str(png)]) == 0

    out = capsys.readouterr().out
    assert "steps                        3" in out and "2 of 8" in out and "median 4" in out
    rows = csv.read_text().splitlines()
    assert rows[0] == "step,what,at,seconds,frames,first_frame,last_frame" and len(rows) == 4
    assert rows[3].startswith("3,Step 2,20") and rows[3].endswith(",1,5,5")
    assert cv2.imread(str(png)).shape[1] == 960
