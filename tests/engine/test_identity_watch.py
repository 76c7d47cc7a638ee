"""Objects that an engine exchanges, in the worker: doubted, and told of by name."""

import numpy as np
import pytest

from tests.core.test_identities import SHAPE, exchanged, picture
from tests.engine.fakes import ShadeVideo
from vos_annotator.core.masks import encode_png
from vos_annotator.engine.commands import Propagate, SetReference
from vos_annotator.engine.headless import Headless
from vos_annotator.engine.identity_watch import AT_MOST
from vos_annotator.engine.propagation import plan
from vos_annotator.engine.protocol import Segmentation

FRAMES, WRONG = 10, range(4, 7)


class TwoSquares(ShadeVideo):
    """A red and a blue square that stand still."""

    def fork(self, cache_bytes=None):
        return TwoSquares(self.frame_count, self.shape)

    def _read(self, frame):
        return picture()[0]


class Exchanging:
    """Is sure of both objects, and takes each for the other on some frames."""

    name = "exchanging"

    def __init__(self, wrong):
        self._wrong = wrong

    def memorize(self, frame, image, label_map):
        pass

    def forget(self, frame):
        pass

    def begin_pass(self):
        pass

    def segment(self, frame, image, absent=()):
        label_map = picture()[1]
        if frame in self._wrong:
            label_map = exchanged(label_map)
        logits = np.stack([np.where(label_map == i, 12.0, -12.0) for i in (1, 2)])
        return Segmentation((1, 2), logits.astype(np.float32), SHAPE)


def found_by(engine, references=(0,)):
    png = encode_png(picture()[1])
    passes = tuple(plan(references, 0, FRAMES - 1))
    known = [SetReference(frame, png) for frame in references]
    with Headless(TwoSquares(FRAMES, SHAPE), known, engine) as headless:
        return {each.frame: each for each in headless.run(Propagate(passes, 0))}


@pytest.mark.parametrize("references", [(0,), (0, 9)])
def test_objects_that_are_exchanged_are_doubted_and_named(references):
    found = found_by(Exchanging(WRONG), references)

    for frame in WRONG:
        assert found[frame].suspects == {1: 2, 2: 1}
        assert max(found[frame].confidence.values()) <= AT_MOST
    right = [each for frame, each in found.items() if frame not in {*WRONG, 3, 7}]
    assert not any(each.suspects for each in right)
    assert min(c for each in right for c in each.confidence.values()) > 0.8


def test_nothing_is_said_of_objects_that_stay_themselves():
    assert not any(each.suspects for each in found_by(Exchanging(())).values())
