"""Data sets as they are laid out on disk: what is found, what is skipped and named."""

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.training.small_data import write_pair, write_small_data
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.training import readers
from vos_annotator.training.material import Material
from vos_annotator.training.readers import DataSet, find_sources

RNG = np.random.default_rng(0)
SHAPE = (120, 160)


def picture(path, value: int = 100, shape=SHAPE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((*shape, 3), value, np.uint8))


def mask(path, ids=(1,), grey: bool = False, shape=SHAPE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    label_map = np.zeros(shape, np.uint8)
    for object_id in ids:
        label_map[20:60, 30 * object_id - 20 : 30 * object_id] = object_id
    if grey:
        Image.fromarray(np.where(label_map, np.uint8(255), np.uint8(0))).save(path)
    else:
        path.write_bytes(encode_png(label_map))


def davis(root, clips: dict[str, list[tuple[int, ...]]], every: int = 1, base="480p/", **how):
    """Write clips, given as the ids of each labelled frame; every so many frames is one."""
    for name, frames in clips.items():
        for n in range((len(frames) - 1) * every + 1):
            picture(root / f"JPEGImages/{base}{name}/{n:05d}.jpg")
        for n, ids in enumerate(frames):
            mask(root / f"Annotations/{base}{name}/{n * every:05d}.png", ids, **how)
    return root


def found(kind: str, path, weight: float = 1.0):
    return find_sources([DataSet(kind, path, weight)])


def ids_of(sources, frame: int) -> list[int]:
    material = Material(sources, {})
    facts = material.facts(material.videos[0][frame])
    return [seen.id for seen in facts.objects] if facts else []


def test_davis_is_read_by_its_list_of_training_clips_alone(tmp_path):
    davis(tmp_path, {"bear": [(1, 2)] * 3, "swan": [(1,)] * 3})
    assert [video.name.split("/")[1] for video in found("davis", tmp_path).videos] == [
        "bear",
        "swan",
    ]
    (tmp_path / "ImageSets/2017").mkdir(parents=True)
    (tmp_path / "ImageSets/2017/train.txt").write_text("bear\n")
    (bear,) = found("davis", tmp_path).videos
    assert len(bear.frames) == 3
    assert ids_of(found("davis", tmp_path), 0) == [1, 2]


def test_davis_2016_is_read_by_its_list_too_and_clips_that_are_missing_are_named(tmp_path, caplog):
    davis(tmp_path, {"bear": [(1,)] * 3, "swan": [(1,)] * 3})
    (tmp_path / "ImageSets/2016").mkdir(parents=True)
    lines = [f"/JPEGImages/480p/{name}/00000.jpg /x.png" for name in ("bear", "goat")]
    (tmp_path / "ImageSets/2016/train.txt").write_text("\n".join(lines))
    (bear,) = found("davis", tmp_path).videos
    assert bear.name.endswith("/bear")
    assert "no folder of masks for goat" in caplog.text


def test_davis_with_lists_but_none_of_training_clips_is_refused(tmp_path):
    davis(tmp_path, {"bear": [(1,)] * 3, "swan": [(1,)] * 3})
    (tmp_path / "ImageSets/2017").mkdir(parents=True)
    (tmp_path / "ImageSets/2017/val.txt").write_text("swan\n")
    with pytest.raises(UserError, match=r"none of those to train on.*train\.txt"):
        found("davis", tmp_path)


def test_black_and_white_masks_are_one_object(tmp_path):
    davis(tmp_path, {"bear": [(1, 2)] * 2}, grey=True)
    assert ids_of(found("davis", tmp_path), 0) == [1]


@pytest.mark.parametrize("inner", ["", "train/"])
def test_youtube_vos_has_masks_on_some_frames_and_objects_that_come_late(tmp_path, inner):
    davis(tmp_path / inner, {"0a1b": [(1,), (1,), (1, 2)]}, every=5, base="")
    sources = found("youtubevos", tmp_path)
    (video,) = sources.videos
    assert [path.stem for path, _ in video.frames] == ["00000", "00005", "00010"]
    assert ids_of(sources, 0) == [1]
    assert ids_of(sources, 2) == [1, 2]


def test_rendered_sequences_are_read_as_bl30k_has_them(tmp_path):
    davis(tmp_path, {"00001": [(1, 3)] * 4}, base="")
    assert len(found("bl30k", tmp_path).videos[0].frames) == 4


def film(path, frames: int = 9) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, SHAPE[::-1])
    for n in range(frames):
        writer.write(np.full((*SHAPE, 3), 25 * n, np.uint8))
    writer.release()


