"""What the commands on whole masks do: operations, copy and paste, shapes in between.

For: the action table, whose rows name these methods, beside those of `Verbs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vos_annotator.core.edits import Status
from vos_annotator.core.shapes import Mask, between, with_mask
from vos_annotator.core.translation import tr, tr_many
from vos_annotator.ui.mask_operations import OPERATIONS
from vos_annotator.ui.range_edit import RangeEdit

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow


class MaskVerbs:
    """The commands on the current object's mask."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._copied: Mask | None = None

    def operate(self, name: str) -> None:
        """Ask how far, with a preview, and change the object here or in the range."""
        if self._refused():
            return
        from vos_annotator.ui.operation_dialog import OperationDialog  # superqt loads slowly

        window, operation = self._window, OPERATIONS[name]
        for each in window.findChildren(OperationDialog):
            each.reject()
        window.cursor.masks_shown = True  # else there is nothing to see of it
        dialog = OperationDialog(operation, window.workspace, self._refusal, window)
        dialog.applied_here.connect(
            lambda frame, labels: window.document.paint(frame, labels, tr(operation.title))
        )
        dialog.applied_to_range.connect(
            lambda frames, size: RangeEdit(
                window, window.cursor.object_id, f"{tr(operation.title)}: {self._name()}"
            ).start(frames, lambda _, mask: operation.change(mask, size))
        )
        dialog.show()
        dialog.activateWindow()  # else Enter is the window's on some desktops

    def copy_previous(self) -> None:
        """Give the object the mask that it has on the frame before."""
        frame, object_id = self._window.cursor.frame, self._window.cursor.object_id
        if frame == 0:
            self._window.say(tr("There is no frame before the first."))
        elif not self._mask(frame - 1).any():
            self._window.say(tr("{name} has no mask on the frame before.", name=self._name()))
        elif not self._refused():
            self._window.document.copy_from(frame, frame - 1, object_id)

    def clear_here(self) -> None:
        """Take the object off this frame."""
        cursor = self._window.cursor
        if not self._mask(cursor.frame).any():
            self._window.say(tr("{name} has no mask on this frame.", name=self._name()))
        elif not self._refused():
            self._window.document.clear_object(cursor.frame, cursor.object_id)

    def copy_mask(self) -> None:
        """Remember the object's mask on this frame."""
        mask = self._mask(self._window.cursor.frame)
        if not mask.any():
            self._window.say(tr("{name} has no mask on this frame.", name=self._name()))
            return
        self._copied = mask
        self._window.say(
            tr(
                "The mask of {name} is copied. key:paste-mask puts it on a frame.",
                name=self._name(),
            )
        )

    def paste_mask(self) -> None:
        """Give the object the mask that was copied; other objects keep their pixels."""
        window, mask = self._window, self._copied
        if mask is None:
            window.say(tr("No mask is copied yet: key:copy-mask copies the object's."))
        elif mask.shape != window.document.video.shape:
            window.say(tr("The copied mask is of a video of another size."))
        elif not self._refused():
            frame, object_id = window.cursor.frame, window.cursor.object_id
            after = with_mask(window.document.annotations[frame], object_id, mask)
            window.document.paint(frame, after, tr("Paste {name}", name=self._name()))

    def toggle_absent(self) -> None:
        """Say that the object is not to be seen on this frame or in the range, or take it back."""
        cursor = self._window.cursor
        is_ranged = cursor.has_range and cursor.frame in cursor.frames
        here = range(cursor.frame, cursor.frame + 1)
        self._set_absent(cursor.frames if is_ranged else here)

    def absent_onwards(self) -> None:
        """Say that the object is not to be seen until a reference shows it again."""
        cursor, annotations = self._window.cursor, self._window.document.annotations
        end = self._window.document.video.frame_count
        for frame in annotations.references:
            if frame > cursor.frame and cursor.object_id in annotations.objects_at(frame):
                end = frame
                break
        self._set_absent(range(cursor.frame, end))

    def _set_absent(self, frames: range) -> None:
        if self._refused():
            return
        window, object_id = self._window, self._window.cursor.object_id
        known = window.document.annotations.absences.frames(object_id)
        is_absent = not known[frames.start : frames.stop].all()
        window.document.set_absent(object_id, frames, is_absent)
        if is_absent:
            window.say(
                tr_many(
                    "{name} is absent on {count} frame. key:undo takes it back.",
                    "{name} is absent on {count} frames. key:undo takes it back.",
                    len(frames),
                    name=self._name(),
                )
            )
        else:
            window.say(tr("{name} is not marked absent here any more.", name=self._name()))

    def interpolate(self) -> None:
        """Put shapes of the object on the frames between the references around this one."""
        window, document = self._window, self._window.document
        frame, object_id = window.cursor.frame, window.cursor.object_id
        first, last = document.annotations.span(frame)
        is_between = first >= 0 and last < document.video.frame_count
        if document.annotations.status(frame) is Status.REFERENCE or not is_between:
            window.say(tr("Go to a frame between two references: its neighbours are interpolated."))
            return
        start, end = self._mask(first), self._mask(last)
        if not (start.any() and end.any()):
            lacking = last if start.any() else first
            window.say(
                tr(
                    "{name} has no mask on reference {frame}.",
                    name=self._name(),
                    frame=lacking,
                )
            )
        elif not self._refused():
            RangeEdit(window, object_id, tr("Interpolate {name}", name=self._name())).start(
                range(first + 1, last),
                lambda here, _: between(start, end, (here - first) / (last - first)),
            )

    def _mask(self, frame: int) -> Mask:
        return np.equal(self._window.document.annotations[frame], self._window.cursor.object_id)

    def _name(self) -> str:
        return self._window.document.objects[self._window.cursor.object_id].name

    def _refused(self) -> bool:
        """Return whether the object may not be changed, and say why."""
        refusal = self._refusal()
        if refusal:
            self._window.say(refusal)
        return bool(refusal)

    def _refusal(self) -> str:
        document, object_id = self._window.document, self._window.cursor.object_id
        if object_id not in document.objects:
            return tr("No object is chosen.")
        return self._window.actions_.with_keys(document.refusal(object_id))
