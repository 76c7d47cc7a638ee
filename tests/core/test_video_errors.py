"""What cannot be opened is refused in one sentence, and nothing stays open."""

import gc
import os
import re
import shutil
import subprocess
import sys

import av
import numpy as np
import PIL.Image
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.video_clips import numbers_in, picture_of, write_clip, write_sound
from vos_annotator.core import video_file
from vos_annotator.core.errors import UserError
from vos_annotator.core.video import open_video


def refusal(path) -> str:
    """Return the sentence with which a path is refused, having checked its form."""
    with pytest.raises(UserError) as caught:
        open_video(path)
    message = str(caught.value)
    assert str(path) in message
    assert re.fullmatch(r"[^\n]+; [^\n]+\.", message), "what is wrong; what to do."
    del caught
    gc.collect()
    assert not [f.path for f in psutil.Process().open_files() if f.path == str(path)]
    return message


def test_a_missing_file(tmp_path):
    assert "does not exist" in refusal(tmp_path / "none.mp4")


def test_an_empty_file(tmp_path):
    (tmp_path / "empty.mp4").touch()
    assert "empty" in refusal(tmp_path / "empty.mp4")


@pytest.mark.parametrize("name", ["notes.txt", "notes.mp4", "notes", "list.m3u8", "clip.srt"])
def test_a_text_file(tmp_path, name):
    (tmp_path / name).write_text("Frame 1 is blurred.\nFrame 2 as well.\n" * 50)
    refusal(tmp_path / name)


def test_noise(tmp_path):
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(100_000))
    assert "not a video" in refusal(tmp_path / "noise.mp4")


@pytest.mark.parametrize("name", ["song.m4a", "song.mka"])
def test_sound_only(tmp_path, name):
    assert "only sound" in refusal(write_sound(tmp_path / name))


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "webp", "bmp", "tif"])
def test_a_single_picture(tmp_path, suffix):
    path = tmp_path / f"photo.{suffix}"
    PIL.Image.fromarray(picture_of(1)).save(path)
    assert "single picture" in refusal(path)


def test_a_picture_under_a_videos_name(tmp_path):
    PIL.Image.fromarray(picture_of(1)).save(tmp_path / "photo.png")
    (tmp_path / "photo.png").rename(tmp_path / "photo.mp4")
    assert "single picture" in refusal(tmp_path / "photo.mp4")


