"""The MobileVOS engine: a student network and its memory behind the engine protocol.

For: the worker and the headless commands, through the engine registry. Numpy in and
out; everything of torch stays here. Belongs to one thread.
"""

import time
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vos_annotator.core.formats.ledger import hash_of
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.translation import marked
from vos_annotator.engine.protocol import ABSENT, Reference, Segmentation
from vos_annotator.mobilevos.adaptation import learnt_decoder
from vos_annotator.mobilevos.bank import MemoryBank, packed
from vos_annotator.mobilevos.boxes import Boxes, whole
from vos_annotator.mobilevos.checkpoint import DEFAULT, find_checkpoint, load_checkpoint
from vos_annotator.mobilevos.close_ups import CloseUps, LookUp
from vos_annotator.mobilevos.crops import placed
from vos_annotator.mobilevos.finding import Question, decode, question, read, seen_beside
from vos_annotator.mobilevos.gaze import Gaze, is_enough, seen_in, shares_of, windows_around
from vos_annotator.mobilevos.lessons import lessons_of
from vos_annotator.mobilevos.network import aggregate
from vos_annotator.mobilevos.patches import patches_of
from vos_annotator.mobilevos.precision import quickest
from vos_annotator.mobilevos.recalling import memory_mark, recalled
from vos_annotator.mobilevos.remembering import remembered
from vos_annotator.mobilevos.runtimes.choice import choose_runtime, is_settled
from vos_annotator.mobilevos.runtimes.probe import start_probe, wait_for_probe
from vos_annotator.mobilevos.scribble import Marks, scribbled
from vos_annotator.mobilevos.vision import View, Vision, grid_of, is_same, working_size

CLOSE_UP = 0.8  # of the working size: side of the square that a scribble is looked at in again


