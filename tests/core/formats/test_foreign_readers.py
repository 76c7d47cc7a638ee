"""The readers that others use find in our files what was exported."""

import contextlib
import io
import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as rle
from pycocotools.coco import COCO

from tests.core.formats.material import FRAMES, NAMES, SHAPE, Clip, label_map, source, wanted
from vos_annotator.core.formats.exporting import export
from vos_annotator.core.formats.format import Options
from vos_annotator.core.masks import PALETTE


@pytest.mark.parametrize("name", ["coco", "coco-polygons"])
def test_pycocotools_finds_images_tracks_categories_and_masks(tmp_path, name):
    export(source(), name, tmp_path)
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(tmp_path / "annotations" / "clip.json")

    assert {each["name"] for each in coco.loadCats(coco.getCatIds())} == set(NAMES.values())
    assert [each["frame_id"] for each in coco.loadImgs(coco.getImgIds())] == list(range(FRAMES))
    for image in coco.loadImgs(coco.getImgIds()):
        assert (tmp_path / "images" / image["file_name"]).is_file()
        read = np.zeros(SHAPE, np.uint8)
        for each in coco.loadAnns(coco.getAnnIds(image["id"])):
            mask = coco.annToMask(each)
            read[mask > 0] = each["track_id"]
            if name == "coco":
                assert each["area"] == mask.sum()
                np.testing.assert_array_equal(
                    each["bbox"], rle.toBbox(each["segmentation"]).tolist()
                )
        if name == "coco":
            np.testing.assert_array_equal(read, wanted(image["frame_id"]))
        else:
            assert (read != wanted(image["frame_id"])).mean() < 0.03


def test_youtube_vos_has_its_layout_and_late_objects_begin_late(tmp_path):
    export(source(), "youtube-vos", tmp_path)
    meta = json.loads((tmp_path / "meta.json").read_text("utf-8"))

    objects = meta["videos"]["clip"]["objects"]
    assert {number: each["category"] for number, each in objects.items()} == {
        str(i): name for i, name in NAMES.items()
    }
    assert objects["1"]["frames"] == ["00000", "00001", "00002", "00003", "00005"]
    assert objects["3"]["frames"] == ["00003", "00005"]
    for frame in range(FRAMES):
        assert (tmp_path / "JPEGImages" / "clip" / f"{frame:05d}.jpg").is_file()
        with Image.open(tmp_path / "Annotations" / "clip" / f"{frame:05d}.png") as image:
            assert image.mode == "P"
            assert image.getpalette() == PALETTE.ravel().tolist()
            np.testing.assert_array_equal(np.array(image), wanted(frame))


def test_a_submission_to_youtube_vos_has_the_masks_of_the_wanted_frames_alone(tmp_path):
    options = Options(frames=(0, 5), with_images=False)
    export(source(), "youtube-vos", tmp_path, options=options)

    assert sorted(p.name for p in tmp_path.glob("Annotations/clip/*")) == ["00000.png", "00005.png"]
    assert not (tmp_path / "JPEGImages").exists()


def test_several_clips_share_one_meta_json_and_what_others_put_there_stays(tmp_path):
    other = {"videos": {"other": {"objects": {}, "by": "someone"}}, "version": 2}
    (tmp_path / "meta.json").write_text(json.dumps(other))
    for name in ("a", "b", "a"):
        export(source(Clip(name=name)), "youtube-vos", tmp_path)

    meta = json.loads((tmp_path / "meta.json").read_text("utf-8"))
    assert list(meta["videos"]) == ["other", "a", "b"]
    assert meta["videos"]["other"] == other["videos"]["other"]
    assert meta["version"] == 2


def test_the_pixels_of_mots_are_class_and_object(tmp_path):
    export(source(), "mots-png", tmp_path)
    with Image.open(tmp_path / "instances" / "clip" / "000003.png") as image:
        pixels = np.array(image)
    assert image.mode == "I;16"
    expected = label_map(3).astype(int)
    np.testing.assert_array_equal(pixels, np.where(expected > 0, 1000 + expected, 0))


def test_the_text_of_mots_is_read_by_its_own_rules(tmp_path):
    export(source(), "mots-text", tmp_path)
    read = np.zeros((FRAMES, *SHAPE), np.uint8)
    for line in (tmp_path / "instances_txt" / "clip.txt").read_text().splitlines():
        frame, track, kind, height, width, counts = line.split(" ")
        mask = rle.decode({"size": [int(height), int(width)], "counts": counts.encode()})
        assert kind == "1"
        assert not read[int(frame)][mask > 0].any()  # masks of a frame do not overlap
        read[int(frame)][mask > 0] = int(track) % 1000
    for frame in range(FRAMES):
        np.testing.assert_array_equal(read[frame], wanted(frame))
