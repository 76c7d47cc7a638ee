"""The messages of this session, to be read again.

For: the window (Help > Messages). A dock at the bottom, hidden until asked for.
"""

from __future__ import annotations

import logging
import time

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QPlainTextEdit, QWidget

from vos_annotator.core.translation import tr
from vos_annotator.ui.icons import icon
from vos_annotator.ui.panels.panel import Panel

log = logging.getLogger(__name__)

_KEPT = 2000  # lines


class Messages(QDockWidget):
    """What was said, with the time, and the reports of what went wrong."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Messages"), parent)
        self.setObjectName("messages")
        self.setAllowedAreas(Qt.DockWidgetArea.BottomDockWidgetArea)
        self.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(_KEPT)
        self.text.setAccessibleName(tr("Messages"))
        self.text.setPlaceholderText(tr("Nothing has been said yet."))
        close = QAction(icon("close"), tr("Close the messages"), self)
        close.triggered.connect(self.hide)
        panel = Panel(tr("Messages"))
        self.close_button = panel.add_button(close)
        panel.set_content(self.text)
        self.setWidget(panel)
        self.setTitleBarWidget(QWidget())  # the panel has a heading of its own
        self.hide()

    def add(self, message: str, report: str = "") -> None:
        """Keep a message, and under it the report of what happened; the log has them, too."""
        log.log(logging.ERROR if report else logging.INFO, "%s", f"{message}\n{report}".rstrip())
        self.text.appendPlainText(f"{time.strftime('%H:%M:%S')}  {message}")
        if report:
            self.text.appendPlainText(report.rstrip())
