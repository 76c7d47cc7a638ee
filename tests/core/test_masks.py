"""Label maps survive the trip to PNG and back; users' masks are read however they were saved."""

import io
import struct
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from vos_annotator.core.errors import UserError
from vos_annotator.core.mask_reading import read_label_map
from vos_annotator.core.masks import (
    PALETTE,
    changed_box,
    decode_png,
    encode_again,
    encode_png,
    object_ids,
)
from vos_annotator.core.png_bands import banded_pixels, check_png

_REFUSED = r"it is cut short|fit its checksum|does not begin"
label_maps = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40))


def save(path, pixels):
    Image.fromarray(pixels).save(path)
    return path


@given(label_maps)
def test_every_label_map_comes_back_from_png_as_it_was(label_map):
    decoded = decode_png(encode_png(label_map))
    assert decoded.dtype == np.uint8
    assert decoded.flags.writeable
    np.testing.assert_array_equal(decoded, label_map)


@given(label_maps)
def test_a_view_with_strides_is_encoded_like_its_copy(label_map):
    assert encode_png(label_map[::-1, ::2]) == encode_png(label_map[::-1, ::2].copy())


tall = arrays(np.uint8, st.tuples(st.integers(1, 140), st.integers(1, 9)), elements=st.just(0))


@given(tall, st.data())
def test_a_png_that_had_a_box_painted_is_the_png_of_what_is_there_now(label_map, data):
    png = encode_png(label_map)
    for _ in range(3):
        rows, columns = (
            slice(*sorted((data.draw(st.integers(0, n)), data.draw(st.integers(0, n)))))
            for n in label_map.shape
        )
        label_map[rows, columns] = data.draw(st.integers(0, 255))
        png = encode_again(png, label_map, (rows, columns))
        assert png == encode_png(label_map)
    np.testing.assert_array_equal(decode_png(png), label_map)


