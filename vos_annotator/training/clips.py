"""Training clips: the scenes that the network learns from.

For: the trainer. Knows `sources`, `layers`, `scenes` and numpy.

Three kinds: a still set in motion, with other things travelling over it; a scene of
cut-outs over a still; a labelled video with a random gap, direction and crop. Look-alikes
cross, objects leave, return and hide; the first frame shows each.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vos_annotator.training.layers import RGBA, Motion, Pose, cut_out
from vos_annotator.training.scenes import Clip, Scene, Thing, flipped, recoloured
from vos_annotator.training.sources import Sources, read_mask, read_picture

MAX_OBJECTS = 2


@dataclass(frozen=True)
class ClipMix:
    """What clips are made of.

    Attributes:
        length: Frames a clip, T.
        size: Side of the crop, S, in pixels; a multiple of 16.
        video_share: Probability of a labelled video; the rest are made from stills.
        compose_share: Probability that a clip from stills is a scene of cut-outs.
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
                scene = self._video(rng)
            elif rng.random() < self.mix.compose_share and self.sources.cutouts:
                scene = self._composition(rng)
            else:
                scene = self._still(rng)
            clip = scene.render(self.mix.size) if scene else None
            if clip is not None:
                return recoloured(flipped(clip) if rng.random() < 0.5 else clip, rng)

    def _video(self, rng: np.random.Generator) -> Scene | None:
        video = self.sources.videos[rng.choice(len(self._video_chances), p=self._video_chances)]
        length, count = self.mix.length, len(video.frames)
        gap = int(rng.integers(1, self.mix.max_gap + 1))
        gap = max(1, min(gap, (count - 1) // max(length - 1, 1)))
        indices = np.arange(length) * gap
        indices = np.minimum(indices + rng.integers(0, max(1, count - indices[-1])), count - 1)
        if rng.random() < 0.5:
            indices = indices[::-1]
        pairs = [video.frames[index] for index in indices]
        label_maps = [read_mask(mask) for _, mask in pairs]
        ids = _choose_ids(label_maps[0], rng)
        if not ids:
            return None
        camera = self._crop(label_maps[0], ids[0], rng)
        things = self._things(0.25, 1, rng)
        return Scene([read_picture(path) for path, _ in pairs], label_maps, camera, ids, things)

    def _still(self, rng: np.random.Generator) -> Scene | None:
        picture, label_map = self._read_still(rng)
        ids = _choose_ids(label_map, rng)
        if not ids:
            return None
        things = self._things(0.65, 2, rng)
        if rng.random() < 0.3:  # a look-alike: the object itself, pasted elsewhere
            twin = cut_out(picture, label_map == ids[0])
            if twin is not None:
                things.append(Thing(twin, self._path(twin, rng)))
        if len(ids) == 1 and rng.random() < 0.25:
            layer = self._cut_something_out(rng)
            things.append(Thing(layer, self._path(layer, rng), is_tracked=True))
        camera = self._camera(label_map.shape, rng.choice([0.4, 1.0, 1.8]), rng)
        length = self.mix.length
        return Scene([picture] * length, [label_map] * length, camera, ids, things)

    def _composition(self, rng: np.random.Generator) -> Scene:
        picture, label_map = self._read_still(rng)
        layers = [self._cut_something_out(rng) for _ in range(int(rng.integers(1, 4)))]
        if rng.random() < 0.4:  # look-alikes cross each other
            layers.append(_tinted(layers[0], rng))
        tracked = rng.permutation(len(layers))[: 1 + (len(layers) > 1 and rng.random() < 0.5)]
        things = [
            Thing(layer, self._path(layer, rng), is_tracked=n in tracked)
            for n, layer in enumerate(layers)
        ]
        camera = self._camera(label_map.shape, 0.7, rng)
        length = self.mix.length
        return Scene([picture] * length, [label_map] * length, camera, (), things)

    def _things(self, share: float, most: int, rng: np.random.Generator) -> list[Thing]:
        """Return up to `most` things that are not tracked; none with 1 - `share`."""
        if rng.random() >= share or not (self.sources.cutouts or self.sources.stills):
            return []
        layers = [self._cut_something_out(rng) for _ in range(int(rng.integers(1, most + 1)))]
        return [Thing(layer, self._path(layer, rng)) for layer in layers]

    def _cut_something_out(self, rng: np.random.Generator) -> RGBA:
        while True:
            if self.sources.cutouts and (rng.random() < 0.5 or not self.sources.stills):
                path, mask = self.sources.cutouts[rng.integers(len(self.sources.cutouts))]
                layer = cut_out(read_picture(path), read_mask(mask))
            else:
                picture, label_map = self._read_still(rng)
                ids = np.unique(label_map[label_map > 0])
                layer = cut_out(picture, label_map == rng.choice(ids)) if len(ids) else None
            if layer is not None:
                return layer

    def _read_still(self, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
        path, mask = self.sources.stills[rng.integers(len(self.sources.stills))]
        return read_picture(path), read_mask(mask)

    def _crop(self, label_map: NDArray, object_id: int, rng: np.random.Generator) -> Motion:
        """Return the camera of a video clip: a crop near an object that drifts a little."""
        height, width = label_map.shape
        size = self.mix.size
        side = rng.uniform(0.4, 1.0) * min(height, width)
        ys, xs = np.nonzero(label_map == object_id)
        pick = rng.integers(len(xs))
        x = np.clip(xs[pick] + rng.normal(0, side / 6), side / 2, width - side / 2)
        y = np.clip(ys[pick] + rng.normal(0, side / 6), side / 2, height - side / 2)

        def looking_at(x: float, y: float, scale: float, angle: float) -> Pose:
            radians = np.deg2rad(angle)
            dx, dy = (width / 2 - x) * scale, (height / 2 - y) * scale
            return Pose(
                size / 2 + dx * np.cos(radians) - dy * np.sin(radians),
                size / 2 + dx * np.sin(radians) + dy * np.cos(radians),
                scale,
                angle,
                0.0,
            )

        drift, angle, scale = rng.normal(0, side / 25, 2), rng.normal(0, 4), size / side
        end = looking_at(
            x + drift[0], y + drift[1], scale * rng.uniform(0.93, 1.07), angle + rng.normal(0, 3)
        )
        return Motion(looking_at(x, y, scale, angle), end, 0.0, rng)

    def _camera(self, shape: tuple[int, int], speed: float, rng: np.random.Generator) -> Motion:
        """Return a moving, bending view of a still."""
        size = self.mix.size
        x, y = size / 2 + rng.normal(0, 0.08 * size, 2)
        scale = size / min(shape) * rng.uniform(0.8, 1.5)
        start = Pose(x, y, scale, rng.normal(0, 8), rng.normal(0, 0.05))
        return _moved(start, size, (0.12, 0.09, 0.12, 9, 0.06), speed, (0.0, 0.02, 0.05), rng)

    def _path(self, layer: RGBA, rng: np.random.Generator) -> Motion:
        """Return the way of a thing across the canvas."""
        size = self.mix.size
        x, y = rng.uniform(0.05, 0.95, 2) * size
        scale = rng.uniform(0.18, 0.65) * size / max(layer.shape[:2])
        start = Pose(x, y, scale, rng.normal(0, 12), rng.normal(0, 0.05))
        speed = rng.choice([0.3, 1.0, 2.0])
        return _moved(start, size, (0.2, 0.14, 0.12, 12, 0.06), speed, (0.0, 0.03), rng)


def _moved(
    start: Pose,
    size: int,
    spread: tuple[float, float, float, float, float],
    speed: float,
    bends: tuple[float, ...],
    rng: np.random.Generator,
) -> Motion:
    """Return a motion from `start`; `spread` is of x, y, log scale, angle and shear."""
    x, y, scale, angle, shear = rng.normal(0, spread) * speed
    end = Pose(
        start.x + x * size,
        start.y + y * size,
        start.scale * np.exp(scale),
        start.angle + angle,
        start.shear + shear,
    )
    return Motion(start, end, rng.choice(bends) * size, rng)


def _choose_ids(label_map: NDArray[np.uint8], rng: np.random.Generator) -> list[int]:
    ids = [int(i) for i in np.unique(label_map) if 0 < i < 255]
    rng.shuffle(ids)
    return ids[: int(rng.integers(1, MAX_OBJECTS + 1))]


def _tinted(layer: RGBA, rng: np.random.Generator) -> RGBA:
    colour = layer[..., :3] * rng.uniform(0.8, 1.2, 3) + rng.uniform(-15, 15)
    return np.dstack([np.clip(colour, 0, 255).astype(np.uint8), layer[..., 3]])
