"""The inference thread: commands in, results out, one engine that never leaves it.

For: the bridge, which lives in the GUI thread, and headless callers that want its pace.
Knows engines by name, videos and label maps; no Qt, no torch.

Everything that is not a mailbox or a ticket belongs to the thread itself. It loads its engine
with the first command, survives whatever a command raises, and is joined by `close`.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from itertools import count

from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import LabelMap, encode_png, object_ids
from vos_annotator.core.read_ahead import ReadAhead
from vos_annotator.core.shots import Shots
from vos_annotator.core.video import Video
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.commands import (
    ClicksReady,
    Command,
    Failed,
    Finished,
    Learn,
    Learned,
    Load,
    Propagate,
    Result,
    Scribble,
    Scribbled,
    Segmented,
    SetAbsences,
    SetReference,
    UseClicks,
    UseEngine,
    place_of,
)
from vos_annotator.engine.identity_watch import IdentityWatch
from vos_annotator.engine.knowledge import Knowledge, Said
from vos_annotator.engine.mailbox import Mailbox
from vos_annotator.engine.memory_shelf import MemoryShelf
from vos_annotator.engine.merging import merged
from vos_annotator.engine.processes import end_those_of
from vos_annotator.engine.propagation import propagate
from vos_annotator.engine.protocol import (
    LearningEngine,
    RefiningEngine,
    Segmentation,
    SettlingEngine,
)
from vos_annotator.engine.registry import DEFAULT_SIZE, load_engine
from vos_annotator.engine.seat import Loader, Seat
from vos_annotator.engine.stroke_masks import StrokeMasks
from vos_annotator.engine.taught import ROUGH_SIZE, SmallEngine, Taught

log = logging.getLogger(__name__)

RESULTS_WAITING = 8  # at most; then the worker waits for the GUI
_LOOK_AGAIN = 0.05  # s until an engine that was just being started is ended too
_IDLE = 5.0  # s without a command, after which the engine may do what it likes


class InferenceWorker:
    """One thread that runs one engine over one video.

    Attributes:
        results: Where the results wait; `Mailbox.take` them from another thread.
    """

    def __init__(
        self,
        engine: EngineChoice | str | None,
        video: Video,
        on_filled: Callable[[], None] = lambda: None,
        size: int = DEFAULT_SIZE,
        load: Loader = load_engine,
        shelf: MemoryShelf | None = None,
    ) -> None:
        """Prepare the thread; `start` starts it.

        Args:
            engine: The first one; see `UseEngine`.
            video: A fork that is the worker's from now on.
            on_filled: Called by the worker's thread when results stops being empty.
            size: The short side to work at, px.
            load: What makes the engine.
            shelf: Where its memory of references is kept; the worker's from now on.
        """
        self.results = Mailbox[Result](RESULTS_WAITING, on_filled)
        self._commands = Mailbox[tuple[int, Command]]()
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._ticket = 0
        self._cancelled = 0
        self._is_closing = False

        self._video = ReadAhead(video)
        self._shots = Shots(self._video)
        self._strokes = StrokeMasks(self._video)
        self._said = Said()

        def seated(choice: EngineChoice, size: int, say: Callable[[Result], object]) -> Taught:
            knowledge = Knowledge(self._video, shelf, self._said)
            return Taught(Seat(choice, size, load, say, knowledge.forget_engine), knowledge)

        self._full = seated(EngineChoice.of(engine), size, self.results.put)
        self._seat = self._full.seat
        self._small = SmallEngine(
            self._full,
            lambda: seated(self._seat.choice, ROUGH_SIZE, lambda _: None),
            self.results.put,
        )
        self._has_idled = False

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, command: Command) -> None:
        """Leave a command; a waiting one of the same kind (for a reference: frame) is dropped."""
        self._ticket += 1
        self._commands.put((self._ticket, command), place_of(command))

    def cancel(self) -> None:
        """Give up what was submitted so far to run or to learn; the rest is still done.

        References that are not memorized by then are with the next command.
        """
        self._cancelled = self._ticket

    def close(self) -> None:
        """Give up everything and wait for the thread to end; closing twice is fine.

        An engine in a process of its own is ended in the midst of whatever it does: nobody waits
        for what it loads or computes.
        """
        self._is_closing = True
        self._commands.close()
        self.results.close()
        while self._thread.is_alive():
            end_those_of(self._thread)
            self._thread.join(_LOOK_AGAIN)

    # The thread

    def _run(self) -> None:
        try:
            while taken := self._next_command():
                self._serve_scribbles()
                self._try(*taken)
        finally:
            self._seat.leave()
            self._small.leave()
            self._video.close()

    def _next_command(self) -> tuple[int, Command] | None:
        """Wait for a command; None at the end. An engine is told, once, that it has time."""
        if isinstance(self._seat.engine, SettlingEngine) and not self._has_idled:
            taken = self._commands.take(_IDLE)
            if taken or self._is_closing:
                return taken
            self._has_idled = True
            try:
                self._seat.engine.while_idle()
            except Exception:  # nobody waits for it
                log.exception("the engine could not use its time")
        return self._commands.take()

    def _try(self, ticket: int, command: Command) -> None:
        """Do a command; whatever it raises must not take the thread with it."""
        try:
            for tries in count(1):
                if self._is_done(ticket, command, tries):
                    return  # only out here has the traceback let go of an engine that did not fit
        except UserError as error:
            self.results.put(Failed(command, str(error), ""))
        except Exception as error:
            log.exception("%s failed", type(command).__name__)
            message = f"{_WORDS[type(command)]} failed: {str(error) or type(error).__name__}."
            self.results.put(Failed(command, message, traceback.format_exc()))

    def _is_done(self, ticket: int, command: Command, tries: int) -> bool:
        """Do a command; False if it is to be done again, because the engine failed."""
        try:
            self._do(ticket, command)
        except Exception as error:
            if self._is_closing:
                raise
            if not (self._small.gives_way(error) or self._seat.can_go_on(error, tries)):
                raise
            return False
        return True

    def _do(self, ticket: int, command: Command) -> None:
        match command:
            case Load():
                self._seat.loaded()
            case UseEngine(choice):
                self._seat.use(choice)
                self._small.leave()
            case UseClicks(files):
                self.results.put(ClicksReady(files, self._strokes.use(files)))
            case SetReference():
                self._said.set(command)
                self._full.bring_up_to_date(self._serving(lambda: self._is_over(ticket)))
            case SetAbsences(absences):
                self._said.absences = absences
                self._full.bring_up_to_date(self._serving(lambda: self._is_over(ticket)))
            case Propagate():
                self._propagate(command, lambda: self._is_over(ticket))
            case Learn():
                self._learn(command, lambda: self._is_over(ticket))
            case Scribble():
                self._scribble(command)

    def _propagate(self, command: Propagate, is_over: Callable[[], bool]) -> None:
        started, frames = time.perf_counter(), 0
        taught = (self._small.wanted() if command.is_rough else None) or self._full
        taught.bring_up_to_date(self._serving(is_over))
        taught.knowledge.check(command.ids)
        unread = dict(taught.knowledge.unread)
        for result in self._segmented(command, taught, is_over, unread):
            frames += self.results.put(result, unless=is_over)
        seconds = time.perf_counter() - started
        self.results.put(Finished(command.revision, is_over(), frames, seconds, unread))

    def _segmented(
        self,
        command: Propagate,
        taught: Taught,
        is_over: Callable[[], bool],
        unread: dict[int, str],
    ) -> Iterator[Segmented]:
        frame_started, is_rough = time.perf_counter(), taught is not self._full
        engine, is_over_now = taught.seat.loaded(), self._serving(is_over)
        away = self._said.absences.at
        watch = IdentityWatch(self._video, self._shots, taught.knowledge.looks_around)
        found = propagate(
            engine, self._video, command.passes, is_over_now, self._shots, away, unread
        )
        for frame, segmentation, final in found:
            sought, is_last = command.ids_at(frame), final and not is_rough
            label_map = self._label_map(command, frame, segmentation, is_last)
            png, ids = encode_png(label_map), object_ids(label_map)
            confidence, odd = watch.judge(frame, segmentation, label_map, final)
            if sought is not None:
                confidence = {i: c for i, c in confidence.items() if i in sought}
            seconds, at = time.perf_counter() - frame_started, command.revision
            yield Segmented(frame, png, ids, confidence, at, final, seconds, odd, is_rough, sought)
            frame_started = time.perf_counter()

    def _label_map(
        self, command: Propagate, frame: int, segmentation: Segmentation, is_last: bool
    ) -> LabelMap:
        label_map = segmentation.label_map()
        if command.refines and is_last and isinstance(self._seat.engine, RefiningEngine):
            image = self._video[frame]
            reference = self._full.knowledge.reference
            label_map = self._seat.engine.refine(frame, image, label_map, reference)
        sought, kept = command.ids_at(frame), command.kept.get(frame)
        if sought is None:
            return label_map
        return merged(label_map, None if kept is None else kept.decode(), sought)

    def _learn(self, command: Learn, is_over: Callable[[], bool]) -> None:
        started, has_learnt = time.perf_counter(), False
        if command.wanted:
            self._full.bring_up_to_date(self._serving(is_over))
        engine = self._seat.loaded()
        if isinstance(engine, LearningEngine):
            if command.wanted:
                has_learnt = engine.learn(self._full.knowledge.teachers(), self._serving(is_over))
            else:
                engine.unlearn()
        seconds = time.perf_counter() - started
        self.results.put(Learned(command.revision, command.wanted, is_over(), has_learnt, seconds))

    def _serving(self, is_over: Callable[[], bool]) -> Callable[[], bool]:
        """Return `is_over`, which does the waiting scribbles each time that it is asked."""

        def is_over_now() -> bool:
            self._serve_scribbles()
            return is_over()

        return is_over_now

    def _is_over(self, ticket: int) -> bool:
        """Whether a pass is to end: cancelled, or what it goes by has changed."""
        return (
            ticket <= self._cancelled
            or self._is_closing
            or self._commands.holds(lambda one: isinstance(one[1], _CHANGES))
        )

    def _serve_scribbles(self) -> None:
        """Do the scribbles that wait; a person is looking at the stroke."""
        while taken := self._commands.take_if(lambda waiting: isinstance(waiting[1], Scribble)):
            self._try(*taken)

    def _scribble(self, command: Scribble) -> None:
        started = time.perf_counter()
        mask = self._strokes.mask(command, self._seat.loaded)
        seconds = time.perf_counter() - started
        self.results.put(Scribbled(command.frame, command.object_id, mask, command.token, seconds))


_CHANGES = UseEngine | SetReference | SetAbsences  # what a pass goes by
_WORDS = {
    Load: "Loading the engine",
    UseEngine: "Loading the engine",
    UseClicks: "Loading the click network",
    SetReference: "Memorizing a reference",
    SetAbsences: "Noting where objects are absent",
    Propagate: "Propagation",
    Learn: "Learning the video",
    Scribble: "The scribble",
}
