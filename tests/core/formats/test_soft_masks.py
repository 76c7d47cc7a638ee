"""Soft masks as pictures and as Zarr: all 16 bits are there, and what is gone is gone."""

import json

import numpy as np
import pytest

from tests.core.formats.material import FRAMES, NAMES, SHAPE, Clip, files_below, source, wanted
from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.alpha import coverage
from vos_annotator.core.formats.exporting import export
from vos_annotator.core.formats.format import Options, Source
from vos_annotator.core.formats.importing import look_through
from vos_annotator.core.formats.registry import installed
from vos_annotator.core.masks import decode_png, encode_png

SOFT = [name for name in ("soft-png", "soft-zarr") if name in installed()]
NEEDS_ZARR = pytest.mark.skipif("soft-zarr" not in SOFT, reason="needs the extra zarr")


@NEEDS_ZARR
def test_zarr_opens_arrays_of_16_bits_with_a_chunk_a_frame(tmp_path):
    import zarr

    export(source(), "soft-zarr", tmp_path, options=Options(feather=5))
    group = zarr.open_group(tmp_path / "clip.zarr", mode="r")

    assert group.attrs["names"] == {str(i): name for i, name in NAMES.items()}
    assert sorted(group.array_keys()) == ["001", "002", "003", "255"]
    for key, array in group.arrays():
        assert (array.dtype, array.shape) == (np.uint16, (FRAMES, *SHAPE))
        assert array.chunks == (1, *SHAPE)
        for frame in range(FRAMES):
            mask = wanted(frame) == int(key)
            np.testing.assert_array_equal(array[frame], coverage(mask, 5) if mask.any() else 0)


@pytest.mark.parametrize("name", SOFT)
def test_an_object_that_is_gone_leaves_no_file_of_an_earlier_export(tmp_path, name):
    export(source(), name, tmp_path)
    without = Source(Clip(), lambda f: encode_png(np.where(wanted(f) == 1, 0, wanted(f))), NAMES)
    report = export(without, name, tmp_path)

    assert report.kept == 1
    assert 1 not in look_through(tmp_path, Clip()).frames_of
    files = json.loads(report.manifest.read_bytes())["files"]
    assert all((tmp_path / file).is_file() for file in files)


@pytest.mark.parametrize("name", SOFT)
def test_a_file_that_somebody_else_put_there_is_not_taken_away(tmp_path, name):
    place = "clip/009/00002.png" if name == "soft-png" else "clip.zarr/009/c/2/0/0"
    theirs = tmp_path / place
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"theirs")
    with pytest.raises(UserError, match="is not as an export left it"):
        export(source(), name, tmp_path)
    assert theirs.read_bytes() == b"theirs"


@NEEDS_ZARR
def test_a_mask_of_another_program_is_read_if_its_codecs_are_safe(tmp_path):
    import zarr

    for codec, is_read in ((zarr.codecs.BloscCodec(), True), (None, True),
                           (zarr.codecs.GzipCodec(), False)):  # fmt: skip
        root = tmp_path / f"{type(codec).__name__}.zarr"
        group = zarr.create_group(root)
        array = group.create_array(
            "007", shape=(FRAMES, *SHAPE), chunks=(1, *SHAPE), dtype="uint16", compressors=codec
        )
        array[3] = np.where(wanted(3) == 1, 40_000, 20_000)
        if is_read:
            masks = look_through(root, Clip())
            np.testing.assert_array_equal(decode_png(masks.pngs[3]), (wanted(3) == 1) * 7)
        else:
            with pytest.raises(UserError, match="is not the JSON that it should be"):
                look_through(root, Clip())


@NEEDS_ZARR
def test_a_chunk_that_asks_for_more_memory_than_a_frame_is_not_unpacked(tmp_path):
    export(source(), "soft-zarr", tmp_path)
    chunk = tmp_path / "clip.zarr" / "001" / "c" / "3" / "0" / "0"
    data = bytearray(chunk.read_bytes())
    data[4:8] = (2**31 - 1).to_bytes(4, "little")
    chunk.write_bytes(data)

    problems = look_through(tmp_path, Clip()).problems
    assert len(problems) == 1
    assert "holds a broken chunk" in problems[0]


@NEEDS_ZARR
def test_every_bit_that_flips_in_a_chunk_is_noticed(tmp_path):
    export(source(), "soft-zarr", tmp_path)
    chunk = tmp_path / "clip.zarr" / "002" / "c" / "0" / "0" / "0"
    whole = chunk.read_bytes()
    for at in range(16, len(whole), 7):
        chunk.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        assert any("broken chunk" in each for each in look_through(tmp_path, Clip()).problems)


def test_zarr_is_asked_for_by_name_where_it_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "zarr", None)
    with pytest.raises(UserError, match=r"pip install 'vos-annotator\[zarr\]'"):
        export(source(), "soft-zarr", tmp_path)
    assert not files_below(tmp_path)
