"""Folders of pictures: natural order, every kind of picture as RGB, upright, of one size."""

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.video_clips import number_in, numbers_in, picture_of
from vos_annotator.core.errors import UserError
from vos_annotator.core.video import natural_key, open_video

QUADRANTS = np.zeros((24, 40, 3), np.uint8)  # unlike itself however it is turned
QUADRANTS[:12, :20], QUADRANTS[:12, 20:], QUADRANTS[12:, :20] = (
    (250, 10, 10),
    (10, 250, 10),
    (10, 10, 250),
)


def write(path, image, **options):
    """Write a picture by its suffix; BGR is OpenCV's business, so Pillow writes."""
    PIL.Image.fromarray(image).save(path, **options)


def test_pictures_come_in_natural_order(tmp_path):
    for number in (10, 2, 1, 33):
        write(tmp_path / f"frame{number}.png", picture_of(number))
    with open_video(tmp_path) as video:
        assert numbers_in(video, range(4)) == [1, 2, 10, 33]
        assert (video.name, video.frame_count) == (tmp_path.name, 4)
        assert [video.nearest_keyframe(frame) for frame in range(4)] == [0, 1, 2, 3]
        assert video.time(3) == pytest.approx(3 / video.fps)


@given(st.lists(st.integers(0, 10**6), unique=True), st.sampled_from(["", "Frame", "a1b", "日本"]))
def test_numbered_names_sort_by_their_numbers(numbers, prefix):
    names = [f"{prefix} {number}.jpg" for number in numbers]
    assert sorted(names, key=natural_key) == [f"{prefix} {n}.jpg" for n in sorted(numbers)]


@given(st.lists(st.text(max_size=6)))
def test_any_names_have_an_order_that_does_not_depend_on_the_listing(names):
    assert sorted(names, key=natural_key) == sorted(sorted(names), key=natural_key)


@pytest.mark.parametrize("suffix", ["jpg", "JPEG", "png", "bmp", "tif", "TIFF", "webp"])
def test_every_kind_of_picture_is_read_as_rgb(tmp_path, suffix):
    write(tmp_path / f"0.{suffix}", QUADRANTS, **({"lossless": True} if suffix == "webp" else {}))
    with open_video(tmp_path) as video:
        image = video[0]
    assert np.abs(image.astype(int) - QUADRANTS)[6, 10].max() < 12
    assert image.flags.c_contiguous and not image.flags.writeable


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_exif_orientation_is_honoured_in_every_format_alike(tmp_path, suffix, value):
    exif = PIL.Image.Exif()
    exif[274] = value
    options = {"jpg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True}}
    write(tmp_path / f"0.{suffix}", QUADRANTS, exif=exif, **options.get(suffix, {}))
    turns = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90,
    }
    upright = turns[value](QUADRANTS)
    with open_video(tmp_path) as video:
        assert video.shape == upright.shape[:2]
        assert np.abs(video[0].astype(int) - upright).mean() < 6


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.full((8, 8), 77, np.uint8), 77),
        (np.full((8, 8), 77 << 8, np.uint16), 77),
        (np.full((8, 8, 3), 77 << 8, np.uint16), 77),
        (np.full((8, 8, 4), 77, np.uint8), 77),
    ],
    ids=["grey", "grey of 16 bits", "colour of 16 bits", "transparent"],
)
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_grey_deep_and_transparent_pictures_become_rgb_of_8_bits(tmp_path, suffix, image, expected):
    (tmp_path / f"0.{suffix}").write_bytes(cv2.imencode(f".{suffix}", image)[1])
    with open_video(tmp_path) as video:
        assert (video.shape, video[0].shape) == ((8, 8), (8, 8, 3))
        assert np.unique(video[0]).tolist() == [expected]


def test_indexed_pictures_are_read_in_their_colours(tmp_path):
    indexed = PIL.Image.fromarray(QUADRANTS).quantize(4)
    indexed.save(tmp_path / "0.png")
    with open_video(tmp_path) as video:
        assert np.abs(video[0].astype(int) - QUADRANTS).max() < 4


def test_names_may_be_in_any_script(tmp_path):
    folder = tmp_path / "Кадры 日本"
    folder.mkdir()
    write(folder / "é1.png", picture_of(5))
    with open_video(folder) as video:
        assert number_in(video[0]) == 5


def test_other_files_hidden_files_and_folders_are_left_out(tmp_path):
    write(tmp_path / "1.png", picture_of(1))
    (tmp_path / "notes.txt").write_text("frame 1 is blurred")
    (tmp_path / "._1.png").write_bytes(b"resource fork")
    (tmp_path / "2.png").mkdir()
    with open_video(tmp_path) as video:
        assert len(video) == 1


def test_links_to_pictures_are_pictures_and_those_that_lead_nowhere_are_left_out(tmp_path):
    folder = tmp_path / "clip"
    folder.mkdir()
    write(folder / "1.png", picture_of(1))
    write(tmp_path / "elsewhere.png", picture_of(2))
    links = {"2.png": "../elsewhere.png", "3.png": "gone.png", "4.png": "4.png", "5.png": "6.png"}
    for name, target in (links | {"6.png": "5.png"}).items():
        try:
            (folder / name).symlink_to(target)
        except OSError:
            pytest.skip("links are not allowed here")
    with open_video(folder) as video:
        assert numbers_in(video, range(2)) == [1, 2]
        assert video.files == ("1.png", "2.png")


