"""What references teach: each is to be found by what the others tell.

For: the engine. Knows the network, the memory and OpenCV.
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from vos_annotator.core.masks import LabelMap
from vos_annotator.mobilevos.adaptation import Lesson
from vos_annotator.mobilevos.bank import MemoryBank
from vos_annotator.mobilevos.heads import LOGIT_STRIDE
from vos_annotator.mobilevos.patches import patches_of
from vos_annotator.mobilevos.readings import readings_of
from vos_annotator.mobilevos.vision import Vision, working_size


def lessons_of(
    vision: Vision,
    bank: MemoryBank,
    frame: int,
    image: NDArray[np.uint8],
    label_map: LabelMap,
    short_side: int,
) -> tuple[Lesson, ...]:
    """Return what a reference teaches: found by the others, and by a frame like it too.

    Args:
        vision: What looks.
        bank: Has all references.
        frame: The reference.
        image: (H, W, 3) uint8 RGB, its picture.
        label_map: (H, W) what a person drew.
        short_side: As of `working_size`.
    """
    chosen = {i: bank.select(frame, i, without=frame) for i in bank.object_ids()}
    ids = tuple(i for i, references in chosen.items() if references)
    if not ids:
        return ()
    references = [chosen[i] for i in ids]
    size = working_size(image.shape[:2], short_side)
    view = vision.look_at(image, size)
    masks = vision.shrink([label_map == i for i in ids], view)
    masks = F.avg_pool2d(masks, LOGIT_STRIDE)
    before, label_map = moved(image, label_map, np.random.default_rng(frame))
    latest = vision.look_at(before, size)
    shown = vision.shrink([label_map == i for i in ids], latest)
    recent = vision.remember(latest, ids, patches_of(shown))
    lessons, carried = [], vision.network.value.carried
    for also in ((), (recent,)):
        readings = readings_of(bank, frame, view.key, ids, references, also, carried)
        for reading in readings:
            reading.look_up()
        read = torch.cat([each.read(i) for each, i in zip(readings, ids, strict=True)])
        lessons.append(Lesson(read, vision.features(view), masks))
    return tuple(lessons)


def moved(
    image: NDArray[np.uint8], label_map: LabelMap, chance: np.random.Generator
) -> tuple[NDArray[np.uint8], LabelMap]:
    """Return a frame as it might have been just before, with a mask that is slightly off.

    Args:
        image: (H, W, 3) uint8, with at least one object in it.
        label_map: (H, W).
        chance: Draws the motion.
    """
    left, top, width, height = cv2.boundingRect((label_map > 0).view(np.uint8))
    extent = max(width, height)
    turn, scale = chance.uniform(-6, 6), np.exp(chance.uniform(-0.08, 0.08))
    motion = cv2.getRotationMatrix2D((left + width / 2, top + height / 2), turn, scale)
    motion[:, 2] += chance.uniform(-0.08, 0.08, 2) * extent
    size = image.shape[1::-1]
    picture = cv2.warpAffine(image, motion, size, borderMode=cv2.BORDER_REFLECT_101)
    motion[:, 2] += chance.uniform(-0.02, 0.02, 2) * extent
    mask = cv2.warpAffine(label_map, motion, size, flags=cv2.INTER_NEAREST)
    reach = 2 * round(0.015 * extent) + 1
    change = cv2.dilate if chance.random() < 0.5 else cv2.erode
    return picture, change(mask, np.ones((reach, reach), np.uint8))
