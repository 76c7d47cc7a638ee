"""A planned clip drawn with OpenCV, and the light it is seen in.

For: `clips`. Knows `plans`, `layers`, `material`, numpy and OpenCV.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.training.layers import draw_whole, paste
from vos_annotator.training.material import Material
from vos_annotator.training.plans import Light, Plan

MIN_AREA = 0.003  # share of the crop that an object covers in the first frame


@dataclass(frozen=True)
class Clip:
    """One training example.

    Attributes:
        images: (T, S, S, 3) uint8 RGB.
        masks: (T, K, S, S) bool of K objects; they do not overlap.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.bool_]


def draw(plan: Plan, material: Material, size: int) -> Clip | None:
    """Return the clip at `size` x `size`; None where the first frame shows no object.

    Raises:
        UserError: A picture cannot be read.
    """
    images = np.empty((plan.length, size, size, 3), np.uint8)
    numbers = np.empty((plan.length, size, size), np.uint8)
    whole, *things = plan.layers
    for t in range(plan.length):
        picture = material.read(int(whole.pictures[t]))
        image, number = draw_whole(picture, whole, t, plan.ids, size)
        for thing in things:
            paste(image, number, material.read(int(thing.pictures[t])), thing, t)
        images[t], numbers[t] = lit(image, plan.light, t), number
    masks = numbers[:, None] == np.arange(1, plan.objects + 1, dtype=np.uint8)[:, None, None]
    seen = masks[0].mean((1, 2)) > MIN_AREA
    return Clip(images, masks[:, seen]) if seen.any() else None


def lit(image: NDArray[np.uint8], light: Light, t: int) -> NDArray[np.uint8]:
    """Return frame `t` as it is filmed and stored."""
    steps = np.arange(256)[:, None] / 255
    table = np.clip(255 * steps**light.gamma * light.gain[t], 0, 255).astype(np.uint8)
    image = cv2.LUT(image, table[None])
    if light.is_grey:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    if light.blur != (1, 1):
        image = cv2.blur(image, light.blur)
    if light.quality:
        _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, light.quality])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
    return image
