"""Propagation without a window: the window's own worker, driven by its plan, to the end.

For: scripts, and the commands `propagate` and `batch`. No Qt; torch in the worker only.

The same references give the same masks, byte for byte, in the window and here, in one run or
span by span.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Self

from numpy.typing import NDArray

from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import LabelMap, as_label_map, decode_png, encode_png
from vos_annotator.core.project import Project
from vos_annotator.core.video import Video
from vos_annotator.engine.absences import NOWHERE, Absences
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.commands import (
    Failed,
    Finished,
    Learn,
    Load,
    Propagate,
    Ready,
    Result,
    Segmented,
    SetAbsences,
    SetReference,
    SteppedDown,
)
from vos_annotator.engine.kept import KeptMaps
from vos_annotator.engine.landing import (
    keep_provenance,
    land,
    nothing_to_run,
    reference_of,
    runnable,
    spared,
)
from vos_annotator.engine.propagation import plan
from vos_annotator.engine.protocol import DenyingEngine, LearningEngine, SegmentationEngine
from vos_annotator.engine.registry import DEFAULT_ENGINE, DEFAULT_SIZE, load_settled
from vos_annotator.engine.seat import Loader
from vos_annotator.engine.unread import PassedOver
from vos_annotator.engine.worker import InferenceWorker

log = logging.getLogger(__name__)

Engine = str | EngineChoice | SegmentationEngine


class EngineFailure(Exception):
    """The engine failed through no mistake of the user; holds the report."""


def propagate(
    project: Project,
    engine: Engine = DEFAULT_ENGINE,
    *,
    size: int = DEFAULT_SIZE,
    learns: bool = False,
    refines: bool = True,
) -> int:
    """Compute every frame of a project that is no reference, as the window does.

    Masks are in the project as soon as they are final. Locked objects keep theirs, and so do
    those that no reference shows.

    Args:
        project: Belongs to the calling thread.
        engine: One that `load_engine` gave, whose memory is empty, also afterwards; or a name
            or a choice.
        size: The short side that an engine which is named works at, px.
        learns: Whether it learns from the references first, as it does in the window.
        refines: Whether it looks at each object of a large frame from near.

    Returns:
        How many frames were computed.

    Raises:
        UserError: There is no reference, or the engine cannot be loaded.
        PassedOver: All is computed but frames that cannot be decoded; it is a `UserError`.
        EngineFailure: The engine failed otherwise.
    """
    return sum(1 for _ in propagating(project, engine, size=size, learns=learns, refines=refines))


def propagating(
    project: Project,
    engine: Engine = DEFAULT_ENGINE,
    *,
    size: int = DEFAULT_SIZE,
    learns: bool = False,
    refines: bool = True,
    frames: range | None = None,
) -> Iterator[int]:
    """Do what `propagate` does, and yield each frame once its mask is in the project.

    Args:
        project, engine, size, learns, refines: As of `propagate`.
        frames: The only ones to compute, None for all. Masks are the same where they begin and
            end at references or at the ends of the video.
    """
    annotations = project.annotations
    first, last = _ends(frames, annotations.frame_count)
    passes = plan(annotations.references, first, last)
    ids = runnable(project, None)
    if ids is not None and not ids:
        raise UserError(nothing_to_run(project, None))
    references = [reference_of(annotations, frame) for frame in annotations.references]
    absences = Absences.of(annotations.absences)
    left, kept = spared(project, ids), KeptMaps()
    for frame in range(first, last + 1) if ids is not None else left:
        if stored := annotations.stored_map(frame):
            kept.add(frame, stored)
    name = engine.name if isinstance(engine, SegmentationEngine) else str(engine)
    with Headless(
        project.video, references, engine, absences=absences, size=size, learns=learns
    ) as headless:
        keep_provenance(project, headless.wait_until_ready())
        command = Propagate(tuple(passes), 0, ids, left, kept, refines)
        for found in headless.run(command):
            if land(project, found, name):
                yield found.frame


def propagated(
    video: Video,
    references: Mapping[int, NDArray],
    engine: Engine = DEFAULT_ENGINE,
    *,
    size: int = DEFAULT_SIZE,
    learns: bool = False,
    refines: bool = True,
) -> Iterator[tuple[int, LabelMap]]:
    """Yield every frame of a video once, with its label map; nothing is kept anywhere.

    The references come first, as they were given; the others follow as they become final.

    Args:
        video: Belongs to the calling thread.
        references: frame -> (H, W) of object ids, 0 to 255; or of booleans, for object 1.
        engine, size, learns, refines: As of `propagate`.

    Raises:
        ValueError: An array of `references` is not of the video's size.
        UserError, EngineFailure: As of `propagate`.
    """
    pngs = {f: encode_png(as_label_map(each, video.shape)) for f, each in references.items()}
    for frame, png in propagated_pngs(video, pngs, engine, size, learns, refines):
        yield frame, decode_png(png)


def propagated_pngs(
    video: Video,
    references: Mapping[int, bytes],
    engine: Engine = DEFAULT_ENGINE,
    size: int = DEFAULT_SIZE,
    learns: bool = False,
    refines: bool = True,
    frames: range | None = None,
) -> Iterator[tuple[int, bytes]]:
    """Yield what `propagated` does as PNGs, from the PNGs of references.

    Args:
        video, references, engine, size, learns, refines: As of `propagated`.
        frames: The only ones to yield; see `propagating`.
    """
    first, last = _ends(frames, video.frame_count)
    passes = tuple(plan(list(references), first, last))
    commands = [SetReference(frame, png) for frame, png in references.items()]
    with Headless(video, commands, engine, size=size, learns=learns) as headless:
        headless.wait_until_ready()
        yield from ((f, png) for f, png in references.items() if first <= f <= last)
        for found in headless.run(Propagate(passes, 0, refines=refines)):
            yield found.frame, found.png


def _ends(frames: range | None, frame_count: int) -> tuple[int, int]:
    """Return the first and the last of some frames; None stands for all of a video."""
    return (0, frame_count - 1) if frames is None else (frames[0], frames[-1])


class Headless:
    """A worker that knows the references of a video, for as many runs as are wanted.

    Used as a context manager, whose end gives up whatever runs.
    """

    def __init__(
        self,
        video: Video,
        references: Sequence[SetReference],
        engine: Engine = DEFAULT_ENGINE,
        *,
        absences: Absences = NOWHERE,
        size: int = DEFAULT_SIZE,
        learns: bool = False,
    ) -> None:
        """Start the worker; see `propagate`."""
        self._engine = engine if isinstance(engine, SegmentationEngine) else None
        choice = engine if self._engine is None else None
        load = load_settled if self._engine is None else _once(self._engine)
        self._worker = InferenceWorker(choice, video.fork(), size=size, load=load)
        self._references, self._absences, self._learns = references, absences, learns
        self._worker.start()
        self._worker.submit(Load())
        for reference in references:
            self._worker.submit(reference)
        self._worker.submit(SetAbsences(absences))
        if learns:
            self._worker.submit(Learn(revision=0))

    def wait_until_ready(self) -> Ready:
        """Wait until the engine is loaded; return what it says of itself.

        Raises:
            UserError, EngineFailure: It cannot be.
        """
        while not isinstance(result := self._next(), Ready):
            pass
        return result

    def run(self, command: Propagate) -> Iterator[Segmented]:
        """Yield what a command finds, as it becomes final.

        Raises:
            UserError: The engine cannot be loaded.
            PassedOver: In the end, if frames were passed over.
            EngineFailure: The engine failed otherwise.
        """
        self._worker.submit(command)
        while not isinstance(result := self._next(), Finished):
            if isinstance(result, Segmented) and result.final:
                yield result
        if result.unread:
            raise PassedOver(result.unread, {each.frame for each in self._references})

    def close(self) -> None:
        """Give up whatever runs; an engine that was handed in forgets the video."""
        self._worker.close()
        if self._engine is not None:
            for reference in self._references:
                self._engine.forget(reference.frame)
            if isinstance(self._engine, DenyingEngine):
                for frame in self._absences.ends():
                    self._engine.deny(frame, None, ())
            self._engine.begin_pass()
            if self._learns and isinstance(self._engine, LearningEngine):
                self._engine.unlearn()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next(self) -> Result | None:
        """Return what the worker says next, None if it is silent for a moment."""
        result = self._worker.results.take(timeout=0.5)  # s; Ctrl-C ends no longer wait everywhere
        match result:
            case SteppedDown(size):
                log.warning("Memory ran short: masks are now computed at %s px.", size)
            case Failed(_, message, ""):
                raise UserError(message)
            case Failed(_, message, report):
                raise EngineFailure(f"{report}{message}")
        return result


def _once(engine: SegmentationEngine) -> Loader:
    """Return a loader that gives `engine`; there is no smaller one when memory runs short."""
    engines = [engine]

    def load(name: str | None, size: int) -> SegmentationEngine:
        if not engines:
            raise UserError(f"Memory ran short: load the engine with size={size}.")
        return engines.pop()

    return load
