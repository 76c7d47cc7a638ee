"""Regions by colour: connected, within the tolerance, and blind to speckles."""

import cv2
import numpy as np

from vos_annotator.core.regions import edge_path, similar


def two_fields():
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, :30] = (200, 40, 40)
    image[:, 30:] = (40, 40, 200)
    return image


def test_a_region_ends_where_the_colour_does():
    region = similar(two_fields(), 10, 10, 20)

    assert region[:, :30].all()
    assert not region[:, 30:].any()


def test_what_looks_alike_but_does_not_touch_is_left_out():
    image = two_fields()
    image[10:20, 45:55] = (200, 40, 40)

    assert not similar(image, 10, 10, 20)[10:20, 45:55].any()


def test_more_tolerance_never_takes_less():
    image = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)
    small, large = similar(image, 30, 20, 20), similar(image, 30, 20, 60)

    assert small[20, 30]
    assert (large >= small).all()


def test_one_speckle_does_not_stop_a_region():
    image = two_fields()
    image[20, 15] = (0, 255, 0)

    assert similar(image, 10, 10, 20)[20, 15]


def disc(radius, size=(400, 400)):
    image = np.zeros((*size, 3), np.uint8)
    cv2.circle(image, (size[1] // 2, size[0] // 2), radius, (200, 200, 200), -1)
    return image


def test_a_way_along_an_edge_keeps_to_it_and_ends_where_it_was_told_to():
    path = edge_path(disc(80), (200, 120), (280, 200))
    radius = np.hypot(path[:, 0] - 200, path[:, 1] - 200)

    assert path[0].tolist() == [200.5, 120.5]
    assert path[-1].tolist() == [280.5, 200.5]
    assert abs(radius - 80).max() < 4


def test_a_way_in_a_large_picture_is_found_in_a_smaller_one():
    path = edge_path(disc(800, (2000, 2000)), (1000, 200), (1800, 1000))
    radius = np.hypot(path[:, 0] - 1000, path[:, 1] - 1000)

    assert abs(radius - 800).max() < 20
    assert len(path) < 1000


def test_a_way_without_a_length_is_a_point_and_the_corners_of_a_picture_can_be_reached():
    image = disc(80)

    assert (edge_path(image, (5, 5), (5, 5)) == 5.5).all()
    assert edge_path(image, (0, 0), (399, 399))[-1].tolist() == [399.5, 399.5]
