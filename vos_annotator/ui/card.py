"""A card above the workspace that says one thing and waits to be closed; it blocks nothing.

For: the workspace.
"""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QLocale, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy

from vos_annotator.core.edits import Status
from vos_annotator.core.project import Project
from vos_annotator.core.translation import language, tr, tr_many
from vos_annotator.machine import diagnostics
from vos_annotator.ui.language import number
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
        self.close_button = small_button("close", tr("Close the note"))
        self.close_button.clicked.connect(self.deleteLater)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 8, 6)
        row.addWidget(self.text, 1)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)


def recovery_text(project: Project) -> str:
    """Return what was kept of a project that nobody closed or that the disk has changed, or ""."""
    return " ".join(filter(None, (_kept_text(project), project.changed)))


def _kept_text(project: Project) -> str:
    """Return what was kept of a project that nobody closed, or "" if nothing could be lost."""
    if project.cut_off_at is None:
        return ""
    statuses = project.annotations.statuses
    references = int((statuses == Status.REFERENCE).sum())
    masks = int((statuses != Status.EMPTY).sum())
    count = len(project.objects)
    last = project.history.undo_text
    when = QLocale(language()).toString(
        QDateTime.fromSecsSinceEpoch(round(project.cut_off_at)), tr("hh:mm, d MMMM")
    )
    kept = tr(
        "The program was cut off at {when}. Everything was kept: {objects}, {frames} "
        "({references}).",
        when=when,
        objects=tr_many("{count} object", "{count} objects", count, count=number(count)),
        frames=tr_many(
            "{count} frame with masks", "{count} frames with masks", masks, count=number(masks)
        ),
        references=tr_many(
            "{count} reference", "{count} references", references, count=number(references)
        ),
    )
    step = tr("Last step: {step}; key:undo takes it back.", step=last) if last else ""
    report = diagnostics.crash_since(project.cut_off_at)
    if not (masks or count or len(project.history) or report):
        return ""
    crash = (
        tr("What happened is in {path}: Help > Copy diagnostics copies it.", path=report)
        if report
        else ""
    )
    return " ".join(filter(None, (kept, step, crash)))
