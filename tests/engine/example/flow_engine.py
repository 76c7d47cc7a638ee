"""An engine in sixty lines: masks move along with the picture, by optical flow."""

import cv2
import numpy as np

from vos_annotator.core.masks import object_ids
from vos_annotator.engine.protocol import Segmentation

SURE = 6.0  # log-odds


class FlowEngine:
    """Moves the masks of the nearest reference, or of the frame before, along with the picture."""

    name = "flow"  # the entry point's
    summary = "Masks move along with the picture, by optical flow."

    def __init__(self, size=480):
        self.size = size  # the short side to work at, px
        self.references = {}  # frame -> small grey picture, small label map, ids
        self.latest = {}  # the same for the last frame of the running pass

    def memorize(self, frame, image, label_map):
        shape = self._working_size(label_map.shape)
        small = cv2.resize(label_map, shape, interpolation=cv2.INTER_NEAREST)
        self.references[frame] = self._grey(image), small, object_ids(label_map)

    def forget(self, frame):
        self.references.pop(frame, None)

    def begin_pass(self):
        self.latest = {}  # what a pass remembers does not outlive it

    def segment(self, frame, image, absent=()):
        if not self.references:
            return Segmentation((), np.zeros((0, 1, 1), np.float32), image.shape[:2])
        known = self.latest | self.references
        # The nearest frame; where two are as near, a person's word goes before the engine's own.
        nearest = min(known, key=lambda each: (abs(each - frame), each in self.latest, each))
        before, labels, ids = known[nearest]
        now = self._grey(image)
        flow = cv2.calcOpticalFlowFarneback(now, before, None, 0.5, 4, 21, 3, 7, 1.5, 0)
        rows, columns = np.indices(labels.shape, np.float32)
        x, y = columns + flow[..., 0], rows + flow[..., 1]
        labels = cv2.remap(labels, x, y, cv2.INTER_NEAREST)
        labels[np.isin(labels, list(absent))] = 0  # nothing is remembered of them
        self.latest = {frame: (now, labels, ids)}
        logits = np.full((len(ids), *labels.shape), -SURE, np.float32)
        for n, object_id in enumerate(ids):
            logits[n][labels == object_id] = SURE
        return Segmentation(ids, logits, image.shape[:2]).without(absent)

    def _grey(self, image):
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        return cv2.resize(grey, self._working_size(grey.shape), interpolation=cv2.INTER_AREA)

    def _working_size(self, shape):
        scale = min(1.0, self.size / min(shape))
        return round(shape[1] * scale), round(shape[0] * scale)