def test_an_mp4_without_its_end_where_the_index_is(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4")
    clip.write_bytes(clip.read_bytes()[:-600])
    assert "cut off or damaged" in refusal(clip)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "neither a file nor a folder" in refusal(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_permission_denied(tmp_path, kind, monkeypatch):
    path = tmp_path / "clip.mp4"
    if kind == "file":
        write_clip(path, 3)
    else:
        path.mkdir()

    def deny(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("vos_annotator.core.video_file._fingerprint", deny)
    monkeypatch.setattr("vos_annotator.core.image_folder.os.scandir", deny)
    assert "may not be read" in refusal(path)


def test_a_disk_error_is_named(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("vos_annotator.core.video_file._fingerprint", fail)
    assert "Input/output error" in refusal(write_clip(tmp_path / "clip.mp4", 3))


CUT = {
    "clip.mkv": {},
    "clip.ts": {},
    "clip.avi": {"codec": "mpeg4"},
    "clip.mp4": {"container_options": {"movflags": "faststart"}},
}


@pytest.mark.parametrize("name", CUT)
def test_a_file_cut_short_gives_the_frames_before_the_cut(tmp_path, name, caplog):
    clip = write_clip(tmp_path / name, 60, gop=10, **CUT[name])
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 7 // 10])
    with open_video(clip, cache_bytes=0) as video:
        assert 15 < len(video) < 60
        numbers = numbers_in(video, range(len(video)))
        # MKV and TS do not tell that they are cut: what was stored after a frame that is
        # shown later may be missing before it.
        sure = len(video) if name in ("clip.mp4", "clip.avi") else len(video) - 3
        assert numbers[:sure] == list(range(sure))
        assert numbers == sorted(numbers)
        assert numbers_in(video, reversed(range(len(video)))) == numbers[::-1]
        assert video.fps == pytest.approx(25, rel=0.05)


def test_an_mp4_cut_short_is_logged(tmp_path, caplog):
    clip = write_clip(tmp_path / "clip.mp4", 60, **CUT["clip.mp4"])
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 7 // 10])
    with open_video(clip) as video:
        assert f"clip.mp4 is cut short; its first {len(video)} frames are used" in caplog.text


def test_a_frame_is_tried_again_when_the_disk_is_back(tmp_path, monkeypatch):
    path, noise = tmp_path / "clip.mkv", np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25, bit_rate=20_000_000)
        stream.width, stream.height, stream.gop_size = 320, 240, 12
        for _ in range(60):
            image = noise.integers(0, 255, (240, 320, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    data = path.read_bytes()
    with open_video(path) as video:
        video[0]
        os.truncate(path, len(data) // 4)
        with pytest.raises(UserError, match=r"Frame 50 of .* cannot be decoded"):
            video[50]
        path.write_bytes(data)
        with pytest.raises(UserError, match=r"Frame 50 of .* cannot be decoded"):
            video[50]  # who asks again at once is not made to wait again

        monkeypatch.setattr(video_file, "RETRY", 0)
        assert video[50].shape == (240, 320, 3)


@pytest.mark.parametrize("codec", ["libx264", "mjpeg", "mpeg4"])
def test_a_frame_that_cannot_be_decoded_is_named_and_the_others_are_read(tmp_path, codec):
    clip = write_clip(
        tmp_path / "clip.mkv",
        20,
        codec=codec,
        gop=1,
        b_frames=0,
        pix_fmt="yuvj420p" if codec == "mjpeg" else "yuv420p",
    )
    with av.open(str(clip)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][7]
        coded = bytes(packet)
    data = clip.read_bytes()
    clip.write_bytes(data.replace(coded, bytes(len(coded))))
    with open_video(clip) as video:
        for _ in range(2):
            with pytest.raises(UserError, match=r"Frame 7 of .*clip\.mkv cannot be decoded.*; "):
                video[7]
        others = [frame for frame in range(20) if frame != 7]
        assert numbers_in(video, others) == others
        assert numbers_in(video.fork(), reversed(others)) == others[::-1]


def test_a_file_that_went_is_named_when_a_frame_is_read(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", 3)
    with open_video(clip) as video:
        clip.unlink()
        with pytest.raises(UserError, match=r"clip\.mp4 has gone"):
            video[0]


def test_closing_lets_go_of_the_file(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", 3)
    for _ in range(3):
        video = open_video(clip)
        fork = video.fork()
        video[0], fork[1]
        video.close()
        fork.close()
    assert str(clip) not in [f.path for f in psutil.Process().open_files()]


def test_ffmpeg_is_silent_on_a_broken_file(tmp_path):
    clip = write_clip(tmp_path / "clip.ts", 20)
    data = bytearray(clip.read_bytes())
    data[3000:3400] = bytes(400)
    clip.write_bytes(data)
    code = f"from vos_annotator.core.video import open_video; open_video({str(clip)!r})[0]"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "[h264" not in done.stderr + done.stdout


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("intact")
    return [
        write_clip(folder / name, 20, gop=5, **options)
        for name, options in (CUT | {"clip.h264": {}, "slow.mp4": {}}).items()
    ]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_gives_anything_but_frames_or_a_sentence(intact, tmp_path, data):
    source = data.draw(st.sampled_from(intact))
    damaged = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    clip = tmp_path / source.name
    shutil.copy(source, clip)
    clip.write_bytes(damaged[: data.draw(st.integers(1, len(damaged)))])
    try:
        video = open_video(clip)
    except UserError:
        return
    with video:
        for frame in {0, len(video) // 2, len(video) - 1}:
            try:
                assert video[frame].shape == (*video.shape, 3)
            except UserError as error:
                assert f"rame {frame}" in str(error)
