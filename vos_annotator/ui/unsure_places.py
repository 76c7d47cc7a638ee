"""Where a person should look, what is worth most first: doubtful frames and glitches in one order.

For: the commands that go there. Knows the bytes of `LaneStates` and the glitches that were found;
no widgets. A place that is doubted and has a glitch too is one place: it is visited once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.glitches import REACH as BESIDE
from vos_annotator.core.glitches import Glitch
from vos_annotator.engine.doubt import FAR, REACH, worth_of
from vos_annotator.ui.timeline_states import STALE, LaneStates

_GLITCH = 0.5  # of the frames of a glitch: doubt of the middle
_LACKING = 1.0  # what a reference that lacks an object is worth: a frame that is surely wrong
_REACH = round(REACH)
MOST = 200  # places found at once, so that an hour of doubt takes no longer than a minute of it


@dataclass(frozen=True)
class UnsurePlace:
    """A place to look at.

    Attributes:
        frame: Where to go.
        object_id: Whose masks are most likely wrong there.
        glitches: Those that lie there; none where a frame is only doubtful.
    """

    frame: int
    object_id: int
    glitches: tuple[Glitch, ...] = ()

    @property
    def frames(self) -> range:
        """The frame, or all frames of the glitches."""
        return range(
            self.frame, max((g.frames.stop for g in self.glitches), default=self.frame + 1)
        )


def unsure_places(
    states: LaneStates, glitches: Iterable[Glitch] = (), but: Collection[int] = ()
) -> list[UnsurePlace]:
    """Return the frames to look at: every glitch, and whatever is doubted of each object.

    Each place is the one that it is worth most to correct, by `worth_of`, once those before it
    are mended. Of the objects that are doubted there it stands for the doubtful frames around, as
    far as a correction reaches: to mend it is to compute these anew. An object that is doubted
    elsewhere has places of its own. Where a glitch of its object is on that frame or only a few
    away, the glitch is the place. References that lack an object are places too. Of more than
    `MOST` those that are worth most are returned.

    Args:
        states: What is known of every object on every frame.
        glitches: In order, of objects that `states` knows.
        but: Objects that are left out.
    """
    groups = _overlapping(each for each in glitches if each.object_id not in but)
    search = _Search(states, [tuple(group) for group in groups], but)
    found = list(islice(search.places(), MOST))
    seen: set[int] = set()
    for frames, object_id in states.lacking():
        if object_id not in but and frames[0] not in seen:
            seen.add(frames[0])
            found.append((_LACKING, UnsurePlace(frames[0], object_id)))
    return [place for _, place in sorted(found, key=lambda each: (-each[0], each[1].frame))]


class _Search:
    """Finds the places one by one, each time the one that is worth most of what is left."""

    def __init__(
        self, states: LaneStates, groups: list[tuple[Glitch, ...]], but: Collection[int]
    ) -> None:
        self._ids, self._references = states.ids, states.references
        self._doubt = states.doubt() * _waiting(states)
        self._doubt[np.isin(states.ids, list(but))] = 0
        self._is_in = self._doubt > 0  # a stretch of what is doubted or has a glitch
        self._groups = groups
        self._of_glitches = np.zeros(states.frame_count)
        for each in (each for group in groups for each in group):
            self._of_glitches[_slice(each.frames)] = _GLITCH
            self._is_in[self._ids.index(each.object_id), _slice(each.frames)] = True
        self._doubts = np.zeros(states.frame_count)  # of all objects that are left
        self._worth = np.zeros(states.frame_count)  # to look there
        self._weigh(0, states.frame_count)

    def places(self) -> Iterator[tuple[float, UnsurePlace]]:
        """Yield what each place is worth, and the place."""
        while len(self._worth) and self._worth[best := int(self._worth.argmax())] > 0:
            worth, doubt = float(self._worth[best]), self._doubt[:, best]
            row = int(doubt.argmax()) if doubt.any() else None
            group = self._group_at(best, row)
            start, stop = max(best - _REACH, 0), best + _REACH + 1
            for each in np.flatnonzero(doubt):
                self._doubt[each, _slice(self._stretch(each, best))] = 0
            if group is None:
                yield worth, UnsurePlace(best, self._ids[row])
            else:
                self._groups.remove(group)
                frames = _frames(group)
                self._of_glitches[_slice(frames)] = 0
                start, stop = min(start, frames.start), max(stop, frames.stop)
                yield worth, UnsurePlace(frames.start, group[0].object_id, group)
            self._weigh(start, stop)
        for group in self._groups:  # on frames that a person answers for by now
            yield 0.0, UnsurePlace(_frames(group).start, group[0].object_id, group)

    def _stretch(self, row: int, frame: int) -> range:
        """Return the stretch of an object that a frame is in, within reach of the frame."""
        start = max(frame - _REACH, 0)
        is_in = self._is_in[row, start : frame + _REACH + 1]
        out, end = np.flatnonzero(~is_in) + start, start + len(is_in)
        after = int(np.searchsorted(out, frame))
        first = int(out[after - 1]) + 1 if after else start
        return range(first, int(out[after]) if after < len(out) else end)

    def _group_at(self, frame: int, row: int | None) -> tuple[Glitch, ...] | None:
        """Return the glitches on a frame of which no object (None) is doubted.

        Of an object that is doubted there, return those of its stretch that are a few frames away.
        """
        near = []
        for group in self._groups:
            frames = _frames(group)
            away = max(frames.start - frame, frame - frames[-1], 0)
            if row is None:
                is_near = not away
            else:
                is_near = away <= BESIDE and any(
                    each.object_id == self._ids[row] and each.frames[0] in self._stretch(row, frame)
                    for each in group
                )
            if is_near:
                near.append((away, group))
        return min(near, key=lambda each: each[0], default=(0, None))[1]

    def _weigh(self, start: int, stop: int) -> None:
        """Know what it is worth to look at frames, now that the doubts from `start` changed."""
        changed = slice(start, stop)
        self._doubts[changed] = np.maximum(
            self._doubt[:, changed].max(axis=0, initial=0.0), self._of_glitches[changed]
        )
        first, end = max(start - FAR, 0), min(stop + FAR, len(self._doubts))
        left, right = max(first - FAR, 0), end + FAR
        there = self._doubts[left:right]
        references = self._references[bisect_left(self._references, left) :]
        references = references[: bisect_left(references, right)]
        worth = worth_of(there, [each - left for each in references])
        worth[there == 0] = 0
        self._worth[first:end] = worth[first - left : end - left]


def _waiting(states: LaneStates) -> NDArray[np.float64]:
    """Return how much of each doubt is likely to stay, once what is stale is computed anew.

    The frames right beside a reference are about to be mended, those far from any are hardly.
    """
    is_stale = states.codes == STALE
    share = np.ones(states.codes.shape)
    if is_stale.any() and states.references:
        frames, references = np.arange(states.frame_count), np.asarray(states.references)
        after = np.searchsorted(references, frames).clip(0, len(references) - 1)
        before = (after - 1).clip(0)
        away = np.minimum(abs(references[before] - frames), abs(references[after] - frames))
        share = np.where(is_stale, 1 - np.exp(-away / REACH), 1.0)
    return share


def _overlapping(glitches: Iterable[Glitch]) -> Iterator[list[Glitch]]:
    """Give glitches that share frames together."""
    group: list[Glitch] = []
    for each in glitches:
        if group and each.frames.start >= max(other.frames.stop for other in group):
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _frames(group: tuple[Glitch, ...]) -> range:
    return range(group[0].frames.start, max(each.frames.stop for each in group))


def _slice(frames: range) -> slice:
    return slice(frames.start, frames.stop)
