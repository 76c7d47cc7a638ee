"""An engine that reacts to all that an engine may read of an object, and to nothing else."""

import hashlib

import numpy as np

from tests.engine.fakes import SHAPE
from vos_annotator.core.masks import object_ids
from vos_annotator.engine.protocol import ABSENT, Segmentation

_ROWS, _COLUMNS, _ACROSS = 4, 8, 4  # places of 4 x 8 px, four in a row


def place_of(object_id):
    """Return where in a frame this object is, and no other one: rows and columns."""
    row, column = divmod(object_id % 24, _ACROSS)
    top, left = row * _ROWS, column * _COLUMNS
    return slice(top, top + _ROWS), slice(left, left + _COLUMNS)


class Echo:
    """Draws each object, in its place, as noise that says what it read of it.

    That is the first reference that shows it, the nearest ones before and after, the nearest ends
    of absences, and whatever it read in this pass so far.
    """

    name, device = "echo", "paper"

    def __init__(self, size=480):
        self.size = size
        self._maps, self._denied, self._passed = {}, {}, {}

    def memorize(self, frame, image, label_map):
        self._maps[frame] = label_map

    def forget(self, frame):
        self._maps.pop(frame, None)

    def deny(self, frame, image, ids):
        self._denied[frame] = frozenset(ids)

    def begin_pass(self):
        self._passed.clear()

    def segment(self, frame, image, absent=()):
        ids = tuple(sorted({i for each in self._maps.values() for i in object_ids(each)}))
        logits = np.full((len(ids), *SHAPE), ABSENT, np.float32)
        for one, object_id in zip(logits, ids, strict=True):
            read = self._read(frame, object_id) if object_id not in absent else "away"
            seen = f"{self._passed.get(object_id)} {self.size} {frame} {object_id} {read}"
            self._passed[object_id] = digest = hashlib.md5(seen.encode()).digest()
            place, noise = one[place_of(object_id)], np.random.default_rng(list(digest))
            place[:] = noise.uniform(-4, 4, place.shape)  # log-odds
        return Segmentation(ids, logits, SHAPE).without(absent)

    def _read(self, frame, object_id):
        masks = ((f, each == object_id) for f, each in self._maps.items())
        shown = {f: mask.tobytes() for f, mask in masks if mask.any()}
        ends = [f for f, ids in self._denied.items() if object_id in ids]
        return [(f, shown.get(f)) for f in (min(shown), *nearest(shown, frame))], *nearest(
            ends, frame
        )


def nearest(frames, frame):
    """Return which of some frames come next before and after one, None for none."""
    before = max((each for each in frames if each <= frame), default=None)
    return before, min((each for each in frames if each > frame), default=None)
