"""The engine in use, and what to go on with when it fails: a smaller one, or another of its kind.

For: the worker, whose thread it belongs to. Knows how engines are loaded, and what they have to be
told anew.
"""

from collections.abc import Callable

from vos_annotator.core.memory_budget import BUDGET
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.commands import Ready, Restarted, Result, SteppedDown
from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.engine.remote import EngineDied, RemoteEngine
from vos_annotator.engine.shortage import is_out_of_memory, smaller_than

Loader = Callable[..., SegmentationEngine]  # called as `load_engine` is


class Seat:
    """Holds one engine at a time.

    Attributes:
        engine: None until one is needed.
        choice: Which one that is.
        size: The short side that it works at, px.
    """

    def __init__(
        self,
        choice: EngineChoice,
        size: int,
        load: Loader,
        say: Callable[[Result], object],
        on_change: Callable[[], None],
    ) -> None:
        """Load none yet.

        Args:
            choice: The first one; see `use`.
            size: The short side to work at, px.
            load: What makes engines.
            say: Is told what people are to know.
            on_change: Called before a new engine is used; it knows nothing.
        """
        self.engine: SegmentationEngine | None = None
        self.choice, self.size, self._load = choice, size, load
        self._say, self._on_change = say, on_change

    def loaded(self) -> SegmentationEngine:
        """Return the engine, loaded if there is none."""
        if self.engine is None:
            self.use(self.choice)
        return self.engine

    def use(self, choice: EngineChoice) -> None:
        """Go on with another engine; the one in use stays if that cannot be loaded."""
        engine = self._load(choice.name, self.size, **choice.options)
        self.leave()
        self._on_change()
        self.engine, self.choice = engine, choice
        device = str(getattr(engine, "device", "cpu"))
        provenance = dict(getattr(engine, "provenance", {}))
        self._say(Ready(engine.name, device, self.size, choice, provenance))

    @property
    def has_died(self) -> bool:
        """Whether the process of the engine has ended."""
        return isinstance(self.engine, RemoteEngine) and self.engine.has_ended

    def can_go_on(self, error: Exception, tries: int) -> bool:
        """Return whether what failed is to be done again, with another engine.

        A smaller one where memory ran short; and one of the same kind where its process ended,
        once for each command: what it was told to do may be what ends it.

        Args:
            error: What it failed with.
            tries: How often it was begun.
        """
        if is_out_of_memory(error):
            return self._step_down()
        if self.has_died:
            self.leave()
        if not isinstance(error, EngineDied) or tries > 1:
            return False
        self._say(Restarted(error.how))
        return True

    def leave(self) -> None:
        """Let go of the engine; the next one is loaded when it is needed."""
        if isinstance(self.engine, RemoteEngine):
            self.engine.close()
        self.engine = None

    def _step_down(self) -> bool:
        """Have the next engine work at a smaller size. False at the smallest."""
        smaller = smaller_than(self.size)
        if smaller is None:
            return False
        BUDGET.step_down()
        self.leave()
        self.size = smaller
        self._say(SteppedDown(self.size))
        return True
