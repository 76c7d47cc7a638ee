"""Memory as a person sees it: what is taken of what is allowed, and word of it running short.

For: the window, whose status bar shows it, and the dialog in which it is chosen. Knows the
memory budget; looks every two seconds.
"""

from __future__ import annotations

import threading

import psutil
from PySide6.QtCore import QObject, QSettings, QTimer, Signal

from vos_annotator.core.memory_budget import BUDGET, KINDS, MIB
from vos_annotator.core.translation import tr
from vos_annotator.engine.processes import resident
from vos_annotator.ui.language import number
from vos_annotator.ui.settings import kept

_INTERVAL = 2000  # ms
_CHOICE_KEY = "memory/allowed"  # MiB; without it, what is usual


class MemoryWatch(QObject):
    """Looks at memory, and has caches made smaller where the machine runs out of it.

    Signals:
        looked(text, details): What the program takes, and the caches of what they may.
        ran_short(text): Caches were made smaller, here or where an allocation failed.
    """

    looked = Signal(str, str)
    ran_short = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process, self._steps = psutil.Process(), BUDGET.steps
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        QTimer.singleShot(0, self.look)

    def look(self) -> None:
        """Tell how things are now."""
        if BUDGET.is_short():
            # Giving hundreds of pictures back takes longer than a frame on the screen.
            threading.Thread(target=BUDGET.step_down, name="memory", daemon=True).start()
        if BUDGET.steps != self._steps:
            self._steps = BUDGET.steps
            self.ran_short.emit(
                tr(
                    "Memory runs short: pictures and masks that can be had again may take "
                    "{size} MB from now on.",
                    size=number(BUDGET.allowed / MIB),
                )
            )
        self.looked.emit(memory_text(self._process), memory_details())


def memory_text(process: psutil.Process) -> str:
    """Return in a few words what the program takes, and its caches of what they may.

    Args:
        process: This one; those that it started count too.
    """
    taken = process.memory_info().rss + resident()
    used = sum(BUDGET.used().values())
    return tr(
        "{size} GB, caches {used} of {allowed} GB",
        size=number(taken / 1e9, 1),
        used=number(used / 1e9, 1),
        allowed=number(BUDGET.allowed / 1e9, 1),
    )


def memory_details() -> str:
    """Return a line a kind of cache: what it takes of what it may."""
    used = BUDGET.used()
    return "\n".join(f"{tr(name)}: {taken_of(kind, used)}" for kind, (name, _) in KINDS.items())


def taken_of(kind: str, used: dict[str, int]) -> str:
    """Return what the caches of a kind take of what they may."""
    taken, most = number(used[kind] / MIB), number(BUDGET.cap(kind) / MIB)
    return tr("{used} of {allowed} MB", used=taken, allowed=most)


def choose_memory(size: int | None) -> None:
    """Let caches take so many MiB, from now on and the next time; None for what is usual."""
    if size is None:
        QSettings().remove(_CHOICE_KEY)
    else:
        QSettings().setValue(_CHOICE_KEY, size)
    apply_choice()


def apply_choice() -> None:
    """Let caches take what was chosen last."""
    size = kept(_CHOICE_KEY, BUDGET.usual // MIB)
    BUDGET.allow(size * MIB)
