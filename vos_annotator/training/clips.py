"""Training clips: short sequences with the masks of one or two objects.

For: the trainer. Knows `sources`, `layers`, numpy and OpenCV.

Three kinds: a still set in motion with other things pasted before and behind it; a
scene composed of cut-outs over a still, with look-alikes; a labelled video with a random
gap, direction and crop. Objects leave, return and hide; the first frame shows each.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.training.layers import RGBA, Motion, Pose, cut_out, paste
from vos_annotator.training.sources import Sources, read_mask, read_picture

MIN_AREA = 0.004  # share of the crop that an object covers in the first frame
MAX_OBJECTS = 2


@dataclass(frozen=True)
class Clip:
    """One training example.

    Attributes:
        images: (T, S, S, 3) uint8 RGB.
        masks: (T, K, S, S) bool, K = 1 or 2 objects; masks do not overlap.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.bool_]


@dataclass(frozen=True)
class ClipMix:
    """What clips are made of.

    Attributes:
        length: Frames a clip, T.
        size: Side of the crop, S, in pixels; a multiple of 16.
        video_share: Probability of a labelled video; the rest are made from stills.
        compose_share: Probability that a clip from stills is a composed scene.
        max_gap: Largest step between two frames of a video clip.
        video_weights: Weight of a video by the name of its set; 1 where not named.
    """

    length: int = 4
    size: int = 224
    video_share: float = 0.55
    compose_share: float = 0.35
    max_gap: int = 6
    video_weights: tuple[tuple[str, float], ...] = ()


