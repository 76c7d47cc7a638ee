"""The training loop: `vos-annotator train`.

For: the command line. Knows torch, the clips, the losses and the network.

The learning rate follows the clock, not the step: a run is given minutes, so it ends
well on any machine. What is saved and shipped is the moving average of the weights.
"""

import argparse
import copy
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.checkpoint import (
    DEFAULT,
    find_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from vos_annotator.mobilevos.network import STUDENTS, Network
from vos_annotator.training.clips import ClipMaker, ClipMix
from vos_annotator.training.losses import segmentation_loss
from vos_annotator.training.sources import Sources, find_sources
from vos_annotator.training.strokes import draw_strokes
from vos_annotator.training.unroll import Batch, Unroll

KEYED_SHARE = 0.15  # pairs whose last frame is a reference as well
SCRIBBLE_WEIGHT = 0.5
WARM_UP = 100  # steps
VIDEO_WEIGHTS = (("davis2016_train", 4.0), ("davis_train", 2.0), ("synth_anim", 0.5))


@dataclass(frozen=True)
class Recipe:
    """How a run trains.

    Attributes:
        minutes: Length of the run by the clock.
        rate: Peak learning rate of the heads; the backbone learns at 0.3 of it.
        batch: Clips a step.
        clip: Length of clips, frames.
        size: Side of the crop, px, a multiple of 16.
        video_share: Share of clips from labelled videos.
        max_gap: Largest step between frames of a video clip.
        workers: Processes that make clips.
        seed: Of the clips.
    """

    minutes: float = 60.0
    rate: float = 5e-4
    batch: int = 8
    clip: int = 4
    size: int = 224
    video_share: float = 0.55
    max_gap: int = 6
    workers: int = 1
    seed: int = 0


class ClipStream(IterableDataset):
    """An endless stream of batches; each worker process has its own seed."""

    def __init__(self, sources: Sources, recipe: Recipe, start: int) -> None:
        mix = ClipMix(
            length=recipe.clip,
            size=recipe.size,
            video_share=recipe.video_share,
            max_gap=recipe.max_gap,
            video_weights=VIDEO_WEIGHTS,
        )
        self.maker, self.recipe, self.start = ClipMaker(sources, mix), recipe, start

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        rng = np.random.default_rng((self.recipe.seed, self.start, worker.id if worker else 0))
        while True:
            yield self._batch(rng)

    def _batch(self, rng: np.random.Generator) -> Batch:
        clips = [self.maker.make(rng) for _ in range(self.recipe.batch)]
        owner = [n for n, clip in enumerate(clips) for _ in range(clip.masks.shape[1])]
        images = np.stack([clip.images for clip in clips], 1)
        masks = np.concatenate([clip.masks for clip in clips], 1)
        strokes = np.stack([draw_strokes(mask, rng) for mask in masks[0]], 1)
        share = KEYED_SHARE if self.recipe.clip > 2 else 0.0  # two frames leave no other to find
        keyed = np.repeat(rng.random(len(clips)) < share, np.bincount(owner))
        return Batch(
            torch.from_numpy(images).permute(0, 1, 4, 2, 3),
            torch.from_numpy(masks),
            torch.tensor(owner),
            torch.from_numpy(strokes),
            torch.from_numpy(keyed),
        )


class Average:
    """The exponential moving average of a network's weights."""

    def __init__(self, network: Network, decay: float = 0.998) -> None:
        self.network, self.decay = copy.deepcopy(network).requires_grad_(False), decay

    @torch.no_grad()
    def update(self, network: Network) -> None:
        """Move a little towards `network`."""
        for mean, new in zip(self.network.parameters(), network.parameters(), strict=True):
            mean.lerp_(new, 1 - self.decay)
        for mean, new in zip(self.network.buffers(), network.buffers(), strict=True):
            mean.copy_(new)


def batch_loss(network: Network, batch: Batch, share: float) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of a batch and its parts, for the log."""
    unroll = Unroll(network, batch)
    frames = unroll.propagate()
    losses = [
        segmentation_loss(log_odds, batch.masks[t], share)
        for t, log_odds in enumerate(frames[:-1], start=1)
    ]
    open_end = ~batch.keyed  # a frame that is in memory is no exercise
    if open_end.any():
        losses.append(segmentation_loss(frames[-1][open_end], batch.masks[-1][open_end], share))
    tracking = torch.stack(losses).mean()
    scribble = segmentation_loss(unroll.scribble(), batch.masks[0], share)
    parts = {"tracking": tracking.item(), "scribble": scribble.item()}
    return tracking + SCRIBBLE_WEIGHT * scribble, parts


class Trainer:
    """One run; its state lies in `folder` and survives the process."""

    def __init__(self, network: Network, sources: Sources, recipe: Recipe, folder: Path) -> None:
        self.recipe, self.folder, self.sources = recipe, folder, sources
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device, memory_format=torch.channels_last).train()
        self.network.backbone.freeze_early()
        self.average = Average(self.network)
        backbone = [p for p in network.backbone.parameters() if p.requires_grad]
        known = {id(p) for p in network.backbone.parameters()}
        heads = [p for p in network.parameters() if id(p) not in known]
        self.optimizer = torch.optim.AdamW(
            [{"params": heads, "scale": 1.0}, {"params": backbone, "scale": 0.3}],
            lr=recipe.rate,
            weight_decay=1e-4,
        )
        self.step, self.elapsed = 0, 0.0  # s of training, over all processes
        amx = self.device.type == "cpu" and torch.cpu._is_amx_tile_supported()
        self.reduced = amx or self.device.type == "cuda"

    def run(self, log_every: int = 50, save_every: float = 300.0) -> None:
        """Train until the recipe's minutes are over; Ctrl-C saves and stops."""
        loader = DataLoader(
            ClipStream(self.sources, self.recipe, self.step),
            batch_size=None,
            num_workers=self.recipe.workers,
            prefetch_factor=3 if self.recipe.workers else None,
        )
        budget, saved, sums, since = self.recipe.minutes * 60, self.elapsed, {}, self.elapsed
        last = time.perf_counter()
        try:
            for raw in loader:
                parts = self._step(self._to_device(raw), self.elapsed / budget)
                now = time.perf_counter()
                self.elapsed, last = self.elapsed + now - last, now
                for name, value in parts.items():
                    sums[name] = sums.get(name, 0.0) + value / log_every
                if self.step % log_every == 0:
                    speed = log_every * self.recipe.batch / max(self.elapsed - since, 1e-9)
                    losses = "  ".join(f"{name} {value:.4f}" for name, value in sums.items())
                    print(
                        f"step {self.step}  {self.elapsed / 60:.1f} of {self.recipe.minutes:g} "
                        f"min  {losses}  {speed:.1f} clips/s",
                        flush=True,
                    )
                    sums, since = {}, self.elapsed
                if self.elapsed - saved > save_every:
                    self.save()
                    saved = self.elapsed
                if self.elapsed >= budget:
                    break
        except KeyboardInterrupt:
            print("interrupted: saving", flush=True)
        self.save()

    def _step(self, batch: Batch, progress: float) -> dict[str, float]:
        self.step += 1
        warm = min(1.0, self.step / WARM_UP)
        rate = (
            self.recipe.rate
            * warm
            * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(progress, 1))))
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        share = 1.0 - 0.8 * min(1.0, progress * 3)  # ever harder pixels
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.reduced):
            loss, parts = batch_loss(self.network, batch, share)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.network)
        return parts

    def _to_device(self, batch: Batch) -> Batch:
        images = batch.images.to(self.device).float() / 255
        length, clips = images.shape[:2]
        flat = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        return Batch(
            flat.unflatten(0, (length, clips)),
            batch.masks.to(self.device).float(),
            batch.owner.to(self.device),
            batch.strokes.to(self.device).float(),
            batch.keyed.to(self.device),
        )

    def save(self) -> None:
        """Write the averaged network, and what resuming needs, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        notes = {"step": self.step, "minutes": round(self.elapsed / 60, 1)}
        save_checkpoint(self.folder / "average.safetensors", self.average.network, notes)
        state = {
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "elapsed": self.elapsed,
        }
        beside = self.folder / "state.pt.part"
        torch.save(state, beside)
        os.replace(beside, self.folder / "state.pt")

    def resume(self) -> None:
        """Go on where `save` left off.

        Raises:
            UserError: There is nothing to resume.
        """
        path = self.folder / "state.pt"
        if not path.is_file():
            raise UserError(f"{path} does not exist: there is no run to resume there.")
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.elapsed = state["step"], state["elapsed"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `train`."""
    default = Recipe()
    parser.add_argument("--data", type=Path, required=True, help="folder of training data")
    parser.add_argument("--out", type=Path, required=True, help="folder for the run's state")
    parser.add_argument("--init", default=DEFAULT, help="checkpoint to start from, or 'random'")
    parser.add_argument("--student", default=DEFAULT, choices=STUDENTS, help="with --init random")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    for name, value in vars(default).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)


def run(arguments: argparse.Namespace) -> int:
    """Train; 0 once the run has ended and is saved."""
    recipe = Recipe(**{name: getattr(arguments, name) for name in vars(Recipe())})
    torch.manual_seed(recipe.seed)
    if arguments.init == "random":
        network = Network(STUDENTS[arguments.student])
    else:
        network, _ = load_checkpoint(find_checkpoint(arguments.init))
    trainer = Trainer(network, find_sources(arguments.data), recipe, arguments.out)
    if arguments.resume:
        trainer.resume()
    trainer.run()
    return 0
