"""Exports read back exactly, go on where they stopped, and never damage what is there."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vos_annotator.core import atomic, davis
from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.exporting import export as export_as
from vos_annotator.core.formats.format import Options, Source
from vos_annotator.core.mask_files import read_masks
from vos_annotator.core.masks import PALETTE, encode_png
from vos_annotator.core.video import Video, open_video

SHAPE = (36, 64)


class Clip(Video):
    """Frames made up on the spot; `seed` makes another clip of the same size."""

    def __init__(self, frame_count=4, name="clip", shape=SHAPE, seed=0):
        super().__init__(Path(f"{name}.mp4"), name, frame_count, shape, 25.0, "", 1 << 20)
        self.seed = seed

    def time(self, frame):
        return frame / self.fps

    def nearest_keyframe(self, frame):
        return frame

    def fork(self):
        return self

    def _read(self, frame):
        rows, columns = np.mgrid[: self.shape[0], : self.shape[1]]
        waves = (np.sin((rows * (1 + self.seed) + columns * (3 - self.seed)) / 9) + 1) * 100
        return np.repeat(waves[..., None], 3, axis=2).astype(np.uint8) + np.uint8(frame)


def label_map(frame, shape=SHAPE):
    ids = np.zeros(shape, np.uint8)
    ids[5:20, 5 + frame : 25 + frame] = 1
    ids[10:30, 40:50] = 200
    return ids


def masks(frame):
    return None if frame == 2 else encode_png(label_map(frame))


def files_below(root):
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


# Export ------------------------------------------------------------------------------------


@pytest.mark.parametrize("resolution", davis.RESOLUTIONS)
def test_an_export_has_every_picture_and_label_map_in_the_size_of_the_video(tmp_path, resolution):
    report = davis.export(Clip(), masks, tmp_path, resolution=resolution)

    for frame in range(4):
        with Image.open(tmp_path / f"Annotations/{resolution}/clip/{frame:05d}.png") as image:
            assert image.mode == "P"
            assert image.getpalette() == PALETTE.ravel().tolist()
            expected = np.zeros(SHAPE, np.uint8) if frame == 2 else label_map(frame)
            np.testing.assert_array_equal(np.array(image), expected)
        with Image.open(tmp_path / f"JPEGImages/{resolution}/clip/{frame:05d}.jpg") as image:
            assert np.abs(np.array(image, int) - Clip()[frame]).mean() < 2
    assert len(files_below(tmp_path)) == 11  # 4 + 4 + 2 lists and the manifest
    assert report.is_complete
    assert (report.written, report.skipped) == (8, 0)
    assert report.objects == (1, 200)
    assert report.frames_without_masks == (2,)
    assert report.size == sum(
        len(data) for name, data in files_below(tmp_path).items() if name.endswith("g")
    )


def test_the_report_says_what_is_missing():
    report = davis.ExportReport("cat", Path("x"), 9, 9, 12, 6, (0, 1, 2, 5), (1, 2), 3_400_000)
    text = "cat: 9 of 9 frames, 2 objects, 3.4 MB; 12 files written and read back, "
    assert str(report) == text + "6 were already there; no masks on frames 0-2, 5"


def test_the_report_counts_one_as_one():
    report = davis.ExportReport("cat", Path("x"), 9, 9, 1, 1, (), (1,), 3_400_000)
    assert "1 object, 3.4 MB; 1 file written and read back, 1 was already there" in str(report)


def test_the_lists_name_each_sequence_once(tmp_path):
    for name in ("a", "b", "a"):
        davis.export(Clip(name=name), masks, tmp_path)
    lists = tmp_path / "ImageSets" / "2017"
    assert (lists / "a.txt").read_text() == "a\n"
    assert (lists / "val.txt").read_text() == "a\nb\n"


def test_an_export_again_writes_nothing_and_after_a_correction_one_file(tmp_path):
    davis.export(Clip(), masks, tmp_path)
    again = davis.export(Clip(), masks, tmp_path)
    assert (again.written, again.skipped) == (0, 8)

    corrected = davis.export(
        Clip(), lambda frame: encode_png(label_map(9)) if frame == 1 else masks(frame), tmp_path
    )
    assert (corrected.written, corrected.skipped) == (1, 7)


def test_a_damaged_file_is_written_again_if_that_is_allowed(tmp_path):
    report = davis.export(Clip(), masks, tmp_path)
    before = files_below(tmp_path)
    damaged = report.annotations / "00001.png"
    damaged.write_bytes(damaged.read_bytes()[:-9] + b"123456789")
    with pytest.raises(UserError, match=r"00001\.png is not as an export left it"):
        davis.export(Clip(), masks, tmp_path)
    assert davis.export(Clip(), masks, tmp_path, replace=True).written == 1
    assert files_below(tmp_path) == before


def test_a_cancelled_export_goes_on_where_it_stopped(tmp_path):
    seen, asked = [], iter((False, False, True))
    stopped = davis.export(
        Clip(),
        masks,
        tmp_path,
        progress=lambda done, total: seen.append((done, total)),
        cancelled=lambda: next(asked),
    )
    assert seen == [(1, 4), (2, 4)]
    assert not stopped.is_complete
    assert stopped.frames_done == 2
    assert "stopped" in str(stopped)
    assert not (tmp_path / "ImageSets").exists()

    rest = davis.export(Clip(), masks, tmp_path)
    assert (rest.written, rest.skipped, rest.is_complete) == (4, 4, True)
    assert (tmp_path / "ImageSets" / "2017" / "clip.txt").exists()


def test_label_maps_alone(tmp_path):
    report = davis.export(Clip(), masks, tmp_path, with_images=False)
    pictures = [path for path in files_below(tmp_path) if path.endswith("g")]
    assert [path.split(os.sep)[0] for path in pictures] == ["Annotations"] * 4
    assert (report.written, report.skipped) == (4, 0)


def test_a_full_disk_is_one_sentence_and_leaves_whole_files_only(tmp_path, monkeypatch):
    write, room = Path.write_bytes, [3]

    def write_until_full(path, data):
        room[0] -= 1
        if room[0] < 0:
            write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(atomic.Path, "write_bytes", write_until_full)
        with pytest.raises(UserError, match=r"0000\d\.(jpg|png) cannot be .* full"):
            davis.export(Clip(), masks, tmp_path)
    left = {name: data for name, data in files_below(tmp_path).items() if name.endswith("g")}
    assert len(left) == 3
    davis.export(Clip(), masks, tmp_path)
    whole = files_below(tmp_path)
    assert {name: whole[name] for name in left} == left
    assert len(whole) == 11


def test_a_file_that_does_not_read_back_fails_the_export(tmp_path, monkeypatch):
    write = Path.write_bytes
    monkeypatch.setattr(atomic.Path, "write_bytes", lambda path, data: write(path, data[:-1]))
    with pytest.raises(UserError, match="does not read back"):
        davis.export(Clip(), masks, tmp_path)
    assert not [name for name in files_below(tmp_path) if name.endswith("g")]


def test_a_file_in_the_way_of_the_folder_is_named(tmp_path):
    (tmp_path / "Annotations").write_text("")
    with pytest.raises(UserError, match=r"Annotations.* cannot be written"):
        davis.export(Clip(), masks, tmp_path)


def test_a_read_only_place_is_one_sentence(tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(UserError, match="cannot be written, it is read-only"):
        davis.export(Clip(), masks, tmp_path)


def test_an_export_never_writes_over_another_clip(tmp_path):
    davis.export(Clip(), masks, tmp_path)
    before = files_below(tmp_path)
    with pytest.raises(UserError, match="holds another clip"):
        davis.export(Clip(seed=1), masks, tmp_path)
    with pytest.raises(UserError, match=r"00003\.png, which is no frame of clip"):
        davis.export(Clip(frame_count=3), masks, tmp_path)
    assert files_below(tmp_path) == before


def test_a_mask_of_another_size_is_refused(tmp_path):
    small = encode_png(np.zeros((18, 32), np.uint8))
    with pytest.raises(UserError, match=r"mask of frame 0 is 32x18, clip\.mp4 is 64x36"):
        davis.export(Clip(), lambda frame: small, tmp_path)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("bmx-trees", "bmx-trees"),
        ("mein Hündchen (2)", "mein Hündchen (2)"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a/b\\c:d", "a_b_c_d"),
        ("..", "sequence"),
        ("", "sequence"),
        ("two\nlines", "two_lines"),
        ("con", "_con"),
        ("LPT1.backup", "_LPT1.backup"),
    ],
)
def test_names_become_safe_and_good_ones_stay(name, safe):
    assert davis.safe_name(name) == safe


@given(st.text(st.characters(), max_size=150))
def test_a_safe_name_is_one_part_of_a_path_and_stays_safe(name):
    safe = davis.safe_name(name)
    assert Path("root", safe).parent == Path("root")
    assert safe not in ("", ".", "..")
    assert davis.safe_name(safe) == safe
    assert len(safe.encode()) <= 255  # what file systems allow


# Import ------------------------------------------------------------------------------------


@pytest.fixture
def exported(tmp_path):
    davis.export(Clip(), masks, tmp_path)
    return tmp_path


def equal(masks, expected):
    assert sorted(masks) == sorted(expected)
    for frame, ids in expected.items():
        np.testing.assert_array_equal(masks[frame], ids)


def test_one_png_is_the_label_map_of_frame_0(exported):
    file = exported / "Annotations/480p/clip/00003.png"
    equal(read_masks(file, Clip()), {0: label_map(3)})


@pytest.mark.parametrize(
    "folder", [".", "Annotations", "Annotations/480p", "Annotations/480p/clip"]
)
def test_a_davis_root_or_any_folder_on_the_way_gives_the_masks_of_the_video(exported, folder):
    davis.export(Clip(name="another"), lambda frame: None, exported)
    expected = {frame: label_map(frame) for frame in (0, 1, 3)} | {2: np.zeros(SHAPE, np.uint8)}
    equal(read_masks(exported / folder, Clip()), expected)


def test_the_only_sequence_of_a_root_needs_no_matching_name(exported):
    assert len(read_masks(exported, Clip(name="renamed"))) == 4


def test_a_root_without_the_video_lists_what_it_has(exported):
    davis.export(Clip(name="another"), masks, exported)
    with pytest.raises(UserError, match=r"no masks for third.*\(another, clip\)"):
        read_masks(exported, Clip(name="third"))


def test_some_frames_only_as_youtube_vos_has_them(tmp_path):
    sequence = tmp_path / "Annotations" / "clip"
    sequence.mkdir(parents=True)
    for frame in (0, 5, 10):
        (sequence / f"{frame:05d}.png").write_bytes(encode_png(label_map(frame)))
    expected = {frame: label_map(frame) for frame in (0, 5, 10)}
    equal(read_masks(tmp_path, Clip(frame_count=11)), expected)


def test_masks_of_pictures_numbered_with_gaps_go_by_name(tmp_path):
    pictures, folder = tmp_path / "pictures", tmp_path / "masks"
    pictures.mkdir()
    folder.mkdir()
    for frame, number in enumerate((0, 5, 10)):
        Image.fromarray(Clip()[frame]).save(pictures / f"{number:05d}.jpg")
    (folder / "00005.png").write_bytes(encode_png(label_map(1)))
    with open_video(pictures) as video:
        equal(read_masks(folder, video), {1: label_map(1)})


def pictures_and_masks(tmp_path, pictures, masks):
    """Write pictures and masks of these numbers; return both folders."""
    folders = tmp_path / "pictures", tmp_path / "masks"
    for folder in folders:
        folder.mkdir()
    for number in pictures:
        Image.fromarray(Clip()[0]).save(folders[0] / f"{number:05d}.jpg")
    for number in masks:
        (folders[1] / f"{number:05d}.png").write_bytes(encode_png(label_map(number)))
    return folders


@pytest.mark.parametrize("gone", [1, 3])
def test_a_mask_of_a_picture_that_was_taken_away_shifts_no_other_one(tmp_path, gone):
    left = sorted({*range(1, 9)} - {gone})
    pictures, folder = pictures_and_masks(tmp_path, left, (1, 3, 5))
    with open_video(pictures) as video:
        with pytest.raises(UserError, match=rf"pictures does not have \(0000{gone}\.png\): take"):
            read_masks(folder, video)
        (folder / f"{gone:05d}.png").unlink()
        equal(read_masks(folder, video), {left.index(n): label_map(n) for n in {1, 3, 5} - {gone}})


@pytest.mark.parametrize("first", [1, 2])
def test_masks_of_every_frame_go_by_number_though_pictures_count_from_another(tmp_path, first):
    pictures, folder = pictures_and_masks(tmp_path, range(first, first + 4), range(4))
    with open_video(pictures) as video:
        equal(read_masks(folder, video), {frame: label_map(frame) for frame in range(4)})


@pytest.mark.parametrize("frames", [None, (0, 2)])
def test_an_export_of_pictures_that_count_from_1_reads_back(tmp_path, frames):
    pictures, _ = pictures_and_masks(tmp_path, range(1, 5), ())
    with open_video(pictures) as video:
        options = Options(frames=frames)
        report = export_as(Source(video, masks), "davis", tmp_path / "out", options=options)
        assert report.kept == 1


def test_pictures_that_are_not_named_like_the_masks_go_by_number(tmp_path):
    pictures, folder = tmp_path / "pictures", tmp_path / "masks"
    pictures.mkdir()
    folder.mkdir()
    for frame in range(3):
        Image.fromarray(Clip()[frame]).save(pictures / f"frame{frame + 7}.jpg")
    (folder / "00002.png").write_bytes(encode_png(label_map(1)))
    with open_video(pictures) as video:
        equal(read_masks(folder, video), {2: label_map(1)})


@pytest.mark.parametrize(
    "name", ["frame_{:06d}", "clip-{}", "shot 2 take 3 {:04d}", "{:04d}_mask", "m0.5_{:05d}"]
)
def test_masks_of_other_tools_go_by_the_number_in_names_that_are_else_alike(tmp_path, name):
    for frame in (0, 1, 3):
        (tmp_path / f"{name.format(frame)}.png").write_bytes(encode_png(label_map(frame)))
    equal(read_masks(tmp_path, Clip()), {frame: label_map(frame) for frame in (0, 1, 3)})


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ([], "holds no PNG masks"),
        (["00001.png", "1.png"], r"1\.png and 00001\.png .*one frame|00001\.png and 1\.png"),
        (["00000.png", "00004.png"], r"00004\.png is numbered beyond clip, whose last frame is 3"),
        (["frame.png"], r"frame\.png has no number"),
        (["²³.png"], "has no number"),
        (["00000.png", "copy_1.png"], r"copy_1\.png has no number, or another name than the rest"),
        (["cat_0.png", "dog_1.png"], r"cat_0\.png has no number, or another name"),
        (["frame_0.png", "frame_4.png"], r"frame_4\.png is numbered beyond clip"),
        (["frame_1.png", "frame_01.png"], "are masks of one frame"),
    ],
)
def test_folders_that_are_no_masks_of_the_video_are_refused(tmp_path, names, problem):
    (tmp_path / "notes.txt").write_text("not a mask")
    for name in names:
        (tmp_path / name).write_bytes(encode_png(label_map(0)))
    with pytest.raises(UserError, match=problem):
        read_masks(tmp_path, Clip())


def test_masks_of_another_aspect_are_refused(tmp_path):
    (tmp_path / "0.png").write_bytes(encode_png(np.zeros((64, 36), np.uint8)))
    with pytest.raises(UserError, match=r"0\.png is 36x64, the video is 64x36"):
        read_masks(tmp_path, Clip())


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"no mask file .*nowhere"):
        read_masks(tmp_path / "nowhere", Clip())
