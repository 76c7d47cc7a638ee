"""Masks that come in: what is said of them, how they are taken, and taken back."""

import base64
import json

import cv2
import numpy as np
import pytest

from tests.core.edit_stream import SHAPE, make_pictures
from tests.core.formats.material import Clip, source
from vos_annotator.cli import main
from vos_annotator.core.edits import Status
from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.exporting import export
from vos_annotator.core.formats.importing import import_masks, look_through
from vos_annotator.core.formats.youtube_vos import requested_frames
from vos_annotator.core.masks import encode_png
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video

FRAMES = 8


@pytest.fixture
def clip(tmp_path):
    return make_pictures(tmp_path / "clip", FRAMES)


@pytest.fixture
def project(clip):
    with Project.for_video(open_video(clip)) as project:
        yield project


def square(object_id=1, top=10, shape=SHAPE):
    label_map = np.zeros(shape, np.uint8)
    label_map[top : top + 10, 10:30] = object_id
    return label_map


def test_a_bit_of_a_labelme_mask_that_was_changed_is_told_of(tmp_path):
    export(source(), "labelme", tmp_path)
    file = tmp_path / "clip" / "00001.json"
    known = json.loads(file.read_text())
    shape = next(each for each in known["shapes"] if each["shape_type"] == "mask")
    png = bytearray(base64.b64decode(shape["mask"]))
    png[png.index(b"IDAT") + 12] ^= 1
    shape["mask"] = base64.b64encode(png).decode()
    file.write_text(json.dumps(known))

    assert "00001.json" in str(look_through(file, Clip()).problems)


def write_masks(folder, label_maps):
    folder.mkdir(exist_ok=True)
    for frame, label_map in label_maps.items():
        (folder / f"{frame:05d}.png").write_bytes(encode_png(label_map))
    return folder


