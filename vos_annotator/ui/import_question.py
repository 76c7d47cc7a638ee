"""Asks for masks to import, and looks them through meanwhile.

For: the verbs. Knows the document's video, of which another thread gets a handle of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog

from vos_annotator.core.formats.importing import Masks, look_through
from vos_annotator.ui.import_dialog import ImportChoice, ImportDialog

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow


def ask_import(window: MainWindow) -> ImportChoice | None:
    """Return what a person wants to import; None if nothing."""
    document, source = window.document, window.document.video.fork()
    known = frozenset(document.objects.ids)

    def look(path: Path, format_name: str | None, cancelled: Callable[[], bool]) -> Masks:
        return look_through(path, source, format_name, known=known, cancelled=cancelled)

    dialog = ImportDialog(document.objects, look, window)
    is_wanted = dialog.exec() == QDialog.DialogCode.Accepted
    source.close()
    choice = dialog.choice
    dialog.deleteLater()
    return choice if is_wanted else None
