"""File > Compare: how far the open project and another one agree, and where they do least.

For: the team verbs. Masks are compared in another thread, on copies of both projects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
)

from vos_annotator.core.agreement import COLUMNS, Agreement, agreements, shared_names
from vos_annotator.core.edits import Status
from vos_annotator.core.errors import UserError
from vos_annotator.core.outputs import check_outputs
from vos_annotator.core.project import Project
from vos_annotator.core.tables import write_csv
from vos_annotator.core.translation import tr
from vos_annotator.ui import dialogs
from vos_annotator.ui.form_parts import roomy_form
from vos_annotator.ui.language import number
from vos_annotator.ui.projects_dialog import OtherProjectDialog, Progress

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow

_WORST = 20  # frames of an object that are listed
_FRAME = Qt.ItemDataRole.UserRole


class CompareDialog(OtherProjectDialog):
    """A table of objects, below each the frames on which the projects agree least."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(tr("Compare with a project"), window)
        self.resize(720, 520)
        self._found: list[Agreement] = []
        self.table = QTreeWidget()
        self.table.setHeaderLabels([tr("Object, frame"), tr("Frames"), "J", "F", tr("Made by")])
        self.table.setAccessibleName(tr("Agreement by object and frame"))
        self.table.itemActivated.connect(self._go)
        self.table.currentItemChanged.connect(self._allow)
        self._lay_out()
        self._allow()

    def _lay_out(self) -> None:
        form = roomy_form()
        form.addRow(tr("Other project"), self.other)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.go = buttons.addButton(tr("Go to the frame"), role)
        self.save: QPushButton = buttons.addButton(tr("Save as CSV…"), role)
        for button in (self.go, self.save):
            button.setAutoDefault(False)
        self.go.clicked.connect(lambda: self._go(self.table.currentItem()))
        self.save.clicked.connect(self._ask_csv)
        buttons.rejected.connect(self.reject)
        self._laid_out(form, self._summary, self.table, buttons)
        self.table.setColumnWidth(0, 200)
        for column in (1, 2, 3):
            self.table.setColumnWidth(column, 76)  # the last one takes what is left

    def _clear(self) -> None:
        self._found = []
        self.table.clear()

    def _look(self) -> None:
        if self.other.path is None:
            return

        def work(first: Project, second: Project, progress: Progress) -> object:
            names = shared_names(first, second)
            found = list(agreements(first, second, names, progress))
            alone = [
                sorted({each.name for each in project.objects} - set(names))
                for project in (first, second)
            ]
            return names, found, alone

        self._work(work, self._show, self.other.path)

    def _show(self, result: tuple[list[str], list[Agreement], list[list[str]]] | None) -> None:
        if result is None:
            return
        names, self._found, (ours, theirs) = result
        for name in names:
            self._add(name, [each for each in self._found if each.name == name])
        text = tr(
            "J is the share of both masks that they have in common, F how near their borders "
            "are; below each object are the frames on which they agree least."
        )
        if ours:
            text += " " + tr("Only here: {names}.", names=", ".join(ours))
        if theirs:
            text += " " + tr("Only there: {names}.", names=", ".join(theirs))
        self._summary.setText(text)
        self._allow()

    def _add(self, name: str, found: list[Agreement]) -> None:
        count = len(found)
        means = [number(sum(each) / count, 3) for each in _columns(found)] if found else ["", ""]
        top = QTreeWidgetItem([name, number(count), *means, ""])
        self.table.addTopLevelItem(top)
        for each in sorted(found, key=lambda each: (each.j, each.f))[:_WORST]:
            made = " / ".join(_made(status) for status in each.status)
            row = [tr("frame {frame}", frame=each.frame), "", number(each.j, 3), number(each.f, 3)]
            item = QTreeWidgetItem([*row, made])
            item.setData(0, _FRAME, each.frame)
            top.addChild(item)
        top.setExpanded(self.table.topLevelItemCount() == 1)

    def _go(self, item: QTreeWidgetItem | None) -> None:
        if item is None or item.data(0, _FRAME) is None:
            return
        document, cursor = self._workspace.document, self._workspace.cursor
        named = (each.id for each in document.objects if each.name == item.parent().text(0))
        cursor.object_id = next(named, cursor.object_id)
        cursor.frame = item.data(0, _FRAME)

    def _allow(self, *_: object) -> None:
        item = self.table.currentItem()
        self.go.setEnabled(item is not None and item.data(0, _FRAME) is not None)
        self.save.setEnabled(bool(self._found))

    def _ask_csv(self) -> None:
        project, path = self._workspace.project, self._workspace.project.path
        suggestion = path.with_name(tr("{name} agreement", name=path.stem) + ".csv")
        kinds = tr("Tables (*.csv)")
        chosen = dialogs.ask_new_file(self, tr("Save as CSV"), suggestion, kinds)
        if chosen is not None:
            try:
                check_outputs([chosen], [path, project.video.path])
                write_csv(chosen, COLUMNS, (each.cells for each in self._found))
            except UserError as error:
                self._say(str(error))
            else:
                self._say(tr("Saved in {path}", path=chosen))


def _columns(found: list[Agreement]) -> tuple[list[float], list[float]]:
    return [each.j for each in found], [each.f for each in found]


def _made(status: Status) -> str:
    return tr("reference") if status is Status.REFERENCE else tr("prediction")