def test_a_png_is_read_by_others_too():
    label_map = np.random.default_rng(0).integers(0, 256, (100, 70), np.uint8)
    colors = cv2.imdecode(np.frombuffer(encode_png(label_map), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(colors[..., ::-1], PALETTE[label_map])


@pytest.mark.parametrize("cut", [slice(0), slice(900), slice(-1), slice(1, None)])
def test_what_is_no_whole_png_of_ours_is_not_painted_but_made_anew(cut):
    label_map = np.ones((80, 9), np.uint8)
    file = io.BytesIO()
    Image.fromarray(label_map).convert("P").save(file, "PNG")
    box = slice(3, 5), slice(2, 4)
    for png in (file.getvalue(), encode_png(label_map)[cut], encode_png(label_map[:, 1:])):
        assert encode_again(png, label_map, box) == encode_png(label_map)


def test_the_pixels_of_the_png_are_the_ids_and_all_256_colours_are_there():
    label_map = np.array([[0, 1, 2], [5, 200, 255]], np.uint8)
    with Image.open(io.BytesIO(encode_png(label_map))) as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.array(image), label_map)
        np.testing.assert_array_equal(np.reshape(image.getpalette(), (256, 3)), PALETTE)


def test_the_palette_is_that_of_davis():
    for object_id, color in {
        0: (0, 0, 0),
        1: (128, 0, 0),
        2: (0, 128, 0),
        7: (128, 128, 128),
        9: (191, 0, 0),
        21: (128, 64, 128),
        22: (22, 22, 22),
        255: (255, 255, 255),
    }.items():
        assert tuple(PALETTE[object_id]) == color


@given(st.binary(max_size=200))
def test_bytes_that_are_no_png_are_refused_in_one_sentence(data):
    with pytest.raises(UserError, match="not a readable PNG"):
        decode_png(data)


@given(st.integers(8, 1000))
def test_a_png_cut_short_is_refused(length):
    data = encode_png(np.eye(64, dtype=np.uint8))
    with pytest.raises(UserError):
        decode_png(data[: min(length, len(data) - 1)])


def test_a_png_of_which_a_bit_is_changed_is_refused_or_has_the_same_masks(tmp_path):
    label_map = np.zeros((40, 33), np.uint8)
    label_map[2:9, 1:4], label_map[5] = 3, np.arange(33)
    png, file = encode_png(label_map), tmp_path / "mask.png"

    def from_a_file(data: bytes) -> np.ndarray:
        file.write_bytes(data)
        return read_label_map(file)

    refused = 0
    for place in range(0, 8 * len(png), 3):
        damaged = bytearray(png)
        damaged[place // 8] ^= 1 << place % 8
        for decoded_from in (decode_png, from_a_file):
            try:
                assert np.array_equal(decoded_from(bytes(damaged)), label_map)
            except UserError:
                refused += 1
    assert refused > len(png) / 2


@pytest.mark.parametrize("is_ours", [True, False])
def test_each_bit_of_a_png_is_held_against_its_checksums_and_what_follows_its_end_is_not(is_ours):
    label_map = np.eye(40, 50, dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(label_map).save(file, "PNG")
    png = encode_png(label_map) if is_ours else file.getvalue()
    check_png(png)
    check_png(png + b"what another program left here")
    for place in range(8 * len(png)):
        damaged = bytearray(png)
        damaged[place // 8] ^= 1 << place % 8
        with pytest.raises(ValueError, match=_REFUSED):
            check_png(bytes(damaged))
    for length in range(len(png)):
        with pytest.raises(ValueError, match=_REFUSED):
            check_png(png[:length])


def test_a_png_that_says_it_is_small_and_unpacks_without_end_is_not_unpacked():
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    png = encode_png(np.ones((4, 4), np.uint8))
    endless = chunk(b"IDAT", zlib.compress(bytes(200 << 20)))
    bomb = png[: png.index(b"IDAT") - 4] + endless + chunk(b"IEND", b"")
    tracemalloc.start()
    banded = banded_pixels(bomb)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert banded is None and most < 10 << 20


@given(label_maps)
def test_the_pngs_of_other_programs_are_stored_masks_too(label_map):
    image = Image.fromarray(label_map, "L").convert("L")
    image.putpalette(PALETTE.tobytes())
    file = io.BytesIO()
    image.save(file, "PNG")
    np.testing.assert_array_equal(decode_png(file.getvalue()), label_map)


@pytest.mark.parametrize(
    "not_a_label_map",
    [np.zeros((4, 4)), np.zeros((4, 4, 3), np.uint8), np.zeros((0, 4), np.uint8)],
    ids=["floats", "colour", "no pixels"],
)
def test_only_label_maps_are_encoded(not_a_label_map):
    with pytest.raises(ValueError, match="not a label map"):
        encode_png(not_a_label_map)


@pytest.mark.parametrize("mode", ["RGB", "L", "1"])
def test_only_an_indexed_png_is_a_stored_mask(mode):
    file = io.BytesIO()
    Image.new(mode, (4, 4)).save(file, "PNG")
    with pytest.raises(UserError, match="stored as indexed PNGs"):
        decode_png(file.getvalue())


@given(label_maps)
def test_object_ids_are_the_ids_that_occur(label_map):
    assert object_ids(label_map) == tuple(sorted(set(label_map.ravel().tolist()) - {0}))


@given(label_maps, st.data())
def test_the_changed_box_is_the_tightest_that_holds_every_change(before, data):
    after = data.draw(arrays(np.uint8, before.shape, elements=st.integers(0, 2)))
    changes = np.argwhere(before != after)
    box = changed_box(before, after)
    if not len(changes):
        assert box is None
        return
    (top, left), (bottom, right) = changes.min(0), changes.max(0)
    assert box == (slice(top, bottom + 1), slice(left, right + 1))


# Users' masks ------------------------------------------------------------------------------


def test_an_indexed_png_is_read_by_its_values_whatever_its_colours(tmp_path):
    ids = np.array([[0, 1], [3, 7]], np.uint8)
    image = Image.fromarray(ids).convert("L")
    image.putpalette([9] * 768)
    image.save(tmp_path / "odd.png")
    np.testing.assert_array_equal(read_label_map(tmp_path / "odd.png"), ids)


def test_black_and_white_is_one_object(tmp_path):
    mask = np.array([[0, 255], [255, 0]], np.uint8)
    expected = mask // 255
    grey = save(tmp_path / "grey.png", mask)
    color = save(tmp_path / "color.png", np.repeat(mask[..., None], 3, axis=2))
    bilevel = tmp_path / "bilevel.png"
    Image.fromarray(mask).convert("1").save(bilevel)
    for path in (grey, color, bilevel):
        np.testing.assert_array_equal(read_label_map(path), expected)


def test_a_wholly_white_grey_mask_is_one_object_and_a_black_one_is_none(tmp_path):
    white = save(tmp_path / "white.png", np.full((3, 3), 255, np.uint8))
    black = save(tmp_path / "black.png", np.zeros((3, 3), np.uint8))
    assert object_ids(read_label_map(white)) == (1,)
    assert object_ids(read_label_map(black)) == ()


def test_grey_values_are_ids(tmp_path):
    ids = np.array([[0, 1, 2], [2, 40, 0]], np.uint8)
    np.testing.assert_array_equal(read_label_map(save(tmp_path / "a.png", ids)), ids)
    deep = save(tmp_path / "deep.png", ids.astype(np.uint16))
    np.testing.assert_array_equal(read_label_map(deep), ids)


def test_a_thin_void_border_in_grey_stays_255(tmp_path):
    ids = np.ones((10, 10), np.uint8)
    ids[0] = 255
    np.testing.assert_array_equal(read_label_map(save(tmp_path / "void.png", ids)), ids)


@given(ids=arrays(np.uint8, (4, 5), elements=st.integers(0, 21)))
def test_the_colours_of_davis_and_of_pascal_are_ids(ids, tmp_path_factory):
    folder = tmp_path_factory.mktemp("colors")
    ids[0, 0] = 1  # a colour, so that no picture is pure grey
    davis = PALETTE[ids]
    pascal = np.where(davis == 191, 192, davis).astype(np.uint8)
    for name, pixels in {"davis.png": davis, "pascal.png": pascal}.items():
        np.testing.assert_array_equal(read_label_map(save(folder / name, pixels)), ids)


def test_transparent_pixels_are_background(tmp_path):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0] = (128, 0, 0, 255)
    pixels[1] = (128, 0, 0, 0)
    np.testing.assert_array_equal(
        read_label_map(save(tmp_path / "cut.png", pixels)), [[1, 1], [0, 0]]
    )


def png(kind, depth, samples, transparency=None):
    """Return a PNG of any kind; `samples` is (H, W, channels) of the values in the file."""
    height, width, _ = samples.shape
    bits = np.unpackbits(samples.astype(">u2")[..., None].view(np.uint8), axis=-1)
    rows = np.packbits(bits[..., 16 - depth :].reshape(height, -1), axis=1)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"PLTE", PALETTE.tobytes())]
    if transparency is not None:
        chunks.append((b"tRNS", transparency))
    lines = np.pad(rows, ((0, 0), (1, 0))).tobytes()
    chunks += [(b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    whole = b"\x89PNG\r\n\x1a\n"
    for name, content in chunks:
        if name != b"PLTE" or kind == 3:
            check = struct.pack(">I", zlib.crc32(name + content))
            whole += struct.pack(">I", len(content)) + name + content + check
    return whole


IDS = np.array([[0, 1, 2], [2, 3, 0]])
OPAQUE = np.full((2, 3, 1), 65535)
BOTH = np.where(IDS[..., None] == 3, 0, OPAQUE)  # alpha: 3 is transparent
CLEARED = np.where(IDS == 3, 0, IDS)


@pytest.mark.parametrize(
    ("kind", "depth", "samples", "transparency", "ids"),
    [
        (0, 2, IDS[..., None], None, IDS),
        (0, 4, IDS[..., None], None, IDS),
        (0, 4, np.minimum(IDS, 1)[..., None] * 15, None, np.minimum(IDS, 1)),
        (0, 4, IDS[..., None], struct.pack(">H", 3), CLEARED),
        (0, 8, IDS[..., None], struct.pack(">H", 3), CLEARED),
        (0, 16, IDS[..., None], struct.pack(">H", 3), CLEARED),
        (3, 8, IDS[..., None], b"\xff\xff\xff\x00", CLEARED),
        (3, 8, IDS[..., None], b"\x00\xff\x80\x00", CLEARED),
        (3, 2, IDS[..., None], b"\x00", IDS),
        (2, 8, PALETTE[IDS], struct.pack(">HHH", *PALETTE[3].tolist()), CLEARED),
        (4, 16, np.dstack([IDS, OPAQUE]), None, IDS),
        (4, 16, np.dstack([IDS, BOTH]), None, CLEARED),
        (2, 16, np.repeat(np.minimum(IDS, 1)[..., None], 3, 2), None, np.minimum(IDS, 1)),
        (2, 16, PALETTE[IDS].astype(int) * 257, None, IDS),
        (6, 16, np.dstack([PALETTE[IDS].astype(int) << 8, BOTH]), None, CLEARED),
    ],
)
def test_ids_are_what_a_png_has_whatever_its_kind_and_its_depth(
    tmp_path, kind, depth, samples, transparency, ids
):
    file = tmp_path / "mask.png"
    file.write_bytes(png(kind, depth, np.asarray(samples), transparency))
    np.testing.assert_array_equal(read_label_map(file), ids)


@pytest.mark.parametrize(
    ("kind", "depth", "samples", "transparency"),
    [
        (2, 16, np.repeat(IDS[..., None], 3, 2), None),  # in grey, as no object's colour
        (2, 16, np.repeat(IDS[..., None] * 300, 3, 2), None),
        (6, 16, np.dstack([np.repeat(IDS[..., None] * 300, 3, 2), OPAQUE]), None),
        (3, 8, np.minimum(IDS, 1)[..., None], b"\xff\x00"),  # the object has the index 0
    ],
)
def test_what_has_no_ids_that_can_be_told_is_refused_and_not_read_as_nothing(
    tmp_path, kind, depth, samples, transparency
):
    file = tmp_path / "mask.png"
    file.write_bytes(png(kind, depth, samples, transparency))
    with pytest.raises(UserError, match=r"mask\.png has .*indexed PNG"):
        read_label_map(file)


def soft_grey():
    ramp = np.zeros((20, 20), np.uint8)
    ramp[5:15, 5:15] = 255
    ramp[4, 5:15] = 120
    return ramp


def soft_red():
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[2:6, 2:6] = (128, 0, 0)
    pixels[2] = (37, 0, 0)
    return pixels


@pytest.mark.parametrize(
    "pixels",
    [
        soft_grey(),
        np.repeat(soft_grey()[..., None], 3, axis=2),
        soft_red(),
        np.full((4, 4, 4), 128, np.uint8),
        np.arange(256, dtype=np.uint8).reshape(16, 16),
    ],
    ids=["grey", "grey saved as colour", "red", "alpha", "ramp"],
)
def test_soft_edges_are_refused_and_never_become_objects(tmp_path, pixels):
    with pytest.raises(UserError, match=r"soft.png .*anti-aliasing"):
        read_label_map(save(tmp_path / "soft.png", pixels))


def test_deep_grey_beyond_255_is_refused(tmp_path):
    path = save(tmp_path / "deep.png", np.full((2, 2), 300, np.uint16))
    with pytest.raises(UserError, match="object ids end at 255"):
        read_label_map(path)


def test_a_missing_file_and_a_file_that_is_no_png_are_named(tmp_path):
    with pytest.raises(UserError, match=r"no mask file .*gone\.png"):
        read_label_map(tmp_path / "gone.png")
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(UserError, match=r"text\.png is not a readable PNG"):
        read_label_map(tmp_path / "text.png")
    Image.new("L", (4, 4)).save(tmp_path / "photo.png", "JPEG")
    with pytest.raises(UserError, match=r"photo\.png is not a readable PNG"):
        read_label_map(tmp_path / "photo.png")


def test_a_mask_of_the_same_aspect_is_resized_without_new_ids(tmp_path):
    ids = np.zeros((48, 85), np.uint8)
    ids[10:30, 20:60] = 9
    path = save(tmp_path / "small.png", ids)
    resized = read_label_map(path, (96, 170))
    assert resized.shape == (96, 170)
    assert object_ids(resized) == (9,)
    np.testing.assert_array_equal(resized[::2, ::2], ids)


def test_a_mask_of_another_aspect_is_refused_with_both_sizes(tmp_path):
    path = save(tmp_path / "turned.png", np.zeros((85, 48), np.uint8))
    with pytest.raises(UserError, match=r"turned\.png is 48x85, the video is 85x48"):
        read_label_map(path, (48, 85))
