"""The training loop.

For: the commands `train` and `ablate`. Knows torch, the clips, the task and the run's folder.

A stage of so many steps gives the same weights bit for bit on a CPU, interrupted or not. A
stage of so many minutes has its learning rate follow the clock, so that it ends well on
any machine. What is kept and shipped is the moving average of the weights.
"""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from tqdm import tqdm

from vos_annotator.core.errors import UserError
from vos_annotator.evaluation.first_masks import evaluate_engine
from vos_annotator.evaluation.scores import mean_score
from vos_annotator.mobilevos.checkpoint import save_checkpoint
from vos_annotator.mobilevos.engine import MobileVOSEngine
from vos_annotator.mobilevos.network import Network
from vos_annotator.mobilevos.precision import favours_bfloat16
from vos_annotator.training.average import Average
from vos_annotator.training.batches import ClipLoader, Gaps
from vos_annotator.training.clips import ClipMix
from vos_annotator.training.freezing import freeze, optimizer_of, set_rate
from vos_annotator.training.meter import Meter
from vos_annotator.training.processes import Processes, ignore_ended_workers, stop_signals
from vos_annotator.training.recipe import Recipe, Stage
from vos_annotator.training.run_folder import RunFolder
from vos_annotator.training.sources import Sources
from vos_annotator.training.task import Task
from vos_annotator.training.teachers import FeatureTeacher, Teacher
from vos_annotator.training.unroll import Batch

log = logging.getLogger(__name__)

LOG_EVERY = 50  # steps
SAVE_EVERY = 300.0  # s
MOST_LEFT_OUT = 10  # steps in a row
LEAST_RATE = 0.02  # of the peak, at the end of a stage


