"""Shots: where they begin, and what only looks like it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from vos_annotator.core.shots import REACH, Shots
from vos_annotator.core.video import Video

SHAPE = (72, 128)


class Pictures(Video):
    """A video of pictures in memory; notes which frames were decoded."""

    def __init__(self, pictures):
        super().__init__(Path("p"), "p", len(pictures), SHAPE, 25.0, "p", 1 << 24)
        self.pictures, self.decoded = pictures, []

    def time(self, frame):
        return frame / self.fps

    def nearest_keyframe(self, frame):
        return frame

    def fork(self, cache_bytes=None):
        return Pictures(self.pictures)

    def _read(self, frame):
        self.decoded.append(frame)
        return self.pictures[frame].copy()


def scene(seed, frames, speed=3):
    """Return pictures of a blurred, coloured ground along which the camera moves."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (9, 40, 3), dtype=np.uint8)
    ground = cv2.resize(small, (1200, SHAPE[0]), interpolation=cv2.INTER_CUBIC)
    ground = ground // 2 + rng.integers(0, 128, 3, dtype=np.uint8)
    return [
        np.ascontiguousarray(ground[:, n * speed : n * speed + SHAPE[1]]) for n in range(frames)
    ]


def starts(pictures):
    shots = Shots(Pictures(pictures))
    return [frame for frame in range(len(pictures)) if shots.starts(frame)]


def test_each_scene_begins_a_shot():
    assert starts(scene(1, 8) + scene(2, 5) + scene(3, 8)) == [0, 8, 13]


@pytest.mark.parametrize("speed", [0, 2, 12, 24])
def test_a_moving_camera_is_no_cut(speed):
    assert starts(scene(4, 30, speed)) == [0]


@pytest.mark.parametrize("length", range(1, REACH))
def test_a_flash_is_no_cut(length):
    pictures = scene(5, 20)
    for frame in range(8, 8 + length):
        pictures[frame] = 255 - (255 - pictures[frame]) // 4

    assert starts(pictures) == [0]


def test_a_fade_to_black_is_no_cut():
    pictures = [(p * (1 - n / 29)).astype(np.uint8) for n, p in enumerate(scene(6, 30))]

    assert starts(pictures) == [0]


def test_a_scene_is_known_when_it_is_cut_back_to():
    first, other = scene(7, 20), scene(8, 6)
    shots = Shots(Pictures(first[:8] + other + first[12:]))

    assert shots.alike(7, 14)
    assert not shots.alike(7, 8)


def test_a_frame_is_decoded_once_however_often_cuts_are_asked_for():
    video = Pictures(scene(1, 10) + scene(2, 10))
    shots = Shots(video)
    for frame in (*range(20), *reversed(range(20))):
        shots.starts(frame)

    assert sorted(video.decoded) == list(range(20))


def test_only_the_neighbours_of_a_frame_are_decoded():
    video = Pictures(scene(1, 40))
    Shots(video).starts(20)

    assert sorted(video.decoded) == list(range(20 - REACH, 20 + REACH))
