"""File > Effort: what annotating took, in figures and a picture.

For: the team verbs. The history is read in another thread, from a copy of the project.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtCore import QBuffer, QEvent
from PySide6.QtWidgets import QDialogButtonBox, QLabel

from vos_annotator.core.atomic import put_file
from vos_annotator.core.effort import COLUMNS, REST, Effort
from vos_annotator.core.errors import UserError
from vos_annotator.core.outputs import check_outputs
from vos_annotator.core.project import Project
from vos_annotator.core.tables import write_csv
from vos_annotator.core.translation import tr, tr_many
from vos_annotator.ui import dialogs
from vos_annotator.ui.inference import single_shot
from vos_annotator.ui.language import number
from vos_annotator.ui.projects_dialog import Progress, ProjectsDialog

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow

_BARS = 300  # that a picture has room for


class EffortDialog(ProjectsDialog):
    """The figures of a project's history, and where in video and time the work was."""

    _effort: Effort | None = None  # until it is read

    def __init__(self, window: MainWindow) -> None:
        super().__init__(tr("Effort"), window)
        self.resize(680, 560)
        self._figures = QLabel()
        self._figures.setWordWrap(True)
        self._redraw = single_shot(self, 0, lambda: self._draw(self._effort))
        self.picture = pg.GraphicsLayoutWidget()
        self.picture.setAccessibleName(tr("Steps by frame, and minutes at work by frame"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.table = buttons.addButton(tr("Save as CSV…"), role)
        self.png = buttons.addButton(tr("Save the picture…"), role)
        for button, ask in ((self.table, self._ask_csv), (self.png, self._ask_png)):
            button.setAutoDefault(False)
            button.setEnabled(False)
            button.clicked.connect(ask)
        buttons.rejected.connect(self.reject)
        self._laid_out(self._figures, self.picture, buttons)

        def work(project: Project, _: object, progress: Progress) -> object:
            return Effort.of(project)

        self._work(work, self._show)

    def _show(self, effort: Effort | None) -> None:
        if effort is None:
            return
        self._effort = effort
        count = self._workspace.project.video.frame_count
        touched, distances = effort.frames, effort.distances
        texts = [
            tr_many(
                "{count} step", "{count} steps", len(effort.steps), count=number(len(effort.steps))
            ),
            tr(
                "{minutes} minutes at work (a pause counts as {rest} s)",
                minutes=number(sum(effort.seconds) / 60, 1),
                rest=number(REST),
            ),
            tr("{touched} of {count} frames", touched=number(len(touched)), count=number(count)),
        ]
        if distances:
            middle = number(median(distances), 0 if median(distances) % 1 == 0 else 1)
            texts.append(tr("frames between corrections: {count} (median)", count=middle))
        unknown = sum(step.at == 0 for step in effort.steps)
        text = ", ".join(texts) + "."
        if unknown:
            text += " " + tr_many(
                "Of {count} step it is not known when it was made.",
                "Of {count} steps it is not known when they were made.",
                unknown,
                count=number(unknown),
            )
        self._figures.setText(text)
        self._draw(effort)
        for button in (self.table, self.png):
            button.setEnabled(bool(effort.steps))

    def _draw(self, effort: Effort) -> None:
        frame_count = self._workspace.project.video.frame_count
        self.picture.clear()
        self.picture.setBackground(self.palette().base().color())
        pen = self.palette().text().color()
        color = self.palette().highlight().color()
        above, below = self.picture.addPlot(0, 0), self.picture.addPlot(1, 0)
        below.setXLink(above)
        for plot, words in ((above, tr("steps")), (below, tr("minutes at work"))):
            plot.setMouseEnabled(False, False)
            plot.hideButtons()
            plot.setMenuEnabled(False)
            plot.setXRange(-0.5, frame_count - 0.5, padding=0.02)
            plot.setLimits(yMin=0, minYRange=1)  # there is no less than no step and no minute
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(pen)
                plot.getAxis(side).setTextPen(pen)
            plot.getAxis("left").setWidth(72)
            plot.getAxis("left").enableAutoSIPrefix(False)
            plot.setLabel("left", words, color=pen.name())
        below.setLabel("bottom", tr("frame"), color=pen.name())
        touched, points = effort.frames, effort.points
        width = max(1.0, frame_count / _BARS)
        frames, steps = list(touched), list(touched.values())
        above.addItem(pg.BarGraphItem(x=frames, height=steps, width=width, brush=color, pen=color))
        below.plot(
            [frame for frame, _ in points],
            [minute for _, minute in points],
            pen=None,
            symbol="o",
            symbolSize=6,
            symbolBrush=color,
            symbolPen=None,
        )

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._effort is not None:
            self._redraw.start()  # once all that Qt does for it is done

    def _ask_csv(self) -> None:
        path = self._ask(tr("Save as CSV"), ".csv", tr("Tables (*.csv)"))
        if path is not None:
            self._save(lambda: write_csv(path, COLUMNS, self._effort.rows), path)

    def _ask_png(self) -> None:
        path = self._ask(tr("Save the picture"), ".png", tr("Pictures (*.png)"))
        if path is not None:
            buffer = QBuffer()
            buffer.open(QBuffer.OpenModeFlag.WriteOnly)
            self.picture.grab().save(buffer, "PNG")
            self._save(lambda: put_file(path, bytes(buffer.data())), path)

    def _ask(self, title: str, suffix: str, kinds: str) -> object:
        path = self._workspace.project.path
        suggestion = path.with_name(tr("{name} effort", name=path.stem) + suffix)
        return dialogs.ask_new_file(self, title, suggestion, kinds)

    def _save(self, write: object, path: object) -> None:
        project = self._workspace.project
        try:
            check_outputs([path], [project.path, project.video.path])
            write()
        except UserError as error:
            self._say(str(error))
        else:
            self._say(tr("Saved in {path}", path=path))
