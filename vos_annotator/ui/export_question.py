"""Asks how to export, and finds out meanwhile what there is to know before.

For: the verbs. Knows the document, from which it puts masks aside for other threads.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

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
    from vos_annotator.ui.main_window import MainWindow


def ask_export(window: MainWindow) -> ExportChoice | None:
    """Return what a person wants to export; None if nothing."""
    document = window.document
    document.settle()
    dialog = ExportDialog(document.video.name, window, _beside(document.video))
    facts = Facts.of(document.annotations, source_of(document.project).names)
    gathering = Gathering(document.annotations, dialog)
    sources = []

    def look(kept: Mapping[int, StoredMap]) -> None:
        source = put_aside(document.project, kept)
        sources.append(source)

        def check(choice: ExportChoice) -> list[Finding]:
            kind = FORMATS[choice.format]
            return preflight(facts, source, kind, choice.root, choice.name, choice.options)

        dialog.look(check)

    gathering.done.connect(look)
    window.workspace.closing.connect(gathering.stop)
    gathering.start(facts.looked_at(document.annotations.frame_count))
    is_wanted = dialog.exec() == QDialog.DialogCode.Accepted
    gathering.stop()
    for source in sources:
        source.video.close()
    choice = dialog.choice
    dialog.deleteLater()
    return choice if is_wanted else None


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
