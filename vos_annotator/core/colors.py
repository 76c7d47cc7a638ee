"""Histograms of colours: what a picture, or an object in it, looks like at a glance.

For: shots and identities. Knows OpenCV's Lab colours and numpy.
"""

import numpy as np
from numpy.typing import NDArray

_BINS = 8  # of each colour axis


def histogram(lab: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how often colours occur: (512,), which sum to 1; zeros for no pixels.

    Each pixel is shared among neighbouring bins, so that none is left by a hair.

    Args:
        lab: (N, 3) pixels in OpenCV's 8-bit Lab.
    """
    place = (lab.astype(np.float32) - (0, 64, 64)) / (255, 128, 128) * (_BINS - 1)
    place = place.clip(0, _BINS - 1.001)  # most colours are greyish
    low = place.astype(np.intp)
    upper = (place - low).T
    shares = 1 - upper, upper
    first = np.ravel_multi_index(low.T, (_BINS,) * 3)
    colors = np.zeros(_BINS**3)
    for a, b, c in np.ndindex(2, 2, 2):
        weights = shares[a][0] * shares[b][1] * shares[c][2]
        colors += np.bincount(first + (a * _BINS + b) * _BINS + c, weights, _BINS**3)
    return (colors / max(len(lab), 1)).astype(np.float32)
