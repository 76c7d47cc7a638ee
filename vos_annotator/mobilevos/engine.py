"""The MobileVOS engine: a student network and its memory behind the engine protocol.

For: the worker and the headless commands, through the engine registry. Numpy in and
out; everything of torch stays here. Belongs to one thread.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.engine.protocol import Reference, Segmentation
from vos_annotator.mobilevos.adaptation import Lesson, learnt_decoder, moved
from vos_annotator.mobilevos.backbones import upsample
from vos_annotator.mobilevos.checkpoint import DEFAULT, find_checkpoint, load_checkpoint
from vos_annotator.mobilevos.memory import MemoryBank, MemoryFrame, nearest, readout_nearest
from vos_annotator.mobilevos.network import LOGIT_STRIDE, STRIDE, Features, aggregate
from vos_annotator.mobilevos.scribble import INSIDE, Marks, close_up, obey, read_marks

TOP_K = 30  # memory positions that a position of the frame reads
HANDICAP = -1.5  # similarity of what the network drew itself, beside what a person drew
MOST_ENLARGED = 2.0
CLOSE_UP = 0.8  # of the working size: side of the square that a scribble is looked at in again


def best_device() -> torch.device:
    """Return CUDA or Apple's GPU where there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def favours_bfloat16(device: torch.device) -> bool:
    """Return whether a frame is quicker in bfloat16.

    On a CPU matrix units make it three times as fast; without them it is slower.
    """
    return device.type == "cpu" and torch.cpu._is_amx_tile_supported()


def working_size(shape: tuple[int, int], short_side: int) -> tuple[int, int]:
    """Return the height and width the network sees a frame of `shape` at.

    Multiples of 16, the short side about `short_side`. A small frame is enlarged, as far as
    it shows more: small and thin objects are lost at a stride of 16 otherwise.
    """
    scale = min(MOST_ENLARGED, short_side / min(shape))
    height, width = (max(STRIDE, round(side * scale / STRIDE) * STRIDE) for side in shape)
    return height, width


