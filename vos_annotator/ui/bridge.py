"""Between the document and the inference thread: what a person does counts, and counts at once.

For: the window, the canvas and the actions. Knows the document and the worker; never torch.
Lives in the GUI thread.

Every edit of a reference raises the *revision*: the running pass is given up, the reference
goes to the engine's memory, and what comes back for an older revision is dropped. After a
short pause the bridge runs what is then stale, outwards from the correction, and whatever of
the interrupted work is still missing. If rough masks come first, their full size has its turn when
a person pauses. At rest, the engine learns from what was corrected.
"""

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from vos_annotator.core.errors import UserError
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.commands import (
    Failed,
    Finished,
    Learn,
    Learned,
    Notice,
    Propagate,
    Ready,
    Result,
    Scribble,
    Scribbled,
    Segmented,
)
from vos_annotator.engine.registry import DEFAULT_SIZE, load_engine
from vos_annotator.engine.remaining import Run
from vos_annotator.engine.seat import Loader
from vos_annotator.ui.agenda import Agenda
from vos_annotator.ui.document import Document
from vos_annotator.ui.inference import Inference, single_shot
from vos_annotator.ui.learning import Learning
from vos_annotator.ui.progress import Pace
from vos_annotator.ui.reference_feed import ReferenceFeed
from vos_annotator.ui.refresh import Refresh
from vos_annotator.ui.rough_first import RoughFirst
from vos_annotator.ui.run_queue import RunQueue
from vos_annotator.ui.scribble_calls import ScribbleCalls

REFRESH_PAUSE = 300  # ms after an edit
_WARM_UP_DELAY = 1000  # ms; a process that loads torch takes the processor from what opens


