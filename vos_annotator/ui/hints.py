"""The three hints of the first run, over the demo clip.

For: the workspace. Each hint goes away when its deed is done, or by its x, and none
comes back: how far the person came is kept in the settings.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PySide6.QtCore import QEvent, QObject, QSettings
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from vos_annotator.core.edits import Status
from vos_annotator.core.translation import marked, tr
from vos_annotator.ui.bridge import EngineBridge
from vos_annotator.ui.document import Document
from vos_annotator.ui.panels.panel import small_button
from vos_annotator.ui.settings import kept

HINTS = (  # what to do, and how or why
    (
        marked("Paint the cup."),
        marked("Take the brush with key:tool-brush and paint over it, or scribble with "
               "key:tool-scribble."),
    ),
    (
        marked("Press key:propagate."),
        marked("The mask runs through the clip while you go on."),
    ),
    (
        marked("Fix frame 20, press key:keep."),
        marked("You answer for that frame; its neighbours follow."),
    ),
)  # fmt: skip
_DONE_KEY = "hints/done"
_MARGIN = 16  # px


class Hints(QFrame):
    """One hint at a time at the bottom of the canvas."""

    def __init__(
        self,
        document: Document,
        bridge: EngineBridge,
        canvas: QWidget,
        with_keys: Callable[[str], str],
        is_wanted: bool,
    ) -> None:
        super().__init__(canvas)
        self._with_keys = with_keys
        self._document, self._canvas, self._is_wanted = document, canvas, is_wanted
        self.setAccessibleName(tr("Hint"))
        self.setStyleSheet(
            "Hints { background: palette(light); border-radius: 6px; } QLabel { padding: 2px; }"
        )
        self.text = QLabel()
        self._count = QLabel()
        self._count.setProperty("role", "quiet")
        close = small_button("close", tr("Close the hint"))
        close.clicked.connect(self._next)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 8, 8)
        row.setSpacing(12)
        for widget in (self._count, self.text, close):
            row.addWidget(widget)
        canvas.installEventFilter(self)
        document.reference_changed.connect(self._on_reference_changed)
        bridge.progress.connect(self._on_progress)
        self.refresh()

    @property
    def done(self) -> int:
        """How many hints are done."""
        return kept(_DONE_KEY, 0)

    def restart(self) -> None:
        """Begin again."""
        QSettings().setValue(_DONE_KEY, 0)
        self._is_wanted = True
        self.refresh()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the bottom of the canvas."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _on_reference_changed(self, frame: int, ids: object) -> None:
        if not self._is_wanted:
            return
        is_reference = self._document.annotations.status(frame) is Status.REFERENCE
        others = len(self._document.annotations.references) > 1
        if is_reference and (self.done == 0 or (self.done == 2 and others)):
            self._next()

    def _on_progress(self, progress: object) -> None:
        if self._is_wanted and progress is not None and self.done == 1:
            self._next()

    def _next(self) -> None:
        QSettings().setValue(_DONE_KEY, self.done + 1)
        self.refresh()

    def refresh(self) -> None:
        """Show the hint that is due, with the keys as they are now."""
        done = self.done
        is_shown = self._is_wanted and done < len(HINTS)
        self.setVisible(is_shown)
        if is_shown:
            what, how = (escape(self._with_keys(tr(text))) for text in HINTS[done])
            self.text.setText(f"<b>{what}</b> {how}")
            self._count.setText(f"{done + 1} / {len(HINTS)}")
            self._place()

    def _place(self) -> None:
        self.adjustSize()
        self.move(
            (self._canvas.width() - self.width()) // 2,
            self._canvas.height() - self.height() - _MARGIN,
        )
        self.raise_()