class MobileVOSEngine:
    """Segments by a student network with a memory of fixed length.

    Attributes:
        device: Where the network runs.
        provenance: The name and the hash of the checkpoint.
        timings: Seconds that each stage of the last frame took.
    """

    name = "mobilevos"
    summary = marked("The light network that comes with the program.")

    def __init__(
        self,
        size: int = 480,
        checkpoint: str | Path = DEFAULT,
        memory: int = 2,
        every: int = 1,
        runtime: str | None = None,
    ) -> None:
        """Load a checkpoint.

        Args:
            size: Short side that frames are worked at, px.
            checkpoint: Its name or path.
            memory: Length of a pass's memory, as of `MemoryBank`.
            every: How often a frame of a pass is remembered, as of `MemoryBank`.
            runtime: What runs the network, as of `choose_runtime`.
        """
        self.size = size
        self._file = find_checkpoint(checkpoint)
        network, _ = load_checkpoint(self._file)
        self.provenance = {
            "checkpoint": self._file.stem,
            "checkpoint_sha256": hash_of(self._file),
        }
        self.vision = Vision(network)
        self.network, self.device = self.vision.network, self.vision.device
        self._asked = self.network, self._file, self.device, runtime
        self.vision.runtime = choose_runtime(*self._asked)
        self.bank = MemoryBank(memory, every)
        self.timings: dict[str, float] = {}
        self._decoder = self.network.decoder  # or one that has learnt this video
        self._seen: tuple[View, ...] = ()
        self._gaze = Gaze()
        self._answered: tuple[object, Segmentation] | None = None  # what was asked last
        self._close_ups = CloseUps(self.vision, size)

    @torch.inference_mode()
    def memorize(self, frame: int, image: NDArray[np.uint8], label_map: LabelMap) -> None:
        """Make `frame` a reference; again for the same frame replaces it."""
        self._close_ups.forget(frame)
        encoded = self._encode(image)
        ids = object_ids(label_map)
        masks = self.vision.shrink([label_map == i for i in ids], encoded)
        self.bank.keep(frame, self.vision.remember(encoded, ids, patches_of(masks)))

    def forget(self, frame: int) -> None:
        """Undo `memorize`; a frame that is no reference is fine."""
        self.bank.forget(frame)
        self._close_ups.forget(frame)

    @cached_property
    def memory_mark(self) -> str:
        """What stands for all that its memory of a reference follows from."""
        return memory_mark(self._file, self.size, self.device.type, self.vision.runtime.name)

    def remembered(self, frame: int) -> bytes:
        """Return what is remembered of a reference."""
        return packed(self.bank[frame])

    def recall(self, frame: int, content: bytes) -> bool:
        """Make `frame` a reference by what was remembered; see `RecallingEngine.recall`."""
        if (entry := recalled(content, self.network.config)) is None:
            return False
        self._close_ups.forget(frame)
        self.bank.keep_packed(frame, entry.values, content, self.device)
        return True

    def begin_pass(self) -> None:
        """Drop everything that is not a reference frame."""
        self.bank.begin_pass()
        self._gaze.begin_pass()

    @torch.inference_mode()
    def deny(self, frame: int, image: NDArray[np.uint8] | None, ids: Collection[int]) -> None:
        """Know that exactly `ids` are not on a frame; see `DenyingEngine.deny`."""
        if not ids:
            self.bank.deny(frame, None)
            return
        encoded, ids = self._encode(image), sorted(ids)
        nothing = self.vision.shrink([np.zeros(image.shape[:2], bool)] * len(ids), encoded)
        self.bank.deny(frame, self.vision.remember(encoded, ids, patches_of(nothing)))

    @torch.inference_mode()
    def segment(
        self, frame: int, image: NDArray[np.uint8], absent: Collection[int] = ()
    ) -> Segmentation:
        """Segment a frame by what is in memory, and remember it, if it is its turn."""
        asked = question(self.bank, frame, absent, self._decoder)
        if not asked.ids:
            return Segmentation((), np.zeros((0, 1, 1), np.float32), image.shape[:2])
        if self._answered is not None and self._answered[0] == asked:
            _, picture, answer = self._answered
            if is_same(picture, image):
                return answer  # the same picture again, in the same pass
        self.timings = {}
        views, log_odds, masks = self._find(frame, image, asked)
        with self._stage("memorize"):
            wanted = self.bank.wants_next
            seen = remembered(self.vision, self.bank, views, asked, masks) if wanted else ()
            self.bank.follow(*seen)
        found = Segmentation(asked.ids, log_odds.cpu().numpy(), image.shape[:2])
        self._answered = asked, image, found
        return found

    def _find(
        self, frame: int, image: NDArray[np.uint8], asked: Question
    ) -> tuple[tuple[View, ...], Tensor, Tensor]:
        """Return what was looked at of a frame; log-odds and masks, (K, H/4, W/4), of all of it."""
        size = grid_of(self._working_size(image))
        last, looks = None, [(whole(size),)]
        if self.vision.works_in_parts:
            last = self._gaze.last(frame, asked.ids, size)
            if last is None:
                last = seen_beside(self.bank, frame, asked, size, self.network.value.carried)
            looks.insert(0, windows_around(last, asked.expected, size))
        for windows in looks:
            views = self._look(image, windows)
            logits = self._logits(frame, views, asked, last, size)
            with self._stage("decode"):
                logits[[not each for each in asked.expected]] = ABSENT
                log_odds = aggregate(logits)
                masks = F.softmax(F.pad(log_odds, (0, 0, 0, 0, 1, 0)), 0)[1:]
                shares = shares_of(masks)
            if is_enough(windows, shares, asked.expected):
                break
        self._gaze.follow(frame, asked.ids, shares)
        return views, log_odds, masks

    def _logits(
        self,
        frame: int,
        views: tuple[View, ...],
        asked: Question,
        last: Tensor | None,
        size: tuple[int, int],
    ) -> Tensor:
        """Return the logits of objects, (K, H/4, W/4), low where no view shows them."""
        logits = []
        for view in views:
            is_all = view.window == whole(size)
            members = seen_in(view.window, None if is_all else last, len(asked.ids))
            there = last[members][:, *view.window] if last is not None else None
            some = asked.of(members)
            with self._stage("read"):
                places, reads = read(self.vision, self.bank, view, frame, some, there)
            with self._stage("decode"):
                found = decode(self.vision, view, asked.decoder, reads, places)
                logits.append(placed(found[:, 0], members, view.window, len(asked.ids), size))
        return torch.stack(logits).amax(0)

    @torch.inference_mode()
    def refine(
        self,
        frame: int,
        image: NDArray[np.uint8],
        label_map: LabelMap,
        reference: LookUp,
    ) -> LabelMap:
        """Return a label map with sharp borders; see `RefiningEngine.refine`."""
        if not self._close_ups.is_worthwhile(image.shape[:2]):
            return label_map
        return self._close_ups.refine(
            image, label_map, lambda object_id: self.bank.select(frame, object_id), reference
        )

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
            if label_map.any() and (
                of_frame := lessons_of(self.vision, self.bank, frame, image, label_map, self.size)
            ):
                lessons.append(of_frame)
        with quickest(self.device), torch.enable_grad():
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
        object_id: int | None = None,
        others: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.bool_]:
        """Return the mask of the object that strokes mark: the frame reads its own strokes.

        It reads the references that show the object, too; see `ScribbleEngine.scribble`.
        """
        marks = Marks.of(strokes, current, others)
        known = () if object_id is None else self.bank.shown_elsewhere(frame, object_id)
        side = round(CLOSE_UP * self.size)
        return scribbled(self.vision, image, lambda: self._encode(image), marks, side, known)

    def _encode(self, image: NDArray[np.uint8]) -> View:
        """Return all of an image as the network sees it."""
        return self._look(image, (whole(grid_of(self._working_size(image))),))[0]

    def _look(self, image: NDArray[np.uint8], windows: Boxes) -> tuple[View, ...]:
        """Return windows of an image as the network sees them; the last ones are kept."""
        kept = self._seen
        is_kept = tuple(view.window for view in kept) == windows
        if not is_kept or not is_same(kept[0].source, image):
            with self._stage("encode"):
                self._seen = self.vision.look_in(image, self._working_size(image), windows)
        return self._seen

    def _working_size(self, image: NDArray[np.uint8]) -> tuple[int, int]:
        return working_size(image.shape[:2], self.size)

    def while_idle(self) -> None:
        """Find out what runs the network quickest here; see `SettlingEngine.while_idle`."""
        if not is_settled(*self._asked):
            weakref.finalize(self, start_probe(self._file).terminate)

    def settle(self) -> None:
        """Find it out and go by it; see `SettlingEngine.settle`."""
        if not is_settled(*self._asked):
            wait_for_probe(self.network, self._file)
            self.vision.runtime = choose_runtime(*self._asked)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Run a stage and note its time."""
        started = time.perf_counter()
        yield
        self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - started
