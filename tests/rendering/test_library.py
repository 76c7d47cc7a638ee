import zipfile

import numpy as np
import pytest

from tests.rendering.shapes import write_box
from vos_annotator.core.errors import UserError
from vos_annotator.rendering import library
from vos_annotator.rendering.library import find_models, open_library

pytest.importorskip("trimesh", reason="trimesh comes with the extra [render]")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(library.platformdirs, "user_cache_path", lambda *_, **__: tmp_path / "kept")


def zipped(folder, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"models/{file.relative_to(folder)}")
    return path


def test_a_zip_of_any_ending_holds_the_same_models_as_its_folder(tmp_path):
    write_box(tmp_path / "a" / "deep", "rod", half=(0.1, 1.0, 0.1))
    write_box(tmp_path / "a", "box")
    archive = zipped(tmp_path / "a", tmp_path / "b.sh3f")

    of_folder, of_zip = open_library(tmp_path / "a"), open_library(archive)

    assert of_zip.thickness == of_folder.thickness
    for number in range(2):
        np.testing.assert_array_equal(of_zip.mesh(number).corners, of_folder.mesh(number).corners)


def test_archives_inside_a_folder_are_searched(tmp_path):
    write_box(tmp_path / "a", "box")
    (tmp_path / "models").mkdir()
    zipped(tmp_path / "a", tmp_path / "models" / "one.zip")

    assert [model.member for model in find_models(tmp_path / "models")] == ["models/box.obj"]


def test_broken_models_are_named_and_left_out(tmp_path, caplog):
    write_box(tmp_path / "a", "box")
    (tmp_path / "a" / "bad.obj").write_text("nothing")

    models = open_library(tmp_path / "a")

    assert len(models.paths) == 1
    assert "bad.obj" in caplog.text
    assert "box.obj" not in caplog.text


def test_a_model_is_parsed_once_and_again_when_it_changes(tmp_path, monkeypatch):
    path = write_box(tmp_path / "a", "box")
    (tmp_path / "a" / "bad.obj").write_text("nothing")
    before = open_library(tmp_path / "a").thickness
    with monkeypatch.context() as patched:
        patched.setattr(library, "read_model", lambda path: pytest.fail("parsed again"))
        assert open_library(tmp_path / "a").thickness == before

    write_box(path.parent, "box", half=(0.02, 1.0, 0.02))

    assert open_library(tmp_path / "a").thickness < before


def test_a_folder_without_models_is_a_mistake_that_says_what_to_give(tmp_path):
    with pytest.raises(UserError, match="no OBJ models"):
        open_library(tmp_path)
    with pytest.raises(UserError, match="There is no"):
        open_library(tmp_path / "nowhere")
    (tmp_path / "bad.obj").write_text("nothing")
    with pytest.raises(UserError, match="None of the 1 models"):
        open_library(tmp_path)


def test_the_thin_and_the_solid_are_told_apart(tmp_path):
    for number in range(5):
        write_box(tmp_path, f"box{number}", half=(0.1 + 0.2 * number, 1.0, 0.1 + 0.2 * number))

    models = open_library(tmp_path)

    assert models.thin == (0,)
    assert set(models.solid) == {2, 3, 4}


def test_a_kept_mesh_that_is_damaged_is_read_afresh(tmp_path):
    write_box(tmp_path / "a", "box")
    (kept,) = open_library(tmp_path / "a").paths
    whole = kept.read_bytes()
    for damaged in (b"", whole[:100]):
        kept.write_bytes(damaged)
        assert open_library(tmp_path / "a").mesh(0).thickness > 0


def test_a_link_that_leads_nowhere_is_left_out(tmp_path, caplog):
    write_box(tmp_path / "a", "box")
    (tmp_path / "a" / "gone.obj").symlink_to(tmp_path / "nowhere.obj")
    assert len(open_library(tmp_path / "a").paths) == 1
    assert "gone.obj is left out" in caplog.text
