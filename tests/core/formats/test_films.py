"""Films have every frame at its time, in the right colours, and what is lossless is so."""

import json

import av
import numpy as np
import pytest
from PIL import Image

from tests.core.formats.material import FRAMES, SHAPE, Clip, files_below, source, wanted
from tests.core.small_disk import full_disk
from vos_annotator.core.errors import UserError
from vos_annotator.core.formats import exporting
from vos_annotator.core.formats.alpha import coverage
from vos_annotator.core.formats.exporting import export
from vos_annotator.core.formats.films import AvFilm
from vos_annotator.core.formats.format import Options
from vos_annotator.core.formats.registry import FORMATS
from vos_annotator.core.video import open_video

FILMS = [each.name for each in FORMATS.values() if each.is_film]


def frames_of(path, pixels):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return stream, [(f.time, f.to_ndarray(format=pixels)) for f in container.decode(stream)]


@pytest.mark.parametrize("name", FILMS)
def test_every_frame_is_there_at_its_own_time(tmp_path, name):
    report = export(source(), name, tmp_path)
    _, frames = frames_of(report.annotations, "rgb24")

    assert report.is_complete
    assert [time for time, _ in frames] == pytest.approx(
        [Clip().time(frame) for frame in range(FRAMES)], abs=0.001
    )
    told = json.loads(report.manifest.read_bytes())
    assert list(told["files"]) == [report.annotations.name]
    with open_video(report.annotations) as video:  # read as a video of ours, too
        assert len(video) == FRAMES


@pytest.mark.parametrize("name", FILMS)
def test_some_frames_alone_begin_at_the_first_of_them(tmp_path, name):
    report = export(source(), name, tmp_path, options=Options(frames=(2, 5)))
    _, frames = frames_of(report.annotations, "rgb24")
    assert [time for time, _ in frames] == pytest.approx(
        [0, Clip().time(5) - Clip().time(2)], abs=0.001
    )


def test_a_matte_is_white_exactly_where_objects_are(tmp_path):
    report = export(source(), "matte", tmp_path)
    _, frames = frames_of(report.annotations, "gray")
    for frame, (_, picture) in enumerate(frames):
        np.testing.assert_array_equal(picture, np.where(wanted(frame) > 0, 255, 0))


def test_a_cut_out_in_ffv1_is_the_picture_bit_for_bit(tmp_path):
    report = export(source(), "cutout-ffv1", tmp_path, options=Options(objects=frozenset({1, 3})))
    _, frames = frames_of(report.annotations, "rgba")
    for frame, (_, picture) in enumerate(frames):
        is_object = np.isin(wanted(frame), (1, 3))
        np.testing.assert_array_equal(picture[..., 3], np.where(is_object, 255, 0))
        np.testing.assert_array_equal(picture[is_object, :3], Clip()[frame][is_object])


def test_a_cut_out_in_prores_keeps_alpha_and_nearly_the_colours(tmp_path):
    report = export(source(), "cutout-prores", tmp_path)
    stream, frames = frames_of(report.annotations, "rgba")
    assert stream.codec_context.name == "prores"
    assert stream.codec_context.pix_fmt in ("yuva444p10le", "yuva444p12le")
    for frame, (_, picture) in enumerate(frames):
        np.testing.assert_array_equal(picture[..., 3], np.where(wanted(frame) > 0, 255, 0))
    is_inside = coverage(wanted(0) > 0, 6) == 0xFFFF
    assert np.abs(frames[0][1][is_inside, :3].astype(int) - Clip()[0][is_inside]).mean() < 6


def test_an_overlay_says_its_colours_and_tints_objects_alone(tmp_path):
    report = export(source(), "overlay", tmp_path)
    stream, frames = frames_of(report.annotations, "rgb24")
    context = stream.codec_context
    assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
    assert context.pix_fmt == "yuv420p"
    assert (context.height, context.width) == (38, 62)  # even, as H.264 has it
    picture = frames[4][1][: SHAPE[0], : SHAPE[1]].astype(int)  # a frame without masks
    assert np.abs(picture - Clip()[4]).mean() < 4
    is_two = wanted(0) == 2
    tinted = frames[0][1][: SHAPE[0], : SHAPE[1]][is_two].astype(int)
    assert np.abs(tinted - Clip()[0][is_two]).mean() > 15


def test_cut_outs_as_png_are_transparent_where_nothing_is(tmp_path):
    export(source(), "cutout-png", tmp_path)
    with Image.open(tmp_path / "clip" / "00003.png") as picture:
        pixels = np.array(picture)
    np.testing.assert_array_equal(pixels[..., 3], np.where(wanted(3) > 0, 255, 0))
    np.testing.assert_array_equal(pixels[wanted(3) > 0, :3], Clip()[3][wanted(3) > 0])


@pytest.mark.parametrize("feather", [0, 0.5, 1, 2, 7.5, 40])
def test_a_soft_border_has_its_middle_where_the_mask_ends(feather):
    mask = wanted(3) == 1
    cover = coverage(mask, feather)
    np.testing.assert_array_equal(cover > 0xFFFF // 2, mask)
    assert (len(np.unique(cover)) > 2) == (feather > 1)


def test_soft_masks_have_16_bits(tmp_path):
    export(source(), "soft-png", tmp_path, options=Options(feather=4))
    with Image.open(tmp_path / "clip" / "001" / "00000.png") as picture:
        assert picture.mode == "I;16"
        assert len(np.unique(np.array(picture))) > 5


@pytest.mark.parametrize("name", FILMS)
def test_a_film_that_lacks_a_frame_fails_the_export_and_leaves_nothing(tmp_path, monkeypatch, name):
    encode = AvFilm.encode

    def lossy(self, path, frames):
        for number, _ in enumerate(encode(self, path, (f for f in frames if f[0] != 3))):
            yield number
        yield 3

    monkeypatch.setattr(AvFilm, "encode", lossy)
    with pytest.raises(UserError, match="does not read back as it was written"):
        export(source(), name, tmp_path)
    assert not [path for path in files_below(tmp_path) if not path.endswith(".journal")]


def test_a_film_of_somebody_else_is_not_replaced(tmp_path):
    theirs = tmp_path / "clip.matte.mkv"
    theirs.write_bytes(b"theirs")
    with pytest.raises(UserError, match="is not as an export left it"):
        export(source(), "matte", tmp_path)
    assert theirs.read_bytes() == b"theirs"


def test_a_disk_that_is_full_is_one_sentence(tmp_path, monkeypatch):
    def full(self, path, frames):
        raise OSError(28, "No space left on device")
        yield 0

    monkeypatch.setattr(AvFilm, "encode", full)
    with pytest.raises(UserError, match=r"clip\.matte\.mkv cannot be written, the disk is full"):
        export(source(), "matte", tmp_path)


def test_a_temporary_folder_too_full_for_the_trial_of_a_film_is_told_in_a_sentence():
    with full_disk(100), pytest.raises(UserError, match="temporary folder"):
        exporting.trial_size(source(), FORMATS["matte"], "clip", Options(), range(FRAMES))


def test_the_size_of_a_film_is_told_before(tmp_path):
    told = exporting.trial_size(source(), FORMATS["matte"], "clip", Options(), range(FRAMES))
    assert told == pytest.approx(export(source(), "matte", tmp_path).size, rel=0.05)
