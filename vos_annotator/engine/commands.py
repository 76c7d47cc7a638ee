"""What is said between the bridge and the worker's thread: frozen values, both ways.

For: the worker, the bridge and their tests. Values only, and no engine. Arrays in here are
handed over: whoever sends one does not touch it again.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.objects import MOST
from vos_annotator.core.stored_map import StoredMap
from vos_annotator.core.translation import tr
from vos_annotator.engine.absences import Absences
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.clicks import ClickFiles
from vos_annotator.engine.propagation import Pass

_ALL = frozenset(range(1, MOST + 1))  # whatever objects there are


@dataclass(frozen=True)
class Load:
    """Load the engine, so that the first command that needs it does not wait."""


@dataclass(frozen=True)
class UseEngine:
    """Go on with another engine; the one in use stays if that cannot be loaded."""

    choice: EngineChoice


@dataclass(frozen=True)
class UseClicks:
    """Have clicks and boxes answered by a network of their own; None: by the engine."""

    files: ClickFiles | None


@dataclass(frozen=True)
class SetReference:
    """Memorize the label map of a frame; a png of None makes it no reference any more.

    Objects that are `hidden` count as background, though the PNG may show them.
    """

    frame: int
    png: bytes | None
    hidden: frozenset[int] = frozenset()


@dataclass(frozen=True)
class SetAbsences:
    """Know where objects are absent, from now on."""

    absences: Absences


@dataclass(frozen=True)
class Propagate:
    """Run passes over frames, by the references set so far.

    Attributes:
        passes: As `plan` gives them.
        revision: Comes back with every result.
        ids: The objects to segment; None for all.
        spared: frame -> those of `ids` that are not segmented there.
        kept: frame -> its label map before, whose pixels of what is not segmented there stay.
        refines: Whether to look at each object of a final frame from near.
        is_rough: Whether a small engine will do, if one can be had; it does not refine.
    """

    passes: tuple[Pass, ...]
    revision: int
    ids: frozenset[int] | None = None
    spared: Mapping[int, frozenset[int]] = field(default_factory=dict)
    kept: Mapping[int, StoredMap] = field(default_factory=dict)
    refines: bool = False
    is_rough: bool = False

    def ids_at(self, frame: int) -> frozenset[int] | None:
        """Return the objects to segment on a frame; None for all."""
        if frame not in self.spared:
            return self.ids
        return (_ALL if self.ids is None else self.ids) - self.spared[frame]


@dataclass(frozen=True)
class Learn:
    """Learn from the references set so far; or, unless `wanted`, forget what was learnt."""

    revision: int
    wanted: bool = True


@dataclass(frozen=True, eq=False)
class Scribble:
    """Turn strokes on a frame into a mask; see `ScribbleEngine.scribble`."""

    frame: int
    object_id: int
    strokes: NDArray[np.uint8]
    current: NDArray[np.bool_] | None
    token: Any = None
    others: NDArray[np.bool_] | None = None


Command = Load | UseEngine | UseClicks | SetReference | SetAbsences | Propagate | Learn | Scribble


def place_of(command: Command) -> Hashable:
    """Return where a command waits: a newer one drops an older one that waits in its place."""
    match command:
        case SetReference(frame):
            return SetReference, frame
        case Scribble(frame, object_id):
            return Scribble, frame, object_id
    return type(command)


@dataclass(frozen=True)
class Ready:
    """The engine is loaded.

    Attributes:
        engine: Its name.
        device: What it runs on, for people.
        size: The short side that it works at, px.
        choice: What was asked for.
        provenance: Where its weights come from, for those who ask later; JSON.
    """

    engine: str
    device: str
    size: int
    choice: EngineChoice
    provenance: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ClicksReady:
    """Clicks are answered by these files now; None: by the engine.

    Attributes:
        files: As asked for.
        provenance: Their names, sizes and hashes, for people.
    """

    files: ClickFiles | None
    provenance: str


@dataclass(frozen=True)
class Segmented:
    """A frame of the running pass; one that is not `final` is a preview of it.

    Attributes:
        frame: Which frame.
        png: Its label map.
        ids: The objects in the label map.
        confidence: Of each object that was segmented, 0..1.
        revision: The `Propagate`'s.
        final: Whether it stays.
        seconds: What the frame took: decoding, the engine, the PNG.
        suspects: Objects that may be other ones -> which; None for one that jumped.
        is_rough: Whether a small engine found it: it is to be computed again.
        sought: The objects that were segmented; None for all. Of others it has what was kept.
    """

    frame: int
    png: bytes
    ids: tuple[int, ...]
    confidence: Mapping[int, float]
    revision: int
    final: bool
    seconds: float
    suspects: Mapping[int, int | None] = field(default_factory=dict)
    is_rough: bool = False
    sought: frozenset[int] | None = None


@dataclass(frozen=True)
class Finished:
    """A `Propagate` came to its end, or was `cancelled`, after so many `frames`.

    It passed over those that are `unread`, as they cannot be decoded: frame -> why.
    """

    revision: int
    cancelled: bool
    frames: int
    seconds: float
    unread: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Learned:
    """A `Learn` came to its end, or was `cancelled`.

    Attributes:
        revision, wanted: The `Learn`'s.
        cancelled: Everything is as before.
        has_learnt: Whether masks are now computed by what was learnt.
        seconds: What it took.
    """

    revision: int
    wanted: bool
    cancelled: bool
    has_learnt: bool
    seconds: float


@dataclass(frozen=True, eq=False)
class Scribbled:
    """The (H, W) mask of the object that was scribbled on."""

    frame: int
    object_id: int
    mask: NDArray[np.bool_]
    token: Any
    seconds: float


class Notice:
    """Something that a person is told: its words."""


@dataclass(frozen=True)
class SteppedDown(Notice):
    """Memory ran short: the engine now works at a short side of `size` px."""

    size: int

    def __str__(self) -> str:
        """Return what a person is told."""
        return tr("Memory ran short: masks are computed at {size} px now.", size=self.size)


@dataclass(frozen=True)
class Restarted(Notice):
    """The engine's process ended, `how` is said in a word; another one takes its place."""

    how: str

    def __str__(self) -> str:
        """Return what a person is told."""
        return tr("The engine's process ended ({how}) and is started again.", how=self.how)


@dataclass(frozen=True)
class NoRough(Notice):
    """The small engine was given up: from now on masks are computed at full size at once."""

    def __str__(self) -> str:
        """Return what a person is told."""
        return tr("Two engines are too much here: masks are computed at full size at once now.")


@dataclass(frozen=True)
class Failed:
    """A command came to nothing; the worker goes on.

    Attributes:
        command: What was asked for.
        message: One sentence for the user.
        report: The traceback; empty where the message says it all.
    """

    command: Command
    message: str
    report: str


Result = Ready | ClicksReady | Segmented | Finished | Learned | Scribbled | Notice | Failed
