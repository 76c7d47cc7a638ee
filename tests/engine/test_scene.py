"""Cuts: a pass keeps to its scene, and knows it again."""

import numpy as np
import pytest

from tests.core.test_shots import SHAPE, Pictures, scene
from tests.engine.fakes import ToldEngine, square
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import object_ids
from vos_annotator.engine.propagation import plan, propagate
from vos_annotator.engine.protocol import Segmentation
from vos_annotator.engine.scene import UNASKED

ELSEWHERE = range(6, 11)
BEACH = scene(7, 30)
CLIP = BEACH[:6] + scene(8, len(ELSEWHERE)) + BEACH[9:15]  # there, elsewhere, and back


class Everywhere(ToldEngine):
    """Finds the object everywhere in every picture."""

    name = "everywhere"

    def __init__(self):
        super().__init__()
        self.segmented = []

    def memorize(self, frame, image, label_map):
        self.ids[frame] = object_ids(label_map)

    def segment(self, frame, image, absent=()):
        self.segmented.append(frame)
        return Segmentation((1,), np.full((1, 6, 8), 4, np.float32), image.shape[:2])


def masks(references, first=0):
    """Return frame -> what becomes final, by an engine that finds something everywhere."""
    engine, video = Everywhere(), Pictures(CLIP)
    for frame in references:
        engine.memorize(frame, video[frame], square(1, shape=SHAPE))
    passes = plan(references, first, len(CLIP) - 1)
    return {frame: found for frame, found, final in propagate(engine, video, passes) if final}


def test_a_reference_that_cannot_be_decoded_is_no_scene_to_come_back_to_and_ends_no_pass():
    class Torn(Pictures):
        def _read(self, frame):
            if frame == 0:
                raise UserError("Frame 0 is torn.")
            return super()._read(frame)

    engine = Everywhere()
    found = {f: each for f, each, _ in propagate(engine, Torn(CLIP), plan([0], 0, len(CLIP) - 1))}
    assert sorted(found) == list(range(1, len(CLIP)))
    assert shown(found) == [frame for frame in found if frame not in ELSEWHERE]


def shown(found):
    return [frame for frame, each in found.items() if each.label_map().any()]


def test_masks_are_not_carried_over_a_cut_but_to_where_the_scene_comes_back():
    found = masks([0])

    assert sorted(found) == list(range(1, len(CLIP)))
    assert shown(found) == [frame for frame in found if frame not in ELSEWHERE]


def test_a_pass_back_in_time_keeps_to_its_scene_too():
    assert shown(masks([len(CLIP) - 1])) == [f for f in reversed(range(16)) if f not in ELSEWHERE]


def test_the_first_frame_of_a_shot_that_waits_for_a_person_is_doubtful_and_no_other():
    for reference in (0, len(CLIP) - 1):
        found = masks([reference])
        unsure = [frame for frame in ELSEWHERE if found[frame].confidence[1] <= UNASKED]

        assert unsure == [ELSEWHERE[0]]


def test_a_reference_beyond_the_cut_fills_its_own_shot_and_takes_nothing_from_the_other():
    alone, both = masks([2]), masks([2, 8])

    assert set(shown(both)) == set(range(len(CLIP))) - {2, 8}
    for frame in (3, 4, 5):
        np.testing.assert_array_equal(both[frame].logits, alone[frame].logits)


def test_a_range_that_starts_beyond_the_cut_gives_what_the_whole_pass_gives():
    whole, part = masks([0]), masks([0], first=8)

    for frame, found in part.items():
        np.testing.assert_array_equal(found.label_map(), whole[frame].label_map())


class Remembering(Everywhere):
    """Also has, at each frame, all frames of the pass so far before it."""

    def __init__(self):
        super().__init__()
        self.latest, self.read = [], {}

    def begin_pass(self):
        self.latest = []

    def segment(self, frame, image, absent=()):
        self.read[frame] = tuple(self.latest)
        self.latest.append(frame)
        return super().segment(frame, image, absent)


@pytest.mark.parametrize(
    ("reference", "first", "last", "back"),
    [(0, ELSEWHERE[0], len(CLIP) - 1, ELSEWHERE[-1] + 1), (15, 0, ELSEWHERE[-1], 5)],
)
def test_a_pass_that_begins_beyond_a_cut_remembers_nothing_of_what_is_there(
    reference, first, last, back
):
    engine, video = Remembering(), Pictures(CLIP)
    engine.memorize(reference, video[reference], square(1, shape=SHAPE))
    list(propagate(engine, video, plan([reference], first, last)))

    assert engine.read[back] == ()


def test_no_time_is_spent_on_a_shot_that_is_not_carried_to():
    engine, video = Everywhere(), Pictures(CLIP)
    engine.memorize(0, video[0], square(1, shape=SHAPE))
    list(propagate(engine, video, plan([0], 0, len(CLIP) - 1)))

    assert not set(engine.segmented) & set(ELSEWHERE)
