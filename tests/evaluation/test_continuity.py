"""How evenly masks go on: what is counted, and that passes end at references without a jump."""

import math

import numpy as np
import pytest

from tests.engine.fakes import ShadeVideo
from vos_annotator.engine.propagation import plan, propagate
from vos_annotator.engine.protocol import Segmentation
from vos_annotator.evaluation.continuity import Continuity, continuity, mean_continuity, transitions

SHAPE, FRAMES, RADIUS = (96, 128), 41, 20.0


def disk(radius, left=64.0):
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return (radius - np.hypot(rows - 48, columns - left)).astype(np.float32)


class Drifting:
    """Finds a disk that grows by a third of a pixel at each frame of a pass."""

    name, drift = "drifting", 0.35

    def __init__(self):
        self._frame = None

    def memorize(self, frame, image, label_map):
        pass

    def forget(self, frame):
        pass

    def begin_pass(self):
        self._away = 0

    def segment(self, frame, image, absent=()):
        self._away += 1
        return Segmentation((1,), disk(RADIUS + self.drift * self._away)[None], SHAPE)


def masks_of(references, passes):
    """Return the masks of all frames; references show the disk as it truly is."""
    truth = (disk(RADIUS) > 0).astype(np.uint8)
    masks = dict.fromkeys(references, truth)
    for frame, found, is_final in propagate(Drifting(), ShadeVideo(FRAMES, SHAPE), passes):
        if is_final:
            masks[frame] = found.label_map()
    return masks, dict.fromkeys(range(FRAMES), truth)


def test_passes_that_drift_apart_meet_references_without_a_jump():
    references = [0, 20, 40]
    masks, truths = masks_of(references, plan(references, 0, FRAMES - 1))
    found = list(transitions(masks, truths, [1], references))

    assert len([each for each in found if each.is_seam]) == 4
    assert min(each.iou for each in found if each.is_seam) > 0.9
    assert min(each.iou for each in found) > 0.9
    assert continuity(found).worst < 0.1


def test_a_pass_that_ends_at_the_next_reference_unblended_jumps_there():
    references = [0, 20, 40]
    one_way = [each for start in (0, 20) for each in plan([start], start, start + 19)]
    masks, truths = masks_of(references, one_way)

    assert continuity(transitions(masks, truths, [1], references)).worst > 0.4


def test_seams_lie_between_a_reference_and_what_is_none():
    masks = {frame: np.ones(SHAPE, np.uint8) for frame in (0, 1, 2, 3, 6, 7)}
    found = list(transitions(masks, masks, [1, 2], [1, 2]))

    assert [(each.frame, each.is_seam) for each in found] == [(0, True), (2, True), (6, False)]
    assert {each.iou for each in found} == {1.0}


def test_means_over_sequences_leave_out_what_is_not_there():
    nothing = float("nan")
    mean = mean_continuity(
        [Continuity(0.8, 0.9, 0.6, 0.7, 0.3), Continuity(nothing, nothing, 0.8, 0.9, nothing)]
    )

    assert (mean.seams, mean.worst) == (0.8, 0.3)
    assert (mean.within, mean.true_within) == (pytest.approx(0.7), pytest.approx(0.8))
    assert math.isnan(continuity([]).seams)
