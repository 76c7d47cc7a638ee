"""The small dialog of an operation on masks: its size, its frames, and a preview on the canvas.

For: `MaskVerbs`. It stays open beside the canvas while the person goes from frame to frame;
the preview is drawn but is no edit. It changes nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from vos_annotator.core.masks import LabelMap
from vos_annotator.core.shapes import with_mask
from vos_annotator.core.translation import tr
from vos_annotator.ui.key_rules import OwnKeys
from vos_annotator.ui.labeled_slider import labeled_slider
from vos_annotator.ui.language import number
from vos_annotator.ui.latest import Latest
from vos_annotator.ui.mask_operations import Operation

if TYPE_CHECKING:
    from vos_annotator.ui.workspace import Workspace

_MARGIN = 16  # px from the canvas's corner


class OperationDialog(QDialog):
    """Asks how an operation is to be done, and shows what it would do.

    Signals:
        applied_here(frame, labels): OK, for the frame that is shown, as previewed.
        applied_to_range(frames, size): OK, for the frames of the range.
    """

    applied_here = Signal(int, object)
    applied_to_range = Signal(range, int)

    def __init__(
        self,
        operation: Operation,
        workspace: Workspace,
        refusal: Callable[[], str],
        parent: QWidget,
    ) -> None:
        """Show the preview at once.

        Args:
            operation: What is to be done.
            workspace: Where it is to be done.
            refusal: Says why the current object may not be changed, or nothing.
            parent: The window.
        """
        super().__init__(parent, Qt.WindowType.Tool)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr(operation.title))
        self._operation, self._work, self._refusal = operation, workspace, refusal
        self._preview: tuple[int, LabelMap] | None = None  # of what is chosen now
        self._is_accepted = False
        OwnKeys(self)
        self._latest = Latest(self)
        self._latest.done.connect(self._show)
        self._lay_out()
        cursor, document = workspace.cursor, workspace.document
        cursor.frame_changed.connect(self._compute)
        cursor.object_changed.connect(self._compute)
        cursor.view_changed.connect(self._follow_range)
        document.frame_changed.connect(self._on_frame_changed)
        document.objects_changed.connect(self._compute)
        workspace.closing.connect(self.reject)
        self._compute()

    @property
    def amount(self) -> int:
        """The size that is chosen; 0 where the operation has none."""
        return self._size.value() if self._operation.size_name else 0

    def accept(self) -> None:
        """Apply; for this frame as soon as the preview is there."""
        self._work.document.settle()
        if self._on_range.isChecked():
            self.applied_to_range.emit(self._work.cursor.frames, self.amount)
        elif self._preview is None:
            self._is_accepted = True
            return
        else:
            self.applied_here.emit(*self._preview)
        super().accept()

    def done(self, result: int) -> None:
        """Take the preview off the canvas and end the thread."""
        self._latest.close()
        self._work.canvas.show_preview(self)
        super().done(result)

    def _lay_out(self) -> None:
        operation, column, form = self._operation, QVBoxLayout(self), QFormLayout()
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(12)
        self._note = QLabel()
        self._note.setProperty("role", "quiet")
        if operation.size_name:
            name = f"{tr(operation.title)}: {tr(operation.size_name)}"
            sizes = range(1, operation.largest + 1)
            self._size = labeled_slider(name, sizes, operation.first)
            self._size.valueChanged.connect(self._compute)
            form.addRow(f"{tr(operation.size_name)} ({operation.unit.strip()})", self._size)
        self._here = QRadioButton(tr("This frame"))
        self._on_range = QRadioButton()
        self._name_range()
        self._on_range.setToolTip(
            self._work.actions_.with_keys(
                tr(
                    "key:set-in and key:set-out set the range. References stay references; "
                    "predictions stay predictions, which propagation may replace."
                )
            )
        )
        self._here.setChecked(True)
        self._on_range.toggled.connect(self._compute)
        form.addRow(tr("On"), self._here)
        form.addRow("", self._on_range)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        column.addLayout(form)
        column.addWidget(self._note)
        column.addWidget(self._buttons)
        self.setMinimumWidth(320)
        self.adjustSize()
        corner = self._work.canvas.mapToGlobal(self._work.canvas.rect().topRight())
        self.move(corner.x() - self.width() - _MARGIN, corner.y() + _MARGIN)  # beside the object

    def _name_range(self) -> None:
        frames = self._work.cursor.frames
        name = tr("Frames {first} to {last}", first=number(frames[0]), last=number(frames[-1]))
        self._on_range.setText(name)

    def _follow_range(self) -> None:
        """Take the range as it is now."""
        before = self._on_range.text()
        self._name_range()
        if self._on_range.isChecked() and self._on_range.text() != before:
            self._compute()

    def _on_frame_changed(self, frame: int, box: object) -> None:
        if frame == self._work.cursor.frame:
            self._compute()

    def _compute(self, *_: object) -> None:
        """Have the preview made for what is chosen now."""
        self._preview, self._is_accepted = None, False
        refusal = self._refusal()
        ok = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(not refusal)
        frame, object_id = self._work.cursor.frame, self._work.cursor.object_id
        if not refusal and self._on_range.isChecked() and frame not in self._work.cursor.frames:
            refusal = tr("This frame is not in the range: it stays as it is.")
        if refusal:
            self._latest.forget()
            self._work.canvas.show_preview(self)
            self._note.setText(refusal)
            return
        before = self._work.document.annotations[frame]
        change, size = self._operation.change, self.amount

        def work() -> tuple[int, LabelMap, int, int]:
            mask = before == object_id
            after = with_mask(before, object_id, change(mask, size))
            is_now = after == object_id
            gained = np.count_nonzero(is_now & ~mask)
            return frame, after, gained, np.count_nonzero(mask & ~is_now)

        self._latest.ask(work)

    def _show(self, result: tuple[int, LabelMap, int, int]) -> None:
        frame, labels, gained, lost = result
        self._preview = frame, labels
        self._work.canvas.show_preview(self, frame, labels)
        counts = [("+", gained), ("-", lost)]
        changes = [f"{sign}{number(count)} px" for sign, count in counts if count]
        self._note.setText("  ".join(changes) or tr("Nothing changes on this frame."))
        if self._is_accepted:
            self.accept()
