"""The Python API: typed, light to import, the window's own objects, and its page is true."""

import re
import subprocess
import sys
import typing
from pathlib import Path

import cv2
import numpy as np
import pytest

import vos_annotator
from tests.core.edit_stream import SHAPE, make_pictures
from vos_annotator import Project, load_engine, open_video, propagate, propagated
from vos_annotator.core.corrections import prediction_edits
from vos_annotator.core.edits import Status
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import decode_png
from vos_annotator.ui.document import Document

PAGE = Path(vos_annotator.__file__).parents[1] / "docs" / "api.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.fixture
def project(tmp_path):
    video = open_video(make_pictures(tmp_path / "clip", 6))
    with Project.create(tmp_path / "clip.vos", video) as project:
        yield project


def square(object_id=1):
    label_map = np.zeros(SHAPE, np.uint8)
    label_map[10:20, 10:30] = object_id
    return label_map


def write_clip(path, frames=8):
    """Write a film of a bright square that moves over noise."""
    noise = np.random.default_rng(1).integers(0, 90, (96, 128, 3), np.uint8)
    film = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (128, 96))
    for frame in range(frames):
        picture = noise.copy()
        picture[40:60, 30 + 4 * frame : 60 + 4 * frame] = (40, 90, 250)
        film.write(picture)
    film.release()


def test_every_example_runs_and_the_first_takes_ten_lines(tmp_path, monkeypatch, capsys):
    write_clip(tmp_path / "clip.mp4")
    monkeypatch.chdir(tmp_path)
    for example in EXAMPLES:
        exec(compile(example, str(PAGE), "exec"), {})
    told = capsys.readouterr().out
    assert "8 of 8 frames, 1 object" in told
    assert "elsewhere.mp4 does not exist" in told
    assert len(list((tmp_path / "davis/Annotations/480p/clip").glob("*.png"))) == 8
    assert len([line for line in EXAMPLES[0].splitlines() if line]) <= 10


def test_importing_the_package_loads_neither_numpy_nor_anything_large():
    code = "import vos_annotator, sys; print({'numpy', 'cv2', 'torch', 'PySide6'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_name_of_the_api_can_be_imported_and_others_are_refused():
    for name in vos_annotator.__all__:
        assert getattr(vos_annotator, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = vos_annotator.nothing


def test_the_api_is_typed_from_end_to_end():
    assert (Path(vos_annotator.__file__).parent / "py.typed").is_file()
    functions = [getattr(vos_annotator, name) for name in vos_annotator.__all__]
    functions += [each for each in vars(Project).values() if callable(each)]
    for function in functions:
        if isinstance(function, type):
            continue
        hints = typing.get_type_hints(function)
        code = function.__code__
        named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        assert set(named) - {"self", "cls", "_"} <= hints.keys(), function
        assert "return" in hints, function


def test_what_a_script_sets_is_one_step_of_undo_in_the_window(qapp, project):
    project.set_references({0: square(), 4: square(2)}, "From a script")
    document = Document(project)
    assert project.annotations.references == (0, 4)
    assert project.objects.ids == (1, 2)
    assert project.history.name(project.history.done - 1) == "From a script"
    document.undo()
    assert project.annotations.references == ()
    assert project.objects.ids == ()


def test_a_new_reference_makes_what_is_computed_around_it_stale(project):
    project.set_references({0: square()})
    propagate(project, "hold")
    assert project.annotations.stale(3) == frozenset()
    project.set_references({4: square() * 0})
    assert project.annotations.stale(3) == {1}
    propagate(project, "hold")
    assert project.annotations.stale(3) == frozenset()


def test_a_boolean_mask_is_object_1_and_other_arrays_must_hold_ids(project):
    project.set_references({0: square() > 0})
    assert (project.annotations[0] == square()).all()
    for wrong in (square()[1:], square() * 300.0, square() * 0.5, square().astype(int) - 1):
        with pytest.raises(ValueError, match="mask"):
            project.set_references({1: wrong})
    assert project.annotations.references == (0,)


def test_frames_are_asked_for_by_numbers_of_numpy_too(project):
    project.set_references({frame: square(frame) for frame in (1, 3)})
    for frame in np.flatnonzero(project.annotations.statuses):
        found = project.annotations.png(frame)
        assert (decode_png(found) == square(frame)).all()


def test_propagating_a_project_leaves_references_and_locked_objects_alone(qapp, project):
    project.set_references({0: square(), 3: square(2)})
    assert propagate(project, "hold") == 4
    assert project.annotations.objects_at(5) == (2,)
    document = Document(project)
    document.update_object(2, locked=True)
    project.set_references({4: square(1)})
    assert propagate(project, "hold") == 3
    assert project.annotations.status(4) is Status.REFERENCE
    assert project.annotations.objects_at(5) == (2,)  # its pixels were taken by a locked object
    document.update_object(1, locked=True)
    with pytest.raises(UserError, match="locked"):
        propagate(project, "hold")


def test_propagating_a_project_leaves_imported_masks_alone_that_no_reference_is_about(project):
    project.set_references({0: square()})
    (*listing, edit) = prediction_edits(project, [(3, square(2))], [2])
    for each in (*listing, edit):
        project.apply(each)
    assert propagate(project, "hold") == 5
    assert project.annotations.objects_at(3) == (2,) and project.annotations.objects_at(4) == (1,)


def test_without_a_reference_a_script_is_told_so(project):
    with pytest.raises(UserError, match="no reference"):
        propagate(project, "hold")


def test_an_engine_that_was_handed_in_serves_one_video_after_the_other(project):
    engine = load_engine("hold", size=48)
    first = dict(propagated(project.video, {0: square()}, engine))
    second = dict(propagated(project.video, {2: square(7)}, engine))
    assert {*np.unique(first[5])} == {0, 1}
    assert {*np.unique(second[5])} == {0, 7}  # nothing of the first is left in its memory
