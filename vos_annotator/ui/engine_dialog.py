"""The dialog that chooses the engine: by name, with its weights, loaded before it is taken.

For: the verbs. Engines are described, and loaded, in processes of their own; one that cannot be
used says why, and the engine in use stays.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QWidget

from vos_annotator.core.translation import tr
from vos_annotator.engine.catalogue import EngineFacts
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.registry import engine_names
from vos_annotator.engine.remote import RemoteCatalogue
from vos_annotator.ui import dialogs
from vos_annotator.ui.engine_choice import kept_checkpoint
from vos_annotator.ui.form_parts import PathRow, add_answers, roomy_form
from vos_annotator.ui.language import number
from vos_annotator.ui.latest import Latest

if TYPE_CHECKING:
    from vos_annotator.ui.workspace import Workspace


class EngineDialog(QDialog):
    """Asks which engine computes masks, and stays until that one is loaded.

    Signals:
        chosen(EngineChoice): It is loaded and in use.
    """

    chosen = Signal(object)

    def __init__(self, workspace: Workspace, in_use: EngineChoice, parent: QWidget) -> None:
        """Show the engine that is `in_use`, which stays so until another one is chosen."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Engine"))
        self.setMinimumWidth(560)
        self._bridge, self._in_use = workspace.bridge, in_use
        self._facts: EngineFacts | None = None  # None until they are known
        self._wanted: EngineChoice | None = None  # what is being loaded
        self._catalogue, self._latest = RemoteCatalogue(), Latest(self)
        self._latest.done.connect(self._show_facts)
        self._lay_out(workspace)
        self._bridge.ready.connect(self._on_ready)
        self._bridge.failed.connect(self._on_failed)
        workspace.closing.connect(self.reject)
        self.names.currentTextChanged.connect(self._describe)
        self.checkpoint.textChanged.connect(self._allow)
        self.names.setCurrentText(in_use.name)
        self._describe(self.names.currentText())

    @property
    def choice(self) -> EngineChoice:
        """What the fields say."""
        takes = self._facts is not None and self._facts.takes_checkpoint
        text = self.checkpoint.text().strip() if takes else ""
        return EngineChoice(self.names.currentText(), text or None)

    def accept(self) -> None:
        """Have the engine loaded; the dialog closes when it is."""
        self._wanted = self.choice
        self._say(tr("Loading the engine {name} …", name=self._wanted.name))
        self._allow()
        self._bridge.use_engine(self._wanted)

    def done(self, result: int) -> None:
        """End the process and the thread; cancelled, what is being loaded makes room again."""
        if self._wanted is not None and result == QDialog.DialogCode.Rejected:
            self._bridge.use_engine(self._in_use)
        self._wanted = None
        self._catalogue.close()
        self._latest.close()
        super().done(result)

    def _lay_out(self, workspace: Workspace) -> None:
        self.names = QComboBox()
        self.names.addItems(engine_names())
        self.names.setAccessibleName(tr("Engine"))
        self._row = PathRow(tr("Checkpoint"), (tr("Choose…"), self._ask_file))
        self.checkpoint = self._row.field
        self._note = QLabel()
        self._note.setWordWrap(True)
        self._note.setMinimumHeight(3 * self._note.fontMetrics().lineSpacing())
        self._note.setAlignment(Qt.AlignmentFlag.AlignTop)
        form = roomy_form()
        form.addRow(tr("Engine"), self.names)
        form.addRow(tr("Checkpoint"), self._row)
        form.addRow("", self._note)
        if text := _made_by(workspace):
            made = QLabel(text)
            made.setProperty("role", "quiet")
            made.setWordWrap(True)
            form.addRow(tr("Masks so far"), made)
        _, self.use = add_answers(self, form, tr("Use"))

    def _describe(self, name: str) -> None:
        """Show what an engine is; its package may take a moment to be imported."""
        self._facts = None
        is_in_use = name == self._in_use.name
        kept = self._in_use.checkpoint if is_in_use else kept_checkpoint(name)
        self.checkpoint.setText(kept or "")
        self._say(tr("Looking at the engine {name} …", name=name))
        self._allow()
        self._latest.ask(partial(self._catalogue.facts_of, name))

    def _show_facts(self, facts: EngineFacts) -> None:
        self._facts = facts
        own = "" if facts.needs_checkpoint else tr("the engine's own")
        self.checkpoint.setPlaceholderText(own if facts.takes_checkpoint else "")
        self._say(facts.problem or _described(facts))
        self._allow()

    def _say(self, text: str) -> None:
        self._note.setText(text)
        self._note.setAccessibleName(text)

    def _allow(self, *_: object) -> None:
        facts, is_free = self._facts, self._wanted is None
        takes = facts is not None and facts.takes_checkpoint
        self.names.setEnabled(is_free)
        self._row.set_enabled(takes and is_free)
        lacks = facts is not None and facts.needs_checkpoint and self.choice.checkpoint is None
        usable = facts is not None and not facts.problem and not lacks
        self.use.setEnabled(usable and is_free)

    def _ask_file(self) -> None:
        path = dialogs.ask_checkpoint(self)
        if path is not None:
            self.checkpoint.setText(str(path))

    def _on_ready(self, ready: object) -> None:
        if self._wanted is not None and ready.choice == self._wanted:
            self.chosen.emit(self._wanted)
            super().accept()

    def _on_failed(self, text: str, report: str) -> None:
        if self._wanted is not None:
            self._wanted = None
            self._say(text)
            self._allow()


def _described(facts: EngineFacts) -> str:
    text = tr(facts.summary)
    if facts.package != "vos-annotator":
        text += " " + tr("Brought by the package {package}.", package=facts.package)
    if facts.needs_checkpoint:
        text += " " + tr("It comes without weights: give the file of a checkpoint.")
    return text


def _made_by(workspace: Workspace) -> str:
    """Return which engines the masks of the project are from; empty if there are none."""
    made = workspace.project.engines()
    return " · ".join(
        tr("{engine}: {count}", engine=engine, count=number(count))
        for engine, count in made.items()
    )
