"""A pass looks around where the objects were, and at the whole frame if that is not enough."""

import cv2
import numpy as np
import pytest
import torch

from vos_annotator.mobilevos.boxes import area, whole
from vos_annotator.mobilevos.engine import MobileVOSEngine
from vos_annotator.mobilevos.gaze import Gaze, is_enough, seen_in, windows_around

GRID = 20, 60  # positions
MARGIN = 3  # a sixth of its height


def shares(*places: tuple[int, int] | None) -> torch.Tensor:
    """Return where objects of one position are; None: nowhere."""
    result = torch.zeros(len(places), *GRID)
    for share, place in zip(result, places, strict=True):
        if place is not None:
            share[place] = 1
    return result


def test_a_window_holds_objects_and_a_margin_and_leaves_out_the_rest():
    (window,) = windows_around(shares((7, 20), (9, 26)), [True, True], GRID)
    rows, columns = window
    assert rows.start <= 7 - MARGIN and rows.stop > 9 + MARGIN
    assert columns.start <= 20 - MARGIN and columns.stop > 26 + MARGIN
    assert area(window) < GRID[0] * GRID[1] / 2


def test_objects_far_apart_have_windows_of_their_own_in_which_no_other_is_looked_for():
    seen = shares((7, 10), (9, 50), (8, 13))
    left, right = sorted(windows_around(seen, [True] * 3, GRID), key=lambda each: each[1].start)
    assert area(left, right) < 0.6 * GRID[0] * GRID[1]
    assert seen_in(left, seen, 3) == [0, 2]
    assert seen_in(right, seen, 3) == [1]
    assert seen_in(left, None, 3) == [0, 1, 2]


def test_the_whole_frame_is_looked_at_unless_it_is_known_where_all_objects_were():
    all_of_it = (whole(GRID),)
    assert windows_around(None, [True], GRID) == all_of_it
    assert windows_around(shares((7, 20), None), [True, True], GRID) == all_of_it
    assert windows_around(shares(None), [False], GRID) == all_of_it
    # One that is known to be absent is not looked for.
    assert windows_around(shares((7, 20), None), [True, False], GRID) != all_of_it


@pytest.mark.parametrize(
    ("found", "expected", "enough"),
    [
        (shares((10, 30)), [True], True),
        (shares((10, 21)), [True], False),  # at the edge
        (shares((10, 38)), [True], False),
        (shares((0, 30)), [True], True),  # at the edge of the frame as well
        (shares((10, 30), None), [True, True], False),
        (shares((10, 30), None), [True, False], True),
    ],
)
def test_a_window_is_enough_if_all_objects_are_well_inside(found, expected, enough):
    assert is_enough(((slice(0, 20), slice(20, 40)),), found, expected) is enough
    assert is_enough((whole(GRID),), found, expected)


def test_what_was_seen_is_of_no_use_long_after_in_another_pass_in_other_sizes_or_of_others():
    gaze, seen = Gaze(), shares((7, 20))
    assert gaze.last(0, (), GRID) is None
    gaze.follow(30, (1,), seen)
    assert gaze.last(31, (1,), GRID) is seen and gaze.last(29, (1,), GRID) is seen
    assert gaze.last(50, (1,), GRID) is None
    assert gaze.last(31, (1,), (20, 40)) is None
    assert gaze.last(31, (2,), GRID) is None
    gaze.begin_pass()
    assert gaze.last(31, (1,), GRID) is None


def scene(x: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a wide frame with a textured disk at `x`, and its label map."""
    rng = np.random.default_rng(5)
    image = cv2.GaussianBlur(rng.integers(40, 120, (192, 960, 3), dtype=np.uint8), (0, 0), 3)
    label_map = np.zeros(image.shape[:2], np.uint8)
    cv2.circle(image, (x, 96), 30, (220, 60, 40), -1)
    cv2.circle(image, (x - 10, 86), 12, (250, 240, 90), -1)
    cv2.circle(label_map, (x, 96), 30, 1, -1)
    return image, label_map


class Watched(MobileVOSEngine):
    """An engine on a wide frame, which tells what shares of frames it looked at."""

    def __init__(self) -> None:
        super().__init__(size=192, runtime="torch")
        self.looked: list[float] = []
        look_in = self.vision.look_in

        def watched(image, size, windows):
            views = look_in(image, size, windows)
            seen = sum(view.image[0, 0].numel() for view in views)
            self.looked.append(seen / (size[0] * size[1]))
            return views

        self.vision.look_in = watched

    def overlap(self, frame: int, x: int) -> float:
        """Return the IoU of what is found on the next frame, with the disk at `x`."""
        image, truth = scene(x)
        self.looked.clear()
        found = self.segment(frame, image).label_map()
        return (found & truth).sum() / (found | truth).sum()


@pytest.fixture
def engine():
    engine = Watched()
    if not engine.vision.works_in_parts:
        pytest.skip("on a GPU the whole frame is looked at")
    engine.memorize(0, *scene(200))
    engine.begin_pass()
    return engine


def test_an_object_is_followed_by_looking_at_less_than_half_of_each_frame(engine):
    for frame in range(1, 6):  # the first one by what the reference beside it shows
        assert engine.overlap(frame, 200 + 10 * frame) > 0.9
        assert max(engine.looked) < 0.5


def test_an_object_that_leaps_out_of_the_window_is_found_by_a_second_look(engine):
    engine.overlap(1, 210)
    assert engine.overlap(2, 800) > 0.9
    assert len(engine.looked) == 2 and engine.looked[1] == 1
    assert engine.overlap(3, 790) > 0.9
    assert max(engine.looked) < 0.5


def test_a_pass_is_the_same_to_the_byte_if_a_person_scribbles_in_between(engine):
    def logits(is_disturbed: bool) -> list[np.ndarray]:
        engine.begin_pass()
        found = []
        for frame in range(1, 4):
            image, _ = scene(200 + 20 * frame)
            if is_disturbed and frame == 2:
                strokes = np.zeros(image.shape[:2], np.uint8)
                cv2.line(strokes, (230, 96), (250, 96), 1, 5)
                engine.scribble(frame, image, strokes)
            found.append(engine.segment(frame, image).logits)
        return found

    for alone, disturbed in zip(logits(False), logits(True), strict=True):
        np.testing.assert_array_equal(alone, disturbed)


def test_two_objects_at_either_end_of_a_frame_are_followed_in_windows_of_their_own(engine):
    def pair(x: int) -> tuple[np.ndarray, np.ndarray]:
        (image, left), (other, right) = scene(x), scene(960 - x)
        image[:, 480:] = other[:, 480:, ::-1]  # of another colour
        return image, left + 2 * right

    image, truth = pair(150)
    engine.memorize(0, image, truth)
    engine.begin_pass()
    for frame in range(1, 6):
        image, truth = pair(150 + 10 * frame)
        engine.looked.clear()
        found = engine.segment(frame, image).label_map()
        for object_id in (1, 2):
            ours, true = found == object_id, truth == object_id
            assert (ours & true).sum() > 0.9 * (ours | true).sum()
        assert len(engine.looked) == 1 and engine.looked[0] < 0.8
