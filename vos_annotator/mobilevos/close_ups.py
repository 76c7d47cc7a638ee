"""A second look: each object of a large frame seen from near, so that its border is sharp.

For: the engine. Knows the network and the memory's reading; not which references there are.

The network sees a whole frame at its working size, where a pixel of the mask is several of a
4K source. Here it sees the surroundings of one object at up to the resolution of the source.
It reads close-ups of references, which carry what a person drew at the same sharpness, and
its own coarse mask, at a handicap: it knows roughly where the object is, not where it ends.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.mobilevos.bank import ReferenceStore
from vos_annotator.mobilevos.crops import OUTSIDE
from vos_annotator.mobilevos.heads import STRIDE
from vos_annotator.mobilevos.memory import MemoryFrame, read_frames
from vos_annotator.mobilevos.patches import patches_of
from vos_annotator.mobilevos.scribble import close_up
from vos_annotator.mobilevos.vision import View, Vision

TOP_K = 30
HANDICAP = -4.0  # similarity of a position of the coarse mask
SIDE = 1.5  # times the working size: of a square with as many pixels as a close-up has at most
WORTHWHILE = 1.25  # times the working size that the short side of a frame must have

LookUp = Callable[[int], tuple[NDArray[np.uint8], LabelMap]]


class CloseUps:
    """Looks at objects from near, and remembers references as they look from there."""

    def __init__(self, vision: Vision, size: int) -> None:
        """Prepare for masks that were found at a short side of `size` px."""
        self._vision, self._size, self._side = vision, size, round(SIDE * size)
        self._store = ReferenceStore()
        self._known: dict[int, set[int]] = {}  # frame -> objects in the store, or looked for

    def forget(self, frame: int) -> None:
        """Drop the close-ups of a reference; one without any is fine."""
        for object_id in self._known.pop(frame, ()):
            self._store.drop((frame, object_id))

    def is_worthwhile(self, shape: tuple[int, int]) -> bool:
        """Return whether a frame of `shape` shows more from near."""
        return min(shape) >= WORTHWHILE * self._size

    def refine(
        self,
        image: NDArray[np.uint8],
        label_map: LabelMap,
        chosen: Callable[[int], Sequence[int]],
        reference: LookUp,
    ) -> LabelMap:
        """Return the label map with each object's border found again from near.

        Args:
            image: (H, W, 3) RGB.
            label_map: (H, W) what was found of it.
            chosen: Gives the references that an object reads.
            reference: Gives the picture and the label map of a reference.
        """
        fine = label_map.copy()
        best = np.zeros(label_map.shape, np.float32)
        for object_id in object_ids(label_map):
            fine[label_map == object_id] = 0
        for object_id in object_ids(label_map):
            frames = [self._recalled(f, object_id, reference) for f in chosen(object_id)]
            box, logits = self._look(image, label_map, object_id, [f for f in frames if f])
            wins = logits > best[box]
            fine[box][wins] = object_id
            best[box][wins] = logits[wins]
        return fine

    def _look(
        self,
        image: NDArray[np.uint8],
        label_map: LabelMap,
        object_id: int,
        references: Sequence[MemoryFrame],
    ) -> tuple[tuple[slice, slice], NDArray[np.float32]]:
        """Return where an object was looked at, and its logits there, at the source's size."""
        mask = label_map == object_id
        box, view = self._view(image, mask)
        coarse = self._remember(view, label_map[box], object_id)
        biases = [0.0] * len(references) + [HANDICAP]
        reading = read_frames(view.key, [*references, coarse], biases, TOP_K)
        reading.look_up()
        logits = self._vision.decode(reading.read(object_id), view)[0, 0].cpu().numpy()
        height, width = mask[box].shape
        # What looks like the object, but lies apart from it, is no border of it.
        reach = STRIDE * min(image.shape[:2]) / self._size * logits.shape[0] / height
        logits[~_near(mask[box], logits.shape, round(reach))] = OUTSIDE
        return box, cv2.resize(logits, (width, height))

    def _recalled(self, frame: int, object_id: int, reference: LookUp) -> MemoryFrame | None:
        """Return the close-up of an object on a reference; None if it is not there."""
        known = self._known.setdefault(frame, set())
        if object_id not in known:
            image, label_map = reference(frame)
            if (label_map == object_id).any():
                box, view = self._view(image, label_map == object_id)
                entry = self._remember(view, label_map[box], object_id)
                self._store.put((frame, object_id), entry.halved())
            known.add(object_id)
        try:
            return self._store.get((frame, object_id))
        except KeyError:
            return None

    def _view(
        self, image: NDArray[np.uint8], mask: NDArray[np.bool_]
    ) -> tuple[tuple[slice, slice], View]:
        """Return the box around a mask, and what is in it, no larger than in the source."""
        box, _ = close_up(mask, self._side)
        height, width = mask[box].shape
        scale = min(1.0, self._side / (height * width) ** 0.5)
        size = tuple(max(2, round(scale * each / STRIDE)) * STRIDE for each in (height, width))
        return box, self._vision.look_at(image[box], size)

    def _remember(self, view: View, label_map: LabelMap, object_id: int) -> MemoryFrame:
        own = label_map == object_id
        masks = self._vision.shrink([own, (label_map > 0) & ~own], view)
        return self._vision.remember(view, (object_id,), patches_of(masks[:1]), masks.sum(0))


def _near(mask: NDArray[np.bool_], shape: tuple[int, int], reach: int) -> NDArray[np.bool_]:
    """Return what is at most `reach` away from a mask, in a grid of `shape` over it."""
    share = cv2.resize(mask.view(np.uint8) * 255, shape[::-1], interpolation=cv2.INTER_AREA)
    return cv2.dilate(share, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
