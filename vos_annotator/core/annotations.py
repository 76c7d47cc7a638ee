"""What is known of every frame: its label map, who made it, and word of each change.

For: the project (which keeps it on disk), the document (which edits), the bridge (which
keeps the engine's memory in step) and the views (which redraw). No Qt, no torch, no files.

A *label map* is an (H, W) uint8 array of object ids, 0 for background. A frame's label map
is a REFERENCE when a person drew or confirmed it: then only an edit changes it. Otherwise
it is a PREDICTION, which an engine may replace at any time. A prediction is *stale* for the
objects that were corrected near it since.

An object that was taken off the list is *hidden*: no label map shows it any more. On frames
where a person says that an object is *absent*, it is hidden too. Its pixels stay where they are
stored, so that undo brings it back at once, on thousands of frames.

Label maps are kept as PNG bytes in a mapping that the caller may bring (the project's lies
in its file), and a few are kept decoded. So memory does not grow with the video.

Thread rule: an `Annotations` belongs to the thread that made it.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from vos_annotator.core.absence_rules import absent_after
from vos_annotator.core.decoded_maps import DecodedMaps
from vos_annotator.core.edits import AbsenceEdit, FrameEdit, Patch, Status, changed_ids
from vos_annotator.core.frame_state import EMPTY_FRAME, FrameState, predicted
from vos_annotator.core.masks import (
    LabelMap,
    decode_png,
    encode_again,
    encode_png,
    ids_after_change,
    object_ids,
    png_shape,
)
from vos_annotator.core.object_flags import ObjectFlags, pack, unpack
from vos_annotator.core.staleness import Staleness
from vos_annotator.core.stored_map import StoredMap


class Annotations:
    """The label maps of one video.

    Attributes:
        frame_count: Frames of the video.
        shape: (H, W) of every label map.
        hidden: Objects that no label map shows, though some have pixels stored.
        staleness: Which predictions are older than a correction.
        absences: Where a person says that an object is not to be seen.
        statuses: (frame_count,) the `Status` of each frame, for reading only.

    Events:
        changed(frame, box): `box` of `frame` has new labels, or its state changed; a box of
            None means the whole frame.
        became_stale(frames): The predictions on an array of frames are older than a
            correction; nothing else about them changed.
        absence_changed(object id, frames): It became absent, or is no more, on some of the
            frames of a range.
    """

    changed = Signal(int, object)
    became_stale = Signal(object)
    absence_changed = Signal(int, object)

    def __init__(
        self,
        frame_count: int,
        shape: tuple[int, int],
        pngs: MutableMapping[int, bytes] | None = None,
        states: Mapping[int, FrameState] | None = None,
        stale: Mapping[int, bytes] | None = None,
        absent: Mapping[int, bytes] | None = None,
    ) -> None:
        """Start empty, or with what a project kept."""
        self.frame_count = frame_count
        self.shape = shape
        self._pngs = {} if pngs is None else pngs
        self._states = dict(states or {})
        self.hidden: frozenset[int] = frozenset()
        self.staleness = Staleness(frame_count, stale)
        self.absences = ObjectFlags(frame_count, absent)
        self.statuses = np.zeros(frame_count, np.uint8)
        for frame, state in self._states.items():
            self.statuses[frame] = state.status
        self._references = np.flatnonzero(self.statuses == Status.REFERENCE).tolist()
        self._decoded = DecodedMaps()

    def __getitem__(self, frame: int) -> LabelMap:
        """Return the label map of a frame, read-only; zeros where there is none."""
        self._check(frame)
        if (known := self._decoded.get(frame)) is not None:
            return known
        stored = self.stored_map(frame)
        label_map = np.zeros(self.shape, np.uint8) if stored is None else stored.decode()
        return self._decoded.keep(frame, label_map)

    def png(self, frame: int) -> bytes | None:
        """Return a frame's label map as the bytes of an indexed PNG; None where EMPTY."""
        stored = self.stored_map(frame)
        return None if stored is None else stored.encode()

    def stored_map(self, frame: int) -> StoredMap | None:
        """Return a frame's label map as it is kept; nothing is decoded. None where EMPTY."""
        png = self._png(frame)
        return None if png is None else StoredMap(png, self._hidden_at(frame))

    def stored(self, frame: int) -> LabelMap:
        """Return a fresh label map of a frame, with the pixels of objects off the list too."""
        stored = self.stored_map(frame)
        if stored is None or not stored.hidden:
            return self[frame].copy()
        return replace(stored, hidden=stored.hidden & self.absences.at(frame)).decode()

    def _png(self, frame: int) -> bytes | None:
        self._check(frame)
        return None if self.status(frame) is Status.EMPTY else self._pngs[frame]

    def hide(self, ids: frozenset[int]) -> None:
        """Have exactly the objects `ids` hidden on every frame."""
        if ids != self.hidden:
            self.hidden = ids
            self._decoded.clear()

    def state(self, frame: int) -> FrameState:
        """Return what is known of a frame but its pixels."""
        self._check(frame)
        return self._states.get(frame, EMPTY_FRAME)

    def status(self, frame: int) -> Status:
        """Return who answers for a frame."""
        return self.state(frame).status

    def stale(self, frame: int) -> frozenset[int]:
        """Return the ids whose prediction is older than a correction."""
        self._check(frame)
        return self.staleness.at(frame)

    def confidence(self, frame: int) -> Mapping[int, float]:
        """Return how sure the engine was of each object, 0..1; empty on references."""
        return self.state(frame).confidence

    def objects_at(self, frame: int) -> tuple[int, ...]:
        """Return the ids that a frame shows; nothing is decoded."""
        ids, hidden = self.state(frame).ids, self._hidden_at(frame)
        return tuple(i for i in ids if i not in hidden) if hidden else ids

    def appearances(self, object_id: int) -> Iterator[tuple[int, bool, float]]:
        """Give each frame that shows an object, or on which an engine looked for it in vain.

        Yields:
            frame, whether it shows the object, how sure that is: 0..1, 1 on references.
        """
        if object_id not in self.hidden:
            is_absent = self.absences.frames(object_id)
            for frame, state in self._states.items():
                is_shown = object_id in state.ids and not is_absent[frame]
                if is_shown or object_id in state.confidence:
                    yield frame, is_shown, state.confidence.get(object_id, 1.0)

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

        The inverse is read off the frame as it stands. A frame that is no reference afterwards
        may get another prediction at any time, so then the inverse holds the whole label map:
        what was there comes back exactly, whatever an engine did meanwhile.
        """
        frame, before = edit.frame, self.state(edit.frame)
        was_absent = self.absences.at(frame)
        loses_hidden = not was_absent.isdisjoint(before.ids)
        is_replaced = edit.png is not None or edit.status is not Status.REFERENCE or loses_hidden
        png = self._png(frame) if is_replaced else None
        ids, patch, changed = self._change_pixels(edit)
        inverse = FrameEdit(
            frame,
            before.status,
            patch=None if is_replaced else patch,
            png=png,
            stale=self.stale(frame),
            confidence=before.confidence,
            ids=changed,
            absent=was_absent,
        )
        absent = absent_after(self, edit, before, ids) if edit.absent is None else edit.absent
        if absent != was_absent:
            self.absences.set(frame, absent)
            self._decoded.drop([frame])
        box = None if edit.patch is None else edit.patch.box
        self._set(frame, FrameState(edit.status, ids, edit.confidence), edit.stale, box)
        for object_id in sorted(absent ^ was_absent):
            self.absence_changed.emit(object_id, range(frame, frame + 1))
        return inverse

    def apply_absence(self, edit: AbsenceEdit) -> AbsenceEdit:
        """Take a person's word on where an object is absent; return the edit that takes it back.

        Its pixels are neither removed nor brought back: they are hidden where it is absent.
        """
        flags = unpack(edit.flags, len(edit.frames))
        old = self.absences.replace(edit.object_id, edit.frames, flags)
        self._decoded.drop(edit.frames)
        self.absence_changed.emit(edit.object_id, edit.frames)
        return replace(edit, flags=pack(old))

    def _change_pixels(
        self, edit: FrameEdit
    ) -> tuple[tuple[int, ...], Patch | None, frozenset[int]]:
        """Return the objects now in the frame, the patch back, and the objects that changed."""
        frame, absent = edit.frame, self.absences.at(edit.frame)
        old_ids = self.state(frame).ids
        if edit.status is Status.EMPTY:
            self._pngs.pop(frame, None)
            return (), None, frozenset(old_ids)
        is_same = edit.patch is None and edit.png is None and absent.isdisjoint(old_ids)
        if is_same and self.status(frame) is not Status.EMPTY:
            return old_ids, None, frozenset()
        label_map = self.stored(frame)  # as a person sees it: of what is absent nothing is left
        is_as_stored = self.status(frame) is not Status.EMPTY and absent.isdisjoint(old_ids)
        png, ids, patch, changed = edit.png, None, None, frozenset()
        if png is not None:
            before, label_map = label_map, decode_png(png)
            changed = changed_ids(before, label_map)
        elif edit.patch is not None:
            patch, changed = edit.patch.apply(label_map)
            if is_as_stored:
                png = encode_again(self._pngs[frame], label_map, edit.patch.box)
                ids = ids_after_change(old_ids, label_map, edit.patch.box, changed)
        self._pngs[frame] = encode_png(label_map) if png is None else png
        ids = object_ids(label_map) if ids is None else ids
        if (self.hidden | absent).isdisjoint(ids):
            self._decoded.keep(frame, label_map)
        else:
            self._decoded.drop([frame])
        return ids, patch, changed

    def predict(
        self,
        frame: int,
        png: bytes,
        confidence: Mapping[int, float],
        ids: Iterable[int] | None = None,
        stale: Collection[int] = (),
    ) -> bool:
        """Take an engine's label map; False, and nothing changes, on a reference frame.

        Args:
            frame: Which frame.
            png: Its label map.
            confidence: Of each object, 0..1.
            ids: The objects in the label map, where the caller knows them; then nothing is
                decoded, which takes milliseconds.
            stale: Objects for which it is not the last word.

        Raises:
            ValueError: The label map is not of the video's size.
        """
        if self.status(frame) is Status.REFERENCE:
            return False
        if (shape := png_shape(png)) != self.shape:
            raise ValueError(f"label map is {shape}, the video is {self.shape}")
        if ids is None:
            ids = object_ids(decode_png(png))
        state = predicted(ids, confidence)
        self._pngs[frame] = png
        self._decoded.drop([frame])
        self._set(frame, state, stale, None)
        return True

    def mark_stale(self, frames: Sequence[int], ids: Iterable[int]) -> NDArray[np.intp]:
        """Note that predictions of `ids` are older than a correction; return those newly so."""
        if isinstance(frames, range):
            frames = np.arange(frames.start, frames.stop, frames.step)
        wanted = np.asarray(frames, np.intp)
        if len(wanted):
            self._check(int(wanted.min()))
            self._check(int(wanted.max()))
        predictions = wanted[self.statuses[wanted] == Status.PREDICTION]
        changed = self.staleness.mark(predictions, ids)
        if len(changed):
            self.became_stale.emit(changed)
        return changed

    def close(self) -> None:
        """Keep nothing decoded: what the memory budget gives is for what is still open."""
        self._decoded.close()

    def _hidden_at(self, frame: int) -> frozenset[int]:
        """Return the objects that have pixels stored in a frame and are not shown there."""
        return (self.hidden | self.absences.at(frame)).intersection(self.state(frame).ids)

    def _set(self, frame: int, state: FrameState, stale: Collection[int], box: object) -> None:
        was, is_now = self.status(frame), state.status
        if is_now is Status.EMPTY:
            self._states.pop(frame, None)
            self._decoded.drop([frame])
        else:
            self._states[frame] = state
        self.statuses[frame] = is_now
        if was is not Status.REFERENCE and is_now is Status.REFERENCE:
            insort(self._references, frame)
        elif was is Status.REFERENCE and is_now is not Status.REFERENCE:
            self._references.remove(frame)
        self.staleness.set(frame, stale if is_now is Status.PREDICTION else ())
        self.changed.emit(frame, box)

    def _check(self, frame: int) -> None:
        if not 0 <= frame < self.frame_count:
            raise IndexError(f"frame {frame} of a video of {self.frame_count}")
