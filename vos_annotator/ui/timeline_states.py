"""What the timeline shows of every object on every frame: one byte each, in numpy.

For: the lanes' painter, the objects panel and the keys that jump to doubtful frames.
Knows the document's annotations; no painting.

The bytes are ordered by how much they matter, so that many frames under one pixel are
shown by the largest: empty, absent, sure, then doubt from amber to red, stale, absent by a
person's word, and reference. A frame is updated when it changes; nothing is recomputed as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.edits import Status
from vos_annotator.core.translation import tr

EMPTY, ABSENT, SURE = 0, 1, 2
DOUBT = 3  # and the levels above it
DOUBT_LEVELS = 8
STALE = DOUBT + DOUBT_LEVELS
SAID_ABSENT = STALE + 1
REFERENCE_ABSENT = STALE + 2
REFERENCE = STALE + 3

# What a frame is, by its status, for an object that it does not show and nobody looked for.
_UNSEEN = np.zeros(3, np.uint8)
_UNSEEN[Status.REFERENCE] = REFERENCE_ABSENT

SURE_CONFIDENCE = 0.8  # below it a person should look
LOST_CONFIDENCE = 0.3  # at and below it the tint is red


def doubt_level(confidence: float) -> int:
    """Return the byte of a prediction: SURE, or DOUBT and up to 7 more."""
    if confidence >= SURE_CONFIDENCE:
        return SURE
    depth = (SURE_CONFIDENCE - confidence) / (SURE_CONFIDENCE - LOST_CONFIDENCE)
    return DOUBT + min(int(depth * DOUBT_LEVELS), DOUBT_LEVELS - 1)


def _prediction(confidence: float, is_present: bool) -> int:
    """Return the byte of a prediction; an object that may have been lost is doubtful too."""
    level = doubt_level(confidence)
    return level if is_present or level != SURE else ABSENT


def describe(code: int) -> str:
    """Return the word for a byte, as the panels and the screen reader say it."""
    if DOUBT <= code < STALE:
        return tr("doubtful")
    return {
        EMPTY: tr("empty"),
        ABSENT: tr("absent"),
        SURE: tr("predicted"),
        STALE: tr("stale"),
        SAID_ABSENT: tr("marked absent"),
        REFERENCE_ABSENT: tr("reference, absent"),
        REFERENCE: tr("reference"),
    }[code]


class LaneStates:
    """The bytes of all objects (rows, in the objects' order) on all frames (columns).

    What is stale has its last known byte beside.
    """

    def __init__(self, annotations: Annotations, frame_count: int) -> None:
        self._annotations = annotations
        self.frame_count = frame_count
        self.ids: tuple[int, ...] = ()
        self.codes: NDArray[np.uint8] = np.zeros((0, frame_count), np.uint8)
        self._found = self.codes.copy()  # the same, but that nothing is stale
        self.version = 0

    def set_objects(self, ids: Iterable[int]) -> None:
        """Have one row for each of `ids`; rows of objects that stay are kept."""
        ids = tuple(ids)
        if ids == self.ids:
            return
        old = {object_id: row for row, object_id in enumerate(self.ids)}
        codes = np.zeros((len(ids), self.frame_count), np.uint8)
        found = codes.copy()
        for row, object_id in enumerate(ids):
            if object_id in old:
                codes[row], found[row] = self.codes[old[object_id]], self._found[old[object_id]]
            else:
                codes[row], found[row] = self._lane(object_id)
        self.ids, self.codes, self._found = ids, codes, found
        self.version += 1

    def update(self, frame: int) -> None:
        """Read `frame` again."""
        self._read(frame)
        self.version += 1

    def mark_stale(self, frames: NDArray[np.intp]) -> None:
        """Note that the predictions on `frames` have become stale for some objects."""
        for row, object_id in enumerate(self.ids):
            is_stale = self._annotations.staleness.frames(object_id)[frames]
            is_stale &= ~self._annotations.absences.frames(object_id)[frames]
            self.codes[row, frames[is_stale]] = STALE
        self.version += 1

    def mark_absent(self, object_id: int, frames: range) -> None:
        """Read again where an object is absent, on consecutive frames."""
        if object_id in self.ids:
            is_away = self._annotations.absences.frames(object_id)[frames.start : frames.stop]
            is_away = is_away & (
                self._annotations.statuses[frames.start : frames.stop] != Status.REFERENCE
            )
            row, away = self.ids.index(object_id), frames.start + np.flatnonzero(is_away)
            self.codes[row, away] = self._found[row, away] = SAID_ABSENT
            for frame in frames.start + np.flatnonzero(~is_away):
                self._read(int(frame))
        self.version += 1

    def code(self, frame: int, object_id: int) -> int:
        """Return the byte of one object on one frame, EMPTY for an unknown object."""
        if object_id not in self.ids:
            return EMPTY
        return int(self.codes[self.ids.index(object_id), frame])

    def worst(self, first_frames: NDArray[np.intp], last: int) -> NDArray[np.uint8]:
        """Return the largest byte of each column of frames, a fresh (rows, columns).

        Args:
            first_frames: The first frame of each column, ascending.
            last: The last frame of the last column.
        """
        if not self.ids or not len(first_frames):
            return np.zeros((len(self.ids), len(first_frames)), np.uint8)
        first = int(first_frames[0])
        if last - first < len(first_frames):  # more columns than frames: nothing to gather
            worst = self.codes[:, first_frames]
        else:
            shown = self.codes[:, first : last + 1]
            worst = np.maximum.reduceat(shown, first_frames - first, axis=1)
        worst[~self._is_painted()[:, None] & (worst != SAID_ABSENT)] = EMPTY
        return worst

    def _is_painted(self) -> NDArray[np.bool_]:
        """Return which objects are anywhere; that others are away is news only if it was said."""
        present = (self.codes >= SURE) & ~np.isin(self.codes, (SAID_ABSENT, REFERENCE_ABSENT))
        return present.any(axis=1)

    def doubt(self) -> NDArray[np.float64]:
        """Return how doubtful each object is on each frame, 0 to 1: where it is stale, was."""
        is_doubtful = (self._found >= DOUBT) & (self._found < STALE)
        return np.where(is_doubtful, (self._found - (DOUBT - 1.0)) / DOUBT_LEVELS, 0.0)

    def lacking(self) -> list[tuple[range, int]]:
        """Return references that lack an object which is predicted right beside them.

        They are older than the object, or it was forgotten. Nobody has said that it is absent.

        Returns:
            Consecutive references, and the object, in order.
        """
        annotations, found = self._annotations, []
        for row, object_id in enumerate(self.ids):
            lacks = self.codes[row] == REFERENCE_ABSENT
            lacks &= ~annotations.absences.frames(object_id)
            edges = np.flatnonzero(np.diff(lacks, prepend=False, append=False)).tolist()
            for first, end in zip(edges[::2], edges[1::2], strict=True):
                beside = [each for each in (first - 1, end) if 0 <= each < self.frame_count]
                codes = self.codes[row, beside]
                if ((codes >= SURE) & (codes < STALE)).all() and all(
                    object_id in annotations.objects_at(each) for each in beside
                ):
                    found.append((range(first, end), object_id))
        return sorted(found, key=lambda each: (each[0].start, each[1]))

    @property
    def references(self) -> tuple[int, ...]:
        """The frames that a person answers for, in order."""
        return self._annotations.references

    def _lane(self, object_id: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the bytes of one object, and what they were: as `_read`, frame by frame."""
        annotations = self._annotations
        is_reference = annotations.statuses == Status.REFERENCE
        found = _UNSEEN[annotations.statuses]
        for frame, is_shown, confidence in annotations.appearances(object_id):
            if not is_reference[frame]:
                found[frame] = _prediction(confidence, is_shown)
            elif is_shown:
                found[frame] = REFERENCE
        found[annotations.absences.frames(object_id) & ~is_reference] = SAID_ABSENT
        is_stale = annotations.staleness.frames(object_id) & (found != SAID_ABSENT)
        return np.where(is_stale, np.uint8(STALE), found), found

    def _read(self, frame: int) -> None:
        annotations, found = self._annotations, self._found[:, frame]
        status, absent = annotations.status(frame), annotations.absences.at(frame)
        present = annotations.objects_at(frame)
        stale, confidence = annotations.stale(frame), annotations.confidence(frame)
        for row, object_id in enumerate(self.ids):
            is_present = object_id in present
            if status is Status.REFERENCE:
                found[row] = REFERENCE if is_present else REFERENCE_ABSENT
            elif object_id in absent:
                found[row] = SAID_ABSENT
            elif is_present or object_id in confidence:
                found[row] = _prediction(confidence.get(object_id, 1.0), is_present)
            else:
                found[row] = EMPTY
        is_stale = [each in stale and each not in absent for each in self.ids]
        self.codes[:, frame] = np.where(is_stale, STALE, found)
