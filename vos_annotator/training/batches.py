"""Batches of training clips, the same ones whoever makes them and whenever.

For: the trainer. Knows the clips, both ways to draw them, the strokes and torch's loader.

Batch n depends on the seed, the rank and n alone: with any number of worker processes, and
after any interruption. (Gaps that follow the clock are the exception.)
"""

import logging
import os
import signal
import time
from collections.abc import Iterator
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from vos_annotator.core.errors import UserError
from vos_annotator.training.atlas import Atlas
from vos_annotator.training.atlas_scenes import Artist
from vos_annotator.training.clips import ClipMaker, ClipMix
from vos_annotator.training.material import UNREADABLE, Material
from vos_annotator.training.scenes import Clip
from vos_annotator.training.sheets import read_sheet, write_sheet
from vos_annotator.training.sources import Sources
from vos_annotator.training.strokes import draw_strokes
from vos_annotator.training.unroll import Batch

log = logging.getLogger(__name__)

KEYED_SHARE = 0.15  # of clips whose last frame is a reference as well
_AHEAD = 3  # batches that each worker holds ready


class Gaps:
    """The `max_gap` of video clips, which changes over a stage.

    It goes steadily from a first value to a second one in the middle of the stage, and from
    there to a third: the first frame is near at first, far once the network can follow, and
    near again.

    Source: Cheng, Tai & Tang (STCN), NeurIPS 2021, sec. 4: 5, 25, 5.
    """

    def __init__(self, values: tuple[int, int, int], batches: int | None) -> None:
        """`batches` is the length of the stage; None where `progress` tells, from outside."""
        self.values, self.batches = values, batches
        self.progress = torch.zeros(1).share_memory_()  # 0..1; worker processes see it

    def at(self, number: int) -> int:
        """Return the largest gap in a batch."""
        done = number / self.batches if self.batches else self.progress.item()
        return round(float(np.interp(done, (0, 0.5, 1), self.values)))


class ClipLoader:
    """An endless stream of batches on a device.

    On a GPU clips are drawn there, from pictures that it holds; worker processes only plan
    them. On a CPU the workers draw them, with OpenCV.
    """

    def __init__(
        self,
        sources: Sources,
        mix: ClipMix,
        batch: int,
        seed: int,
        start: int = 0,
        workers: int = 1,
        device: torch.device | str = "cpu",
        rank: int = 0,
        gaps: Gaps | None = None,
        on_device: bool | None = None,
    ) -> None:
        """Prepare to make batches `start`, `start` + 1, and so on.

        Args:
            sources: What clips are made of.
            mix: How.
            batch: Clips in each.
            seed: Of all random numbers, with `rank`.
            workers: Processes that make clips; 0 makes them in this one.
            device: Where batches are wanted.
            rank: Of the process, where several train one network.
            gaps: In place of the mix's `max_gap`.
            on_device: Whether to draw on the device; None does so on a GPU.
        """
        self._start, self._workers, self._device = start, workers, torch.device(device)
        self._length = mix.length
        self._artist = None
        maker = ClipMaker(sources, mix)
        if self._device.type == "cuda" if on_device is None else on_device:
            held = _atlas(sources, mix.video_weights, self._device)
            if held is not None:
                material, atlas = held
                maker, self._artist = ClipMaker(material, mix), Artist(atlas, mix.size)
        self._dataset = _Batches(maker, batch, (seed, rank), gaps, is_drawn=self._artist is None)

    def __iter__(self) -> Iterator[Batch]:
        loader = DataLoader(
            self._dataset,
            batch_size=None,
            sampler=_From(self._start),
            num_workers=self._workers,
            prefetch_factor=_AHEAD if self._workers else None,
            pin_memory=self._device.type == "cuda",
            worker_init_fn=_work_alone,
        )
        for parts in loader:
            if self._artist is not None:
                block, text = parts
                sheet = read_sheet(block.to(self._device, non_blocking=True), text)
                yield self._artist.draw(sheet, self._length)
                continue
            images, *others = (part.to(self._device, non_blocking=True) for part in parts)
            masks, owner, strokes, keyed = others
            length, clips = images.shape[:2]
            flat = images.flatten(0, 1).float().div(255)
            flat = flat.contiguous(memory_format=torch.channels_last)
            images = flat.unflatten(0, (length, clips))
            yield Batch(images, masks.float(), owner, strokes.float(), keyed)


