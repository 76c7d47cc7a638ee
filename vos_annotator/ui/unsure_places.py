"""Where a person should look, what is worth most first: doubtful frames and glitches in one order.

For: the commands that go there. Knows the bytes of `LaneStates` and the glitches that were found;
no widgets. A place that is doubted and has a glitch too is one place: it is visited once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.glitches import REACH, Glitch
from vos_annotator.engine.doubt import worth_of
from vos_annotator.ui.timeline_states import DOUBT_LEVELS, LaneStates

_MOST = DOUBT_LEVELS + 1  # of `LaneStates.doubt`
_GLITCH = 0.5  # of the frames of a glitch: doubt of the middle


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
    """Return a frame of each stretch of doubtful or stale ones, and every glitch.

    One frame for each stretch, since to mend it is to compute its neighbours anew: the one that it
    is worth most to correct, by `worth_of`. Where a stretch goes over a glitch and that frame is
    there too, or only a few frames away, the glitch is the place.

    Args:
        states: What is known of every object on every frame.
        glitches: In order, of objects that `states` knows.
        but: Objects that are left out.
    """
    doubt = states.doubt() / _MOST
    doubt[np.isin(states.ids, list(but))] = 0
    doubts = doubt.max(axis=0, initial=0.0)
    places = [
        UnsurePlace(group[0].frames[0], group[0].object_id, tuple(group))
        for group in _overlapping(each for each in glitches if each.object_id not in but)
    ]
    for place in places:
        frames = slice(place.frames.start, place.frames.stop)
        doubts[frames] = np.maximum(doubts[frames], _GLITCH)
    worth = worth_of(doubts, states.references)
    ranks = {place: worth[place.frame] for place in places}
    for stretch in _stretches(doubts > 0):
        best = stretch.start + int(worth[stretch.start : stretch.stop].argmax())
        near = [each for each in places if _is_near(each, best, stretch)]
        if near:
            ranks[near[0]] = max(ranks[near[0]], worth[best])
        else:
            ranks[UnsurePlace(best, states.ids[int(doubt[:, best].argmax())])] = worth[best]
    return sorted(ranks, key=lambda each: (-ranks[each], each.frame))


def _is_near(place: UnsurePlace, frame: int, stretch: range) -> bool:
    frames = place.frames
    return frames[0] in stretch and frames.start - REACH <= frame < frames.stop + REACH


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


def _stretches(is_in: NDArray[np.bool_]) -> Iterator[range]:
    """Give the runs of frames that are true."""
    edges = np.flatnonzero(np.diff(is_in, prepend=False, append=False)).tolist()
    return (range(*bounds) for bounds in zip(edges[::2], edges[1::2], strict=True))
