"""The engine in use together with what it was taught, and a second, small one beside it.

For: the worker, whose thread they belong to. Knows how engines are loaded and taught.
"""

import logging
from collections.abc import Callable

from vos_annotator.engine.commands import NoRough, Result
from vos_annotator.engine.knowledge import Knowledge
from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.engine.remote import EngineDied
from vos_annotator.engine.seat import Seat
from vos_annotator.engine.shortage import is_out_of_memory

log = logging.getLogger(__name__)

ROUGH_SIZE = 288  # px of the small engine's short side


class Taught:
    """An engine's seat, and what the engine in it knows."""

    def __init__(self, seat: Seat, knowledge: Knowledge) -> None:
        self.seat, self.knowledge = seat, knowledge

    def bring_up_to_date(self, is_over: Callable[[], bool]) -> None:
        """Teach the engine what it does not know; what `is_over` cuts off is for the next time.

        What is done while it is asked may bring another engine, which is taught from the
        beginning.
        """
        taught: SegmentationEngine | None = None
        while taught is not (engine := self.seat.loaded()):
            taught = engine
            self.knowledge.teach(
                engine, lambda engine=engine: is_over() or self.seat.engine is not engine
            )


class SmallEngine:
    """A second engine of the same choice, for rough masks while a person still corrects.

    It is loaded when it is first needed, and is the first to go: where memory runs short, or an
    engine's process ends, there is none any more until another choice is made. Nobody is told that
    it is ready: masks that last are the other one's.
    """

    def __init__(
        self, full: Taught, make: Callable[[], Taught], say: Callable[[Result], object]
    ) -> None:
        """Load none yet.

        Args:
            full: The engine beside which it is.
            make: Makes the seat of one, of the same choice.
            say: Is told what people are to know.
        """
        self._full, self._make, self._say = full, make, say
        self._taught: Taught | None = None
        self._is_given_up = False

    def wanted(self) -> Taught | None:
        """Return it, loaded; None where the full size is small enough, or it cannot be had."""
        if self._is_given_up or self._full.seat.size <= ROUGH_SIZE:
            return None
        if self._taught is None:
            self._taught = self._make()
            try:
                self._taught.seat.loaded()
            except Exception:
                log.exception("there is no small engine")
                self._give_up()
        return self._taught

    def gives_way(self, error: Exception) -> bool:
        """Return whether what failed is to be done again, as it is gone now and the other is not.

        Args:
            error: What it failed with.
        """
        is_short = isinstance(error, EngineDied) or is_out_of_memory(error)
        if not is_short or self._taught is None:
            return False
        self._give_up()
        return not self._full.seat.has_died

    def leave(self) -> None:
        """Let go of it; the next one is loaded when it is needed."""
        if self._taught is not None:
            self._taught.seat.leave()
        self._taught, self._is_given_up = None, False

    def _give_up(self) -> None:
        self.leave()
        self._is_given_up = True
        self._say(NoRough())
