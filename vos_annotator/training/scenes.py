"""A scene: pictures under a moving camera, things that travel over them, and what is tracked.

For: `clips`, which invents scenes. Knows `layers`, numpy and OpenCV.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.training.layers import RGBA, Motion, paste

MIN_AREA = 0.004  # share of the crop that an object covers in the first frame


@dataclass(frozen=True)
class Clip:
    """One training example.

    Attributes:
        images: (T, S, S, 3) uint8 RGB.
        masks: (T, K, S, S) bool of K objects; they do not overlap.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.bool_]


@dataclass(frozen=True)
class Thing:
    """Something cut out that travels over the picture; a later one is in front."""

    layer: RGBA
    path: Motion
    is_tracked: bool = False


@dataclass(frozen=True)
class Scene:
    """What a clip shows.

    Attributes:
        pictures: (H, W, 3) uint8 of each frame.
        label_maps: (H, W) uint8 of each frame.
        camera: How the pictures move on the canvas.
        ids: Objects of the label maps that are tracked.
        things: What travels over the pictures.
    """

    pictures: Sequence[NDArray[np.uint8]]
    label_maps: Sequence[NDArray[np.uint8]]
    camera: Motion
    ids: Sequence[int]
    things: list[Thing] = field(default_factory=list)

    def render(self, size: int) -> Clip | None:
        """Return the clip at `size` x `size`; None where the first frame shows no object."""
        frames = [self._frame(t, size) for t in range(len(self.pictures))]
        images = np.stack([image for image, _ in frames])
        masks = np.stack([np.stack(covers) for _, covers in frames])
        seen = masks[0].mean((1, 2)) > MIN_AREA
        return Clip(images, masks[:, seen]) if seen.any() else None

    def _frame(self, t: int, size: int) -> tuple[NDArray[np.uint8], list[NDArray[np.bool_]]]:
        time = t / max(len(self.pictures) - 1, 1)
        opaque = np.full(self.pictures[t].shape[:2], 255, np.uint8)
        picture = np.dstack([self.pictures[t], opaque])
        image = self.camera.render(picture, size, time, fill=True)[..., :3].copy()
        covers = [
            self.camera.render((self.label_maps[t] == i).astype(np.uint8) * 255, size, time, True)
            > 127
            for i in self.ids
        ]
        for thing in self.things:
            covered = paste(image, thing.path.render(thing.layer, size, time, fill=False))
            covers = [cover & ~covered for cover in covers]
            if thing.is_tracked:
                covers.append(covered)
        return image, covers


def flipped(clip: Clip) -> Clip:
    """Return the clip seen in a mirror."""
    return Clip(
        np.ascontiguousarray(clip.images[:, :, ::-1]), np.ascontiguousarray(clip.masks[..., ::-1])
    )


def recoloured(clip: Clip, rng: np.random.Generator) -> Clip:
    """Return the clip in another light, which wavers a little from frame to frame."""
    gain = rng.uniform(0.75, 1.25) * rng.uniform(0.92, 1.08, 3)
    gamma, is_grey = rng.uniform(0.8, 1.25), rng.random() < 0.05
    blurs = rng.random() < 0.15
    steps = np.arange(256)[:, None] / 255
    images = np.empty_like(clip.images)
    for t, image in enumerate(clip.images):
        table = np.clip(255 * steps**gamma * gain * rng.normal(1, 0.02), 0, 255).astype(np.uint8)
        image = cv2.LUT(image, table[None])
        if is_grey:
            image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
        if blurs:
            image = cv2.blur(image, (int(rng.integers(1, 6)), int(rng.integers(1, 4))))
        images[t] = image
    return Clip(images, clip.masks)
