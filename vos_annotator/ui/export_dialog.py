"""How masks are exported: the format, where to, and what there is to know before.

For: the verbs. It asks and answers; what it says of the export is found out in another thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QWidget,
)

from vos_annotator.core.davis import RESOLUTIONS
from vos_annotator.core.errors import UserError
from vos_annotator.core.file_names import safe_name
from vos_annotator.core.formats.format import Format, Options
from vos_annotator.core.formats.preflight import Finding
from vos_annotator.core.formats.registry import FORMATS
from vos_annotator.core.formats.sources import place_of
from vos_annotator.core.translation import tr, tr_many
from vos_annotator.ui.dialogs import last_folder, remember_folder
from vos_annotator.ui.form_parts import (
    PathRow,
    add_answers,
    list_of_findings,
    roomy_form,
    with_margins,
)
from vos_annotator.ui.inference import single_shot
from vos_annotator.ui.latest import Latest
from vos_annotator.ui.settings import kept

_FORMAT_KEY = "export/format"
_WIDEST = 1000  # px of a soft border
_PAUSE = 250  # ms after the last key until the export is looked at
_LINES = 6  # of the list of findings


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """What to export and where to."""

    root: Path
    name: str
    format: str = "davis"
    options: Options = field(default_factory=Options)


Check = Callable[[ExportChoice], Sequence[Finding]]


class ExportDialog(QDialog):
    """What is exported, and where it goes."""

    def __init__(
        self, name: str, parent: QWidget | None = None, folder: Path | None = None
    ) -> None:
        """Make the dialog.

        Args:
            name: Of the sequence.
            parent: The window.
            folder: Where it goes unless another was chosen before; None for that of films.
        """
        super().__init__(parent)
        self.setWindowTitle(tr("Export"))
        self.setMinimumWidth(560)
        self._check: Check | None = None
        self._in_the_way = 0  # of what was found last
        self._latest = Latest(self)
        self._latest.done.connect(self._show_findings)
        self._pause = single_shot(self, _PAUSE, self._ask)
        self.format = QComboBox()
        self.format.setAccessibleName(tr("Format"))
        for kind in FORMATS.values():
            self.format.addItem(kind.title, kind.name)
        chosen = self.format.findData(kept(_FORMAT_KEY, "davis"))
        self.format.setCurrentIndex(max(0, chosen))
        self.about = QLabel()
        self.about.setProperty("role", "quiet")
        self.about.setWordWrap(True)
        self.about.setAlignment(Qt.AlignmentFlag.AlignTop)
        row = PathRow(tr("Folder"), (tr("Choose…"), self._browse))
        self.root = row.field
        self.root.setText(last_folder("export", folder))
        self.name = QLineEdit(safe_name(name))
        self.name.setAccessibleName(tr("Sequence name"))
        self.resolution = QComboBox()
        self.resolution.addItems(RESOLUTIONS)
        self.resolution.setAccessibleName(tr("Folder name of the resolution"))
        self.resolution.setToolTip(
            tr("Only the folder's name: files always have the video's size.")
        )
        self.images = QCheckBox(tr("Write the pictures too"))
        self.images.setChecked(True)
        self.feather = with_margins(QDoubleSpinBox())
        self.feather.setRange(0, _WIDEST)
        self.feather.setSuffix(tr(" px"))
        self.feather.setAccessibleName(tr("Soft border"))
        self.replace = QCheckBox(tr("Overwrite files that no export left as they are"))
        self.replace.setToolTip(
            tr("Files of these names that were changed since, or are another video's.")
        )
        self._target = QLabel()
        self._target.setProperty("role", "quiet")
        self._target.setWordWrap(True)
        self.findings = list_of_findings(tr("What there is to know before"), _LINES)
        self._form = form = roomy_form()
        form.addRow(tr("Format"), self.format)
        form.addRow("", self.about)
        form.addRow(tr("Folder"), row)
        form.addRow(tr("Sequence"), self.name)
        form.addRow(tr("Resolution folder"), self.resolution)
        form.addRow("", self.images)
        form.addRow(tr("Soft border"), self.feather)
        form.addRow(tr("Masks go to"), self._target)
        form.addRow(tr("Before"), self.findings)
        form.addRow("", self.replace)
        _, self.export = add_answers(self, form, tr("Export"))
        self.root.textChanged.connect(self._show_target)
        self.name.textChanged.connect(self._show_target)
        self.resolution.currentTextChanged.connect(self._show_target)
        self.feather.valueChanged.connect(self._show_target)
        self.images.toggled.connect(self._show_target)
        self.replace.toggled.connect(self._show_target)
        self.format.currentIndexChanged.connect(self._show_target)
        self._show_target()

    @property
    def choice(self) -> ExportChoice:
        """What the fields say."""
        kind = self._kind
        options = Options(
            with_images="with_images" not in kind.options or self.images.isChecked(),
            resolution=self.resolution.currentText(),
            feather=self.feather.value() if "feather" in kind.options else 0.0,
            replace=self.replace.isChecked(),
        )
        name = safe_name(self.name.text())
        return ExportChoice(Path(self.root.text()).expanduser(), name, kind.name, options)

    def look(self, check: Check) -> None:
        """Show what `check` finds of each choice; it runs in another thread, one at a time."""
        self._check = check
        self._ask()

    def done(self, result: int) -> None:
        """Close the dialog; what is still being found out is waited for."""
        if result:
            remember_folder("export", self.root.text())
            QSettings().setValue(_FORMAT_KEY, self._kind.name)
        self._pause.stop()
        self._check = None
        self._latest.close()
        super().done(result)

    @property
    def _kind(self) -> Format:
        return FORMATS[self.format.currentData()]

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, tr("Folder"), self.root.text())
        if chosen:
            self.root.setText(chosen)

    def _show_target(self, *_: object) -> None:
        kind, choice = self._kind, self.choice
        self.about.setText(kind.about)
        self._form.setRowVisible(self.resolution, "resolution" in kind.options)
        self._form.setRowVisible(self.feather, "feather" in kind.options)
        self._form.setRowVisible(self.images, "with_images" in kind.options)
        self._target.setText(str(choice.root / place_of(kind, choice.name, choice.options)))
        self._latest.forget()  # what is still being found out is of another choice
        if self._check is not None:
            self._pause.start()
        self._update_button()

    def _ask(self) -> None:
        check, choice = self._check, self.choice
        if check is None or not self.root.text().strip():
            return

        def work() -> Sequence[Finding]:
            try:
                return check(choice)
            except UserError as error:
                return [Finding(str(error), stops=True)]

        self._latest.ask(work)

    def _show_findings(self, findings: Sequence[Finding]) -> None:
        self.findings.clear()
        self.findings.addItems([each.text for each in findings])
        self._in_the_way = sum(each.stops for each in findings)
        self._update_button()

    def _update_button(self) -> None:
        stops = self._in_the_way
        self.export.setEnabled(bool(self.root.text().strip()) and not stops)
        self.export.setToolTip(
            tr_many("{count} thing stands in the way.", "{count} things stand in the way.", stops)
            if stops
            else ""
        )
