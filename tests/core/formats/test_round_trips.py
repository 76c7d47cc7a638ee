"""What goes out in a format comes in again: every pixel, number and name that it can hold."""

import numpy as np
import pytest

from tests.core.formats.material import FRAMES, NAMES, Clip, files_below, source, wanted
from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.exporting import export
from vos_annotator.core.formats.format import Options
from vos_annotator.core.formats.importing import look_through
from vos_annotator.core.formats.registry import FORMATS, format_named, installed
from vos_annotator.core.masks import decode_png

READABLE = [each.name for each in installed().values() if each.reads]
EXACT = [name for name in READABLE if FORMATS[name].holds.pixels and FORMATS[name].holds.ids]


def read_again(folder, name):
    """Return frame -> label map as the export of a format is read, found by its looks alone."""
    masks = look_through(folder, Clip(), None if name != "davis-2016" else name)
    assert masks.problems == ()
    return masks, {frame: decode_png(png) for frame, png in masks.pngs.items()}


@pytest.mark.parametrize("name", EXACT)
def test_every_pixel_and_every_number_comes_back(tmp_path, name):
    report = export(source(), name, tmp_path)
    masks, read = read_again(tmp_path, name)

    assert report.is_complete
    assert report.kept == 1
    assert masks.format.module == FORMATS[name].module
    assert tuple(masks.frames_of) == (1, 2, 3, 255)
    for frame in range(FRAMES):
        found = read.get(frame, np.zeros_like(wanted(frame)))
        np.testing.assert_array_equal(found, wanted(frame))


@pytest.mark.parametrize("name", READABLE)
def test_the_only_sequence_of_a_folder_is_taken_whatever_it_is_called(tmp_path, name):
    export(source(), name, tmp_path)
    masks = look_through(tmp_path, Clip(), name if name == "davis-2016" else None, "other")
    assert set(masks.pngs) >= {0, 3, 5} and masks.problems == ()


@pytest.mark.parametrize("name", [n for n in READABLE if not FORMATS[n].holds.pixels])
def test_simplified_outlines_keep_nearly_all_and_the_report_says_how_much(tmp_path, name):
    report = export(source(), name, tmp_path)
    _, read = read_again(tmp_path, name)

    assert 0.9 < report.kept < 1
    assert f"{report.kept:.2%} of the masks' pixels read back" in str(report)
    for frame in (0, 3, 5):
        for object_id in (1, 2):
            mine, there = wanted(frame) == object_id, read[frame] == object_id
            assert (mine & there).sum() / (mine | there).sum() > 0.8
        assert read[frame][15, 23 + frame] == 0  # between the ring and what is in its hole


def test_davis_2016_keeps_every_pixel_of_one_object(tmp_path):
    assert export(source(), "davis-2016", tmp_path).kept == 1
    _, read = read_again(tmp_path, "davis-2016")

    for frame in range(FRAMES):
        np.testing.assert_array_equal(read[frame], wanted(frame) > 0)


@pytest.mark.parametrize("name", [n for n in READABLE if FORMATS[n].holds.names])
def test_names_come_back(tmp_path, name):
    export(source(), name, tmp_path)
    masks, _ = read_again(tmp_path, name)

    found = {i: masks.names[i] for i in masks.frames_of}
    assert found == {i: NAMES[i] for i in masks.frames_of}


@pytest.mark.parametrize("name", installed())
def test_an_export_again_writes_nothing(tmp_path, name):
    export(source(), name, tmp_path)
    before = files_below(tmp_path)
    again = export(source(), name, tmp_path)

    assert again.written == 0
    assert again.skipped > 0
    assert files_below(tmp_path) == before


@pytest.mark.parametrize("name", installed())
def test_a_cancelled_export_goes_on_where_it_stopped(tmp_path, name):
    asked = iter((False, False, True))
    stopped = export(source(), name, tmp_path / "a", cancelled=lambda: next(asked))
    assert not stopped.is_complete
    assert stopped.kept is None

    assert export(source(), name, tmp_path / "a").is_complete
    export(source(), name, tmp_path / "b")
    assert files_below(tmp_path / "a") == files_below(tmp_path / "b")


@pytest.mark.parametrize("name", READABLE)
def test_only_the_objects_and_frames_that_are_chosen_are_written(tmp_path, name):
    options = Options(frames=(5, 3), objects=frozenset({1, 3}), with_images=False)
    report = export(source(), name, tmp_path, options=options)
    masks, read = read_again(tmp_path, name)

    assert report.frame_count == 2
    assert report.objects == (1, 3)
    assert set(read) == {3, 5}
    assert set(masks.frames_of) <= {1, 3}
    assert not [path for path in files_below(tmp_path) if path.endswith(".jpg")]


@pytest.mark.parametrize("name", installed())
def test_nothing_is_left_beside_the_files(tmp_path, name):
    export(source(), name, tmp_path)

    assert not [path for path in files_below(tmp_path) if path.endswith(".part")]


def test_a_format_that_does_not_exist_is_answered_with_those_there_are():
    with pytest.raises(UserError, match=r"no format tiff: choose one of davis, .*coco"):
        format_named("tiff")


def test_a_frame_that_the_video_has_not_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"clip has no frame 6: its last is 5"):
        export(source(), "coco", tmp_path, options=Options(frames=(6,)))
