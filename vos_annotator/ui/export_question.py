"""Asks how to export, and finds out meanwhile what there is to know before.

For: the verbs. Knows the document, from which it puts masks aside for other threads.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog

from vos_annotator.core.formats.format import Source
from vos_annotator.core.formats.preflight import Facts, Finding, preflight
from vos_annotator.core.formats.registry import FORMATS
from vos_annotator.core.formats.sources import source_of
from vos_annotator.core.project import Project
from vos_annotator.core.stored_map import StoredMap
from vos_annotator.core.video import Video
from vos_annotator.ui.demo import is_demo
from vos_annotator.ui.export_dialog import ExportChoice, ExportDialog
from vos_annotator.ui.gathering import Gathering

if TYPE_CHECKING:
    from vos_annotator.ui.document import Document
    from vos_annotator.ui.main_window import MainWindow


def ask_export(window: MainWindow) -> ExportChoice | None:
    """Return what a person wants to export; None if nothing."""
    document = window.document
    document.settle()
    dialog = ExportDialog(document.video.name, window, _beside(document.video))
    looks = _Looks(document, dialog)
    window.bridge.ended.connect(looks.begin)
    window.workspace.closing.connect(looks.end)
    looks.begin()
    is_wanted = dialog.exec() == QDialog.DialogCode.Accepted
    looks.close()
    choice = dialog.choice
    dialog.deleteLater()
    return choice if is_wanted else None


class _Looks(QObject):
    """Looks through a project for its dialog, and again when a pass has changed it meanwhile."""

    def __init__(self, document: Document, dialog: ExportDialog) -> None:
        super().__init__(dialog)
        self._document, self._dialog, self._is_over = document, dialog, False
        self._facts: Facts | None = None
        self._sources: list[Source] = []
        self._gathering = Gathering(document.annotations, self)
        self._gathering.done.connect(self._look)

    def begin(self) -> None:
        """Look at the project as it is now."""
        if not self._is_over:
            annotations = self._document.annotations
            self._facts = Facts.of(annotations, source_of(self._document.project).names)
            self._gathering.start(self._facts.looked_at(annotations.frame_count))

    def end(self) -> None:
        """Look no more."""
        self._is_over = True
        self._gathering.stop()

    def close(self) -> None:
        """End; nobody asks for what was looked at any more."""
        self.end()
        for source in self._sources:
            source.video.close()

    def _look(self, kept: Mapping[int, StoredMap]) -> None:
        facts, source = self._facts, put_aside(self._document.project, kept)
        self._sources.append(source)

        def check(choice: ExportChoice) -> list[Finding]:
            kind = FORMATS[choice.format]
            return preflight(facts, source, kind, choice.root, choice.name, choice.options)

        self._dialog.look(check)


def _beside(video: Video) -> Path | None:
    """Return the folder that a video is in; None if nothing may, or should, be written there."""
    folder = Path(video.path).parent
    return folder if os.access(folder, os.W_OK) and not is_demo(video) else None


def put_aside(project: Project, kept: Mapping[int, StoredMap]) -> Source:
    """Return what is exported of a project for another thread; `kept` are its masks."""

    def mask_png(frame: int) -> bytes | None:
        stored = kept.get(frame)
        return None if stored is None else stored.encode()

    return replace(source_of(project), video=project.video.fork(), mask_png=mask_png)
