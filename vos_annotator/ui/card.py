"""A card above the workspace that says one thing and waits to be closed; it blocks nothing.

For: the workspace.
"""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy

from vos_annotator.core.edits import Status
from vos_annotator.core.project import Project
from vos_annotator.ui.panels.panel import small_button


class Card(QFrame):
    """A line of text with an x."""

    def __init__(self, name: str, text: str) -> None:
        """Show `text`; `name` is for screen readers."""
        super().__init__()
        self.setAccessibleName(name)
        self.setObjectName("card")
        self.setStyleSheet("#card { background: palette(light); } QLabel { padding: 2px; }")
        self.text = QLabel(text)
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.close_button = small_button("close", "Close the note")
        self.close_button.clicked.connect(self.deleteLater)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 8, 6)
        row.addWidget(self.text, 1)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)


def recovery_text(project: Project) -> str:
    """Return what was kept of a project that nobody closed."""
    statuses = project.annotations.statuses
    references = int((statuses == Status.REFERENCE).sum())
    masks = int((statuses != Status.EMPTY).sum())
    count = len(project.objects)
    last = project.history.undo_text
    when = time.strftime("%H:%M, %d %B", time.localtime(project.cut_off_at))
    kept = f"{_counted(count, 'object')}, {_counted(masks, 'frame')} with masks"
    kept += f" ({_counted(references, 'reference')})"
    step = f" Last step: {last}; key:undo takes it back." if last else ""
    return f"The program was cut off at {when}. Everything was kept: {kept}.{step}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