class ClipMaker:
    """Makes random clips; the same seed gives the same clips."""

    def __init__(self, sources: Sources, mix: ClipMix) -> None:
        self.sources, self.mix = sources, mix
        weights = dict(mix.video_weights)
        chances = [
            weights.get(video.name.split("/")[0], 1.0) * np.sqrt(len(video.frames))
            for video in sources.videos
        ]
        self._video_chances = np.array(chances) / max(sum(chances), 1e-9)

    def make(self, rng: np.random.Generator) -> Clip:
        """Return a clip in which every object is visible in the first frame."""
        while True:
            use_video = rng.random() < self.mix.video_share and self.sources.videos
            if use_video or not self.sources.stills:
                clip = self._from_video(rng)
            elif rng.random() < self.mix.compose_share and self.sources.cutouts:
                clip = self._composed(rng)
            else:
                clip = self._from_still(rng)
            if clip is not None:
                return Clip(_recolour(clip.images, rng), clip.masks)

    def _from_video(self, rng: np.random.Generator) -> Clip | None:
        video = self.sources.videos[rng.choice(len(self._video_chances), p=self._video_chances)]
        length, count = self.mix.length, len(video.frames)
        gap = int(rng.integers(1, self.mix.max_gap + 1))
        gap = max(1, min(gap, (count - 1) // max(length - 1, 1)))
        indices = np.arange(length) * gap
        indices = np.minimum(indices + rng.integers(0, max(1, count - indices[-1])), count - 1)
        if rng.random() < 0.5:
            indices = indices[::-1]
        pairs = [video.frames[index] for index in indices]
        maps = [read_mask(mask) for _, mask in pairs]
        ids = _choose_ids(maps[0], rng)
        if not ids or any(m.shape != maps[0].shape for m in maps):
            return None
        motion, flip = self._crop_motion(maps[0], ids, rng), rng.random() < 0.5
        images, masks = [], []
        extra = self._distractor(rng) if rng.random() < 0.25 else None
        for t, ((picture, _), label_map) in enumerate(zip(pairs, maps, strict=True)):
            time = t / max(length - 1, 1)
            frame = np.dstack([read_picture(picture), np.full(label_map.shape, 255, np.uint8)])
            image = motion.render(frame, self.mix.size, time, fill=True)[..., :3].copy()
            layers = [
                _warp_mask(motion, (label_map == i), self.mix.size, time, fill=True) for i in ids
            ]
            if extra is not None:
                layer, path = extra
                covered = paste(image, path.render(layer, self.mix.size, time, fill=False))
                layers = [mask & ~covered for mask in layers]
            images.append(image)
            masks.append(layers)
        return _checked(images, masks, flip)

    def _crop_motion(self, label_map: NDArray, ids: list[int], rng: np.random.Generator) -> Motion:
        """Return the camera: a crop round one of the objects that drifts a little."""
        height, width = label_map.shape
        size = self.mix.size
        side = rng.uniform(0.4, 1.0) * min(height, width)
        ys, xs = np.nonzero(label_map == ids[0])
        pick = rng.integers(len(xs))
        centre_x = np.clip(xs[pick] + rng.normal(0, side / 6), side / 2, width - side / 2)
        centre_y = np.clip(ys[pick] + rng.normal(0, side / 6), side / 2, height - side / 2)
        scale = size / side

        def pose(x: float, y: float, scale: float, angle: float) -> Pose:
            radians = np.deg2rad(angle)
            dx, dy = (width / 2 - x) * scale, (height / 2 - y) * scale
            return Pose(
                size / 2 + dx * np.cos(radians) - dy * np.sin(radians),
                size / 2 + dx * np.sin(radians) + dy * np.cos(radians),
                scale,
                angle,
                0.0,
            )

        drift = rng.normal(0, side / 25, 2)
        angle = rng.normal(0, 4)
        start = pose(centre_x, centre_y, scale, angle)
        end = pose(
            centre_x + drift[0],
            centre_y + drift[1],
            scale * rng.uniform(0.93, 1.07),
            angle + rng.normal(0, 3),
        )
        return Motion(start, end, 0.0, rng)

    def _from_still(self, rng: np.random.Generator) -> Clip | None:
        picture_path, mask_path = self.sources.stills[rng.integers(len(self.sources.stills))]
        label_map, picture = read_mask(mask_path), read_picture(picture_path)
        if label_map.shape != picture.shape[:2]:
            return None
        ids = _choose_ids(label_map, rng)
        if not ids:
            return None
        size, length = self.mix.size, self.mix.length
        speed = rng.choice([0.4, 1.0, 1.8])
        camera = self._still_camera(label_map.shape, speed, rng)
        frame = np.dstack([picture, np.full(label_map.shape, 255, np.uint8)])
        extras = [self._distractor(rng) for _ in range(rng.choice([0, 1, 2], p=[0.35, 0.45, 0.2]))]
        if rng.random() < 0.3:  # a look-alike: the object itself, pasted elsewhere
            twin = cut_out(picture, label_map == ids[0])
            if twin is not None:
                extras.append((twin, self._path(twin, rng)))
        targets = [self._distractor(rng)] if len(ids) == 1 and rng.random() < 0.25 else []
        images, masks = [], []
        for t in range(length):
            time = t / max(length - 1, 1)
            image = camera.render(frame, size, time, fill=True)[..., :3].copy()
            layers = [_warp_mask(camera, label_map == i, size, time, fill=True) for i in ids]
            for layer, path in extras:
                covered = paste(image, path.render(layer, size, time, fill=False))
                layers = [mask & ~covered for mask in layers]
            for layer, path in targets:
                covered = paste(image, path.render(layer, size, time, fill=False))
                layers = [*(mask & ~covered for mask in layers), covered]
            images.append(image)
            masks.append(layers)
        return _checked(images, masks, rng.random() < 0.5)

    def _still_camera(
        self, shape: tuple[int, int], speed: float, rng: np.random.Generator
    ) -> Motion:
        size = self.mix.size
        scale = size / min(shape) * rng.uniform(0.8, 1.5)
        start = Pose(
            size / 2 + rng.normal(0, 0.08 * size),
            size / 2 + rng.normal(0, 0.08 * size),
            scale,
            rng.normal(0, 8),
            rng.normal(0, 0.05),
        )
        end = Pose(
            start.x + rng.normal(0, 0.12 * size * speed),
            start.y + rng.normal(0, 0.09 * size * speed),
            scale * np.exp(rng.normal(0, 0.12 * speed)),
            start.angle + rng.normal(0, 9 * speed),
            start.shear + rng.normal(0, 0.06 * speed),
        )
        return Motion(start, end, rng.choice([0.0, 0.02, 0.05]) * size, rng)

    def _composed(self, rng: np.random.Generator) -> Clip | None:
        picture_path, _ = self.sources.stills[rng.integers(len(self.sources.stills))]
        picture = read_picture(picture_path)
        size, length = self.mix.size, self.mix.length
        camera = self._still_camera(picture.shape[:2], 0.7, rng)
        frame = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
        things = [self._distractor(rng) for _ in range(int(rng.integers(1, 4)))]
        if rng.random() < 0.4:  # look-alikes cross each other
            layer = things[0][0]
            things.append((_tint(layer, rng), self._path(layer, rng)))
        order = rng.permutation(len(things))
        chosen = order[: 1 + (len(things) > 1 and rng.random() < 0.5)]
        images, masks = [], []
        for t in range(length):
            time = t / max(length - 1, 1)
            image = camera.render(frame, size, time, fill=True)[..., :3].copy()
            covers = []
            for layer, path in things:  # later things are in front
                covered = paste(image, path.render(layer, size, time, fill=False))
                covers = [*(cover & ~covered for cover in covers), covered]
            images.append(image)
            masks.append([covers[index] for index in chosen])
        return _checked(images, masks, rng.random() < 0.5)

    def _distractor(self, rng: np.random.Generator) -> tuple[RGBA, Motion]:
        """Return a cut-out of something and its path."""
        while True:
            if self.sources.cutouts and rng.random() < 0.5:
                picture, mask = self.sources.cutouts[rng.integers(len(self.sources.cutouts))]
                layer = cut_out(read_picture(picture), read_mask(mask))
            elif self.sources.stills:
                picture, mask = self.sources.stills[rng.integers(len(self.sources.stills))]
                label_map = read_mask(mask)
                ids = np.unique(label_map[label_map > 0])
                layer = (
                    cut_out(read_picture(picture), label_map == rng.choice(ids))
                    if len(ids)
                    else None
                )
            else:
                raise ValueError("distractors are cut from stills or cut-outs, and there are none")
            if layer is not None:
                return layer, self._path(layer, rng)

    def _path(self, layer: RGBA, rng: np.random.Generator) -> Motion:
        size = self.mix.size
        scale = rng.uniform(0.18, 0.65) * size / max(layer.shape[:2])
        speed = rng.choice([0.3, 1.0, 2.0])
        start = Pose(
            rng.uniform(0.05, 0.95) * size,
            rng.uniform(0.05, 0.95) * size,
            scale,
            rng.normal(0, 12),
            rng.normal(0, 0.05),
        )
        end = Pose(
            start.x + rng.normal(0, 0.2 * size * speed),
            start.y + rng.normal(0, 0.14 * size * speed),
            scale * np.exp(rng.normal(0, 0.12)),
            start.angle + rng.normal(0, 12 * speed),
            start.shear + rng.normal(0, 0.08),
        )
        return Motion(start, end, rng.choice([0.0, 0.03]) * size, rng)


def _choose_ids(label_map: NDArray[np.uint8], rng: np.random.Generator) -> list[int]:
    ids = [int(i) for i in np.unique(label_map) if 0 < i < 255]
    rng.shuffle(ids)
    return ids[: int(rng.integers(1, MAX_OBJECTS + 1))]


def _warp_mask(
    motion: Motion, mask: NDArray[np.bool_], size: int, time: float, fill: bool
) -> NDArray[np.bool_]:
    rendered = motion.render(mask.astype(np.uint8) * 255, size, time, fill)
    return rendered > 127


def _checked(images: list, masks: list, flip: bool) -> Clip | None:
    """Return the clip of the objects that the first frame shows; None without any."""
    stacked_images, stacked = np.stack(images), np.stack([np.stack(frame) for frame in masks])
    seen = stacked[0].mean((1, 2)) > MIN_AREA
    if not seen.any():
        return None
    stacked = stacked[:, seen]
    if flip:
        stacked_images, stacked = stacked_images[:, :, ::-1], stacked[..., ::-1]
    return Clip(np.ascontiguousarray(stacked_images), np.ascontiguousarray(stacked))


def _tint(layer: RGBA, rng: np.random.Generator) -> RGBA:
    colour = layer[..., :3] * rng.uniform(0.8, 1.2, 3) + rng.uniform(-15, 15)
    return np.dstack([np.clip(colour, 0, 255).astype(np.uint8), layer[..., 3]])


def _recolour(images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change light and colour of the whole clip, and a little from frame to frame."""
    gain = rng.uniform(0.75, 1.25) * rng.uniform(0.92, 1.08, 3)
    gamma, grey = rng.uniform(0.8, 1.25), rng.random() < 0.05
    blur = rng.random() < 0.15
    steps = np.arange(256) / 255
    out = np.empty_like(images)
    for t, image in enumerate(images):
        wobble = rng.normal(1, 0.02)
        table = np.clip(255 * steps[:, None] ** gamma * gain * wobble, 0, 255).astype(np.uint8)
        image = cv2.LUT(image, table[:, None, :].reshape(1, 256, 3))
        if grey:
            image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
        if blur:
            image = cv2.blur(image, (int(rng.integers(1, 6)), int(rng.integers(1, 4))))
        out[t] = image
    return out
