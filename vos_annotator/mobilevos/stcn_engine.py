"""STCN as an engine: for whoever has its public weights, or others of the same shape.

For: the registry. Memory is kept and read as the student's is, so a frame costs the same after
ten corrections and after five hundred. Belongs to one thread.
"""

from collections.abc import Collection
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vos_annotator.core.formats.ledger import hash_of
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.translation import marked
from vos_annotator.engine.protocol import ABSENT, Segmentation
from vos_annotator.mobilevos.backbones import upsample
from vos_annotator.mobilevos.bank import MemoryBank
from vos_annotator.mobilevos.heads import LOGIT_STRIDE, Features
from vos_annotator.mobilevos.memory import MemoryFrame, read_frames
from vos_annotator.mobilevos.network import aggregate
from vos_annotator.mobilevos.stcn import load_stcn
from vos_annotator.mobilevos.vision import best_device, working_size

TOP_K = 20  # memory positions that a position reads, as in its authors' code


class STCNEngine:
    """Segments by STCN with a memory of fixed length.

    Attributes:
        device: Where the network runs.
        provenance: The name and the hash of the checkpoint.
    """

    name = "stcn"
    summary = marked("STCN, a larger and slower network, for those who have its .pth file.")

    def __init__(self, checkpoint: str | Path, size: int = 480, memory: int = 2) -> None:
        """Load the weights; no code that the file may hold is run.

        Args:
            checkpoint: A .pth of the authors' code.
            size: Short side that frames are worked at, px.
            memory: Length of a pass's memory, as of `MemoryBank`; 0 is its authors' own.

        Raises:
            UserError: The file is missing, or holds no weights of STCN.
        """
        path = Path(checkpoint)
        self.size, self.device, self.bank = size, best_device(), MemoryBank(memory)
        self._network = load_stcn(path).to(self.device)
        self.provenance = {"checkpoint": path.stem, "checkpoint_sha256": hash_of(path)}

    @torch.inference_mode()
    def memorize(self, frame: int, image: NDArray[np.uint8], label_map: LabelMap) -> None:
        """Make `frame` a reference; again for the same frame replaces it."""
        picture, features = self._look(image)
        ids = object_ids(label_map)
        size = picture.shape[:1:-1]
        masks = [
            cv2.resize((label_map == i).astype(np.float32), size, interpolation=cv2.INTER_AREA)
            for i in ids
        ]
        stack = torch.from_numpy(np.array(masks, np.float32).reshape(-1, *size[::-1]))
        self.bank.keep(frame, self._remember(picture, features, ids, stack.to(self.device)))

    def forget(self, frame: int) -> None:
        """Undo `memorize`; a frame that is no reference is fine."""
        self.bank.forget(frame)

    def begin_pass(self) -> None:
        """Drop everything that is not a reference frame."""
        self.bank.begin_pass()

    @torch.inference_mode()
    def segment(
        self, frame: int, image: NDArray[np.uint8], absent: Collection[int] = ()
    ) -> Segmentation:
        """Segment a frame by what is in memory, and remember it as the latest one."""
        ids = self.bank.object_ids()
        if not ids:
            return Segmentation((), np.zeros((0, 1, 1), np.float32), image.shape[:2])
        picture, features = self._look(image)
        read = torch.cat([self._read(frame, features, i) for i in ids])
        logits, _ = self._network.decode(read, _for_each(features, len(ids)))
        logits[[i in absent for i in ids]] = ABSENT
        log_odds = aggregate(logits[:, 0])
        masks = F.pad(log_odds, (0, 0, 0, 0, 1, 0)).softmax(0)[1:]
        masks = upsample(masks[:, None], LOGIT_STRIDE)[:, 0]
        self.bank.follow(self._remember(picture, features, ids, masks))
        return Segmentation(ids, log_odds.cpu().numpy(), image.shape[:2])

    def _look(self, image: NDArray[np.uint8]) -> tuple[Tensor, Features]:
        """Return an image as the network sees it, (1, 3, h, w), and its features."""
        height, width = working_size(image.shape[:2], self.size)
        how = cv2.INTER_AREA if height <= image.shape[0] else cv2.INTER_CUBIC
        small = cv2.resize(image, (width, height), interpolation=how)
        picture = torch.from_numpy(small).to(self.device)[None].permute(0, 3, 1, 2).float() / 255
        return picture, self._network.encode(picture)

    def _remember(
        self, picture: Tensor, features: Features, ids: tuple[int, ...], masks: Tensor
    ) -> MemoryFrame:
        """Return the memory frame of a picture with the masks (K, h, w) of its objects."""
        key = features.key.flatten(2)
        if not ids:
            return MemoryFrame(key, {})
        others = (masks.sum(0, keepdim=True) - masks).clamp(0, 1)
        values = self._network.memorize(
            _for_each(features, len(ids)),
            picture.expand(len(ids), -1, -1, -1),
            masks[:, None],
            others[:, None],
        ).flatten(2)
        return MemoryFrame(key, {i: values[n : n + 1] for n, i in enumerate(ids)})

    def _read(self, frame: int, features: Features, object_id: int) -> Tensor:
        """Return what an object reads, (1, C_v, h/16, w/16)."""
        entries = [self.bank[each] for each in self.bank.select(frame, object_id)]
        entries += [each for each in self.bank.recent if object_id in each.values]
        reading = read_frames(features.key, entries, [0.0] * len(entries), TOP_K)
        reading.look_up()
        return reading.read(object_id)


def _for_each(features: Features, objects: int) -> Features:
    """Say the same features for each of several objects; no copy."""
    return Features(*(tensor.expand(objects, -1, -1, -1) for tensor in features))
