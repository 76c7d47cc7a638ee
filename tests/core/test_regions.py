"""Regions by colour: connected, within the tolerance, and blind to speckles."""

import numpy as np

from vos_annotator.core.regions import similar


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