def test_pictures_are_read_when_they_are_asked_for(tmp_path, monkeypatch):
    for number in range(5):
        write(tmp_path / f"{number}.png", picture_of(number))
    decoded, imdecode = [], cv2.imdecode
    monkeypatch.setattr(cv2, "imdecode", lambda *a: decoded.append(1) or imdecode(*a))
    with open_video(tmp_path) as video:
        assert not decoded
        video[3]
        video[3]
        assert len(decoded) == 1


def test_a_fork_reads_the_same_pictures(tmp_path):
    write(tmp_path / "0.png", picture_of(9))
    with open_video(tmp_path) as video:
        fork = video.fork()
    assert number_in(fork[0]) == 9
    assert fork.fingerprint == video.fingerprint


def test_the_fingerprint_changes_when_a_picture_does(tmp_path):
    write(tmp_path / "0.png", picture_of(1))
    before = open_video(tmp_path).fingerprint
    write(tmp_path / "1.png", picture_of(2))
    assert open_video(tmp_path).fingerprint != before


@pytest.mark.parametrize("suffix", ["bmp", "tif"])
@pytest.mark.parametrize("changed", ["all", "first", "middle", "last"])
def test_uncompressed_pictures_of_equal_names_and_sizes_are_told_apart(tmp_path, suffix, changed):
    shown, other = picture_of(1, (64, 120)), picture_of(2, (64, 120))
    where = {"all": range(7), "first": [0], "middle": [3], "last": [6]}[changed]
    for folder in ("one", "two", "same"):
        (tmp_path / folder).mkdir()
        for n in range(7):
            is_other = folder == "two" and n in where
            write(tmp_path / folder / f"{n}.{suffix}", other if is_other else shown)
    one, two, same = (open_video(tmp_path / folder) for folder in ("one", "two", "same"))
    assert one.fingerprint == same.fingerprint != two.fingerprint
    assert two.fingerprints[1] == one.fingerprints[1]  # what was the fingerprint before


@pytest.mark.parametrize("part", [0.0, 0.5, 0.999])
def test_a_picture_counts_by_both_of_its_ends_and_its_middle(tmp_path, part):
    write(tmp_path / "0.bmp", picture_of(1, (300, 300)))
    before = open_video(tmp_path).fingerprint
    data = bytearray((tmp_path / "0.bmp").read_bytes())
    at = max(100, int(part * len(data)))  # after the header
    data[at] ^= 255
    (tmp_path / "0.bmp").write_bytes(data)
    assert open_video(tmp_path).fingerprint != before


def test_of_a_long_folder_three_pictures_are_read_for_the_fingerprint(tmp_path):
    for number in range(30):
        write(tmp_path / f"{number}.bmp", picture_of(number))
    before = open_video(tmp_path).fingerprint
    for number in {*range(30)} - {0, 15, 29}:
        write(tmp_path / f"{number}.bmp", picture_of(40))
    assert open_video(tmp_path).fingerprint == before


def test_a_picture_of_another_size_is_named(tmp_path):
    write(tmp_path / "1.png", picture_of(1))
    write(tmp_path / "2.png", picture_of(2, (32, 48)))
    with pytest.raises(UserError, match=r"2\.png is 48x32 but 1\.png is 96x64; give"):
        open_video(tmp_path)


def test_a_folder_without_pictures_says_what_it_looked_for(tmp_path):
    with pytest.raises(UserError, match="holds no jpg, png"):
        open_video(tmp_path)


def test_a_folder_of_folders_names_one_to_open(tmp_path):
    for name in ("clip10", "clip9"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "0.png", picture_of(1))
    with pytest.raises(UserError, match="such as clip9"):
        open_video(tmp_path)


@pytest.mark.parametrize("data", [b"", b"not a picture"])
def test_a_broken_header_is_found_when_the_folder_is_opened(tmp_path, data):
    write(tmp_path / "0.png", picture_of(1))
    (tmp_path / "1.png").write_bytes(data)
    with pytest.raises(UserError, match=r"1\.png is not a picture"):
        open_video(tmp_path)


def test_a_picture_cut_short_names_itself_when_it_is_read(tmp_path):
    rng = np.random.default_rng(0)
    write(tmp_path / "0.png", rng.integers(0, 256, (64, 64, 3), np.uint8))
    data = (tmp_path / "0.png").read_bytes()
    (tmp_path / "0.png").write_bytes(data[:60])
    with open_video(tmp_path) as video, pytest.raises(UserError, match=r"0\.png \(frame 0\)"):
        video[0]


def test_a_picture_that_went_or_changed_names_itself(tmp_path):
    for number in range(2):
        write(tmp_path / f"{number}.png", picture_of(number))
    with open_video(tmp_path) as video:
        (tmp_path / "0.png").unlink()
        write(tmp_path / "1.png", picture_of(1, (32, 48)))
        with pytest.raises(UserError, match=r"0\.png has gone"):
            video[0]
        with pytest.raises(UserError, match=r"1\.png changed its size"):
            video[1]
