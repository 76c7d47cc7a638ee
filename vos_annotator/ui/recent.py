"""The projects that were open of late, in the program's settings and in a menu.

For: the window and its welcome page.
"""

from pathlib import Path

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QMenu, QWidget

from vos_annotator.core.translation import tr
from vos_annotator.ui.words import with_signs

_KEY, _COUNT = "recent", 10


class RecentMenu(QMenu):
    """The menu of recent projects.

    Signals:
        chosen(path)
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("Open recent"), parent)
        self.setAccessibleName(tr("Open recent"))
        self.refresh()

    @property
    def paths(self) -> list[Path]:
        """The projects that are still there, the latest first."""
        return [Path(each) for each in _stored() if Path(each).exists()]

    def remember(self, path: Path) -> None:
        """Put a project first."""
        others = [each for each in _stored() if each != str(path)]
        QSettings().setValue(_KEY, [str(path), *others][:_COUNT])
        self.refresh()

    def refresh(self) -> None:
        """Show the projects that are there now."""
        self.clear()
        for path in self.paths:
            action = self.addAction(with_signs(f"{path.name}  ({path.parent})"))
            action.triggered.connect(lambda _=False, path=path: self.chosen.emit(path))
        self.setEnabled(not self.isEmpty())


def _stored() -> list[str]:
    stored = QSettings().value(_KEY, [])
    stored = stored if isinstance(stored, list) else [stored]
    return [each for each in stored if isinstance(each, str)]