@lru_cache(maxsize=1)  # the stages of a run share it
def _atlas(
    sources: Sources, weights: tuple[tuple[str, float], ...], device: torch.device
) -> tuple[Material, Atlas] | None:
    """Return what is known of the pictures of sources, and them on a device; None if too many."""
    material, start = Material(sources, dict(weights)), time.perf_counter()
    try:
        atlas = Atlas(material, device)
    except torch.OutOfMemoryError:
        log.warning("%s cannot hold all pictures: clips are drawn by the CPU", device)
        return None
    log.info(
        "%d pictures on %s: %.1f GB, read in %.0f s",
        len(material),
        device,
        atlas.pixels.nbytes / 1e9,
        time.perf_counter() - start,
    )
    return material, atlas


def _work_alone(worker: int) -> None:
    """Keep a worker process to one thread: the others are for the network.

    And out of the reach of signals that tell the run to stop: it still needs its workers for the
    step that is under way, and ends them itself, by a signal where they do not listen.
    """
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setsid"):  # no group of processes on Windows
        os.setsid()


class _From:
    """Counts up from a number, for ever."""

    def __init__(self, start: int) -> None:
        self._start = start

    def __iter__(self) -> Iterator[int]:
        number = self._start
        while True:
            yield number
            number += 1


class _Batches(Dataset):
    """Batches by their number, as the small types that travel between processes."""

    def __init__(
        self,
        maker: ClipMaker,
        batch: int,
        seed: tuple[int, int],
        gaps: Gaps | None,
        is_drawn: bool,
    ) -> None:
        """`is_drawn`: whether batches are made of clips, or of plans only."""
        self._maker, self._batch, self._seed, self._gaps = maker, batch, seed, gaps
        self._is_drawn = is_drawn

    def __getitem__(self, number: int) -> tuple[torch.Tensor | str, ...]:
        rng = np.random.default_rng((*self._seed, number))
        max_gap = self._gaps.at(number) if self._gaps else None
        share = KEYED_SHARE if self._maker.mix.length > 2 else 0.0  # of two, none is left to find
        if not self._is_drawn:
            plans = [self._maker.plan(rng, max_gap) for _ in range(self._batch)]
            keyed = rng.random(len(plans)) < share
            return write_sheet(plans, self._maker.mix.size, keyed, int(rng.integers(2**62)))
        clips = [self._clip(rng, max_gap) for _ in range(self._batch)]
        owner = [n for n, clip in enumerate(clips) for _ in range(clip.masks.shape[1])]
        images = np.stack([clip.images for clip in clips], 1)
        masks = np.concatenate([clip.masks for clip in clips], 1)
        strokes = np.stack([draw_strokes(mask, rng) for mask in masks[0]], 1)
        keyed = np.repeat(rng.random(len(clips)) < share, np.bincount(owner))
        return (
            torch.from_numpy(images).permute(0, 1, 4, 2, 3),
            torch.from_numpy(masks),
            torch.tensor(owner),
            torch.from_numpy(strokes),
            torch.from_numpy(keyed),
        )

    def _clip(self, rng: np.random.Generator, max_gap: int | None) -> Clip:
        """Return a clip; a file that cannot be read costs one clip, not the run."""
        for _ in range(20):
            try:
                return self._maker.make(rng, max_gap)
            except UNREADABLE as error:
                log.warning("a clip was left out: %s", error)
        raise UserError("Twenty clips in a row could not be made: see the warnings above.")