class MobileVOSEngine:
    """Segments by a student network with a memory of fixed length.

    Attributes:
        device: Where the network runs.
        timings: Seconds that each stage of the last frame took.
    """

    name = "mobilevos"

    def __init__(self, size: int = 480, checkpoint: str | Path = DEFAULT, memory: int = 2) -> None:
        """Load a checkpoint.

        Args:
            size: Short side that frames are worked at, px.
            checkpoint: Its name or path.
            memory: Length of a pass's memory, as of `MemoryBank`.
        """
        self.size = size
        self.device = best_device()
        network, _ = load_checkpoint(find_checkpoint(checkpoint))
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.bank = MemoryBank(memory)
        self.timings: dict[str, float] = {}
        self._decoder = self.network.decoder  # or one that has learnt this video
        self._reduced = favours_bfloat16(self.device)
        self._encoded: _Encoded | None = None

    @torch.inference_mode()
    def memorize(self, frame: int, image: NDArray[np.uint8], label_map: LabelMap) -> None:
        """Make `frame` a reference; again for the same frame replaces it."""
        encoded = self._encode(image)
        ids = object_ids(label_map)
        masks = self._shrink([label_map == i for i in ids], encoded)
        self.bank.keep(frame, self._remember(encoded, ids, masks))

    def forget(self, frame: int) -> None:
        """Undo `memorize`; a frame that is no reference is fine."""
        self.bank.forget(frame)

    def begin_pass(self) -> None:
        """Drop everything that is not a reference frame."""
        self.bank.begin_pass()

    @torch.inference_mode()
    def segment(self, frame: int, image: NDArray[np.uint8]) -> Segmentation:
        """Segment a frame by what is in memory, and remember it as the latest one."""
        encoded, ids = self._encode(image), self.bank.object_ids()
        if not ids:
            return Segmentation((), np.zeros((0, 1, 1), np.float32), image.shape[:2])
        with self._stage("read"):
            chosen = [self.bank.select(frame, i) for i in ids]
            read = self._read(encoded.features, ids, chosen, self.bank.recent)
        with self._stage("decode"):
            logits, _ = self._decoder(read, encoded.features.repeat(len(ids)))
            log_odds = aggregate(logits[:, 0])
        with self._stage("memorize"):
            masks = F.softmax(F.pad(log_odds, (0, 0, 0, 0, 1, 0)), 0)[1:]
            masks = upsample(masks[:, None], LOGIT_STRIDE)[:, 0]
            self.bank.follow(self._remember(encoded, ids, masks))
        return Segmentation(ids, log_odds.cpu().numpy(), image.shape[:2])

    @torch.no_grad()  # what is learnt from is no inference
    def learn(
        self,
        references: Iterable[Reference],
        cancelled: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Train the decoder on references; see `LearningEngine.learn`."""
        lessons = []
        for frame, image, label_map in references:
            if cancelled():
                return self.has_learnt
            if label_map.any() and (of_frame := self._lessons(frame, image, label_map)):
                lessons.append(of_frame)
        with self._precision(), torch.enable_grad():
            learnt = learnt_decoder(self.network.decoder, lessons, cancelled)
        if learnt is not None:
            self._decoder = learnt
        return self.has_learnt

    def unlearn(self) -> None:
        """Be as before `learn`."""
        self._decoder = self.network.decoder

    @property
    def has_learnt(self) -> bool:
        """Whether the decoder is one that `learn` trained."""
        return self._decoder is not self.network.decoder

    @torch.inference_mode()
    def scribble(
        self,
        frame: int,
        image: NDArray[np.uint8],
        strokes: NDArray[np.uint8],
        current: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.bool_]:
        """Return the mask of the object that strokes mark: the frame reads its own strokes.

        Without a mask to correct the frame is looked at as a whole first. Then the place is
        looked at from near, where small things show.

        Args:
            frame: Its index; not used, as nothing is remembered.
            image: (H, W, 3) uint8 RGB.
            strokes: (H, W) uint8: 1 inside the object, 2 outside it, 0 elsewhere.
            current: (H, W) bool mask before these strokes; without strokes it stays.
        """
        marks = Marks(strokes, current if current is not None and current.any() else None)
        if marks.current is None and not (strokes == INSIDE).any():
            return np.zeros(strokes.shape, bool)
        if not strokes.any():
            return current.copy()
        if marks.current is None:
            whole = self._read_marks(self._encode(image), marks)
            known = obey(whole > 0, marks)
        else:
            whole, known = np.zeros(strokes.shape, np.float32), current | (strokes == INSIDE)
        box, size = close_up(known, round(CLOSE_UP * self.size))
        logits = np.full_like(whole, -np.inf)
        logits[box] = whole[box] + self._read_marks(
            self._look_at(image[box], size), marks.within(box)
        )
        return obey(logits > 0, marks)

    def _read_marks(self, encoded: "_Encoded", marks: Marks) -> NDArray[np.float32]:
        """Return the logits of the marked object at the size of the marks."""
        with self._precision():
            logits = read_marks(self.network, encoded.features, encoded.image, marks)
        return cv2.resize(logits[0, 0].float().cpu().numpy(), marks.strokes.shape[::-1])

    def _read(
        self,
        features: Features,
        ids: tuple[int, ...],
        chosen: Sequence[tuple[int, ...]],
        recent: Sequence[MemoryFrame],
    ) -> Tensor:
        """Return the readout of each object, (K, C_v, H/16, W/16).

        An object reads the references `chosen` for it and the `recent` frames of a pass, the
        latter at a handicap: a pass that went astray finds back by what a person drew. Objects
        that read the same ones share one affinity.
        """
        groups: dict[tuple[tuple[int, ...], tuple[int, ...]], list[int]] = {}
        for position, (i, references) in enumerate(zip(ids, chosen, strict=True)):
            showing = tuple(n for n, entry in enumerate(recent) if i in entry.values)
            groups.setdefault((references, showing), []).append(position)
        query = features.key.flatten(2)
        size, width = features.key.shape[-2:], features.query.shape[1]
        read = features.query.new_empty((len(ids), width, *size))
        for (references, showing), positions in groups.items():
            entries = [self.bank[reference] for reference in references]
            entries += [recent[n] for n in showing]
            key = torch.cat([entry.key.to(query.dtype) for entry in entries], 2)
            bias = torch.zeros((1, 1, key.shape[2]), device=key.device)
            bias[..., len(references) * query.shape[2] :] = HANDICAP
            weights, found = nearest(key, query, TOP_K, bias)
            for position in positions:
                values = [entry.values[ids[position]].to(read.dtype) for entry in entries]
                read[position] = readout_nearest(weights, found, torch.cat(values, 2), size)[0]
        return read

    def _lessons(
        self, frame: int, image: NDArray[np.uint8], label_map: LabelMap
    ) -> tuple[Lesson, ...]:
        """Return what a reference teaches: found by the others, and by a frame like it too."""
        chosen = {i: self.bank.select(frame, i, without=frame) for i in self.bank.object_ids()}
        ids = tuple(i for i, references in chosen.items() if references)
        if not ids:
            return ()
        references = [chosen[i] for i in ids]
        encoded = self._look_at(image, working_size(image.shape[:2], self.size))
        masks = self._shrink([label_map == i for i in ids], encoded)
        masks = F.avg_pool2d(masks, LOGIT_STRIDE)
        before, label_map = moved(image, label_map, np.random.default_rng(frame))
        latest = self._look_at(before, working_size(image.shape[:2], self.size))
        shown = self._shrink([label_map == i for i in ids], latest)
        recent = self._remember(latest, ids, shown)
        return tuple(
            Lesson(self._read(encoded.features, ids, references, also), encoded.features, masks)
            for also in ((), (recent,))
        )

    def _encode(self, image: NDArray[np.uint8]) -> "_Encoded":
        """Return the image as the network sees it, and its features; the last is kept."""
        if self._encoded is not None and self._encoded.source is image:
            return self._encoded
        with self._stage("encode"):
            self._encoded = self._look_at(image, working_size(image.shape[:2], self.size))
        return self._encoded

    def _look_at(self, image: NDArray[np.uint8], size: tuple[int, int]) -> "_Encoded":
        """Return an image at `size`, height and width, and its features."""
        shrinks = size[0] <= image.shape[0]
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        resized = cv2.resize(image, size[::-1], interpolation=interpolation)
        tensor = torch.from_numpy(resized).to(self.device)[None].permute(0, 3, 1, 2).float() / 255
        with self._precision():
            return _Encoded(image, tensor, self.network.encode(tensor))

    def _shrink(self, masks: list[NDArray[np.bool_]], encoded: "_Encoded") -> Tensor:
        """Return masks at the network's size, (K, H, W), as the share that they cover."""
        height, width = encoded.image.shape[2:]
        small = np.empty((len(masks), height, width), np.float32)
        for n, mask in enumerate(masks):
            shrinks = height <= mask.shape[0]
            small[n] = cv2.resize(
                mask.astype(np.float32),
                (width, height),
                interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
            )
        return torch.from_numpy(small).to(self.device)

    def _remember(self, encoded: "_Encoded", ids: tuple[int, ...], masks: Tensor) -> MemoryFrame:
        """Return the memory frame of an image with masks (K, H, W) of the objects `ids`."""
        key = encoded.features.key.flatten(2)
        if not ids:
            return MemoryFrame(key, {})
        others = (masks.sum(0, keepdim=True) - masks).clamp(0, 1)
        with self._precision():
            values = self.network.memorize(
                encoded.features.repeat(len(ids)),
                encoded.image.expand(len(ids), -1, -1, -1),
                masks[:, None],
                others[:, None],
            ).flatten(2)
        return MemoryFrame(key, {i: values[n : n + 1] for n, i in enumerate(ids)})

    def _precision(self) -> torch.autocast:
        # Uncached: weights that were rounded once would not follow an optimizer.
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self._reduced, cache_enabled=False
        )

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Run a stage in the network's precision and note its time."""
        started = time.perf_counter()
        with self._precision():
            yield
        self.timings[name] = time.perf_counter() - started


@dataclass(frozen=True)
class _Encoded:
    """The frame last looked at: memorizing what was just segmented encodes it once."""

    source: NDArray[np.uint8]
    image: Tensor  # (1, 3, H, W) in [0, 1]
    features: Features
