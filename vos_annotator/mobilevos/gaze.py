"""Which parts of a frame are looked at: what is around the objects.

For: the engine. Knows torch and boxes; nothing of pictures and of memory.

What costs most of a frame is to look at its picture, and far from all objects nobody asks what
is there. Nor is anything mistaken for an object there. So along a pass windows around where the
objects were are all that is looked at, and the whole frame only if these do not show them all.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from vos_annotator.mobilevos.boxes import Box, Boxes, boxes_around, whole
from vos_annotator.mobilevos.heads import LOGIT_STRIDE, STRIDE

_RECENT = 5  # frames: what was seen longer ago, as before another shot, says nothing
_MARGIN = 5  # positions around the objects that are looked at, too, at most
_REACH = 6  # and at most such a part of the frame's short side: an object moves less at once
_EDGE = 2  # positions: an object so near to the edge of a window may go on beyond it
_FAINT = 0.02  # share of a position: with less nothing of an object is there


class Gaze:
    """Where objects were seen along a pass."""

    def __init__(self) -> None:
        self.begin_pass()

    def begin_pass(self) -> None:
        """Know nothing."""
        self._frame, self._ids, self._shares = 0, (), None

    def follow(self, frame: int, ids: tuple[int, ...], shares: Tensor) -> None:
        """Take what was seen on a frame: (K, h, w) how much of each position objects cover."""
        self._frame, self._ids, self._shares = frame, ids, shares

    def last(self, frame: int, ids: tuple[int, ...], size: tuple[int, int]) -> Tensor | None:
        """Return what was seen of objects just before a frame whose grid is `size`, if anything.

        Nothing was if others were looked for, as before a reference showed a new one.
        """
        is_recent = abs(frame - self._frame) <= _RECENT
        is_alike = self._ids == ids and self._shares is not None and self._shares.shape[1:] == size
        return self._shares if is_recent and is_alike else None


def shares_of(masks: Tensor) -> Tensor:
    """Return how much of each position objects cover, (K, h, w): of (K, 4 h, 4 w) in [0, 1]."""
    return F.avg_pool2d(masks[None], STRIDE // LOGIT_STRIDE)[0]


def windows_around(shares: Tensor | None, expected: Sequence[bool], size: tuple[int, int]) -> Boxes:
    """Return what to look at of the next frame: all of it, unless it is known where to look.

    Args:
        shares: (K, h, w) how much of each position each object covered before, if known.
        expected: Whether each object may be on the next frame.
        size: Height and width of its grid.
    """
    if shares is None or not _are_seen(shares, expected):
        return (whole(size),)
    margin = min(_MARGIN, max(_EDGE + 1, round(min(size) / _REACH)))
    return boxes_around((shares > _FAINT).any(0).numpy(), margin) or (whole(size),)


def seen_in(window: Box, shares: Tensor | None, count: int) -> list[int]:
    """Return which of `count` objects to look for in a window: those that were there before.

    Args:
        window: What is looked at.
        shares: As of `windows_around`; None: every object may be there.
        count: Objects in all.
    """
    if shares is None:
        return list(range(count))
    return (shares[:, *window].flatten(1).amax(1) > _FAINT).nonzero()[:, 0].tolist()


def is_enough(windows: Boxes, shares: Tensor, expected: Sequence[bool]) -> bool:
    """Return whether windows showed all of the objects: none is missing, nor at an edge.

    Args:
        windows: What was looked at.
        shares: (K, h, w) how much of each position of the frame each object covers there.
        expected: Whether each object may be on the frame.
    """
    size = tuple(shares.shape[1:])
    if windows == (whole(size),):
        return True
    beyond = shares.amax(0)
    for window in windows:
        rows, columns = (
            slice(side.start + _EDGE * (side.start > 0), side.stop - _EDGE * (side.stop < limit))
            for side, limit in zip(window, size, strict=True)
        )
        beyond[rows, columns] = 0
    return _are_seen(shares, expected) and beyond.max().item() <= 0.5


def _are_seen(shares: Tensor, expected: Sequence[bool]) -> bool:
    """Return whether something of each object that is expected is somewhere."""
    most = shares.flatten(1).amax(1).tolist()
    return all(each > _FAINT for each, is_wanted in zip(most, expected, strict=True) if is_wanted)
