"""The row under the canvas: where in the video, and what is running.

For: the window. Frame buttons, the frame number and time, Propagate, Stop, and how much
is left. Knows the cursor and the actions; progress is told to it.
"""

from __future__ import annotations

from PySide6.QtCore import QLocale, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QValidator
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QToolButton,
    QWidget,
)

from vos_annotator.core.translation import language, tr
from vos_annotator.core.video import Video
from vos_annotator.ui.action_set import ActionSet
from vos_annotator.ui.cursor import Cursor
from vos_annotator.ui.icons import icon
from vos_annotator.ui.language import number
from vos_annotator.ui.progress import Progress

_BAR = (40, 140)  # px wide
_FRAME_BUTTONS = ("first", "previous", "play", "next", "last")
_PASSES = ("propagate-forward", "propagate-backward", "propagate-next", "propagate-previous")


class Transport(QWidget):
    """Frame buttons at the left, runs at the right."""

    def __init__(
        self, video: Video, cursor: Cursor, actions: ActionSet, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._video, self._cursor = video, cursor
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(tr("Transport"))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(2)
        for name in _FRAME_BUTTONS:
            row.addWidget(_action_button(actions[name]))
        self._play = actions["play"]
        row.addSpacing(10)
        last = video.frame_count - 1
        self.frame = _FrameField()
        self.frame.setLocale(QLocale(language()))
        self.frame.setGroupSeparatorShown(True)
        self.frame.setRange(0, last)
        self.frame.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.frame.setKeyboardTracking(False)
        self.frame.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel leaves the keys elsewhere
        self.frame.setAccessibleName(tr("Frame number"))
        self.frame.setToolTip(tr("Frame number"))
        self.frame.setFixedWidth(self.frame.fontMetrics().horizontalAdvance(number(last)) + 26)
        self.frame.valueChanged.connect(self._go)
        self.frame.editingFinished.connect(self.frame.clearFocus)
        row.addWidget(_quiet(tr("frame")))
        row.addWidget(self.frame)
        row.addWidget(_quiet(f"/ {number(last)}"))
        row.addSpacing(14)
        self.time = QLabel()
        self.time.setAccessibleName(tr("Time"))
        row.addWidget(self.time)
        row.addStretch(1)
        self.left = QLabel()
        self.left.setProperty("role", "quiet")
        self.left.setAccessibleName(tr("Progress"))
        row.addWidget(self.left)
        row.addSpacing(8)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMinimumWidth(_BAR[0])
        self.bar.setMaximumWidth(_BAR[1])
        self.bar.setAccessibleName(tr("Progress bar"))
        row.addWidget(self.bar)
        row.addSpacing(10)
        self.stop = _ActionButton(actions["stop"])
        row.addWidget(self.stop)
        row.addSpacing(6)
        self.propagate = _ActionButton(actions["propagate"])
        self.propagate.setDefault(True)
        row.addWidget(self.propagate)
        self.more = _more_button([actions[name] for name in _PASSES])
        row.addWidget(self.more)

        cursor.frame_changed.connect(self._show_frame)
        self._show_frame(cursor.frame)
        self.show_progress("")

    def show_playing(self, is_playing: bool) -> None:
        """Show the button that does the other thing."""
        self._play.setIcon(icon("pause" if is_playing else "play"))

    def show_progress(self, text: str, done: int = 0, total: int = 0) -> None:
        """Show what runs; an empty text when nothing does."""
        self.left.setText(text)
        self.bar.setVisible(bool(text))
        self.bar.setUpdatesEnabled(False)  # else each value repaints the window there and then
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.setUpdatesEnabled(True)

    def _go(self, frame: int) -> None:
        self._cursor.frame = frame

    def _show_frame(self, frame: int) -> None:
        self.frame.blockSignals(True)
        self.frame.setValue(frame)
        self.frame.blockSignals(False)
        self.time.setText(timecode(self._video.time(frame)))


class _FrameField(QSpinBox):
    """A frame's number. Esc leaves it as it was, and the keys to the window."""

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Let too large a number be typed: without its last digit it would be another frame's."""
        state, text, position = super().validate(text, position)
        if state is QValidator.State.Invalid and text.isdecimal():
            state = QValidator.State.Intermediate
        return state, text, position

    def fixup(self, text: str) -> str:
        """Return the last frame's number for one that is too large."""
        return str(self.maximum()) if text.isdecimal() and int(text) > self.maximum() else text

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Forget what is half typed on Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.setValue(self.value())
            self.clearFocus()
        else:
            super().keyPressEvent(event)


class _ActionButton(QPushButton):
    """A button with words that does what an action does."""

    def __init__(self, action: QAction) -> None:
        super().__init__(action.text())
        self._action = action
        self.setAccessibleName(action.text())
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        self.setEnabled(self._action.isEnabled())
        self.setToolTip(self._action.toolTip())  # names the key, which may be another now


def timecode(seconds: float) -> str:
    """Return `seconds` as 00:05.24, with hours when there are any."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:" if hours else ""
    return f"{head}{minutes:02}:{rest // 100:02}.{rest % 100:02}"


def words_of(progress: Progress) -> str:
    """Return which run it is that runs, and how much is left of it."""
    count = number(progress.total - progress.done)
    if progress.is_rough is None:
        words = tr("{count} left", count=count)
    elif not progress.is_rough:
        words = tr("Full size: {count} left", count=count)
    elif progress.done < progress.total:
        words = tr("Rough masks: {count} left", count=count)
    else:
        return tr("Rough masks are there; full size follows")
    return f"{words} · {duration(progress.seconds_left)}"


def duration(seconds: float) -> str:
    """Return how long something still takes: "41 s", "3 min", "2.1 h"."""
    if seconds < 90:
        return tr("{count} s", count=max(round(seconds), 1))
    if seconds < 5400:
        return tr("{count} min", count=round(seconds / 60))
    return tr("{count} h", count=number(seconds / 3600, 1))


def _quiet(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "quiet")
    return label


def _action_button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(20, 20))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName(action.text())
    return button


def _more_button(actions: list[QAction]) -> QToolButton:
    button = QToolButton()
    menu = QMenu(button)
    menu.addActions(actions)
    button.setMenu(menu)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setIcon(icon("more"))
    button.setAccessibleName(tr("Other ways to propagate"))
    button.setToolTip(tr("Other ways to propagate"))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
