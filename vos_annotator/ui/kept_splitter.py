"""A line between panels that stays where a person moved it, in every project.

For: the workspace, which is made anew for each.
"""

from collections.abc import Iterable

from PySide6.QtCore import QByteArray, QSettings, Qt
from PySide6.QtWidgets import QSplitter, QWidget

from vos_annotator.ui.settings import kept


class KeptSplitter(QSplitter):
    """Widgets side by side, none of which can be pushed out of sight."""

    def __init__(
        self,
        orientation: Qt.Orientation,
        key: str,
        widgets: Iterable[QWidget],
        sizes: Iterable[int],
    ) -> None:
        """Lay out `widgets`.

        Args:
            orientation: Which way they follow each other.
            key: Under what the sizes are kept in the person's settings.
            widgets: From left to right, or from the top.
            sizes: How large each is at first, px.
        """
        super().__init__(orientation)
        for widget in widgets:
            self.addWidget(widget)
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        self.setSizes(list(sizes))
        self.restoreState(kept(key, QByteArray()))
        self.splitterMoved.connect(lambda: QSettings().setValue(key, self.saveState()))
