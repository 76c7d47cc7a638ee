"""Progress: what is left is counted in segmentations, and timed by the latest of them."""

import pytest

from vos_annotator.ui.progress import Pace


def test_the_time_left_is_the_mean_of_a_frame_times_what_is_left():
    pace = Pace(10)
    pace.after(0, 0.1)
    progress = pace.after(1, 0.3)

    assert (progress.done, progress.total) == (2, 10)
    assert progress.seconds_left == pytest.approx(0.2 * 8)
    assert progress.fps == pytest.approx(5)


def test_a_slow_start_is_forgotten():
    pace = Pace(1000)
    pace.after(0, 60.0)  # the engine was loading
    for frame in range(1, 200):
        progress = pace.after(frame, 0.1)

    assert progress.seconds_left == pytest.approx(0.1 * 800, rel=0.05)


def test_the_direction_is_that_of_the_last_two_frames():
    pace = Pace(9)

    assert [pace.after(frame, 0.1).direction for frame in (5, 6, 7, 4, 3)] == [1, 1, 1, -1, -1]


def test_more_frames_than_planned_never_run_past_the_end():
    pace = Pace(2)
    progress = [pace.after(frame, 0.1) for frame in range(4)]

    assert [each.done for each in progress] == [1, 2, 2, 2]
    assert progress[-1].seconds_left == 0
