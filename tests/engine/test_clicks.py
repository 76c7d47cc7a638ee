"""Clicks and boxes: told from scribbles, and answered by two ONNX files where there are some."""

import cv2
import numpy as np
import pytest

from vos_annotator.core.errors import UserError
from vos_annotator.engine.clicks import ClickFiles, Prompt, obeyed, prompt_of

SHAPE = (60, 90)


def strokes(*dots):
    marks = np.zeros(SHAPE, np.uint8)
    for x, y, value in dots:
        cv2.circle(marks, (x, y), 2, value, -1)
    return marks


def box_strokes(left, top, right, bottom):
    """What the box tool draws: a stroke around, one along the middle."""
    marks = np.zeros(SHAPE, np.uint8)
    cv2.rectangle(marks, (left - 1, top - 1), (right, bottom), 2, 1)
    middle, reach = (top + bottom) // 2, (right - left) // 4
    cv2.line(marks, ((left + right) // 2 - reach, middle), ((left + right) // 2 + reach, middle), 1)
    return marks


def test_dots_are_points():
    prompt = prompt_of(strokes((20, 30, 1), (60, 10, 1), (5, 50, 2)))

    assert set(prompt.inside) == {(20.0, 30.0), (60.0, 10.0)}
    assert prompt.outside == ((5.0, 50.0),) and prompt.box is None


@pytest.mark.parametrize(
    "corners", [(20, 10, 70, 40), (0, 10, 50, 40), (30, 0, 80, 60), (60, 30, 90, 60)]
)
def test_a_stroke_around_is_a_box_even_where_the_picture_ends(corners):
    assert prompt_of(box_strokes(*corners)) == Prompt(box=corners)


def test_a_scribble_is_no_prompt():
    marks = np.zeros(SHAPE, np.uint8)
    cv2.line(marks, (10, 30), (70, 35), 1, 3)
    assert prompt_of(marks) is None
    cv2.line(marks, (10, 5), (70, 5), 2, 3)
    assert prompt_of(marks) is None


def test_points_beside_the_object_alone_are_no_prompt():
    assert prompt_of(strokes((20, 30, 2))) is None
    assert prompt_of(np.zeros(SHAPE, np.uint8)) is None


def test_a_mask_that_was_there_changes_only_where_a_click_contradicts_it():
    current = np.zeros(SHAPE, bool)
    current[10:30, 10:30] = True
    found = np.zeros(SHAPE, bool)
    found[10:30, 10:45] = True  # grows to the right, where the click is,
    found[45:55, 60:80] = True  # and somewhere else too

    mask = obeyed(found, strokes((40, 20, 1)), current)

    assert mask[20, 38] and mask[20, 20] and not mask[50, 70]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from tests.engine.small_graphs import make_click_files

    return make_click_files(tmp_path_factory.mktemp("graphs"))


def picture(shape):
    """Return black with a white box, and its mask."""
    image = np.zeros((*shape, 3), np.uint8)
    rows, columns = shape
    box = slice(rows // 4, rows // 2), slice(columns // 3, columns * 3 // 4)
    image[box] = 255
    mask = np.zeros(shape, bool)
    mask[box] = True
    return image, mask


@pytest.mark.parametrize("shape", [(120, 200), (200, 120), (128, 128), (1080, 1920)])
def test_masks_lie_where_the_picture_shows_them_whatever_its_shape(files, shape):
    from vos_annotator.engine.onnx_clicks import OnnxClicks

    image, truth = picture(shape)

    mask = OnnxClicks(files).mask(0, image, Prompt(inside=((5.0, 5.0),)), None)

    assert mask.shape == shape and mask.dtype == bool
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9


def test_what_was_seen_of_a_frame_is_kept_for_the_next_click(files):
    from vos_annotator.engine.onnx_clicks import OnnxClicks

    clicks, (image, _) = OnnxClicks(files), picture((60, 80))
    first = clicks.mask(3, image, Prompt(inside=((5.0, 5.0),)), None)
    again = clicks.mask(3, np.zeros_like(image), Prompt(box=(1, 1, 9, 9)), None)
    other = clicks.mask(4, np.zeros_like(image), Prompt(box=(1, 1, 9, 9)), None)

    np.testing.assert_array_equal(first, again)
    assert not other.any()


def test_provenance_names_both_files_with_sizes_and_hashes(files):
    told = files.provenance()

    assert "encoder.onnx (" in told and "decoder.onnx (" in told and told.count("sha256") == 2


def test_files_that_do_not_fit_are_named(files, tmp_path):
    from vos_annotator.engine.onnx_clicks import OnnxClicks

    (tmp_path / "junk.onnx").write_bytes(b"junk")
    for pair, said in (
        (ClickFiles(files.decoder, files.encoder), "not the encoder"),
        (ClickFiles(files.encoder, files.encoder), "not the decoder"),
        (ClickFiles(str(tmp_path / "junk.onnx"), files.decoder), "junk.onnx is no ONNX file"),
        (ClickFiles("nowhere.onnx", files.decoder), "no ONNX file at nowhere.onnx"),
    ):
        with pytest.raises(UserError, match=said):
            OnnxClicks(pair)
