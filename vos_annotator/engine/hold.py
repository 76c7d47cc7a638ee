"""The engine that holds still: every frame gets the masks of its nearest reference.

For: a baseline that other engines must beat, and tests of the worker and the window that do
not wait for a network. Knows numpy and OpenCV only.
"""

from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.masks import LabelMap, decode_png, encode_png, object_ids
from vos_annotator.core.translation import marked
from vos_annotator.core.video import Image
from vos_annotator.engine.protocol import Segmentation

_SURE = 8.0  # log-odds


class HoldEngine:
    """Repeats the nearest reference, exactly; of two as near, the earlier."""

    name = "hold"
    summary = marked("Repeats the nearest reference: a baseline, and quick.")

    def __init__(self, size: int = 480) -> None:
        """Start with an empty memory; `size` does not matter, masks keep their own."""
        self.device = "CPU"
        self._references: dict[int, bytes] = {}

    def memorize(self, frame: int, image: Image, label_map: LabelMap) -> None:
        """Make `frame` a reference; again for the same frame replaces it."""
        self._references[frame] = encode_png(label_map)

    def forget(self, frame: int) -> None:
        """Undo `memorize`; a frame that is no reference is fine."""
        self._references.pop(frame, None)

    def begin_pass(self) -> None:
        """Nothing but references is ever kept."""

    def segment(self, frame: int, image: Image, absent: Collection[int] = ()) -> Segmentation:
        """Return the masks of the reference nearest to `frame`."""
        shape = image.shape[:2]
        if not self._references:
            return Segmentation((), np.zeros((0, 1, 1), np.float32), shape)
        nearest = min(self._references, key=lambda reference: (abs(reference - frame), reference))
        label_map = decode_png(self._references[nearest])
        ids = object_ids(label_map)
        logits = np.full((len(ids), *shape), -_SURE, np.float32)
        for object_logits, object_id in zip(logits, ids, strict=True):
            object_logits[label_map == object_id] = _SURE
        return Segmentation(ids, logits, shape).without(absent)

    def scribble(
        self,
        frame: int,
        image: Image,
        strokes: NDArray[np.uint8],
        current: NDArray[np.bool_] | None,
        object_id: int | None = None,
        others: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.bool_]:
        """Return the current mask with the hull of the strokes inside, without those outside."""
        mask = np.zeros(strokes.shape, np.uint8) if current is None else current.astype(np.uint8)
        points = cv2.findNonZero((strokes == 1).view(np.uint8))
        if points is not None:
            cv2.fillConvexPoly(mask, cv2.convexHull(points), 1)
        mask[strokes == 2] = 0
        return mask.astype(bool)
