"""The dialog that chooses who answers clicks and boxes: the engine, or two ONNX files.

For: the verbs. The files are opened by the worker before they are taken; what they are is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QWidget,
)

from vos_annotator.core.translation import tr
from vos_annotator.engine.clicks import ClickFiles
from vos_annotator.engine.commands import ClicksReady, Failed, Result, UseClicks
from vos_annotator.ui import dialogs
from vos_annotator.ui.click_files import kept_files
from vos_annotator.ui.form_parts import PathRow, add_answers, roomy_form
from vos_annotator.ui.latest import Latest
from vos_annotator.ui.letters import give_letters

if TYPE_CHECKING:
    from vos_annotator.ui.workspace import Workspace


class ClickDialog(QDialog):
    """Asks for the two files, and stays until they are in use.

    Signals:
        chosen(ClickFiles | None, provenance): They answer clicks now; None: the engine does.
    """

    chosen = Signal(object, str)

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Clicks and boxes"))
        self.setMinimumWidth(600)
        self._bridge, self._is_waiting = workspace.bridge, False
        self._latest = Latest(self)
        self._latest.done.connect(self._say)
        self._lay_out()
        self._bridge.inference.arrived.connect(self._on_arrived)
        workspace.closing.connect(self.reject)
        files = kept_files()
        if files is not None:
            self.encoder.setText(files.encoder)
            self.decoder.setText(files.decoder)
            self._latest.ask(lambda: _told(files))

    @property
    def files(self) -> ClickFiles | None:
        """What the fields say; None while one of them is empty."""
        encoder, decoder = self.encoder.text().strip(), self.decoder.text().strip()
        return ClickFiles(encoder, decoder) if encoder and decoder else None

    def accept(self) -> None:
        """Have the files opened; the dialog closes when they are in use."""
        self._ask(self.files)

    def done(self, result: int) -> None:
        """End the thread; cancelled, what is being opened makes room for what was in use."""
        if self._is_waiting and result == QDialog.DialogCode.Rejected:
            self._bridge.inference.submit(UseClicks(kept_files()))
        self._is_waiting = False
        self._latest.close()
        super().done(result)

    def _lay_out(self) -> None:
        form = roomy_form()
        self.encoder = self._add_file(form, tr("Encoder (ONNX)"))
        self.decoder = self._add_file(form, tr("Decoder (ONNX)"))
        self.note = QLabel(
            tr(
                "The two files of a network of SAM's kind, such as MobileSAM. Without them the "
                "engine answers clicks."
            )
        )
        self.note.setWordWrap(True)
        self.note.setMinimumHeight(3 * self.note.fontMetrics().lineSpacing())
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        form.addRow("", self.note)
        buttons, self.use = add_answers(self, form, tr("Use"))
        self.engine = buttons.addButton(
            tr("Leave it to the engine"), QDialogButtonBox.ButtonRole.ResetRole
        )
        self.engine.setAutoDefault(False)  # Enter in a field is not for it
        self.engine.clicked.connect(lambda: self._ask(None))
        give_letters(self)
        self._allow()

    def _add_file(self, form: QFormLayout, name: str) -> QLineEdit:
        row = PathRow(name, (tr("Choose…"), lambda: self._choose(row.field)))
        row.field.textChanged.connect(self._allow)
        form.addRow(name, row)
        return row.field

    def _choose(self, field: QLineEdit) -> None:
        path = dialogs.ask_checkpoint(self)
        if path is not None:
            field.setText(str(path))

    def _ask(self, files: ClickFiles | None) -> None:
        self._wanted, self._is_waiting = files, True
        self._say(tr("Opening the files …"))
        self._allow()
        self._bridge.inference.submit(UseClicks(files))

    def _on_arrived(self, result: Result) -> None:
        match result:
            case ClicksReady(files, told) if self._is_waiting and files == self._wanted:
                self.chosen.emit(files, told)
                super().accept()
            case Failed(UseClicks(), message) if self._is_waiting:
                self._is_waiting = False
                self._say(message)
                self._allow()

    def _say(self, text: str) -> None:
        self.note.setText(text)
        self.note.setAccessibleName(text)

    def _allow(self, *_: object) -> None:
        if hasattr(self, "use"):
            self.use.setEnabled(self.files is not None and not self._is_waiting)


def _told(files: ClickFiles) -> str:
    try:
        return tr("In use: {files}.", files=files.provenance())
    except OSError as error:
        return str(error)
