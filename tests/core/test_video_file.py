"""Video files: frame numbers are exact, memory is bounded, and reading is as cheap as it looks."""

import shutil
import threading
from fractions import Fraction

import av
import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.video_clips import SIZE, number_in, numbers_in, picture_of, write_clip
from vos_annotator.core import decoder, packet_index, video_file
from vos_annotator.core.container import open_container
from vos_annotator.core.mp4_table import read_mp4_table
from vos_annotator.core.orientation import Orientation
from vos_annotator.core.packet_table import read_packet_table
from vos_annotator.core.video import open_video

FORMATS = {
    "mp4.mp4": {},
    "mp4-fragmented.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "all-keys.mp4": {"gop": 1, "b_frames": 0},
    "open-gop.mkv": {"options": {"x264-params": "open-gop=1:bframes=3:scenecut=0"}},
    "hevc.mkv": {"codec": "libx265", "options": {"x265-params": "log-level=none:open-gop=1"}},
    "hevc10.mp4": {
        "codec": "libx265",
        "pix_fmt": "yuv420p10le",
        "options": {"x265-params": "log-level=none"},
    },
    "interlaced.mp4": {"options": {"x264-params": "interlaced=1"}},
    "intra-refresh.ts": {"options": {"x264-params": "intra-refresh=1"}, "b_frames": 0},
    "vp8.webm": {"codec": "libvpx", "options": {"auto-alt-ref": "1", "lag-in-frames": "16"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"lag-in-frames": "16", "cpu-used": "8"}},
    "mpeg4.avi": {"codec": "mpeg4"},
    "mpeg2.mpg": {"codec": "mpeg2video", "format": "vob"},
    "mpeg2.ts": {"codec": "mpeg2video"},
    "mpeg2-closed.mkv": {
        "codec": "mpeg2video",
        "options": {"flags": "+cgop", "sc_threshold": "1000000000"},
    },
    "h264.ts": {},
    "h264.flv": {},
    "h264-without-times.avi": {},
    "h264-bare.h264": {},
    "hevc-bare.hevc": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "mjpeg.mov": {"codec": "mjpeg", "pix_fmt": "yuvj420p", "b_frames": 0},
    "lossless.mkv": {"codec": "ffv1", "b_frames": 0},
    "grey.mkv": {"codec": "ffv1", "pix_fmt": "gray", "b_frames": 0},
    "animation.gif": {"codec": "gif", "pix_fmt": "rgb8", "b_frames": 0},
    "with-sound.mp4": {"sound": True},
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Return the path of a clip by the name of its format, written once."""
    folder, made = tmp_path_factory.mktemp("clips"), {}

    def clip(name):
        if name not in made:
            made[name] = write_clip(folder / name, **FORMATS[name])
        return made[name]

    return clip


@pytest.mark.parametrize("name", FORMATS)
def test_every_frame_shows_its_own_number_in_any_order(clips, name):
    frames = np.random.default_rng(0).permutation(np.repeat(np.arange(30), 2)).tolist()
    with open_video(clips(name), cache_bytes=0) as video:
        assert (len(video), video.shape) == (30, SIZE)
        assert numbers_in(video, range(30)) == list(range(30))
        assert numbers_in(video, frames) == frames
        assert numbers_in(video, reversed(range(30))) == list(reversed(range(30)))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("b_frames", [0, 3])
def test_sixty_random_seeks_in_a_clip_of_variable_frame_rate_are_never_wrong(
    tmp_path, suffix, b_frames
):
    rng = np.random.default_rng(b_frames)
    pts = np.cumsum(rng.integers(1, 200, 240)).tolist()  # steps of 1 to 199 ms
    clip = write_clip(
        tmp_path / f"clip.{suffix}",
        pts=pts,
        time_base=Fraction(1, 1000),
        b_frames=b_frames,
        gop=40,
    )
    frames = rng.integers(0, 240, 60).tolist()
    with open_video(clip, cache_bytes=0) as video:
        assert len(video) == 240
        assert numbers_in(video, frames) == frames
        times = [video.time(frame) for frame in range(240)]
    np.testing.assert_allclose(times, (np.array(pts) - pts[0]) / 1000, atol=0.0011)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 29), min_size=1, max_size=12), st.integers(0, 12))
def test_any_order_and_any_cache_gives_what_reading_forward_gives(clips, frames, cached):
    picture_bytes = SIZE[0] * SIZE[1] * 3
    with open_video(clips("open-gop.mkv"), cache_bytes=cached * picture_bytes) as video:
        forward = list(video.fork())
        for frame in frames:
            np.testing.assert_array_equal(video[frame], forward[frame])


def test_a_frame_is_contiguous_rgb_that_nobody_can_write(clips):
    with open_video(clips("mp4.mp4")) as video:
        image = video[3]
        assert (image.shape, image.dtype) == ((*SIZE, 3), np.uint8)
        assert image.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            image[0, 0] = 0


@pytest.mark.parametrize("frame", [-1, 30, 10**9])
def test_a_frame_outside_the_video_is_an_index_error(clips, frame):
    with open_video(clips("mp4.mp4")) as video:
        for ask in (video.__getitem__, video.time, video.nearest_keyframe):
            with pytest.raises(IndexError):
                ask(frame)


def test_a_numpy_integer_is_a_frame_number(clips):
    with open_video(clips("mp4.mp4")) as video:
        assert number_in(video[np.int64(7)]) == 7


def test_a_closed_video_says_so_and_stays_closed(clips):
    video = open_video(clips("mp4.mp4"))
    video[0]
    video.close()
    video.close()
    with pytest.raises(ValueError, match="closed"):
        video[0]


@pytest.fixture
def starts(monkeypatch):
    """Return the list of key packets at which a decoder was started, None for running on."""
    seen, run = [], video_file.Decoder.run

    def spy(decoder, start, *wanted):
        seen.append(start)
        return run(decoder, start, *wanted)

    monkeypatch.setattr(video_file.Decoder, "run", spy)
    return seen


def test_reading_forward_seeks_once(clips, starts):
    with open_video(clips("open-gop.mkv"), cache_bytes=0) as video:
        starts.clear()
        numbers_in(video, range(30))
        assert [start for start in starts if start is not None] == [0]


def test_reading_backward_decodes_each_group_once_when_it_fits_the_cache(tmp_path, starts):
    clip = write_clip(tmp_path / "clip.mp4", 60, gop=20, b_frames=0, options={"sc_threshold": "0"})
    with open_video(clip, cache_bytes=30 * SIZE[0] * SIZE[1] * 3) as video:
        starts.clear()
        numbers_in(video, reversed(range(60)))
        assert starts == [40, *(40, 20, 0)]  # the first is a leap, which keeps a few


@pytest.fixture
def decoded(monkeypatch):
    """Return the list of the numbers of the frames that decoders gave back."""
    seen, show = [], video_file.Decoder._show

    def spy(decoder, number, picture):
        seen.append(number)
        return show(decoder, number, picture)

    monkeypatch.setattr(video_file.Decoder, "_show", spy)
    return seen


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4"])
@pytest.mark.parametrize("first", [0, 3])  # from there it starts anew, or runs on
def test_a_leap_leaves_out_what_no_picture_leans_on_and_all_are_the_same(
    tmp_path, decoded, starts, codec, first
):
    one_group = {"sc_threshold": "0" if codec == "libx264" else "1000000000"}
    clip = write_clip(tmp_path / "clip.mkv", 60, codec=codec, gop=60, b_frames=2, options=one_group)
    with open_video(clip) as video, open_video(clip) as in_order:
        expected = [in_order[frame] for frame in range(60)]
        if first:
            assert np.array_equal(video[first], expected[first])
        decoded.clear()
        starts.clear()
        assert np.array_equal(video[50], expected[50])
        assert starts == [None if first else 0]
        left_out = set(range(first + 1, 50)) - set(decoded)
        assert len(left_out) > 10 and max(left_out) < 50 - video_file.STEPS_BACK
        for frame in [*reversed(range(60)), 55, 3, 40, 41, 39]:
            assert np.array_equal(video[frame], expected[frame]), frame


def test_a_leap_keeps_the_few_frames_before_it_and_none_of_those_it_passed(tmp_path, decoded):
    clip = write_clip(tmp_path / "clip.mkv", 60, codec="libvpx-vp9", gop=60)
    with open_video(clip) as video:
        decoded.clear()
        video[50]
        assert decoded == list(range(51))  # this decoder leaves nothing out
        kept = [frame for frame in range(60) if video._pictures.get(frame)]
        assert kept == list(range(50 - video_file.STEPS_BACK, 51))
        decoded.clear()
        numbers_in(video, reversed(kept))
        assert not decoded


def test_stepping_back_through_a_long_group_decodes_less_than_twice_what_it_holds(
    tmp_path, decoded, starts
):
    clip = write_clip(tmp_path / "clip.mkv", 200, codec="libvpx-vp9", gop=200)
    with open_video(clip) as video:
        video[199]
        decoded.clear()
        starts.clear()
        assert numbers_in(video, reversed(range(200))) == list(reversed(range(200)))
        assert len(decoded) < 2 * 200
        assert len(starts) == 4  # at 192, 95, 47 and 14


def write_modern(path, codec):
    """Write 100 frames in groups of 40; skip where PyAV has not the encoder."""
    try:
        av.codec.Codec(codec, "w")
    except av.codec.codec.UnknownCodecError:
        pytest.skip(f"there is no {codec}")
    options = {"libaom-av1": {"cpu-used": "8"}, "libx265": {"x265-params": "log-level=none"}}
    return write_clip(path, 100, codec=codec, gop=40, options=options.get(codec))


@pytest.mark.parametrize("codec", ["libsvtav1", "libaom-av1", "libvpx-vp9", "libx265", "libx264"])
@pytest.mark.parametrize("cache_bytes", [0, None])
def test_leaps_give_what_reading_straight_through_gives_in_every_codec(
    tmp_path, codec, cache_bytes
):
    clip = write_modern(tmp_path / "clip.mkv", codec)
    with open_video(clip) as video, open_video(clip, cache_bytes) as leaping:
        expected = [video[frame] for frame in range(100)]
        assert numbers_in(video, range(100)) == list(range(100))
        for frame in [70, 71, *np.random.default_rng(0).integers(0, 100, 80).tolist()]:
            assert np.array_equal(leaping[frame], expected[frame]), frame


def test_a_frame_counts_as_damaged_only_when_it_fails_with_nothing_left_out(tmp_path, monkeypatch):
    clip = write_modern(tmp_path / "clip.mkv", "libsvtav1")
    monkeypatch.setattr(decoder, "LEAVING_OUT", {"libdav1d"})  # which leaves out for good
    with open_video(clip, cache_bytes=0) as video:
        assert numbers_in(video, [71, 10, 73, 31, 99]) == [71, 10, 73, 31, 99]


def test_pictures_that_are_kept_take_the_memory_that_is_counted(tmp_path):
    height, width = 180, 320
    path = write_clip(tmp_path / "many.mp4", 500, size=(height, width))
    process = psutil.Process()
    with open_video(path, cache_bytes=1 << 30) as video:
        for frame in range(100):
            video[frame]
        before = process.memory_info().rss
        for frame in range(100, 500):
            video[frame]
        taken = (process.memory_info().rss - before) / 400

    assert taken < 1.5 * (3 + 1.5) * height * width  # as RGB, and as decoded


@pytest.mark.parametrize("cached", [0, 1, 5, 100])
def test_the_cache_keeps_within_its_bytes(clips, cached):
    bound = cached * SIZE[0] * SIZE[1] * 3
    with open_video(clips("mp4.mp4"), cache_bytes=bound) as video:
        for frame in [*range(30), *reversed(range(30))]:
            video[frame]
            assert video._images.size + video._pictures.size <= bound


def test_the_nearest_keyframe_is_one_and_is_the_nearest(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", 50, gop=20, b_frames=0, options={"sc_threshold": "0"})
    with open_video(clip) as video:
        nearest = [video.nearest_keyframe(frame) for frame in range(50)]
    assert nearest == [min((0, 20, 40), key=lambda key: abs(key - f)) for f in range(50)]


def test_a_fork_reads_in_another_thread_without_reading_the_index_again(clips, monkeypatch):
    with open_video(clips("mp4.mp4")) as video:
        monkeypatch.setattr(video_file, "read_index", None)
        fork, seen = video.fork(), []
        thread = threading.Thread(target=lambda: seen.extend(numbers_in(fork, range(30))))
        thread.start()
        assert numbers_in(video, reversed(range(30))) == list(reversed(range(30)))
        thread.join()
        fork.close()
        assert seen == list(range(30))
        assert number_in(video[4]) == 4
        assert (fork.fingerprint, fork.fps, fork.shape) == (
            video.fingerprint,
            video.fps,
            video.shape,
        )


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_turned_recording_is_shown_upright(tmp_path, degrees, mirrored):
    clip = write_clip(
        tmp_path / "phone.mp4", 3, size=(48, 96), rotation=(degrees, mirrored), pix_fmt="yuv444p"
    )
    if not mirrored:
        with av.open(str(clip)) as container:
            assert next(container.decode(video=0)).rotation % 360 == degrees  # to the left
    shown = np.rot90(picture_of(2, (48, 96)), degrees // 90)
    shown = shown[:, ::-1] if mirrored else shown  # FFmpeg's flip is of what is shown
    with open_video(clip) as video:
        assert video.shape == shown.shape[:2]
        assert np.abs(video[2].astype(int) - shown).max() < 60


def test_the_matrix_that_phones_write_turns_clockwise():
    turned = Orientation.from_display_matrix(np.array([0, 1 << 16, 0, -1 << 16, 0], "i4").tobytes())
    assert turned == Orientation(3)


@pytest.mark.parametrize("size", [(33, 97), (31, 49)])
def test_odd_sizes_keep_their_last_row_and_column(tmp_path, size):
    clip = write_clip(tmp_path / "odd.mp4", 3, size=size, pix_fmt="yuv444p")
    with open_video(clip) as video:
        assert video.shape == size
        assert video[1][-1, :4].max() > 200


@pytest.mark.parametrize(
    ("pix_fmt", "colorspace", "color_range"),
    [("yuv444p", 1, 1), ("yuv444p", 5, 1), ("yuv444p", 1, 2), ("yuvj444p", 5, 2)],
)
def test_colours_follow_the_files_own_matrix_and_range(tmp_path, pix_fmt, colorspace, color_range):
    colours = np.array([[200, 30, 30], [30, 200, 30], [30, 30, 200], [128, 128, 128]], np.uint8)
    image = np.broadcast_to(colours.repeat(16, axis=0)[None], (32, 64, 3)).copy()
    clip = tmp_path / "colours.mp4"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = pix_fmt
        stream.colorspace, stream.color_range = colorspace, color_range
        picture = av.VideoFrame.from_ndarray(image, "rgb24").reformat(
            format=pix_fmt, dst_colorspace=colorspace, dst_color_range=color_range
        )
        container.mux(stream.encode(picture))
        container.mux(stream.encode())
    with open_video(clip) as video:
        assert np.abs(video[0].astype(int) - image).max() <= 4


def test_a_name_may_be_in_any_script_and_hold_a_colon(clips, tmp_path):
    path = tmp_path / "Фильм 日本: 100% #1 é.mp4"
    shutil.copy(clips("mp4.mp4"), path)
    with open_video(path) as video:
        assert video.name == "Фильм 日本: 100% #1 é"
        assert number_in(video[29]) == 29


def test_what_an_edit_list_hides_is_not_a_frame(tmp_path):
    whole = write_clip(tmp_path / "whole.mp4", 30, gop=30)
    part = tmp_path / "part.mp4"
    with av.open(str(whole)) as source, av.open(str(part), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.size:
                packet.stream = copy
                start = int(10 / 25 / packet.time_base)  # times below 0 become an edit list
                packet.pts, packet.dts = packet.pts - start, packet.dts - start
                target.mux(packet)
    header, whole = tables_of(part)
    assert not whole.is_shown.all()
    assert header is None or assert_same_table(header, whole) is None
    with open_video(part, cache_bytes=0) as video:
        assert numbers_in(video, range(len(video))) == list(range(10, 30))
        assert numbers_in(video, [15, 3, 0]) == [25, 13, 10]
        assert video.time(0) == 0


def test_frames_of_equal_times_are_each_a_frame(tmp_path):
    clip = _remux(
        write_clip(tmp_path / "clip.mkv", 20, gop=10, b_frames=0),
        tmp_path / "twice.mkv",
        lambda number, time: time if number not in (7, 12) else time - 40,
    )
    with open_video(clip, cache_bytes=0) as video:
        assert numbers_in(video, range(20)) == list(range(20))
        assert numbers_in(video, [12, 3, 7, 6, 11]) == [12, 3, 7, 6, 11]


def test_a_vp8_packet_that_is_not_to_be_shown_is_not_a_frame(clips, tmp_path):
    path = tmp_path / "hidden.webm"
    with av.open(str(clips("vp8.webm"))) as reader, av.open(str(path), "w") as writer:
        stream = reader.streams.video[0]
        copy = writer.add_stream_from_template(stream)
        for packet in [packet for packet in reader.demux(stream) if packet.size]:
            if packet.pts == 400:
                data = bytes(packet)
                hidden = av.Packet(bytes([data[0] & ~0x10]) + data[1:])  # clears show_frame
                hidden.pts = hidden.dts = 390
                hidden.time_base, hidden.stream = packet.time_base, copy
                writer.mux(hidden)
            packet.stream = copy
            writer.mux(packet)
    with open_video(path, cache_bytes=0) as video:
        assert numbers_in(video, range(30)) == list(range(30))
        assert len(video) == 30


def test_a_recording_joined_from_two_goes_on_after_the_first(tmp_path):
    first = write_clip(tmp_path / "clip.ts", 30)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() * 2)
    expected = [*range(30), *range(30)]
    with open_video(joined, cache_bytes=0) as video:
        assert numbers_in(video, range(60)) == expected
        assert numbers_in(video, [45, 3, 33, 59]) == [15, 3, 3, 29]
        assert np.all(np.diff([video.time(frame) for frame in range(60)]) > 0)


def test_a_recording_that_begins_within_a_group_begins_at_the_next(tmp_path):
    clip = write_clip(tmp_path / "clip.ts", 40, gop=12, b_frames=0, options={"sc_threshold": "0"})
    with av.open(str(clip)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    clip.write_bytes(clip.read_bytes()[packets[5].pos :])
    with open_video(clip, cache_bytes=0) as video:
        assert numbers_in(video, range(len(video))) == list(range(12, 40))
        assert number_in(video[9]) == 21
        assert video.time(0) == 0


@pytest.mark.parametrize(("rate", "fps"), [(Fraction(30000, 1001), 30000 / 1001), (50, 50.0)])
def test_the_rate_is_the_declared_one_where_the_times_agree(tmp_path, rate, fps):
    clip = write_clip(tmp_path / "clip.mkv", time_base=1 / Fraction(rate))
    with open_video(clip) as video:
        assert video.fps == pytest.approx(fps, rel=1e-3)
        assert video.time(29) == pytest.approx(29 / fps, abs=0.002)


def test_the_fingerprint_tells_another_file_from_the_same_one_moved(clips, tmp_path):
    moved = tmp_path / "moved.mp4"
    shutil.copy(clips("mp4.mp4"), moved)
    with open_video(clips("mp4.mp4")) as one, open_video(moved) as same:
        assert one.fingerprint == same.fingerprint
    with open_video(clips("open-gop.mkv")) as other:
        assert other.fingerprint != one.fingerprint


def tables_of(path):
    """Return what reading an MP4's header and what reading through it give."""
    read = []
    for reader in (lambda c, s: read_mp4_table(c, s, path), read_packet_table):
        container, stream = open_container(path)
        with container:
            read.append(reader(container, stream))
    return read


def assert_same_table(header, whole):
    for column in ("pts", "dts", "pos", "is_key", "is_shown"):
        np.testing.assert_array_equal(getattr(header, column), getattr(whole, column))


@settings(max_examples=25)
@given(
    steps=st.lists(st.integers(1, 90), min_size=1, max_size=70),
    b_frames=st.integers(0, 4),
    gop=st.integers(1, 30),
    start=st.integers(0, 500),
    suffix=st.sampled_from(["mp4", "mov"]),
    sound=st.booleans(),
    faststart=st.booleans(),
)
def test_the_header_of_an_mp4_gives_what_reading_through_it_gives(
    tmp_path_factory, steps, b_frames, gop, start, suffix, sound, faststart
):
    clip = write_clip(
        tmp_path_factory.getbasetemp() / f"header.{suffix}",
        pts=(start + np.cumsum(steps)).tolist(),
        time_base=Fraction(1, 1000),
        b_frames=b_frames,
        gop=gop,
        sound=sound,
        container_options={"movflags": "faststart"} if faststart else None,
    )
    assert_same_table(*tables_of(clip))


@pytest.mark.parametrize("name", ["hevc10.mp4", "all-keys.mp4", "mjpeg.mov", "interlaced.mp4"])
def test_the_header_is_enough_for_other_codecs(clips, name):
    assert_same_table(*tables_of(clips(name)))


def test_a_fragmented_mp4_is_read_through(clips):
    header, whole = tables_of(clips("mp4-fragmented.mp4"))
    assert header is None
    assert len(whole.pts) == 30


def test_the_index_of_an_hour_takes_a_few_megabytes(clips):
    index = packet_index.read_index(clips("mp4.mp4"))
    columns = {id(c): c.nbytes for c in vars(index).values() if isinstance(c, np.ndarray)}
    assert sum(columns.values()) / index.frame_count * 90_000 < 5e6


def _remux(source, target, new_time):
    """Copy a clip packet by packet with other presentation times, in ms."""
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        stream = reader.streams.video[0]
        copy = writer.add_stream_from_template(stream)
        for number, packet in enumerate(reader.demux(stream)):
            if packet.size:
                packet.pts = packet.dts = new_time(number, packet.pts)
                packet.stream = copy
                writer.mux(packet)
    return target
