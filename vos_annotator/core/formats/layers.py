"""Masks of single objects that may cover each other, laid into one label map.

For: the readers of formats whose masks come one an object.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError
from vos_annotator.core.mask_reading import LARGEST
from vos_annotator.core.masks import LabelMap
from vos_annotator.core.video import Video


@dataclass(frozen=True, slots=True)
class Layer:
    """The mask of an object on a frame.

    Attributes:
        object_id: 1..255.
        shape: (H, W) of the frame as the file has it.
        decode: Returns the mask; raises `ValueError` where it is none.
    """

    object_id: int
    shape: tuple[int, int]
    decode: Callable[[], NDArray[np.bool_]]


def bounded(shape: tuple[int, int], video: Video, path: Path) -> tuple[int, int]:
    """Return the size that a file gives a frame, if it may be one of the video's at all.

    Raises:
        UserError: It is far larger, and a mask of it might fill the memory.
    """
    if (
        shape[0] < 1
        or shape[1] < 1
        or shape[0] * shape[1] > LARGEST * video.shape[0] * video.shape[1]
    ):
        raise UserError(
            "{path} has masks of {size}, the video is {wanted}: use masks of the video's size.",
            path=path,
            size=f"{shape[1]}x{shape[0]}",
            wanted=f"{video.shape[1]}x{video.shape[0]}",
        )
    return shape


def flattened(
    layers: Iterable[Layer], path: Path, shape: tuple[int, int] | None = None
) -> LabelMap:
    """Return the label map of layers of one frame; the later lie upon the earlier.

    Args:
        layers: At least one, unless there is a `shape`.
        path: Where they come from.
        shape: Of the frame; None takes that of the first layer.

    Raises:
        UserError: One is no mask, or they differ in size.
    """
    label_map: LabelMap | None = None if shape is None else np.zeros(shape, np.uint8)
    for layer in layers:
        if label_map is None:
            label_map = np.zeros(layer.shape, np.uint8)
        try:
            if layer.shape != label_map.shape:
                raise ValueError("masks of one frame differ in size")
            label_map[layer.decode()] = layer.object_id
        except (ValueError, OverflowError) as error:
            raise UserError(
                "{path} holds a mask that cannot be read ({error}): write it again.",
                path=path,
                error=error,
            ) from error
    if label_map is None:
        raise ValueError("no layers")
    return label_map
