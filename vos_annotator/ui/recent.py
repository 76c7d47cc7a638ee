"""The projects that were open of late, in the program's settings and in a menu.

For: the window and its welcome page, and the application, which begins with that one.
"""

from pathlib import Path

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QMenu, QWidget

from vos_annotator.core.translation import tr
from vos_annotator.ui.words import with_signs

_KEY, _COUNT = "recent", 10
_NAME, _LINE = 400, 720  # px: of a name, and of it with its folder, at most


class RecentMenu(QMenu):
    """The menu of recent projects.

    Signals:
        chosen(path)
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("Open recent"), parent)
        self.setAccessibleName(tr("Open recent"))
        self.setToolTipsVisible(True)
        self.refresh()

    @property
    def paths(self) -> list[Path]:
        """The projects that are still there, the latest first."""
        return recent_projects()

    def remember(self, path: Path) -> None:
        """Put a project first."""
        others = [each for each in _stored() if each != str(path)]
        QSettings().setValue(_KEY, [str(path), *others][:_COUNT])
        self.refresh()

    def refresh(self) -> None:
        """Show the projects that are there now."""
        self.clear()
        for path in self.paths:
            action = self.addAction(with_signs(in_a_line(path, self.fontMetrics())))
            action.setToolTip(str(path))
            action.triggered.connect(lambda _=False, path=path: self.chosen.emit(path))
        self.setEnabled(not self.isEmpty())


def recent_projects() -> list[Path]:
    """Return the projects of late that are still there, the latest first."""
    return [Path(each) for each in _stored() if Path(each).exists()]


def in_a_line(path: Path, metrics: QFontMetrics) -> str:
    """Return a file's name and its folder, so much of both as the narrowest window has room for."""
    name = metrics.elidedText(path.name, Qt.TextElideMode.ElideMiddle, _NAME)
    room = _LINE - metrics.horizontalAdvance(f"{name}   ")
    folder = metrics.elidedText(str(path.parent), Qt.TextElideMode.ElideMiddle, room)
    return f"{name}   {folder}"


def _stored() -> list[str]:
    stored = QSettings().value(_KEY, [])
    stored = stored if isinstance(stored, list) else [stored]
    return [each for each in stored if isinstance(each, str)]
