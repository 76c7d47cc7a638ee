"""Frames that come with the program, to try a network on.

For: whoever makes graphs of a network, to check them. Knows the demo clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.mask_reading import read_label_map
from vos_annotator.core.masks import LabelMap
from vos_annotator.core.video import open_video
from vos_annotator.paths import resources_folder

FRAMES = (0, 10, 20)  # of the demo clip: two to remember, one to segment


@dataclass(frozen=True)
class Scene:
    """Frames to check on.

    Attributes:
        frames: Three pictures (H, W, 3) uint8: the first two are remembered, the last is
            segmented.
        label_maps: (H, W) uint8 of the first two, with the same objects.
    """

    frames: Sequence[NDArray[np.uint8]]
    label_maps: Sequence[LabelMap]


def demo_scene() -> Scene:
    """Return frames of the demo clip, with their masks."""
    folder = resources_folder() / "demo"
    with open_video(folder / "demo.mp4") as video:
        frames = [video[frame] for frame in FRAMES]
    paths = (folder / "masks" / f"{frame:05d}.png" for frame in FRAMES[:2])
    return Scene(frames, [read_label_map(path) for path in paths])
