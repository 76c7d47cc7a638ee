"""J and F over a sequence: their mean, recall and decay, as DAVIS defines them.

For: the `evaluate` command and the trainer. Knows numpy; no files, no engines.

Source:
    Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
    Segmentation", CVPR 2016, sec. 5; Pont-Tuset et al., "The 2017 DAVIS Challenge", 2017.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vos_annotator.core.mask_scores import boundary, contour_accuracy, region_similarity

__all__ = ["Statistics", "boundary", "contour_accuracy", "region_similarity"]

_BINS = 4  # decay compares the first quarter of the frames with the last


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is reported of one measure over the frames of one object."""

    mean: float
    recall: float
    decay: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Statistics":
        """Sum up one value a frame; recall is the share of frames above 0.5.

        The quarters share their border frames, as in the official code. (That code wraps
        frame numbers at 256; longer sequences get here what it means, not what it does.)

        Raises:
            ValueError: There are no values.
        """
        if len(values) == 0:
            raise ValueError("no frames to sum up")
        values = np.asarray(values, np.float64)
        borders = np.round(np.linspace(1, len(values), _BINS + 1) + 1e-10).astype(int) - 1
        first = values[borders[0] : borders[1] + 1]
        last = values[borders[-2] : borders[-1] + 1]
        return cls(
            mean=float(values.mean()),
            recall=float((values > 0.5).mean()),
            decay=float(first.mean() - last.mean()),
        )