class EngineBridge(QObject):
    """Keeps the engine's memory in step with the references and its masks in the document.

    Signals:
        began(): Something runs now, and can be stopped.
        ended(): Nothing runs any more, or is about to.
        progress(Progress): After each frame of a run; None when nothing runs any more.
        scribbled(frame, object id, mask): The answer to the latest `scribble` there.
        ready(Ready): The engine is loaded; says on what it runs.
        message(text): Something worth a line in the status bar.
        failed(text, report): The engine failed; the text says what, the report where.
    """

    began = Signal()
    ended = Signal()
    progress = Signal(object)
    scribbled = Signal(int, int, object)
    ready = Signal(object)
    message = Signal(str)
    failed = Signal(str, str)

    def __init__(
        self,
        document: Document,
        engine: EngineChoice | str | None = None,
        size: int = DEFAULT_SIZE,
        load: Loader = load_engine,
    ) -> None:
        """Prepare the worker; its engine is loaded a moment later, or when first needed."""
        super().__init__()
        self.refines = True
        self._document, self._annotations = document, document.annotations
        self._revision, self._is_closed, self._is_stopping = 0, False, False
        self._agenda = Agenda(document)
        self._fillable = self._agenda.missing  # frames without masks that may get some
        self._pace: Pace | None = None  # None while idle
        self._scribbles = ScribbleCalls()
        self.inference = Inference(  # public: not all it is asked concerns masks
            EngineChoice.of(engine), document.video.fork(), size, load, document.project.path
        )
        self.inference.arrived.connect(self._land)
        self._feed = ReferenceFeed(self._annotations, self.inference)
        self._runs = RunQueue(document, self.inference.submit, self)
        self._runs.failed.connect(self._end)
        self._runs.failed.connect(lambda message: self.failed.emit(message, ""))
        self.learning = Learning(document, self)
        self.learning.wanted.connect(self._learn)
        self.learning.taught.connect(self._run_fully)
        self.learning.message.connect(self.message)
        self._pause = single_shot(self, REFRESH_PAUSE, self._resume)
        self.rough_first = RoughFirst(self._agenda, self)
        self.rough_first.changed.connect(self._start_anew)
        self.rough_first.paused.connect(self._run_fully)
        self.refresh = Refresh(document, self._agenda, self)
        self.refresh.changed.connect(self._start_anew)
        self._warm_up = single_shot(self, _WARM_UP_DELAY, self._go_on_from_before)
        self._warm_up.start()
        document.reference_changed.connect(self._on_reference_changed)
        document.absence_changed.connect(self._on_absence_changed)

    @property
    def choice(self) -> EngineChoice:
        """The engine in use."""
        return self.inference.choice

    @property
    def busy(self) -> bool:
        """Whether a run goes on, or is about to go on after an edit."""
        return self._pace is not None or self.rough_first.is_waiting

    @property
    def stoppable(self) -> bool:
        """Whether there is anything to stop: a run, or learning."""
        return self.busy or self.learning.is_active

    def propagate(
        self,
        origin: int | None = None,
        first: int = 0,
        last: int | None = None,
        ids: Iterable[int] | None = None,
    ) -> bool:
        """Run from the references over a range, in place of what runs now; False: nothing to run.

        Args:
            origin: As of `Agenda.ask`: a frame to set out from; None runs every span.
            first: First frame of the range.
            last: Last frame of the range; None is the video's.
            ids: The objects; None for all. Locked ones keep their masks either way.
        """
        last = self._document.video.frame_count - 1 if last is None else last
        ids = None if ids is None else frozenset(ids)
        try:
            run = self._agenda.ask(range(first, last + 1), origin, ids)
        except UserError as error:
            self.message.emit(str(error))
            return False
        self._interrupt()
        rough = self.rough_first.runs(self.refresh.is_on)
        self._begin(rough or [run], bool(rough))
        return self.busy

    def use_engine(self, choice: EngineChoice) -> None:
        """Go on with another engine; if it cannot be loaded, with this one. Masks stay."""
        self._interrupt()
        self._start()
        self.inference.use(choice)
        self._pause.start()

    def stop(self) -> None:
        """Give up what runs, within one frame; the masks that there are stay."""
        self._is_stopping = True
        self._pause.stop()
        self._runs.end_here()
        self._agenda.forget_request()
        self.learning.give_up()
        self.inference.cancel()
        if not self._runs.is_at_work:
            self._end()

    def scribble(self, asked: Scribble) -> None:
        """Ask for the mask of an object that strokes mark; see `ScribbleEngine.scribble`.

        The answer comes as `scribbled`; of several for one object on one frame only the
        latest is answered.
        """
        self._start()
        self.rough_first.note_sign_of_life()
        self.inference.submit(self._scribbles.numbered(asked))

    def close(self) -> None:
        """Give up everything and join the thread; closing twice is fine."""
        if self._is_closed:
            return
        self._is_closed = True
        for each in (self._pause, self._warm_up, self.rough_first):
            each.stop()
        self._runs.clear()
        self.learning.interrupt()
        self._document.reference_changed.disconnect(self._on_reference_changed)
        self._document.absence_changed.disconnect(self._on_absence_changed)
        self.refresh.changed.disconnect(self._start_anew)
        self.inference.close()
        self._pace = None

    # What people do

    def _on_reference_changed(self, frame: int, ids: Iterable[int]) -> None:
        self.learning.note_change()
        self._interrupt()
        self._start()
        self._feed.send(frame)
        self._refresh_from(frame)

    def _on_absence_changed(self, object_id: int, frames: range) -> None:
        self._interrupt()
        self._start()
        self._feed.send_absences()
        self._refresh_from(frames[0])

    def _refresh_from(self, frame: int) -> None:
        """Compute what is stale in a moment, the nearest to a frame first."""
        self._agenda.origin = frame
        if self.refresh.is_on or self._agenda.is_asked:
            self._pause.start()
        else:
            self._end()

    def _start_anew(self, is_due: bool = False) -> None:
        if self.busy or is_due:
            self._interrupt()
            self._pause.start() if is_due or not self._is_stopping else self._end()

    def _interrupt(self) -> None:
        """Make whatever is on its way out of date; what is missing stays on record."""
        self._revision += 1
        self.inference.cancel()
        self._pause.stop()
        self._runs.clear()
        self.rough_first.note_edit()
        self.learning.interrupt()

    # To the worker

    def _start(self) -> None:
        """Start the thread and tell it all references, once."""
        self._warm_up.stop()
        self._feed.start()

    def _go_on_from_before(self) -> None:
        """Load the engine; and what was left stale when the project was closed has its turn."""
        self._start()
        if self.refresh.is_due:
            self._resume()

    def _resume(self) -> None:
        """Run what is stale, outwards from the last correction, and what was asked for."""
        if rough := self.rough_first.runs(self.refresh.is_on):
            self._begin(rough, is_rough=True)
        elif self.rough_first.waits(self.refresh.is_on):
            self._runs.clear()
            self.began.emit()
        else:
            self._run_fully()

    def _run_fully(self) -> None:
        runs = self._agenda.runs(self.refresh.is_on)
        self._begin(runs) if runs else self._end()

    def _learn(self, is_wanted: bool) -> None:
        self._start()
        self.inference.submit(Learn(self._revision, is_wanted))

    def _begin(self, runs: list[Run], is_rough: bool = False) -> None:
        self._start()
        self.rough_first.note_run(is_rough)
        self._is_stopping = False
        self._fillable = self._agenda.missing
        self._pace = Pace(sum(run.frame_count for run in runs))
        self._runs.begin(runs, revision=self._revision, refines=self.refines, is_rough=is_rough)
        self.began.emit()

    def _end(self) -> None:
        """Be idle, and say so."""
        self._runs.clear()
        self.rough_first.stop()
        self._agenda.forget_request()
        has_run, self._pace, self._is_stopping = self._pace is not None, None, False
        if has_run:
            self.progress.emit(None)
        if self.refresh.is_on:
            self.learning.rest()
        if told := self._agenda.unread_to_tell():
            self.failed.emit(told, "")
        self.ended.emit()

    # From the worker

    def _land(self, result: Result) -> None:
        match result:
            case Segmented() if result.revision == self._revision and self._runs.current:
                self._on_segmented(result)
            case Finished() if result.revision == self._revision and self._runs.current:
                self._on_finished(result)
            case Learned() if result.revision == self._revision:
                self.learning.land(result)
            case Scribbled() if self._scribbles.is_latest(result):
                self.scribbled.emit(result.frame, result.object_id, result.mask)
            case Ready():
                self.learning.note_new_engine()
                self.ready.emit(result)
            case Notice():
                self.message.emit(str(result))
            case Failed():
                self._on_failed(result)

    def _on_segmented(self, result: Segmented) -> None:
        may_fill = bool(self._fillable[result.frame])
        self._document.take(result, str(self.choice), may_fill)
        if result.final and not result.is_rough:
            self._agenda.settle(result.frame)
        size = result.is_rough if self.rough_first.is_on else None
        self.progress.emit(self._pace.after(result.frame, result.seconds, size))

    def _on_finished(self, result: Finished) -> None:
        self._agenda.pass_over(result.unread)
        if result.cancelled or self._is_stopping:
            self._end()
        elif not self._runs.next():
            self._resume()  # what was asked for may have come before what is stale elsewhere

    def _on_failed(self, result: Failed) -> None:
        if isinstance(result.command, Propagate | Learn):
            if result.command.revision != self._revision:
                return
            if isinstance(result.command, Learn):
                self.learning.give_up()
            self._end()
        self.failed.emit(result.message, result.report)
