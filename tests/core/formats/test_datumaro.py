"""Datumaro finds in our files what was exported, where it is installed.

It brings an OpenCV of its own, so it is of the extra `readers`, for an environment of its own.
"""

import numpy as np
import pytest
from pycocotools import mask as rle

from tests.core.formats.material import FRAMES, NAMES, SHAPE, source, wanted
from vos_annotator.core.formats.exporting import export

ALIKE = {  # ours: theirs, whether every pixel comes back
    "coco": ("coco_instances", True),
    "coco-polygons": ("coco_instances", False),
    "cvat": None,  # theirs reads no masks of videos
    "labelme": None,  # theirs is the old program's XML
    "mots-png": ("mots", True),
    "voc": ("voc_segmentation", True),
    "yolo-seg": None,  # theirs wants a list of every picture
}


def masks_of(item, labels):
    """Return object name -> mask of an item, as Datumaro has them."""
    found = {}
    for each in item.annotations:
        if each.type.name not in ("mask", "polygon"):
            continue
        mask = each.image if hasattr(each, "image") else None
        if mask is None:
            mask = rle.decode(rle.frPyObjects([list(each.points)], *SHAPE))[..., 0]
        name = labels[each.label].name
        found[name] = found.get(name, np.zeros(SHAPE, bool)) | (np.asarray(mask) > 0)
    return found


@pytest.mark.parametrize("name", [name for name, theirs in ALIKE.items() if theirs])
def test_datumaro_reads_the_masks(tmp_path, name):
    datumaro = pytest.importorskip("datumaro")
    theirs, is_exact = ALIKE[name]
    export(source(), name, tmp_path)
    (tmp_path / f"clip.{name}.manifest.json").unlink()  # which is no file of theirs
    if name == "mots-png":  # theirs has no folder for each sequence, and a list of classes
        (tmp_path / "instances" / "labels.txt").write_text("background\nobject\n")
        for file in sorted((tmp_path / "instances" / "clip").iterdir()):
            file.rename(tmp_path / "instances" / file.name)
    elif name.startswith("coco"):  # theirs tells what a file is by its name
        file = tmp_path / "annotations" / "clip.json"
        file.rename(file.with_name("instances_clip.json"))
    dataset = datumaro.Dataset.import_from(str(tmp_path), theirs)
    labels = dataset.categories()[datumaro.AnnotationType.label]
    seen = 0
    for item in dataset:
        digits = "".join(c for c in str(item.id).split("/")[-1] if c.isdigit())
        frame = int(digits) if digits else item.attributes["frame"]
        expected = wanted(frame)
        found = masks_of(item, labels)
        for label, mask in found.items():
            ids = [i for i, each in NAMES.items() if each == label] or list(NAMES)
            mine = np.isin(expected, ids)
            seen += 1
            if is_exact:
                np.testing.assert_array_equal(mask, mine)
            else:
                assert (mask & mine).sum() / (mask | mine).sum() > 0.8
    assert seen >= FRAMES - 1
