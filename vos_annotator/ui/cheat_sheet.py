"""The keys, on one page, made from the table of actions.

For: the Help menu and F1. Not modal: it can stay open beside the work.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from vos_annotator.core.translation import marked, tr
from vos_annotator.ui.action import MENUS, Action, menu_path
from vos_annotator.ui.action_set import key_text
from vos_annotator.ui.actions import ACTIONS
from vos_annotator.ui.timeline_lanes import legend

_COLUMNS = 3  # at most
_HIGHEST = 860  # px
_SCREEN_SHARE = 0.92  # of the screen that it takes at most, beside the frame of the window
_BAR = QSize(20, 8)  # px beside the page, for what scrolls it
_NUMBERS = "Object/Select"  # nine rows that are one line here
_MOUSE = (
    (marked("Wheel"), marked("zoom at the cursor")),
    (marked("Middle drag"), marked("move the view")),
    (marked("Shift + wheel"), marked("brush size")),
    (marked("Left, right button"), marked("add, remove")),
    (marked("Shift with the lasso"), marked("follow edges")),
    (marked("Pen: eraser, barrel button"), marked("remove")),
)


class CheatSheet(QDialog):
    """All keys by menu."""

    def __init__(self, parent: QWidget | None = None, rows: Iterable[Action] = ACTIONS) -> None:
        """Make the page.

        Args:
            parent: The window.
            rows: The table, with the keys as they are.
        """
        super().__init__(parent)
        self.setWindowTitle(tr("Keys"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        mouse = [(tr(where), tr(what)) for where, what in _MOUSE]
        sections = [*((tr(menu), _rows_of(menu, rows)) for menu in MENUS), (tr("Mouse"), mouse)]
        sections = [(title, lines) for title, lines in sections if lines]
        room = self.screen().availableSize() * _SCREEN_SHARE
        for count in range(_COLUMNS, 0, -1):
            content = _page(sections, count)
            wanted = content.sizeHint() + _BAR
            if wanted.width() <= room.width():
                break
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self.resize(wanted.boundedTo(QSize(room.width(), min(room.height(), _HIGHEST))))


def _page(sections: Iterable[tuple[str, list[tuple[str, str]]]], count: int) -> QWidget:
    """Return the titles and tables in so many columns, and under them what forms mean."""
    page = QWidget()
    grid = QGridLayout(page)
    grid.setContentsMargins(24, 20, 24, 20)
    grid.setHorizontalSpacing(40)
    columns = [QVBoxLayout() for _ in range(count)]
    heights = [0] * count
    for place, column in enumerate(columns):
        column.setSpacing(4)
        grid.addLayout(column, 0, place)
    for title, lines in sections:
        place = heights.index(min(heights))
        heights[place] += len(lines) + 2
        heading = QLabel(title.upper())
        heading.setProperty("role", "heading")
        columns[place].addWidget(heading)
        columns[place].addWidget(_table(lines))
        columns[place].addSpacing(12)
    for column in columns:
        column.addStretch(1)
    forms = QLabel(tr("On the timeline: {forms}.", forms=legend()), wordWrap=True)
    forms.setProperty("role", "quiet")
    grid.addWidget(forms, 1, 0, 1, count)
    return page


def _rows_of(menu: str, rows: Iterable[Action]) -> list[tuple[str, str]]:
    """Return the keys and words of a menu and of those within it."""
    pairs = []
    for row in rows:
        if row.keys and row.menu.partition("/")[0] == menu and row.menu != _NUMBERS:
            keys = dict.fromkeys(key_text(key) for key in row.keys)
            words = [*menu_path(row.menu)[1:], row.text.rstrip("…")]
            pairs.append((", ".join(keys), ": ".join(words)))
    return [*pairs, (tr("1 to 9"), tr("Choose an object"))] if menu == "Object" else pairs


def _table(rows: Iterable[tuple[str, str]]) -> QLabel:
    lines = "".join(
        f"<tr><td style='padding: 2px 16px 2px 0'><b>{escape(keys)}</b></td>"
        f"<td style='padding: 2px 0'>{escape(words)}</td></tr>"
        for keys, words in rows
    )
    label = QLabel(f"<table>{lines}</table>")
    label.setTextFormat(Qt.TextFormat.RichText)
    return label
