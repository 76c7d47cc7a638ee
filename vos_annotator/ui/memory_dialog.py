"""The dialog in which a person says how much memory caches may take.

For: the view's verbs. Shows what each kind takes of it while it is open.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from vos_annotator.core.memory_budget import BUDGET, KINDS, LEAST, MIB
from vos_annotator.core.translation import tr
from vos_annotator.ui.labeled_slider import labeled_slider
from vos_annotator.ui.language import number
from vos_annotator.ui.letters import give_letters
from vos_annotator.ui.memory_watch import choose_memory, taken_of

_STEP = 64  # MiB
_LARGEST_SHARE = 2  # half of what is installed
_INTERVAL = 500  # ms


class MemoryDialog(QDialog):
    """How much all caches may take; OK makes it so at once."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Memory"))
        most = max(BUDGET.installed // _LARGEST_SHARE, LEAST) // MIB
        name, sizes = tr("Caches may take, in MB"), range(LEAST // MIB, most + 1, _STEP)
        self.amount = labeled_slider(name, sizes, BUDGET.allowed // MIB)
        self._taken = {kind: QLabel() for kind in KINDS}
        self._lay_out(name)
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL)
        self._timer.timeout.connect(self._show_taken)
        self._timer.start()
        self._show_taken()

    def accept(self) -> None:
        """Let caches take what is chosen."""
        choose_memory(self.amount.value())
        super().accept()

    def _lay_out(self, name: str) -> None:
        column, form = QVBoxLayout(self), QFormLayout()
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(12)
        size = number(BUDGET.installed / 1e9, 1)
        note = QLabel(
            tr(
                "There are {size} GB of memory. With more for caches, frames and masks that were "
                "looked at are there again at once.",
                size=size,
            )
        )
        note.setWordWrap(True)
        note.setProperty("role", "quiet")
        form.addRow(name, self.amount)
        for kind, (words, _) in KINDS.items():
            form.addRow(tr(words), self._taken[kind])
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        usual = buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        usual.clicked.connect(lambda: self.amount.setValue(BUDGET.usual // MIB))
        column.addWidget(note)
        column.addLayout(form)
        column.addWidget(buttons)
        self.setMinimumWidth(520)
        give_letters(self)

    def _show_taken(self) -> None:
        used = BUDGET.used()
        for kind, label in self._taken.items():
            label.setText(taken_of(kind, used))
