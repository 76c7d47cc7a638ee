"""From a few strokes to a mask: what the network reads off the frame they are drawn on.

For: the engine. Knows torch, OpenCV and the network; nothing of frames or references.

The positions under a stroke are the whole memory, and every position of the same frame
reads them. Two assumptions stand in for the strokes that nobody draws: the rim of the
frame is outside the object, but for where strokes inside come near it; and an object
holds together (`obey`).
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vos_annotator.mobilevos.memory import affinity, readout
from vos_annotator.mobilevos.network import STRIDE, Features, Network

INSIDE, OUTSIDE = 1, 2  # the values of strokes

_TOP_K = 30  # positions that each position reads
_RIM = 8  # px at the network's size
_CLEAR = 0.15  # of the short side: a stroke inside keeps the rim's assumption this far away
_LARGE_HOLE = 0.02  # of the object's area: a larger hole without a stroke stays open


def read_strokes(
    network: Network, features: Features, image: Tensor, strokes: NDArray[np.uint8]
) -> Tensor:
    """Return the logits (1, 1, H/4, W/4) of the object that strokes mark.

    Args:
        network: A student.
        features: `network.encode(image)`.
        image: (1, 3, H, W) RGB in [0, 1].
        strokes: At the frame's own size; at least one pixel is INSIDE.
    """
    height, width = image.shape[2:]
    inside, outside = (_shrink(strokes == value, (width, height)) for value in (INSIDE, OUTSIDE))
    outside |= _rim(inside)
    masks = torch.from_numpy(np.stack([inside, outside])[:, None, None]).to(image)
    under = F.max_pool2d(masks.amax(0), STRIDE).flatten() > 0
    value = network.memorize(features, image, masks[0], masks[1]).flatten(2)
    key = features.key.flatten(2)
    weights = affinity(key[:, :, under], key, _TOP_K)
    read = readout(weights, value[:, :, under], features.key.shape[-2:])
    return network.decode(read, features)[0]


def obey(mask: NDArray[np.bool_], strokes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return a mask corrected by what strokes say for certain.

    What lies under a stroke is as it says. A part without a stroke inside is dropped; a
    hole without a stroke outside is filled, unless it is large.

    Args:
        mask: (H, W).
        strokes: (H, W): INSIDE, OUTSIDE, or 0 where there is none.
    """
    inside, outside = strokes == INSIDE, strokes == OUTSIDE
    mask = (mask | inside) & ~outside
    _, parts = cv2.connectedComponents(mask.view(np.uint8), connectivity=4)
    mask &= np.isin(parts, parts[inside])
    _, holes = cv2.connectedComponents((~mask).view(np.uint8), connectivity=8)
    border = holes[0], holes[-1], holes[:, 0], holes[:, -1]
    large = np.flatnonzero(np.bincount(holes.flat) > _LARGE_HOLE * np.count_nonzero(mask))
    is_open = np.isin(holes, np.concatenate([holes[outside], *border, large]))
    return mask | ~is_open


def _shrink(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return where a mask covers any of a pixel of a picture of `size`."""
    return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0


def _rim(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the rim of the frame, but for where a stroke inside comes near."""
    away = cv2.distanceTransform((~inside).view(np.uint8), cv2.DIST_L2, 5)
    rim = away > _CLEAR * min(inside.shape)
    rim[_RIM:-_RIM, _RIM:-_RIM] = False
    return rim
