"""`ReadAhead` gives the same frames as the video, sooner: whichever are asked for, in any order."""

import threading
from pathlib import Path

import numpy as np
import pytest

from tests.core.video_clips import write_clip
from vos_annotator.core.errors import UserError
from vos_annotator.core.read_ahead import MOST_FRAMES, ReadAhead
from vos_annotator.core.video import Video, open_video

COUNT = 40


class Slides(Video):
    """Frames of one grey each, that are known to have been read, and by whom."""

    def __init__(self, log=None):
        super().__init__(Path("slides"), "slides", COUNT, (4, 6), 25.0, "slides", 0)
        self.log = [] if log is None else log
        self.gate = threading.Event()
        self.gate.set()

    def _read(self, frame):
        assert self.gate.wait(5)
        self.log.append((threading.current_thread().name, frame))
        if frame == 13:
            raise UserError("Frame 13 brings bad luck.")
        return np.full((*self.shape, 3), frame, np.uint8)

    def time(self, frame):
        return frame / 25

    def nearest_keyframe(self, frame):
        return frame

    def fork(self, cache_bytes=None):
        return Slides(self.log)


@pytest.fixture
def slides():
    return Slides()


@pytest.fixture
def video(slides):
    with ReadAhead(slides) as video:
        yield video


@pytest.mark.parametrize("frames", [range(12), range(11, -1, -1), [3, 1, 4, 1, 5, 9, 2, 6]])
def test_expected_frames_are_the_same_and_decoded_once_by_the_other_thread(video, slides, frames):
    video.expect(frames)

    assert [int(video[frame][0, 0, 0]) for frame in frames] == list(frames)
    assert {thread for thread, _ in slides.log} == {"read ahead"}


def test_frames_are_decoded_ahead_but_not_far(qtbot, video, slides):
    video.expect(range(30))
    _ = video[0]

    qtbot.waitUntil(lambda: len(slides.log) == 1 + MOST_FRAMES)
    _ = video[1]
    qtbot.waitUntil(lambda: len(slides.log) == 2 + MOST_FRAMES)


def test_a_frame_that_nobody_expected_is_read_aside_and_disturbs_nothing(video, slides):
    video.expect(range(10))
    assert video[0][0, 0, 0] == 0
    assert video[30][0, 0, 0] == 30
    assert [int(video[frame][0, 0, 0]) for frame in range(1, 10)] == list(range(1, 10))

    assert [frame for thread, frame in slides.log if thread != "read ahead"] == [30]


def test_frames_may_be_skipped_and_looked_at_again(video):
    video.expect(range(COUNT))
    asked = [0, 1, 2, 0, 1, 3, 7, 8, 6, 7, 9, 39, 0]

    assert [int(video[frame][0, 0, 0]) for frame in asked] == asked


def test_what_is_expected_anew_takes_the_place_of_what_was(video, slides):
    slides.gate.clear()
    video.expect(range(10))
    video.expect(range(29, 20, -1))
    slides.gate.set()

    assert [int(video[frame][0, 0, 0]) for frame in range(29, 20, -1)] == list(range(29, 20, -1))


def test_a_frame_that_cannot_be_decoded_fails_where_it_is_asked_for(video):
    video.expect(range(10, 16))
    for frame in (10, 11, 12):
        assert video[frame][0, 0, 0] == frame
    with pytest.raises(UserError, match="bad luck"):
        _ = video[13]
    assert video[14][0, 0, 0] == 14


def test_closing_joins_the_thread_whatever_it_was_about(slides):
    video = ReadAhead(slides)
    video.expect(range(30))
    _ = video[0]
    video.close()

    assert "read ahead" not in {thread.name for thread in threading.enumerate()}


def test_a_clip_is_read_backwards_byte_for_byte(tmp_path):
    clip = tmp_path / "clip.mp4"
    write_clip(clip, COUNT)
    with open_video(clip) as plain, ReadAhead(open_video(clip)) as video:
        video.expect(range(COUNT - 1, -1, -1))
        for frame in range(COUNT - 1, -1, -1):
            np.testing.assert_array_equal(video[frame], plain[frame])
