"""What is known of every frame: its label map, who made it, and word of each change.

For: the project (which keeps it on disk), the document (which edits), the bridge (which
keeps the engine's memory in step) and the views (which redraw). No Qt, no torch, no files.

A *label map* is an (H, W) uint8 array of object ids, 0 for background. A frame's label map
is a REFERENCE when a person drew or confirmed it: then only an edit changes it. Otherwise
it is a PREDICTION, which an engine may replace at any time. A prediction is *stale* for the
objects that were corrected near it since.

Label maps are kept as PNG bytes in a mapping that the caller may bring (the project's lies
in its file), and a few are kept decoded. So memory does not grow with the video.

Thread rule: an `Annotations` belongs to the thread that made it.
"""

from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace

import numpy as np
from psygnal import Signal

from vos_annotator.core.edits import NOTHING, FrameEdit, Status
from vos_annotator.core.masks import LabelMap, decode_png, encode_png, object_ids

_DECODED = 12  # label maps kept decoded: 24 MB at 1080p


@dataclass(frozen=True)
class FrameState:
    """All that is known of a frame but its pixels.

    Attributes:
        status: Who answers for it.
        ids: The objects it shows, in order.
        stale: Ids whose prediction is older than a correction.
        confidence: Of each object's prediction, 0..1.
    """

    status: Status = Status.EMPTY
    ids: tuple[int, ...] = ()
    stale: frozenset[int] = frozenset()
    confidence: Mapping[int, float] = field(default_factory=lambda: NOTHING)


_EMPTY = FrameState()


class Annotations:
    """The label maps of one video.

    Attributes:
        frame_count: Frames of the video.
        shape: (H, W) of every label map.

    Events:
        changed(frame, box): `box` of `frame` has new labels, or its state changed; a box of
            None means the whole frame.
    """

    changed = Signal(int, object)

    def __init__(
        self,
        frame_count: int,
        shape: tuple[int, int],
        pngs: MutableMapping[int, bytes] | None = None,
        states: Mapping[int, FrameState] | None = None,
    ) -> None:
        """Start empty, or with what a project kept."""
        self.frame_count = frame_count
        self.shape = shape
        self._pngs = {} if pngs is None else pngs
        self._states = dict(states or {})
        self._references = sorted(
            frame for frame, state in self._states.items() if state.status is Status.REFERENCE
        )
        self._decoded: OrderedDict[int, LabelMap] = OrderedDict()

    def __getitem__(self, frame: int) -> LabelMap:
        """Return the label map of a frame, read-only; zeros where there is none."""
        self._check(frame)
        if frame in self._decoded:
            self._decoded.move_to_end(frame)
            return self._decoded[frame]
        png = self.png(frame)
        label_map = np.zeros(self.shape, np.uint8) if png is None else decode_png(png)
        return self._keep_decoded(frame, label_map)

    def png(self, frame: int) -> bytes | None:
        """Return a frame's label map as the bytes of an indexed PNG; None where EMPTY."""
        self._check(frame)
        return None if self.status(frame) is Status.EMPTY else self._pngs[frame]

    def state(self, frame: int) -> FrameState:
        """Return what is known of a frame but its pixels."""
        self._check(frame)
        return self._states.get(frame, _EMPTY)

    def status(self, frame: int) -> Status:
        """Return who answers for a frame."""
        return self.state(frame).status

    def stale(self, frame: int) -> frozenset[int]:
        """Return the ids whose prediction is older than a correction."""
        return self.state(frame).stale

    def confidence(self, frame: int) -> Mapping[int, float]:
        """Return how sure the engine was of each object, 0..1; empty on references."""
        return self.state(frame).confidence

    def objects_at(self, frame: int) -> tuple[int, ...]:
        """Return the ids that a frame shows; nothing is decoded."""
        return self.state(frame).ids

    @property
    def references(self) -> tuple[int, ...]:
        """The reference frames, in order."""
        return tuple(self._references)

    def span(self, frame: int) -> tuple[int, int]:
        """Return the nearest references before and after a frame, exclusive bounds.

        -1 and `frame_count` stand for the ends of the video.
        """
        before = bisect_left(self._references, frame) - 1
        after = bisect_right(self._references, frame)
        return (
            self._references[before] if before >= 0 else -1,
            self._references[after] if after < len(self._references) else self.frame_count,
        )

    def apply(self, edit: FrameEdit) -> FrameEdit:
        """Make a person's edit and return the edit that takes it back.

        The inverse is read off the frame as it stands, so undo is exact even when a
        prediction has changed the frame since the edit was first made.
        """
        before, frame = self.state(edit.frame), edit.frame
        inverse_patch, box, ids = None, None, before.ids
        if edit.patch is not None or (edit.status and not before.status):
            label_map = self[frame].copy()
            if edit.patch is not None:
                inverse_patch, box = edit.patch.apply(label_map), edit.patch.box
            ids = object_ids(label_map)
            self._store(frame, label_map, encode_png(label_map))
        if edit.status is Status.EMPTY:
            self._pngs.pop(frame, None)
        inverse = FrameEdit(frame, before.status, inverse_patch, before.stale, before.confidence)
        self._set(frame, FrameState(edit.status, ids, edit.stale, edit.confidence), box)
        return inverse

    def predict(self, frame: int, png: bytes, confidence: Mapping[int, float]) -> bool:
        """Take an engine's label map; False, and nothing changes, on a reference frame.

        Raises:
            ValueError: The label map is not of the video's size.
        """
        if self.status(frame) is Status.REFERENCE:
            return False
        label_map = decode_png(png)
        if label_map.shape != self.shape:
            raise ValueError(f"label map is {label_map.shape}, the video is {self.shape}")
        self._store(frame, label_map, png)
        state = FrameState(Status.PREDICTION, object_ids(label_map), confidence=dict(confidence))
        self._set(frame, state, None)
        return True

    def mark_stale(self, frames: Iterable[int], ids: Iterable[int]) -> list[int]:
        """Note that predictions of `ids` are older than a correction.

        Returns:
            The frames that changed: predictions that were not stale for all of `ids`.
        """
        ids, changed = frozenset(ids), []
        for frame in frames:
            state = self.state(frame)
            if state.status is Status.PREDICTION and not ids <= state.stale:
                changed.append(frame)
                self._set(frame, replace(state, stale=state.stale | ids), None)
        return changed

    def _store(self, frame: int, label_map: LabelMap, png: bytes) -> None:
        self._pngs[frame] = png
        self._keep_decoded(frame, label_map)

    def _keep_decoded(self, frame: int, label_map: LabelMap) -> LabelMap:
        label_map.flags.writeable = False
        self._decoded[frame] = label_map
        self._decoded.move_to_end(frame)
        if len(self._decoded) > _DECODED:
            self._decoded.popitem(last=False)
        return label_map

    def _set(self, frame: int, state: FrameState, box: object) -> None:
        was = self.status(frame)
        if state.status is Status.EMPTY:
            self._states.pop(frame, None)
            self._decoded.pop(frame, None)
        else:
            self._states[frame] = state
        if state.status is Status.REFERENCE and was is not Status.REFERENCE:
            insort(self._references, frame)
        elif was is Status.REFERENCE and state.status is not Status.REFERENCE:
            self._references.remove(frame)
        self.changed.emit(frame, box)

    def _check(self, frame: int) -> None:
        if not 0 <= frame < self.frame_count:
            raise IndexError(f"frame {frame} of a video of {self.frame_count}")
