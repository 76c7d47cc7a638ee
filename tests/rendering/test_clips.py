import numpy as np
import pytest

from tests.rendering.shapes import FRAMES, GL_IS_MISSING, body, scene, write_box
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import decode_png
from vos_annotator.rendering import clips, library

pytest.importorskip("trimesh", reason="trimesh comes with the extra [render]")
pytest.importorskip("moderngl", reason=GL_IS_MISSING)

from vos_annotator.rendering.meshes import read_model
from vos_annotator.rendering.renderer import Renderer

BLACK = [np.zeros((16, 16, 3), np.uint8)] * 3
WIDTH, HEIGHT = 96, 64


@pytest.fixture(scope="module")
def renderer():
    try:
        renderer = Renderer(WIDTH, HEIGHT)
    except UserError as error:
        pytest.skip(f"{GL_IS_MISSING}: {error}")
    with renderer:
        yield renderer


@pytest.fixture
def box(tmp_path):
    return read_model(write_box(tmp_path, "box", colour="1 1 1"))


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setattr(library.platformdirs, "user_cache_path", lambda *_, **__: tmp_path / "kept")
    write_box(tmp_path / "models", "box")
    write_box(tmp_path / "models", "rod", half=(0.2, 1.0, 0.2), colour="0.1 0.9 0.2")
    return library.open_library(tmp_path / "models")


def numbers(label_map):
    return set(np.unique(label_map).tolist())


@pytest.mark.parametrize("shutter", [0.0, 0.5])
def test_a_mask_lies_on_its_object_to_the_pixel(renderer, box, shutter):
    thing = body(size=0.9, bend=lambda time: np.array((0.4, 0.3, 0.1, 0.05)))
    with renderer.stage(scene(thing, shutter=shutter), [box], BLACK) as stage:
        picture, mask = stage.picture(2.0), stage.ids(2.0)

    is_bright = picture.max(axis=2) > 60  # lit white on black: an edge pixel is half as bright
    assert mask.any(axis=0).sum() > 20
    assert (is_bright != (mask == 1)).sum() < 0.05 * (mask == 1).sum()
    for shift in (-1, 1):
        for axis in (0, 1):
            moved = np.roll(mask == 1, shift, axis)
            assert (is_bright != moved).sum() > (is_bright != (mask == 1)).sum()


def test_up_is_up_and_right_is_right(renderer, box):
    with renderer.stage(scene(body((0.7, 0.5, 4.0), size=0.3)), [box], BLACK) as stage:
        rows, columns = np.nonzero(stage.ids(0.0))

    assert rows.mean() == pytest.approx(HEIGHT * (1 - 0.5) / 2, abs=1.5)
    assert columns.mean() == pytest.approx(WIDTH / 2 + 0.7 * HEIGHT / 2, abs=1.5)


def test_what_is_nearer_hides_what_is_behind_it(renderer, box):
    far, near = body((0, 0, 6.0), size=0.4), body((0, 0, 3.0), size=0.6)
    for bodies in ((far, near), (near, far)):
        with renderer.stage(scene(*bodies), [box, box], BLACK) as stage:
            assert numbers(stage.ids(0.0)) == {0, 1 + bodies.index(near)}


def test_a_fast_thing_is_blurred_and_its_mask_is_sharp(renderer, box):
    fast = body(size=0.5, place=lambda time: np.array((0.3 * (time - 2.0), 0.0, np.log(4.0))))
    seen = []
    for shutter in (0.8, 0.0):
        with renderer.stage(scene(fast, shutter=shutter), [box], BLACK) as stage:
            seen.append((stage.picture(2.0).astype(int), stage.ids(2.0)))
    (blurred, mask), (crisp, same_mask) = seen

    assert np.array_equal(mask, same_mask)
    assert np.abs(np.diff(blurred, axis=1)).max() < np.abs(np.diff(crisp, axis=1)).max()


def test_a_clip_depends_on_its_seed_and_number_alone(renderer, models):
    first = clips.render_clip(renderer, models, (), FRAMES, 3, 0)
    clips.render_clip(renderer, models, (), FRAMES, 3, 1)
    again = clips.render_clip(renderer, models, (), FRAMES, 3, 0)
    other = clips.render_clip(renderer, models, (), FRAMES, 4, 0)

    np.testing.assert_array_equal(first.pictures, again.pictures)
    np.testing.assert_array_equal(first.label_maps, again.label_maps)
    assert not np.array_equal(first.pictures, other.pictures)


def test_a_clip_has_one_to_three_objects_and_one_at_once(renderer, models):
    for number in range(6):
        clip = clips.render_clip(renderer, models, (), FRAMES, 0, number)
        ids = numbers(clip.label_maps) - {0}

        assert ids in ({1}, {1, 2}, {1, 2, 3})
        assert numbers(clip.label_maps[0]) - {0}


def test_neither_specks_nor_walls_become_objects():
    seen = np.zeros((4, 50, 50), np.uint8)
    seen[:, :40, :] = 1  # fills the picture
    seen[:, 45, 45] = 2  # a speck
    seen[0, 41:45, :10] = 3  # seen once

    table = clips.choose_objects(np.random.default_rng(0), seen, 3)

    assert not table.any()
    seen[:2, 41:45, :10] = 3
    assert clips.choose_objects(np.random.default_rng(0), seen, 3)[3] == 1


def test_an_interrupted_clip_leaves_no_folder_and_the_next_run_makes_it_whole(
    tmp_path, monkeypatch
):
    label_maps = np.ones((3, 8, 8), np.uint8)
    clip = clips.Clip(np.zeros((3, 8, 8, 3), np.uint8), label_maps)
    folder = clips.clip_folder(tmp_path, 5, 7)
    calls = []

    def interrupted(label_map):
        calls.append(label_map)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return b"a mask"

    with monkeypatch.context() as patched:
        patched.setattr(clips, "encode_png", interrupted)
        with pytest.raises(KeyboardInterrupt):
            clips.write_clip(clip, tmp_path, 5, 7)
    assert not folder.exists()

    clips.write_clip(clip, tmp_path, 5, 7)

    names = [f"{frame:05d}" for frame in range(3)]
    assert sorted(path.stem for path in (folder / "images").iterdir()) == names
    masks = sorted((folder / "masks").iterdir())
    assert [path.stem for path in masks] == names
    np.testing.assert_array_equal(decode_png(masks[0].read_bytes()), label_maps[0])


def test_two_who_write_one_clip_leave_it_whole(tmp_path, monkeypatch):
    clip = clips.Clip(np.zeros((3, 64, 96, 3), np.uint8), np.ones((3, 64, 96), np.uint8))
    encode = clips.encode_png

    def overtaken(label_map):
        monkeypatch.undo()
        clips.write_clip(clip, tmp_path, 0, 0)
        return encode(label_map)

    monkeypatch.setattr(clips, "encode_png", overtaken)
    clips.write_clip(clip, tmp_path, 0, 0)

    assert len(list(clips.clip_folder(tmp_path, 0, 0).rglob("*.*"))) == 6
    assert not list((tmp_path / ".parts").iterdir())


def test_pictures_larger_than_opengl_draws_are_refused(renderer):
    with pytest.raises(UserError, match="--size of at most"):
        Renderer(1 << 30, 64)
