"""File > Merge: the open project and another one into a third, where a person decides conflicts.

For: the team verbs. What is read and written, is in another thread, on copies.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
)

from vos_annotator.core.database_place import check_place
from vos_annotator.core.errors import UserError
from vos_annotator.core.merging_projects import Conflict, Merge, Preference
from vos_annotator.core.project import Project
from vos_annotator.core.translation import tr, tr_many
from vos_annotator.ui import dialogs
from vos_annotator.ui.form_parts import file_row, roomy_form
from vos_annotator.ui.language import number
from vos_annotator.ui.projects_dialog import OtherProjectDialog, Progress

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow

_CONFLICT = Qt.ItemDataRole.UserRole
_OURS, _THEIRS = "ours", "theirs"


class MergeDialog(OtherProjectDialog):
    """Lists what two projects disagree on, and writes what they come to.

    Signals:
        merged(path, is_to_open): The third project is written.
    """

    merged = Signal(object, bool)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(tr("Merge with a project"), window)
        self.resize(820, 560)
        self._found: list[Conflict] | None = None
        self._counts: dict[int, str] = {}  # the row of a conflict -> whose word counts
        path = self._workspace.project.path
        suggestion = path.with_name(tr("{name} merged", name=path.stem) + ".vos")
        kinds = tr("Projects (*.vos)")
        self.out = file_row(
            tr("Write to"), lambda: dialogs.ask_new_file(self, tr("Write to"), suggestion, kinds)
        )
        self.out.field.setText(str(suggestion))
        self.out.field.textChanged.connect(self._allow)
        self.list = QTreeWidget()
        self.list.setHeaderLabels([tr("Frame"), tr("Objects"), tr("Conflict"), tr("What counts")])
        self.list.setRootIsDecorated(False)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setAccessibleName(tr("Conflicts"))
        self.list.itemActivated.connect(self._go)
        self.list.setToolTip(tr("A double click goes to the frame."))
        self.ours, self.theirs = QPushButton(tr("Mine counts")), QPushButton(tr("Theirs counts"))
        for button, word in ((self.ours, _OURS), (self.theirs, _THEIRS)):
            button.setAutoDefault(False)
            button.setToolTip(tr("For the conflicts that are selected, or all if none is."))
            button.clicked.connect(lambda _, word=word: self._decide(word))
        self.opens = QCheckBox(tr("Open the merged project afterwards"))
        self.opens.setChecked(True)
        self._lay_out()
        self._allow()

    def accept(self) -> None:
        """Write the third project; the dialog closes once it is there."""
        out, other = self.out.path, self.other.path
        prefers, known = self._preference(), self._found
        try:
            check_place(out)
        except UserError as error:
            self._say(str(error))
            return

        def work(first: Project, second: Project, progress: Progress) -> object:
            merge = Merge(first, second)
            if list(merge.conflicts(progress)) != known:
                return None  # a person has to look again
            return merge.save(out, prefers, progress)

        self.merge.setEnabled(False)  # until it is there or has failed
        self._work(work, lambda count: self._finish(out, count), other)

    def _lay_out(self) -> None:
        form = roomy_form()
        form.addRow(tr("Other project"), self.other)
        form.addRow(tr("Write to"), self.out)
        line = QHBoxLayout()
        line.addWidget(self._summary, 1)
        line.addWidget(self.ours)
        line.addWidget(self.theirs)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.merge = buttons.addButton(tr("Merge"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.merge.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._laid_out(form, line, self.list, self.opens, buttons)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        for column, width in ((0, 64), (1, 110), (3, 110)):
            self.list.setColumnWidth(column, width)

    def _clear(self) -> None:
        self._found = None
        self._counts.clear()
        self.list.clear()

    def _look(self) -> None:
        if self.other.path is None:
            return

        def work(first: Project, second: Project, progress: Progress) -> object:
            return list(Merge(first, second).conflicts(progress))

        self._work(work, self._show, self.other.path)

    def _show(self, found: list[Conflict] | None) -> None:
        if found is None:
            return
        self._found = found
        self.list.clear()
        items = []
        for row, each in enumerate(found):
            item = QTreeWidgetItem([each.frames, ", ".join(each.names), each.what, ""])
            item.setData(0, _CONFLICT, row)
            item.setToolTip(2, each.what)
            if not each.is_open:
                item.setText(3, tr("the drawing"))
            items.append(item)
        self.list.addTopLevelItems(items)
        self._allow()

    def _decide(self, word: str) -> None:
        items = self.list.selectedItems() or self._items()
        chosen = {self._found[item.data(0, _CONFLICT)] for item in items}
        # The masks of a frame are decided together.
        frames = {each.frame for each in chosen if each.names and each.is_open}
        for item in self._items():
            row = item.data(0, _CONFLICT)
            each = self._found[row]
            if each.is_open and (each.frame in frames if each.names else each in chosen):
                self._counts[row] = word
                item.setText(3, tr("mine") if word == _OURS else tr("theirs"))
        self._allow()

    def _items(self) -> list[QTreeWidgetItem]:
        return [self.list.topLevelItem(n) for n in range(self.list.topLevelItemCount())]

    def _preference(self) -> Preference:
        theirs = [self._found[row] for row, word in self._counts.items() if word == _THEIRS]
        return Preference(
            frozenset(each.frame for each in theirs if each.names),
            frozenset(each.frame for each in theirs if not each.names),
        )

    def _go(self, item: QTreeWidgetItem) -> None:
        self._workspace.cursor.frame = self._found[item.data(0, _CONFLICT)].frame

    def _allow(self, *_: object) -> None:
        found = self._found
        open_ = [row for row, each in enumerate(found or ()) if each.is_open]
        undecided = sum(row not in self._counts for row in open_)
        self.ours.setEnabled(bool(open_))
        self.theirs.setEnabled(bool(open_))
        self.merge.setEnabled(found is not None and not undecided and self.out.path is not None)
        if found is None:
            return
        count = len(found)
        text = tr_many("{count} conflict", "{count} conflicts", count, count=number(count))
        if undecided:
            text += "; " + tr_many(
                "{count} to decide: nothing is written until then",
                "{count} to decide: nothing is written until then",
                undecided,
                count=number(undecided),
            )
        self._summary.setText(text if found else tr("No conflicts."))

    def _fail(self, text: str) -> None:
        super()._fail(text)
        self._allow()  # to try again

    def _finish(self, out: Path, count: int | None) -> None:
        if count is None:
            self._forget()
            self._say(tr("The projects have changed: look at the conflicts again."))
            return
        self.merged.emit(out, self.opens.isChecked())
        super().accept()