def test_what_does_not_fit_is_told_frame_by_frame_and_the_rest_is_there(tmp_path, project):
    folder = write_masks(tmp_path / "masks", {0: square(), 2: square(4), 5: square(4)})
    larger = np.repeat(np.repeat(square(), 2, 0), 2, 1)
    write_masks(folder, {3: larger, 4: np.zeros((SHAPE[1], SHAPE[1] // 3), np.uint8)})
    soft = np.linspace(0, 255, SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    cv2.imwrite(str(folder / "00006.png"), soft.astype(np.uint8))

    masks = look_through(folder, project.video)

    assert sorted(masks.pngs) == [0, 2, 3, 5]
    assert masks.frames_of == {1: (0, 3), 4: (2, 5)}
    height, width = SHAPE
    assert masks.notes == (
        f"1 mask is {2 * width}x{2 * height} and is scaled to {width}x{height}.",
        "There are no masks on frames 1, 4 between the others.",
        "No object has the number 2-3.",
    )
    assert [each[:8] for each in masks.problems] == ["Frame 4:", "Frame 6:"]
    assert "soft edges" in masks.problems[1]


def test_masks_become_references_in_one_step_that_can_be_taken_back(tmp_path, project):
    folder = write_masks(tmp_path / "masks", {0: square(), 3: square(2)})
    assert import_masks(project, look_through(folder, project.video)) == 2

    assert project.annotations.references == (0, 3)
    np.testing.assert_array_equal(project.annotations[3], square(2))
    assert project.objects.ids == (1, 2)
    project.apply(project.history.to_undo())
    assert project.annotations.references == ()
    assert project.objects.ids == ()


def test_predictions_never_replace_references_and_are_taken_back(tmp_path, project):
    project.set_references({3: square(1, top=0)})
    folder = write_masks(tmp_path / "masks", {3: square(1), 4: square(2)})
    import_masks(project, look_through(folder, project.video), as_predictions=True)

    annotations = project.annotations
    np.testing.assert_array_equal(annotations[3], square(1, top=0))
    np.testing.assert_array_equal(annotations[4], square(2))
    assert annotations.status(4) is Status.PREDICTION
    project.apply(project.history.to_undo())
    assert annotations.status(4) is Status.EMPTY


def test_numbers_may_become_others_and_objects_may_be_left_out(tmp_path, project):
    both = square(7)
    both[30:40, 10:20] = 9
    folder = write_masks(tmp_path / "masks", {0: both})
    masks = look_through(folder, project.video).renumbered({7: 1, 9: 0})

    assert masks.frames_of == {1: (0,)}
    import_masks(project, masks)
    np.testing.assert_array_equal(project.annotations[0], square(1))


def bordered():
    label_map = square(3)
    label_map[[0, -1]] = 255
    return label_map


def test_255_around_objects_is_taken_for_void_and_said_so(tmp_path, project):
    masks = look_through(write_masks(tmp_path / "masks", {0: bordered()}), project.video)

    assert masks.proposed == {255: 0}
    assert masks.notes[-1].startswith("255 is taken for void")
    import_masks(project, masks)
    assert project.objects.ids == (3,) and project.objects.next_id == 4
    np.testing.assert_array_equal(project.annotations[0], square(3))


def test_255_is_an_object_if_a_person_says_so_or_nothing_else_is_there(tmp_path, project):
    masks = look_through(write_masks(tmp_path / "masks", {0: bordered()}), project.video)
    import_masks(project, masks.renumbered({255: 255}))
    np.testing.assert_array_equal(project.annotations[0], bordered())

    known = look_through(masks.path, project.video, known=project.objects)
    alone = look_through(write_masks(tmp_path / "alone", {0: square(255)}), project.video)
    assert known.proposed == alone.proposed == {}


@pytest.mark.parametrize(("words", "ids"), [((), [3]), (("--ids", "255=255"), [3, 255])])
def test_the_command_line_leaves_void_out_unless_it_gets_a_number(tmp_path, clip, words, ids):
    folder = write_masks(tmp_path / "masks", {0: bordered()})
    assert main(["import", str(clip), str(folder), *words]) == 0
    with Project.for_video(open_video(clip)) as project:
        assert sorted(project.objects.ids) == ids


def test_new_objects_get_the_names_that_the_file_has_and_known_ones_keep_theirs(tmp_path, project):
    project.set_references({0: square(1)})
    counts = [0, 5, SHAPE[0] * SHAPE[1] - 5]
    document = {
        "images": [{"id": 5, "file_name": "../../etc/00002.jpg"}],
        "annotations": [
            {"image_id": 5, "category_id": 4, "track_id": track, "segmentation": segmentation}
            for track, segmentation in (
                (1, {"size": SHAPE, "counts": counts}),
                (2, [[5, 5, 20, 5, 20, 20, 5, 20]]),
            )
        ],
        "categories": [{"id": 4, "name": "a\ncat" + "!" * 200}],
    }
    file = tmp_path / "masks.json"
    file.write_text(json.dumps(document))
    import_masks(project, look_through(file, project.video))

    names = [each.name for each in project.objects]
    assert names[0] == "Object 1"
    assert names[1].startswith("a cat!!!")
    assert len(names[1]) == 80
    assert (project.annotations[2][5:20, 5:20] == 2).all()


def test_clips_as_youtube_vis_has_them_are_read(tmp_path, project):
    height, width = SHAPE
    mask = {"size": SHAPE, "counts": [0, height, height * (width - 1)]}
    document = {
        "videos": [
            {"id": 3, "height": height, "width": width,
             "file_names": [f"clip/{n:05d}.jpg" for n in range(4)]},
        ],
        "annotations": [
            {"id": 9, "video_id": 3, "category_id": 1, "segmentations": [None, mask, None, mask]},
        ],
        "categories": [{"id": 1, "name": "bird"}],
    }  # fmt: skip
    file = tmp_path / "vis.json"
    file.write_text(json.dumps(document))
    masks = look_through(file, project.video)

    assert masks.frames_of == {9: (1, 3)}
    assert masks.names == {9: "bird"}


def test_the_frames_that_a_meta_json_asks_for(tmp_path):
    meta = {"videos": {"clip": {"objects": {"1": {"frames": ["00000", "00010"]},
                                            "2": {"frames": ["00010"]}}}}}  # fmt: skip
    file = tmp_path / "meta.json"
    file.write_text(json.dumps(meta))

    assert requested_frames(file, "clip", ("00000", "00005", "00010")) == (0, 2)
    with pytest.raises(UserError, match="asks for the picture 00010, which is none of clip"):
        requested_frames(file, "clip", ("00000", "00005"))
    with pytest.raises(UserError, match="does not ask for dog"):
        requested_frames(file, "dog", ())


def said(capsys, *words):
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_masks_go_in_and_out_on_the_command_line(tmp_path, clip, capsys):
    folder = write_masks(tmp_path / "masks", {0: square(), 3: square(2)})

    code, out, _ = said(capsys, "import", clip, folder)
    assert code == 0
    assert "object 2: frames 3" in out
    assert "2 masks imported as references" in out
    code, out, _ = said(
        capsys, "export", clip, "--format", "coco", "--out", tmp_path / "out", "--frames", "0-4:2"
    )
    assert code == 0
    assert "3 of 3 frames" in out
    assert "every pixel of the masks reads back" in out
    assert len(list((tmp_path / "out/images/clip").iterdir())) == 3


def test_masks_that_do_not_fit_are_told_and_taken_only_when_the_others_may_be_skipped(
    tmp_path, clip, capsys
):
    folder = write_masks(tmp_path / "masks", {0: square(), 1: np.zeros((50, 11), np.uint8)})

    code, out, err = said(capsys, "import", clip, folder, "--check", "--skip")
    assert code == 2  # there is no project yet, and looking makes none
    assert not list(tmp_path.glob("*.vos"))
    code, out, err = said(capsys, "import", clip, folder)
    assert code == 2
    assert "Frame 1:" in err
    assert "Nothing was imported" in err
    code, out, err = said(capsys, "import", clip, folder, "--skip", "--ids", "1=5")
    assert code == 0
    assert "1 masks imported" in out
    with Project.for_video(open_video(clip)) as project:
        assert project.objects.ids == (5,)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--format", "tiff"), "no format tiff"),
        (("--ids", "1=300"), "does not tell numbers"),
        (("--ids", "cat"), "does not tell numbers"),
    ],
)
def test_a_mistake_of_an_import_is_one_sentence(tmp_path, clip, capsys, words, problem):
    folder = write_masks(tmp_path / "masks", {0: square()})
    code, _, err = said(capsys, "import", clip, folder, *words)
    assert code == 2
    assert problem in err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--format", "tiff"), "no format tiff"),
        (("--format", "coco", "--frames", "1,x"), "1,x is no list of numbers"),
        (("--format", "coco", "--frames", "99"), "no frame 99: its last is 7"),
        (("--format", "coco", "--frames", "2-999999999"), "no frame 8: its last is 7"),
        (("--format", "coco", "--frames", "5-999999999:4"), "no frame 9: its last is 7"),
        (("--format", "coco", "--frames", "no.json"), "no.json has gone"),
    ],
)
def test_a_mistake_of_an_export_is_one_sentence(tmp_path, clip, project, capsys, words, problem):
    project.close()
    code, _, err = said(capsys, "export", clip, "--out", tmp_path / "out", *words)
    assert code == 2
    assert problem in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
