"""The keys, on one page, made from the table of actions.

For: the Help menu and F1. Not modal: it can stay open beside the work.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from vos_annotator.core.translation import marked, tr
from vos_annotator.ui.action import MENUS, Action, menu_path
from vos_annotator.ui.actions import ACTIONS
from vos_annotator.ui.keymap import key_text
from vos_annotator.ui.timeline_lanes import legend

_COLUMNS = 3  # at most
_HIGHEST = 860  # px
_SCREEN_SHARE = 0.92  # of the screen that it takes at most, beside the frame of the window
_BAR = QSize(20, 8)  # px beside the page, for what scrolls it
_FONT = 12  # px, a little less than elsewhere: all is seen at once on a screen of 1280x720
_HEADING = 2  # lines that the title of a section takes
_GAP = 12  # px between keys and words
_NUMBERS = "Object/Select"  # nine rows that are one line here
_MOUSE = (
    (marked("Wheel"), marked("zoom at the cursor")),
    (marked("Middle drag, Space + drag"), marked("move the view")),
    (marked("Shift + wheel"), marked("brush size")),
    (marked("Left, right button"), marked("add, remove")),
    (marked("Shift with the lasso"), marked("follow edges")),
    (marked("Pen: eraser, barrel button"), marked("remove")),
)

Section = tuple[str, list[tuple[str, str]]]  # the title, and keys with what they do


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
        sections = sections_of(rows)
        room = self.screen().availableSize() * _SCREEN_SHARE
        for count in range(_COLUMNS, 0, -1):
            content = page_of(sections, count)
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


def sections_of(rows: Iterable[Action]) -> list[Section]:
    """Return the keys of each menu, and what the mouse does."""
    mouse = [(tr(where), tr(what)) for where, what in _MOUSE]
    sections = [*((tr(menu), _rows_of(menu, rows)) for menu in MENUS), (tr("Mouse"), mouse)]
    return [(title, lines) for title, lines in sections if lines]


def page_of(sections: Iterable[Section], count: int) -> QWidget:
    """Return the titles and tables in so many columns, and under them what forms mean."""
    page = QWidget()
    page.setStyleSheet(f"QLabel {{ font-size: {_FONT}px; }}")
    grid = QGridLayout(page)
    grid.setContentsMargins(12, 12, 12, 12)
    grid.setHorizontalSpacing(24)
    columns = [QVBoxLayout() for _ in range(count)]
    for place, column in enumerate(columns):
        column.setSpacing(4)
        grid.addLayout(column, 0, place)
    for column, shared in zip(columns, _shared_out(sections, count), strict=True):
        bold = QFont(page.font())
        bold.setBold(True)
        bold.setPixelSize(_FONT)
        words = (keys for _, lines in shared for keys, _ in lines)
        width = max(map(QFontMetrics(bold).horizontalAdvance, words), default=0)
        for title, lines in shared:
            heading = QLabel(title.upper())
            heading.setProperty("role", "heading")
            column.addWidget(heading)
            column.addWidget(_table(lines, width))
            column.addSpacing(8)
        column.addStretch(1)
    forms = QLabel(tr("On the timeline: {forms}.", forms=legend()), wordWrap=True)
    forms.setProperty("role", "quiet")
    grid.addWidget(forms, 1, 0, 1, count)
    return page


def _shared_out(sections: Iterable[Section], count: int) -> list[list[Section]]:
    """Return sections in columns about as long as each other, in their order in each."""
    sections = list(sections)
    columns, lengths = [[] for _ in range(count)], [0] * count
    for section in sorted(sections, key=lambda each: -len(each[1])):
        place = lengths.index(min(lengths))
        lengths[place] += len(section[1]) + _HEADING
        columns[place].append(section)
    for column in columns:
        column.sort(key=sections.index)
    return sorted(columns, key=lambda column: [sections.index(each) for each in column])


def _rows_of(menu: str, rows: Iterable[Action]) -> list[tuple[str, str]]:
    """Return the keys and words of a menu and of those within it."""
    pairs = []
    for row in rows:
        if row.keys and row.menu.partition("/")[0] == menu and row.menu != _NUMBERS:
            keys = dict.fromkeys(key_text(key) for key in row.keys)
            words = [*menu_path(row.menu)[1:], row.text.rstrip("…")]
            pairs.append((", ".join(keys), ": ".join(words)))
    return [*pairs, (tr("1 to 9"), tr("Choose an object"))] if menu == "Object" else pairs


def _table(rows: Iterable[tuple[str, str]], width: int) -> QLabel:
    """Return keys, in a column of a width in px, and beside each what it does."""
    lines = "".join(
        f"<tr><td width={width + _GAP}><b>{escape(keys)}</b></td><td>{escape(words)}</td></tr>"
        for keys, words in rows
    )
    label = QLabel(f"<table cellspacing=0 cellpadding=0>{lines}</table>")
    label.setTextFormat(Qt.TextFormat.RichText)
    return label
