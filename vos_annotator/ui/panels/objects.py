"""The objects: colour, name, what is known of each on this frame, eye and lock.

For: the window. Rows are kept while the same objects are there, so that a name being
typed is not lost when something else changes.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from vos_annotator.core.translation import tr
from vos_annotator.ui.cursor import Cursor
from vos_annotator.ui.document import Document
from vos_annotator.ui.inference import single_shot
from vos_annotator.ui.panels.object_row import ObjectRow
from vos_annotator.ui.panels.panel import Panel


class ObjectsPanel(Panel):
    """A list of the objects; a click makes one current.

    Signals:
        menu_asked(object_id, position): A right click on an object, in global coordinates.
    """

    menu_asked = Signal(int, object)

    def __init__(
        self,
        document: Document,
        cursor: Cursor,
        state_of: Callable[[int, int], str],
        parent: QWidget | None = None,
    ) -> None:
        """Show `document`'s objects.

        Args:
            document: Whose objects.
            cursor: Says, and is told, which object is current.
            state_of: Returns the word for (frame, object id): "predicted", "reference", ...
            parent: Qt's parent.
        """
        super().__init__(tr("Objects"), parent)
        self._document, self._cursor, self._state_of = document, cursor, state_of
        self.rows: dict[int, ObjectRow] = {}
        self._empty = QLabel()
        self._empty.setProperty("role", "quiet")
        self._empty.setContentsMargins(6, 8, 12, 8)  # in line with the heading
        content = QWidget()
        content.setProperty("role", "panel")
        content.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._list = QVBoxLayout(content)
        self._list.setContentsMargins(6, 0, 6, 0)
        self._list.setSpacing(1)
        self._list.addWidget(self._empty)
        self._list.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(content)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # Rows came, or room went: where rows are is known once they are laid out.
        later = single_shot(self, 0, self._reveal)
        area.verticalScrollBar().rangeChanged.connect(lambda *_: later.start())
        self._area = area
        self.set_content(area)

        document.objects_changed.connect(self._update_rows)
        document.frame_changed.connect(self._on_frame_changed)
        document.became_stale.connect(self._update_states)
        cursor.frame_changed.connect(self._update_states)
        cursor.object_changed.connect(self._update_current)
        self._update_rows()

    def invite(self, text: str) -> None:
        """Say how to begin, for as long as there is no object."""
        self._empty.setText(text)

    def rename(self, object_id: int) -> None:
        """Let the person type a name for the object."""
        self.rows[object_id].edit_name()

    def choose_color(self, object_id: int) -> None:
        """Let the person choose a colour for the object."""
        self.rows[object_id].choose_color()

    def _update_rows(self) -> None:
        objects = self._document.objects
        for object_id in [each for each in self.rows if each not in objects.ids]:
            row = self.rows.pop(object_id)
            self._list.removeWidget(row)
            row.deleteLater()
        for place, each in enumerate(objects):
            if each.id not in self.rows:
                row = ObjectRow(each)
                row.chosen.connect(self._choose)
                row.changed.connect(self._change)
                row.menu_asked.connect(self.menu_asked)
                self.rows[each.id] = row
                self._list.insertWidget(place, row)
            self.rows[each.id].show_object(each)
        self._empty.setVisible(not self.rows)
        self.note.setText(str(len(self.rows)) if self.rows else "")
        self._update_states()
        self._update_current()

    def _on_frame_changed(self, frame: int, box: object) -> None:
        if frame == self._cursor.frame:
            self._update_states()

    def _update_states(self, *_: object) -> None:
        frame = self._cursor.frame
        for object_id, row in self.rows.items():
            row.show_state(self._state_of(frame, object_id))

    def _update_current(self, *_: object) -> None:
        for object_id, row in self.rows.items():
            row.set_current(object_id == self._cursor.object_id)
        self._reveal()

    def _reveal(self, *_: object) -> None:
        if row := self.rows.get(self._cursor.object_id):
            self._area.ensureWidgetVisible(row)

    def _choose(self, object_id: int) -> None:
        self._cursor.object_id = object_id

    def _change(self, object_id: int, changes: dict) -> None:
        self._document.update_object(object_id, **changes)
