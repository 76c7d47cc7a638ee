import numpy as np
import pytest

from tests.rendering.shapes import write_box, write_picture_frame
from vos_annotator.rendering.meshes import (
    CORNER_FLOATS,
    UnusableModel,
    load_mesh,
    packed,
    read_model,
    simplified,
)

pytest.importorskip("trimesh", reason="trimesh comes with the extra [render]")


def ball(rings: int) -> tuple[np.ndarray, np.ndarray]:
    """Return corners and triangles of a ball of 2 * rings^2 triangles."""
    side = rings + 1
    along, around = np.meshgrid(np.linspace(0, np.pi, side), np.linspace(0, 2 * np.pi, side))
    corners = np.zeros((side * side, CORNER_FLOATS), np.float32)
    corners[:, 0] = (np.sin(along) * np.cos(around)).ravel()
    corners[:, 1] = np.cos(along).ravel()
    corners[:, 2] = (np.sin(along) * np.sin(around)).ravel()
    first = (np.arange(rings)[:, None] * side + np.arange(rings)).ravel()
    upper = np.stack([first, first + 1, first + side], axis=1)
    lower = np.stack([first + 1, first + side + 1, first + side], axis=1)
    return corners, np.concatenate([upper, lower])


def test_a_model_lies_in_the_unit_sphere_whatever_its_own_units(tmp_path):
    mesh = read_model(write_box(tmp_path, "box", half=(300.0, 100.0, 200.0)))

    radius = np.linalg.norm(mesh.corners[:, :3], axis=1)
    assert radius.max() == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(np.ptp(mesh.corners[:, :3], axis=0) / (3, 1, 2), 0.5345, atol=1e-3)
    np.testing.assert_allclose(mesh.corners[:, 8:11], [[0.8, 0.2, 0.1]] * len(radius), atol=0.01)


def test_a_texture_stands_upright_and_belongs_to_its_corners(tmp_path):
    mesh = read_model(write_picture_frame(tmp_path))

    top = mesh.corners[:, 1] > 0.5
    assert np.all(mesh.corners[top, 7] == 1.0)
    assert set(mesh.corners[:, 11]) == {1.0}
    assert mesh.textures[1, -1, 0, :3].tolist() == [255, 0, 0]  # the last row is the top


def test_a_heavy_model_becomes_light_and_keeps_its_outline():
    corners, triangles = ball(150)

    moved, light = simplified(corners, triangles, limit=8000)

    assert 1000 < len(light) <= 8000
    radius = np.linalg.norm(moved[light.ravel(), :3], axis=1)
    assert radius.min() > 0.95
    assert radius.max() < 1.001


def test_a_model_that_stays_too_heavy_is_refused():
    corners, triangles = ball(150)

    with pytest.raises(UnusableModel, match="45000 triangles"):
        simplified(corners, triangles, limit=100)


@pytest.mark.parametrize(
    "text", ["", "v 0 0 0\n", "f 1 2 3\n", "v 0 0 nan\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "\x00\x01"]
)
def test_a_broken_model_is_refused_whatever_is_wrong_with_it(tmp_path, text):
    path = tmp_path / "broken.obj"
    path.write_text(text)

    with pytest.raises(UnusableModel):
        read_model(path)


def test_a_carpet_is_no_object(tmp_path):
    with pytest.raises(UnusableModel, match="flat"):
        read_model(write_box(tmp_path, "carpet", half=(1.0, 0.001, 1.0)))


def test_a_rod_is_thinner_than_a_box(tmp_path):
    box = read_model(write_box(tmp_path, "box"))
    rod = read_model(write_box(tmp_path, "rod", half=(0.05, 1.0, 0.05)))

    assert rod.thickness < 0.3 * box.thickness


def test_a_kept_mesh_is_the_one_that_was_read(tmp_path):
    mesh = read_model(write_picture_frame(tmp_path))
    (tmp_path / "mesh.npz").write_bytes(packed(mesh))

    kept = load_mesh(tmp_path / "mesh.npz")

    for name in ("corners", "triangles", "textures"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(mesh, name))
    assert kept.thickness == mesh.thickness