class Trainer:
    """One run; its state lies in `folder` and survives the process.

    Attributes:
        step: Optimizer steps so far, over all stages.
    """

    def __init__(
        self,
        network: Network,
        sources: Sources,
        recipe: Recipe,
        folder: RunFolder,
        processes: Processes,
    ) -> None:
        self.recipe, self.folder, self.sources = recipe, folder, sources
        self.processes, self.device = processes, processes.device
        self.network = network.to(self.device, memory_format=torch.channels_last).train()
        self.average = Average(self.network, recipe.average)
        self.optimizer: torch.optim.Optimizer | None = None
        self._stage = self._stage_step = 0  # which stage, and steps of it
        self._stage_seconds, self._seconds = 0.0, 0.0  # of training, by the first one's clock
        self.step = self._saved = self._left_out = 0  # in all; at the last save; in a row
        self._stops = False
        self._resumed: dict | None = None
        self._reduced = favours_bfloat16(self.device)
        if recipe.compile:
            for part in (network.backbone, network.value, network.decoder):
                part.compile()

    def run(self) -> None:
        """Train to the end of the recipe; SIGINT and SIGTERM save and stop, and errors save."""
        with stop_signals(self._stop):
            try:
                self._run_stages()
            except BaseException:
                self._save_the_rest()
                raise
            self.save()
        if not self._stops and self.processes.is_first:
            self.folder.mark_done()

    def _stop(self) -> None:
        """End the run after the step that is under way."""
        self._stops = True

    def _run_stages(self) -> None:
        for index in range(self._stage, len(self.recipe.stages)):
            self._stage = index
            self._run_stage(self.recipe.stages[index])
            if self._stops:
                break
            self._stage_step, self._stage_seconds = 0, 0.0
            self._stage = index + 1  # saved as done

    def _run_stage(self, stage: Stage) -> None:
        task = self._prepare(stage)
        gaps = Gaps(stage.gaps, stage.steps * stage.accumulate or None)
        loader = ClipLoader(
            self.sources,
            ClipMix.of(stage, self.recipe.data),
            batch=stage.batch,
            seed=self.recipe.seed * 1000 + self._stage,
            start=self._stage_step * stage.accumulate,
            workers=self.recipe.data.workers,
            device=self.device,
            rank=self.processes.rank,
            gaps=gaps,
        )
        batches, meter = iter(loader), Meter(self.processes.count)
        saved = evaluated = self._seconds
        last = time.perf_counter()
        is_hidden = None if self.processes.is_first else True  # None: where nobody looks
        with tqdm(total=1.0, bar_format=_BAR, disable=is_hidden) as bar:
            while (progress := self._progress(stage)) < 1:
                gaps.progress[0] = progress
                parts = self._learn(task, batches, stage, progress)
                self.step, self._stage_step = self.step + 1, self._stage_step + 1
                now = time.perf_counter()
                # By one clock: all processes have to save, evaluate and end after the same step.
                spent, last = self.processes.agree(now - last), now
                self._stage_seconds += spent
                self._seconds += spent
                meter.add(parts, spent, stage.batch * stage.accumulate)
                if self._stage_step % LOG_EVERY == 0:
                    self._report(stage, meter, bar, progress)
                self._stops = bool(self.processes.agree(self._stops))
                if self._stops:
                    break
                if self._seconds - saved > SAVE_EVERY:
                    with self._going_on():
                        self.save()
                    saved = self._seconds
                if self._seconds - evaluated > self.recipe.evaluation.minutes * 60:
                    self.evaluate()
                    evaluated, last = self._seconds, time.perf_counter()
        del batches  # its worker processes end here
        if not self._stops:
            self.evaluate()

    def _prepare(self, stage: Stage) -> torch.nn.Module:
        """Return what learns in a stage, and make its optimizer.

        Raises:
            UserError: Nothing would learn, or a teacher cannot be read.
        """
        freeze(self.network, stage)
        self.optimizer = optimizer_of(self.network)
        if self._resumed is not None:
            try:
                self.optimizer.load_state_dict(self._resumed)
            except ValueError:
                log.warning("other layers learn than before: their optimizer begins anew")
            self._resumed = None
        losses, asked = stage.losses, self.recipe.teacher
        teacher = Teacher.load(asked.checkpoint, self.device) if losses.needs_teacher else None
        features = FeatureTeacher.load(asked.features, self.device) if losses.features else None
        task = Task(self.network, losses, stage.memory, teacher, features, stage.top_k)
        return self.processes.wrap(task)

    def _progress(self, stage: Stage) -> float:
        """Return how far the stage is, 0..1; the same in all processes."""
        if stage.steps:
            return self._stage_step / stage.steps
        return self._stage_seconds / (60 * stage.minutes)

    def _learn(
        self, task: torch.nn.Module, batches: Iterator[Batch], stage: Stage, progress: float
    ) -> dict[str, torch.Tensor]:
        """Make one optimizer step; return the losses of its last batch.

        A step whose gradient is not finite is left out, and has none.

        Raises:
            UserError: So were all of the last ones.
        """
        fall = 0.5 * (1 + math.cos(math.pi * progress))
        rate = stage.rate * (LEAST_RATE + (1 - LEAST_RATE) * fall)
        rate *= min(1.0, (self._stage_step + 1) / max(stage.warm_up, 1))
        set_rate(self.optimizer, stage, rate)
        share = 1 - (1 - stage.losses.hardest) * min(1.0, 3 * progress)  # ever harder pixels
        generator = torch.Generator(self.device)
        generator.manual_seed(hash((self.recipe.seed, self.processes.rank, self.step)) % 2**63)
        self.network.zero_grad()  # also of layers that learnt before: all gradients are clipped
        for left in reversed(range(stage.accumulate)):
            batch = next(batches)
            with self.processes.sharing(task, left == 0):
                with torch.autocast(self.device.type, torch.bfloat16, enabled=self._reduced):
                    loss, parts = task(batch, share, generator, self._stage_step)
                (loss / stage.accumulate).backward()
        length = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if not length.isfinite():  # in no process: they share their gradient
            self._leave_out()
            return {}
        self._left_out = 0
        self.optimizer.step()
        self.average.update(self.network, self.step)
        return parts

    def _leave_out(self) -> None:
        self.average.restore(self.network)
        self._left_out += 1
        log.warning("step %d was left out: its gradient is not finite", self.step)
        if self._left_out == MOST_LEFT_OUT:
            raise UserError(
                f"{MOST_LEFT_OUT} steps in a row gave no finite gradient: go on from "
                f"{self.folder.path} with --resume and a lower stages.{self._stage}.rate."
            )

    def _report(self, stage: Stage, meter: Meter, bar: tqdm, progress: float) -> None:
        speed, losses = meter.take()  # everywhere, or elsewhere it would keep them all
        if not self.processes.is_first:
            return
        bar.update(progress - bar.n)
        text = "  ".join(f"{name} {value:.4f}" for name, value in losses.items())
        minutes = self._seconds / 60
        tqdm.write(
            f"{stage.name}  step {self.step}  {minutes:.1f} min  {text}  {speed:.1f} clips/s"
        )
        row = {"step": self.step, "minutes": round(minutes, 2), "stage": stage.name}
        row |= {"clips_per_s": round(speed, 2)}
        with self._going_on():
            self.folder.log(row | {f"loss_{name}": round(v, 5) for name, v in losses.items()})

    def evaluate(self) -> None:
        """Save; score the average on the development clips, if there are any; keep it if best."""
        with self._going_on():
            self.save()
            if self.recipe.evaluation.davis and self.processes.is_first:
                self._score()
        self.processes.wait()

    def _score(self) -> None:
        asked = self.recipe.evaluation
        engine = MobileVOSEngine(size=asked.size, checkpoint=self.folder.average)
        score = mean_score(evaluate_engine(engine, asked.davis)).jf_mean
        row = {"step": self.step, "minutes": round(self._seconds / 60, 2)}
        is_best = self.folder.log_score(row | {"JF_mean": round(score, 5)})
        tqdm.write(f"step {self.step}  J&F {score:.4f}{'  best so far' if is_best else ''}")
        if is_best:
            self._save_average(self.folder.best, {"JF_mean": round(score, 4)})

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """Let what cannot be written in between cost a warning, not the run."""
        self._check_weights()
        try:
            yield
        except UserError as error:
            log.warning("%s Training goes on.", error)

    def save(self) -> None:
        """Write the average, all that resuming needs, and the curves.

        Raises:
            UserError: They cannot be written, or the average has run away.
        """
        if not self.processes.is_first:
            return
        self._check_weights()
        self._save_average(self.folder.average, {})
        self.folder.write_state(
            {
                "network": self.network.state_dict(),
                "average": self.average.network.state_dict(),
                "optimizer": self.optimizer.state_dict() if self.optimizer else None,
                "step": self.step,
                "stage": self._stage,
                "stage_step": self._stage_step,
                "stage_seconds": self._stage_seconds,
                "seconds": self._seconds,
            }
        )
        self._saved = self.step
        self.folder.draw_curves()

    def _check_weights(self) -> None:
        if not self.average.is_finite:
            raise UserError(
                f"The weights have grown beyond all bounds, and {self.folder.path} keeps those of "
                f"its last save: lower stages.{self._stage}.rate of the recipe."
            )

    def _save_the_rest(self) -> None:
        """Write what was learnt since the last save, on the way out with an error."""
        ignore_ended_workers()
        try:
            if self.step != self._saved and self.average.is_finite:
                self.save()
        except Exception as error:  # what ends the run is the one to tell of
            log.error("what was learnt last is lost: %s", error)

    def _save_average(self, path: Path, notes: dict[str, object]) -> None:
        notes = {"step": self.step, "minutes": round(self._seconds / 60, 1)} | notes
        save_checkpoint(path, self.average.network, notes)

    def resume(self) -> None:
        """Go on where `save` left off.

        Raises:
            UserError: There is nothing to resume, or it is another network's.
        """
        state = self.folder.read_state()
        try:
            self.network.load_state_dict(state["network"])
            self.average.network.load_state_dict(state["average"])
            self.step = self._saved = state["step"]
            self._stage, self._stage_step = state["stage"], state["stage_step"]
            self._seconds, self._stage_seconds = state["seconds"], state["stage_seconds"]
            self._resumed = state["optimizer"] if self._stage_step else None  # or a stage's own
        except (LookupError, TypeError) as error:  # another program's
            raise self.folder.damaged() from error
        except RuntimeError:
            raise UserError(
                f"{self.folder.path} trains another network than {self.recipe.network.name} with "
                "this network.shape: go on with the recipe that it was begun with."
            ) from None
        self.folder.forget_after(self.step)


_BAR = "{percentage:5.1f} %|{bar}| {elapsed}<{remaining}"
