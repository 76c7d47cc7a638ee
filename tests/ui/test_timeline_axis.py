"""Frames and pixels of the timeline find each other at every zoom."""

import numpy as np
import pytest

from vos_annotator.ui.timeline_axis import MAX_SCALE, FrameAxis


def axis_of(frames, width=1000):
    axis = FrameAxis(frames)
    axis.resize(width)
    return axis


@pytest.mark.parametrize("frames", [1, 7, 1204, 50_000])
def test_the_whole_video_fits_at_first(frames):
    axis = axis_of(frames)

    assert axis.x(0) == 0
    assert axis.x(frames) == pytest.approx(1000)


@pytest.mark.parametrize("frames", [7, 999])
def test_the_middle_of_a_frame_is_that_frame(frames):
    axis = axis_of(frames)
    axis.zoom(3, 400)

    for frame in range(frames):
        assert axis.frame_at(axis.center(frame)) == frame


def test_positions_outside_are_the_first_and_the_last_frame():
    axis = axis_of(100)

    assert (axis.frame_at(-50), axis.frame_at(5000)) == (0, 99)


def test_zooming_keeps_what_is_under_the_mouse():
    axis = axis_of(50_000)
    before = axis.start + 300 / axis.scale

    axis.zoom(8, 300)

    assert axis.start + 300 / axis.scale == pytest.approx(before)


def test_zoom_ends_at_the_whole_video_and_at_the_largest_scale():
    axis = axis_of(5000)

    axis.zoom(1e-9, 500)
    assert axis.visible == pytest.approx(5000)
    axis.zoom(1e9, 500)
    assert axis.scale == MAX_SCALE


def test_a_zoomed_view_survives_a_new_width_and_a_fitted_one_stays_fitted():
    fitted, zoomed = axis_of(5000), axis_of(5000)
    zoomed.zoom(10, 0)
    scale = zoomed.scale

    fitted.resize(700)
    zoomed.resize(700)

    assert fitted.x(5000) == pytest.approx(700)
    assert zoomed.scale == scale


def test_a_frame_out_of_view_is_brought_into_it():
    axis = axis_of(5000)
    axis.zoom(20, 0)

    assert axis.reveal(4000)
    assert 0 <= axis.x(4000) < axis.width
    assert not axis.reveal(4000)


def test_columns_rise_and_stay_inside_the_video():
    axis = axis_of(5000)
    axis.zoom(7, 900)

    columns = axis.columns(1000)

    assert np.all(np.diff(columns) >= 0)
    assert columns[0] >= 0
    assert columns[-1] < 5000
