"""Masks that are named as pictures are those of these pictures, whatever was taken away since."""

import json

import numpy as np
import pytest
from PIL import Image

from vos_annotator.core.formats.exporting import export
from vos_annotator.core.formats.format import Options, Source
from vos_annotator.core.formats.importing import look_through
from vos_annotator.core.masks import decode_png, encode_png
from vos_annotator.core.video import open_video

SHAPE = (24, 32)
COUNT = 8


def square(number):
    """Return a label map that tells its frame by where it is; of the last two, another object."""
    label_map = np.zeros(SHAPE, np.uint8)
    label_map[4:12, number : number + 8] = 1 + (number >= COUNT - 2)
    return label_map


@pytest.fixture
def clip(tmp_path):
    return numbered(tmp_path / "clip", range(COUNT))


def numbered(folder, numbers):
    folder.mkdir()
    for number in numbers:
        Image.fromarray(np.full((*SHAPE, 3), 30 + number, np.uint8)).save(
            folder / f"{number:05d}.png"
        )
    return folder


def coco(folder, names):
    images = [{"id": n, "file_name": name} for n, name in enumerate(names)]
    annotations = [
        {"image_id": n, "track_id": 1, "segmentation": outline(n)} for n in range(len(names))
    ]
    document = {"images": images, "annotations": annotations}
    (folder / "clip.json").write_text(json.dumps(document))


def youtube_vis(folder, names):
    clip = {"id": 1, "file_names": [f"clip/{name}" for name in names]}
    masks = [outline(n) for n in range(len(names))]
    annotations = [{"id": 1, "video_id": 1, "segmentations": masks}]
    (folder / "clip.json").write_text(json.dumps({"videos": [clip], "annotations": annotations}))


def outline(number):
    corners = (number, 4), (number + 8, 4), (number + 8, 12), (number, 12)
    return [[each for corner in corners for each in corner]]


def cvat(folder, names):
    images = "".join(
        f'<image name="{name}" width="{SHAPE[1]}" height="{SHAPE[0]}"><polygon label="a" points="'
        + ";".join(f"{x},{y}" for x, y in np.reshape(outline(n), (-1, 2)))
        + '"/></image>'
        for n, name in enumerate(names)
    )
    (folder / "clip.xml").write_text(f"<annotations>{images}</annotations>")


@pytest.mark.parametrize("write", [coco, youtube_vis, cvat])
def test_what_a_document_tells_of_a_picture_that_is_gone_is_named_and_left_out(
    tmp_path, clip, write
):
    folder = tmp_path / "masks"
    folder.mkdir()
    write(folder, [f"{n:05d}.png" for n in range(COUNT - 1)])
    (clip / "00003.png").unlink()
    (clip / "00004.png").unlink()

    masks = look_through(folder, open_video(clip))

    assert masks.problems == (
        "clip has no picture 00003: its mask is left out.",
        "clip has no picture 00004: its mask is left out.",
    )
    lefts = {f: int(np.nonzero(decode_png(png))[1].min()) for f, png in masks.pngs.items()}
    assert lefts == {0: 0, 1: 1, 2: 2, 3: 5, 4: 6}


def exported(tmp_path, clip, kind, frames=None):
    with open_video(clip) as video:
        source = Source(video, lambda frame: encode_png(square(frame)))
        report = export(source, kind, tmp_path / "out", options=Options(frames=frames))
    assert report.kept > 0.9
    return tmp_path / "out"


@pytest.mark.parametrize("kind", ["yolo-seg", "labelme", "soft-png"])
def test_a_file_of_a_picture_that_is_gone_is_named_and_left_out(tmp_path, clip, kind):
    out = exported(tmp_path, clip, kind, tuple(range(COUNT - 1)))
    (clip / "00003.png").unlink()
    (clip / "00004.png").unlink()

    masks = look_through(out, open_video(clip), kind)

    assert masks.problems == (
        "clip has no picture 00003: its mask is left out.",
        "clip has no picture 00004: its mask is left out.",
    )
    lefts = {f: int(np.nonzero(decode_png(png))[1].min()) for f, png in masks.pngs.items()}
    assert lefts == {0: 0, 1: 1, 2: 2, 3: 5, 4: 6}


@pytest.mark.parametrize("kind", ["yolo-seg", "labelme", "soft-png", "voc", "mots-png"])
@pytest.mark.parametrize("frames", [None, (0, 2, 4)])
def test_an_export_of_pictures_that_count_from_1_reads_back(tmp_path, kind, frames):
    clip = numbered(tmp_path / "clip", range(1, COUNT + 1))
    out = exported(tmp_path, clip, kind, frames)

    if frames is None:
        masks = look_through(out, open_video(clip), kind)
        assert not masks.problems
        np.testing.assert_array_equal(decode_png(masks.pngs[COUNT - 1]), square(COUNT - 1))
