"""What strokes take, and from whom."""

import numpy as np

from vos_annotator.engine.merging import with_strokes

INSIDE, OUTSIDE = 1, 2
SHAPE = (20, 30)


def box(top, left, bottom, right):
    mask = np.zeros(SHAPE, bool)
    mask[top:bottom, left:right] = True
    return mask


def label_map(**masks):
    labels = np.zeros(SHAPE, np.uint8)
    for name, mask in masks.items():
        labels[mask] = int(name[1:])
    return labels


def strokes(inside=None, outside=None):
    drawn = np.zeros(SHAPE, np.uint8)
    for mask, value in ((inside, INSIDE), (outside, OUTSIDE)):
        if mask is not None:
            drawn[mask] = value
    return drawn


def test_a_mask_takes_no_pixel_of_another_object_that_no_stroke_is_about():
    before = label_map(_1=box(5, 0, 15, 8), _2=box(5, 10, 15, 20))
    after = with_strokes(before, 1, box(5, 0, 15, 14), strokes(box(8, 2, 9, 6)))
    np.testing.assert_array_equal(after == 1, box(5, 0, 15, 10))
    np.testing.assert_array_equal(after == 2, before == 2)


def test_a_stroke_in_another_objects_pixels_takes_the_region_of_the_mask_around_it():
    head, body = box(2, 10, 6, 14), box(8, 10, 18, 20)
    before = label_map(_1=box(2, 0, 18, 8), _2=head | body)
    mask = box(2, 0, 18, 8) | head | box(8, 10, 10, 12)  # a part of the body would come with it
    after = with_strokes(before, 1, mask, strokes(box(3, 11, 5, 13)))
    np.testing.assert_array_equal(after == 1, box(2, 0, 18, 8) | head)
    np.testing.assert_array_equal(after == 2, body)


def test_what_is_under_a_stroke_is_as_it_says_whatever_the_mask():
    before = label_map(_1=box(5, 0, 15, 8), _2=box(5, 10, 15, 20))
    said = strokes(box(6, 12, 7, 16), box(12, 0, 14, 30))
    after = with_strokes(before, 1, box(5, 0, 15, 8), said)
    assert (after[said == INSIDE] == 1).all()
    assert not (after[said == OUTSIDE] == 1).any()
    assert (after[box(12, 10, 14, 20)] == 2).all()