def test_masks_beside_films_belong_to_a_film_only_where_there_is_one(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(readers, "user_cache_path", lambda *_: tmp_path / "cache")
    for folder, names in (("one", ["a"]), ("two", ["b", "c"])):
        for n in range(3):
            mask(tmp_path / f"data/{folder}/masks/{n:05d}.png")
        for name in names:
            film(tmp_path / f"data/{folder}/{name}.mp4")
    for n in range(3):
        mask(tmp_path / f"data/two/c/{n:05d}.png")
    videos = {video.name: video for video in found("videos", tmp_path / "data").videos}
    assert videos.keys() == {"one/a", "two/c"}
    assert videos["two/c"].frames[0][1].parent.name == "c"
    assert "b.mp4: no folder of masks" in caplog.text


def test_videos_are_folders_or_films_with_masks_by_the_number_of_the_frame(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "user_cache_path", lambda *_: tmp_path / "cache")
    for n in range(3):
        picture(tmp_path / f"set/roll/images/{n:05d}.jpg")
        mask(tmp_path / f"set/roll/masks/{n:05d}.png")
    film(tmp_path / "film.mp4")
    for n in (2, 6):
        mask(tmp_path / f"film/{n:05d}.png", (1, 2))
    by_name = {video.name.split("/")[1]: video for video in found("videos", tmp_path).videos}
    assert by_name.keys() == {"roll", "film"}
    shades = [cv2.imread(str(path)).mean() for path, _ in by_name["film"].frames]
    assert shades == pytest.approx([50, 150], abs=12)


def test_cutouts_have_their_alpha_beside_them_or_in_them(tmp_path):
    picture(tmp_path / "beside/images/a.jpg")
    (tmp_path / "beside/masks").mkdir()
    alpha = np.zeros(SHAPE, np.uint8)
    alpha[30:80, 30:80] = 200
    Image.fromarray(alpha).save(tmp_path / "beside/masks/a.png")
    (tmp_path / "inside").mkdir()
    rgba = np.dstack([np.full((*SHAPE, 3), 90, np.uint8), alpha])
    Image.fromarray(rgba).save(tmp_path / "inside/b.png")
    sources = found("cutouts", tmp_path)
    assert len(sources.cutouts) == 2
    material = Material(sources, {})
    for n in range(2):
        cut = material.read(material._files[n])
        assert np.count_nonzero(cut[..., 3] == 200) == 50 * 50


def test_the_layout_of_the_program_has_all_three(tmp_path):
    sources = found("folder", write_small_data(tmp_path))
    assert (len(sources.stills), len(sources.cutouts), len(sources.videos)) == (4, 4, 1)


def test_weights_of_sets_reach_what_is_in_them(tmp_path):
    write_small_data(tmp_path)
    sources = find_sources(
        [DataSet("stills", tmp_path / "stills", 3.0), DataSet("videos", tmp_path / "videos")]
    )
    assert {still.weight for still in sources.stills} == {3.0}
    assert sources.videos[0].weight == 1.0


def test_a_picture_without_a_mask_and_a_mask_without_a_picture_are_named_and_skipped(
    tmp_path, caplog
):
    for name in ("a", "b", "c"):
        write_pair(tmp_path / "s", name, 60, RNG)
    (tmp_path / "s" / "masks" / "a.png").unlink()
    (tmp_path / "s" / "images" / "b.jpg").unlink()
    assert [still.picture.stem for still in found("stills", tmp_path).stills] == ["c"]
    assert "no mask for a.jpg" in caplog.text
    assert "no picture for b.png" in caplog.text


@pytest.mark.parametrize("harm", ["cut off", "no picture", "mask cut off", "other size"])
def test_a_broken_pair_is_named_and_left_out_when_it_is_needed(tmp_path, caplog, harm):
    write_pair(tmp_path / "s", "bad", 60, RNG)
    image, label_map = tmp_path / "s/images/bad.jpg", tmp_path / "s/masks/bad.png"
    if harm == "cut off":
        image.write_bytes(image.read_bytes()[:300])
    elif harm == "no picture":
        image.write_text("<html>not found</html>")
    elif harm == "mask cut off":
        label_map.write_bytes(label_map.read_bytes()[:60])
    else:
        mask(label_map, shape=(60, 80))
    material = Material(found("stills", tmp_path), {})
    assert material.facts(0) is None
    assert "bad." in caplog.text


@pytest.mark.parametrize("kind", readers.KINDS)
def test_an_empty_set_is_named_with_what_was_expected(tmp_path, kind):
    with pytest.raises(UserError, match=f"{tmp_path} holds no training data: expected"):
        found(kind, tmp_path)


def test_a_kind_that_is_not_known_and_a_folder_that_is_not_there_are_named(tmp_path):
    with pytest.raises(UserError, match=r"no kind of data coco.*davis"):
        found("coco", tmp_path)
    with pytest.raises(UserError, match="no folder"):
        found("stills", tmp_path / "nowhere")
