"""Other people's libraries find in our files what was exported, pixel for pixel where it is kept.

`supervision`, `cvat-sdk` and `trackeval` are light and installed for development. No library
reads a film's masks from CVAT's XML, so the file is parsed here by the rules of the format, and
its run lengths are decoded by CVAT's own.
"""

from xml.etree import ElementTree

import numpy as np
import pytest

from tests.core.formats.material import FRAMES, NAMES, SHAPE, Clip, label_map, source, wanted
from vos_annotator.core.formats.exporting import export
from vos_annotator.core.formats.format import Source
from vos_annotator.core.masks import encode_png


def shared(mask, other):
    """Return the share of the pixels of either mask that both have."""
    return (mask & other).sum() / (mask | other).sum()


def large_source():
    """Return the clip eight times as large, where a pixel of a border is little."""
    shape = (SHAPE[0] * 8, SHAPE[1] * 8)
    return Source(
        Clip(shape=shape), lambda f: encode_png(np.kron(label_map(f), np.ones((8, 8), np.uint8)))
    )


def test_supervision_reads_the_outlines_of_yolo(tmp_path):
    supervision = pytest.importorskip("supervision")
    export(large_source(), "yolo-seg", tmp_path)
    dataset = supervision.DetectionDataset.from_yolo(
        str(tmp_path / "images" / "clip"),
        str(tmp_path / "labels" / "clip"),
        str(tmp_path / "clip.yaml"),
    )

    assert len(dataset) == FRAMES
    assert [dataset.classes[i - 1] for i in (1, 2, 3)] == ["object 1", "object 2", "object 3"]
    for path, _, found in dataset:
        whole = np.kron(label_map(int(path[-9:-4])), np.ones((8, 8), np.uint8))
        assert sorted(found.class_id + 1) == sorted(set(np.unique(whole).tolist()) - {0})
        for kind, mask in zip(found.class_id, found.mask, strict=True):
            assert shared(mask, whole == kind + 1) > 0.96 or kind + 1 == 255  # which is a speck


def test_supervision_reads_the_names_of_yolo(tmp_path):
    supervision = pytest.importorskip("supervision")
    export(source(), "yolo-seg", tmp_path)
    dataset = supervision.DetectionDataset.from_yolo(
        str(tmp_path / "images" / "clip"),
        str(tmp_path / "labels" / "clip"),
        str(tmp_path / "clip.yaml"),
    )
    assert {i: dataset.classes[i - 1] for i in NAMES} == NAMES


def test_supervision_reads_the_boxes_and_names_of_voc(tmp_path):
    supervision = pytest.importorskip("supervision")
    export(source(), "voc", tmp_path)
    dataset = supervision.DetectionDataset.from_pascal_voc(
        str(tmp_path / "JPEGImages"), str(tmp_path / "Annotations")
    )

    assert set(dataset.classes) == set(NAMES.values())
    for path, _, found in dataset:
        ids = sorted(set(np.unique(expected := wanted(int(path[-9:-4]))).tolist()) - {0})
        assert [dataset.classes[i] for i in found.class_id] == [NAMES[i] for i in ids]
        for object_id, box in zip(ids, found.xyxy, strict=True):
            rows, columns = np.nonzero(expected == object_id)
            inside = columns.min(), rows.min(), columns.max(), rows.max()
            np.testing.assert_array_equal(box[:2], inside[:2])
            assert np.isin(box[2:] - inside[2:], (0, 1)).all()  # theirs ends with, or after, it


def test_the_masks_in_the_xml_of_cvat_are_those_that_its_sdk_decodes(tmp_path):
    masks = pytest.importorskip("cvat_sdk.masks")
    export(source(), "cvat", tmp_path)
    root = ElementTree.parse(tmp_path / "clip.xml").getroot()
    size = root.find("meta/task/original_size")
    width, height = int(size.findtext("width")), int(size.findtext("height"))
    read = np.zeros((FRAMES, height, width), np.uint8)
    for track in root.iter("track"):
        for each in track.iter("mask"):
            if each.get("outside") == "1":
                continue
            left, top, wide, high = (int(each.get(k)) for k in ("left", "top", "width", "height"))
            counts = [int(count) for count in each.get("rle").split(",")]
            corners = [left, top, left + wide - 1, top + high - 1]
            points = counts + corners
            mask = masks.decode_mask(points, image_width=width, image_height=height)
            assert points == masks.encode_mask(mask)  # it writes the very same
            object_id = int(track.get("group_id"))
            assert track.get("label") == NAMES[object_id]
            read[int(each.get("frame"))][mask] = object_id
    for frame in range(FRAMES):
        np.testing.assert_array_equal(read[frame], wanted(frame))


def test_trackeval_reads_every_pixel_of_the_text_of_mots(tmp_path):
    trackeval = pytest.importorskip("trackeval")
    from pycocotools import mask as rle

    export(source(), "mots-text", tmp_path)
    data, _ = trackeval.datasets.KittiMOTS._load_simple_text_file(
        str(tmp_path / "instances_txt" / "clip.txt"),
        is_zipped=False,
        zip_file=None,
        force_delimiters=" ",
        convert_filter=None,
    )
    assert sorted(map(int, data)) == [0, 1, 2, 3, 5]
    for frame, rows in data.items():
        read = np.zeros(SHAPE, np.uint8)
        for _, track, _, height, width, counts in rows:
            size = [int(height), int(width)]
            read[rle.decode({"size": size, "counts": counts.encode()}) > 0] = int(track) % 1000
        np.testing.assert_array_equal(read, wanted(int(frame)))


def test_labelme_opens_its_files_with_every_pixel(tmp_path):
    labelme = pytest.importorskip("labelme")  # brings a second Qt: of the extra `readers`
    export(source(), "labelme", tmp_path)
    for frame in range(FRAMES):
        file = labelme.LabelFile(str(tmp_path / "clip" / f"{frame:05d}.json"))
        read = np.zeros(SHAPE, np.uint8)
        for shape in file.shapes:
            (left, top), (right, bottom) = np.array(shape["points"]).astype(int)
            read[top : bottom + 1, left : right + 1][shape["mask"]] = shape["group_id"]
            assert shape["label"] == NAMES[shape["group_id"]]
        np.testing.assert_array_equal(read, wanted(frame))
