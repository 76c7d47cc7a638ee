"""Objects: ids are given out once, the list changes as a whole and changes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vos_annotator.core.edits import ObjectsEdit, VideoObject
from vos_annotator.core.errors import UserError
from vos_annotator.core.objects import MOST, SCREEN_COLORS, Objects, screen_color


def made(*ids, **changes):
    return tuple(VideoObject(i, f"Object {i}", screen_color(i), **changes) for i in ids)


@given(st.lists(st.booleans(), max_size=60))
def test_an_id_is_never_given_out_twice(additions):
    objects, given_out = Objects(), []
    for is_addition in additions:
        if is_addition or not len(objects):
            given_out.append(objects.next_id)
            objects.apply(ObjectsEdit((*objects, *made(objects.next_id))))
        else:
            objects.apply(ObjectsEdit(tuple(objects)[:-1]))
    assert given_out == list(range(1, len(given_out) + 1))


def test_an_id_that_was_undone_is_not_given_out_again():
    objects = Objects(made(1))
    inverse = objects.apply(ObjectsEdit(made(1, 2)))
    objects.apply(inverse)

    assert objects.ids == (1,)
    assert objects.next_id == 3


def test_the_highest_id_ever_counts_even_if_its_object_is_gone():
    assert Objects(made(1, 2), highest_id=9).next_id == 10


def test_once_the_highest_id_is_taken_the_lowest_is_given_that_none_ever_had():
    objects = Objects(made(1, MOST), used=(2,))
    assert objects.next_id == 3

    objects.apply(ObjectsEdit(made(1, 3)))
    assert objects.next_id == 4


def test_past_255_a_sentence_says_what_to_do():
    objects = Objects(made(*range(1, MOST + 1)))
    objects.apply(ObjectsEdit(made(1)))

    assert objects.is_full
    with pytest.raises(UserError, match=r"at most 255 objects.*start another project"):
        _ = objects.next_id


def test_an_edit_and_its_inverse_leave_order_and_marks_as_they_were():
    before = (*made(4, visible=False), *made(2, locked=True), *made(7))
    objects = Objects(before)

    inverse = objects.apply(ObjectsEdit(made(7, 9)))
    assert objects.ids == (7, 9)
    objects.apply(inverse)

    assert tuple(objects) == before
    assert objects.locked_ids == {2}


def test_each_edit_is_announced_after_it_is_made():
    objects, seen = Objects(), []
    objects.changed.connect(lambda: seen.append(objects.ids))

    objects.apply(objects.apply(ObjectsEdit(made(1))))

    assert seen == [(1,), ()]


def test_the_first_ten_colours_are_the_chosen_ones_and_no_two_of_thirty_are_alike():
    colors = [screen_color(i) for i in range(1, 31)]

    assert tuple(colors[:10]) == SCREEN_COLORS
    assert len(set(colors)) == 30
    assert all(0 <= part <= 255 for color in colors for part in color)


def test_gone_are_the_ids_that_were_given_out_and_are_not_listed():
    objects = Objects(made(2, 5), highest_id=6)
    assert objects.gone == {1, 3, 4, 6}

    objects.apply(objects.apply(ObjectsEdit(made(9))))
    assert objects.gone == {1, 3, 4, 6, 7, 8, 9}
