"""Masks that come in, from any format: what is found, what becomes of it, and what does not fit.

For: the verbs. It asks and answers; masks are looked through in another thread, and nothing is
changed before the answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QHeaderView,
    QLabel,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.importing import Masks
from vos_annotator.core.formats.registry import FORMATS
from vos_annotator.core.formats.report import ranges
from vos_annotator.core.objects import MOST, Objects, screen_color
from vos_annotator.core.translation import tr, tr_many
from vos_annotator.ui.dialogs import folder_to_look_in, remember_folder
from vos_annotator.ui.form_parts import (
    PathRow,
    add_answers,
    list_of_findings,
    roomy_form,
    with_margins,
)
from vos_annotator.ui.inference import single_shot
from vos_annotator.ui.language import number
from vos_annotator.ui.latest import Latest

_PAUSE = 250  # ms after the last key until a path is looked at
_ROWS, _LINES = 6, 4  # of the table and the list that are seen at once
_SWATCH = 14  # px

# path, name of the format or None, whether it was given up -> what was found
LookThrough = Callable[[Path, str | None, Callable[[], bool]], Masks]


@dataclass(frozen=True, slots=True)
class ImportChoice:
    """What is to be imported.

    Attributes:
        masks: As they were found.
        numbers: What the numbers of objects become; 0 leaves one out.
        as_predictions: Whether engines may replace them.
    """

    masks: Masks
    numbers: Mapping[int, int]
    as_predictions: bool


class ImportDialog(QDialog):
    """What is imported, and as what."""

    def __init__(
        self, objects: Objects, look_through: LookThrough, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Import masks"))
        self.setMinimumWidth(620)
        self._objects, self._look_through = objects, look_through
        self._masks: Masks | None = None
        self._given_up = threading.Event()
        self._latest = Latest(self)
        self._latest.done.connect(self._show)
        self._pause = single_shot(self, _PAUSE, self._look)
        ways = (tr("File…"), self._browse_file), (tr("Folder…"), self._browse)
        row = PathRow(tr("File or folder of masks"), *ways)
        self.path = row.field
        self.path.textChanged.connect(self._forget)
        self.format = QComboBox()
        self.format.setAccessibleName(tr("Format"))
        self.format.addItem(tr("What it looks like"), None)
        for kind in FORMATS.values():
            if kind.reads:
                self.format.addItem(kind.title, kind.name)
        self.format.currentIndexChanged.connect(self._forget)
        self.kind = QComboBox()
        self.kind.setAccessibleName(tr("As what"))
        self.kind.addItem(tr("References, which no engine changes"), False)
        self.kind.addItem(tr("Predictions; frames that are references stay"), True)
        self.table = QTableWidget(0, 4)
        self.table.setAccessibleName(tr("Objects that were found"))
        self.table.setHorizontalHeaderLabels(
            [tr("Number"), tr("Becomes"), tr("Name"), tr("Frames")]
        )
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)  # Tab goes through the fields in it, and on
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setFixedHeight((_ROWS + 1) * 30)
        self.findings = list_of_findings(tr("What does not fit"), _LINES)
        self.skip = QCheckBox(tr("Take what fits although some masks do not"))
        self.skip.toggled.connect(self._update_button)
        self._summary = QLabel()
        self._summary.setProperty("role", "quiet")
        self._summary.setWordWrap(True)
        self._summary.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._summary.setMinimumHeight(3 * self._summary.fontMetrics().lineSpacing())
        form = roomy_form()
        form.addRow(tr("From"), row)
        form.addRow(tr("Format"), self.format)
        form.addRow(tr("As what"), self.kind)
        form.addRow(tr("Found"), self._summary)
        form.addRow("", self.table)
        form.addRow(tr("What does not fit"), self.findings)
        form.addRow("", self.skip)
        _, self.take = add_answers(self, form, tr("Import"))
        self._update_button()

    @property
    def choice(self) -> ImportChoice | None:
        """What the fields say; None while there is nothing to take."""
        if self._masks is None:
            return None
        ids = tuple(self._masks.frames_of)
        numbers = {i: self.number(row).value() for row, i in enumerate(ids)}
        return ImportChoice(self._masks, numbers, bool(self.kind.currentData()))

    def number(self, row: int) -> QSpinBox:
        """Return the field of what an object's number becomes."""
        return self.table.cellWidget(row, 1)

    def done(self, result: int) -> None:
        """Close the dialog; what is still being looked through is given up."""
        if result:
            path = Path(self.path.text()).expanduser()
            remember_folder("masks", str(path if path.is_dir() else path.parent))
        self._pause.stop()
        self._given_up.set()
        self._latest.close()
        super().done(result)

    def _browse(self) -> None:
        title = tr("Folder of masks")
        self._choose(QFileDialog.getExistingDirectory(self, title, folder_to_look_in("masks")))

    def _browse_file(self) -> None:
        kinds = tr("Masks (*.json *.xml *.txt *.yaml *.png);;All files (*)")
        title = tr("File of masks")
        self._choose(QFileDialog.getOpenFileName(self, title, folder_to_look_in("masks"), kinds)[0])

    def _choose(self, chosen: str) -> None:
        if chosen:
            self.path.setText(chosen)

    def _forget(self, *_: object) -> None:
        """Know nothing of what was chosen before, and look at what is chosen now soon."""
        self._given_up.set()
        self._latest.forget()
        self._masks = None
        self._summary.clear()
        self.findings.clear()
        self.table.setRowCount(0)
        self._update_button()
        self._pause.start()

    def _look(self) -> None:
        """Have what is chosen looked through."""
        self._given_up = given_up = threading.Event()
        text, kind = self.path.text().strip(), self.format.currentData()
        if not text:
            return
        path = Path(text).expanduser()
        self._summary.setText(tr("Reading…"))

        def work() -> Masks | UserError:
            try:
                return self._look_through(path, kind, given_up.is_set)
            except UserError as error:
                return error

        self._latest.ask(work)

    def _show(self, found: Masks | UserError) -> None:
        if isinstance(found, UserError):
            self._summary.setText(str(found))
            return
        self._masks = found
        count = len(found.pngs)
        masks = tr_many("{count} mask", "{count} masks", count, count=number(count))
        self._summary.setText(f"{found.format.title}: {masks}")
        for object_id, frames in found.frames_of.items():
            becomes = found.proposed.get(object_id, object_id)
            self._add_row(object_id, becomes, found.names.get(object_id, ""), frames)
        self.findings.addItems([*found.problems, *found.notes])
        self._update_button()

    def _add_row(self, object_id: int, becomes: int, name: str, frames: tuple[int, ...]) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        for column, text in ((0, str(object_id)), (2, name), (3, ranges(frames))):
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            self.table.setItem(row, column, item)
        field = with_margins(QSpinBox())
        field.setRange(0, MOST)
        field.setSpecialValueText(tr("left out"))
        field.setValue(becomes)
        field.setAccessibleName(tr("What object {number} becomes", number=object_id))
        field.valueChanged.connect(lambda becomes: self._paint(row, name, becomes))
        self.table.setCellWidget(row, 1, field)
        self.setTabOrder(self.number(row - 1) if row else self.table, field)
        self._paint(row, name, becomes)

    def _paint(self, row: int, name: str, becomes: int) -> None:
        """Show the colour and the name that an object gets."""
        known = next((each for each in self._objects if each.id == becomes), None)
        color = known.color if known else screen_color(max(becomes, 1))
        swatch = QPixmap(_SWATCH, _SWATCH)
        swatch.fill(QColor(*color) if becomes else Qt.GlobalColor.transparent)
        self.table.item(row, 0).setIcon(QIcon(swatch))
        self.table.item(row, 2).setText(known.name if known else name)

    def _update_button(self, *_: object) -> None:
        masks = self._masks
        self.skip.setVisible(masks is not None and bool(masks.problems))
        fits = masks is not None and (not masks.problems or self.skip.isChecked())
        self.take.setEnabled(fits and bool(masks.pngs))
