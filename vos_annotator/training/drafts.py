"""A plan in the making: a background, and things put over it one after another.

For: `clips` and `plots`. Knows `plans`, `ways`, `material` and numpy.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vos_annotator.training.material import Material, Seen
from vos_annotator.training.plans import (
    MAX_OBJECTS,
    SOFT,
    WHOLE,
    Layer,
    Light,
    Plan,
    boxes_on_canvas,
)
from vos_annotator.training.ways import Way, Ways, maps, moments

Tint = tuple[tuple[float, float, float], float]  # factors of a colour, and what is added
_SHOWN = 0.4  # share of an object's known points that lie in the first frame
_LEAST = 0.004  # share of the canvas that an object covers there, about


class Draft:
    """Collects the layers of one clip, from the back to the front.

    Attributes:
        material: Where pictures come from.
        length: Frames.
        size: Of the canvas, px.
        rng: Where chance comes from.
        objects: How many are tracked so far.
    """

    def __init__(
        self, material: Material, length: int, size: int, rng: np.random.Generator
    ) -> None:
        self.material, self.length, self.size, self.rng = material, length, size, rng
        self.objects = 0
        self._layers: list[Layer] = []
        self._ids: tuple[int, ...] = ()

    def open(
        self, pictures: NDArray[np.int64], camera: Way, shutter: float, bend: float, shake: float
    ) -> None:
        """Begin with pictures under a moving camera.

        Args:
            pictures: (T,) their numbers.
            camera: Where the middle of the pictures lies.
            shutter: How long it is open, as a share of a frame's time.
            bend: How much the pictures bend, as a share of their sides.
            shake: Of the hand that holds the camera, as a share of the canvas.
        """
        height, width = self.material.facts(int(pictures[0])).shape
        self._centre = (width - 1) / 2, (height - 1) / 2
        self._camera, self._shutter = camera, shutter
        self._shake = self.rng.normal(0, 1, (self.length, 1, 5)) * shake
        self._shake *= (1, 1, 0.5, 0.5, 0)
        ways = self._cut(self.camera(shutter))
        self._layers = [Layer(pictures, ways, WHOLE, 0, self.bends(bend))]

    def camera(self, shutter: float) -> Ways:
        """Return the maps (T, N, 3, 3) from the background's pixels to the canvas."""
        poses = self._camera.at(moments(self.length, shutter)) + self._shake
        return maps(poses, self._centre, self.size)

    def follow(self, seen: list[Seen]) -> bool:
        """Track those objects of the background that the first frame shows; False if none."""
        view = self.camera(0)[0, 0]
        ids = [each.id for each in seen if self._is_shown(each, view)][:MAX_OBJECTS]
        self._ids, self.objects = tuple(ids), len(ids)
        return bool(ids)

    def show_again(self) -> None:
        """Draw the background's tracked objects anew, before what was put over them."""
        whole = self._layers[0]
        for n, label in enumerate(self._ids):
            self._layers.append(Layer(whole.pictures, whole.ways, label, n + 1, whole.bend))

    def where(self, seen: Seen, time: float) -> tuple[NDArray[np.float64], float]:
        """Return place and extent of a background's object, shares of the canvas."""
        pose = self._camera.at(np.array([time]))
        view = maps(pose, self._centre, self.size)[0]
        place = view[:2, :2] @ np.array(seen.centre) + view[:2, 2]
        return (place + 0.5) / self.size, seen.extent * np.exp(pose[0, 2]) / self.size

    def scale(self, seen: Seen, share: float) -> float:
        """Return the scale at which a thing is as long as a share of the canvas."""
        return share * self.size / seen.extent

    def along(self, way: Way, seen: Seen, shutter: float = 0.0, in_scene: bool = False) -> Ways:
        """Return the maps (T, N, 3, 3) of a thing whose middle follows a way.

        Args:
            way: On the canvas; or, `in_scene`, on what the camera saw first.
            seen: The thing.
            shutter: As in `open`, for the thing's own motion.
            in_scene: Move with the background too.
        """
        found = maps(way.at(moments(self.length, shutter)), seen.centre, self.size)
        if not in_scene:
            return found
        moved = self.camera(shutter)
        return moved @ np.linalg.inv(moved[0, moved.shape[1] // 2]) @ found

    def claim(self, seen: Seen, ways: Ways) -> int:
        """Return the number of a new object; 0 if there is no room or it is not seen at first."""
        if self.objects >= MAX_OBJECTS or not self._is_shown(seen, ways[0, 0]):
            return 0
        self.objects += 1
        return self.objects

    def put(
        self,
        pictures: int | NDArray[np.int64],
        shows: int,
        ways: Ways,
        target: int = 0,
        bend: float = 0.0,
        tint: Tint = ((1.0, 1.0, 1.0), 0.0),
    ) -> None:
        """Put a picture in front of all that is there.

        Args:
            pictures: Its number, or (T,) one for each frame.
            shows: As in `Layer`.
            ways: (T, N, 3, 3) maps from its pixels.
            target: Object that it is a part of; 0 for none.
            bend: As in `open`.
            tint: Factors of its colour, and what is added.
        """
        pictures = np.broadcast_to(np.int64(pictures), self.length)
        ways = self._cut(ways)
        self._layers.append(Layer(pictures, ways, shows, target, self.bends(bend), *tint))

    def bends(self, amount: float) -> NDArray[np.float32] | None:
        """Return displacements that change steadily through the clip."""
        if not amount:
            return None
        ends = self.rng.normal(0, amount / 2, (2, 4, 4, 2))
        share = np.linspace(0, 1, self.length)[:, None, None, None]
        return (ends[0] * (1 - share) + ends[1] * share).astype(np.float32)

    def plan(self, light: Light, is_flipped: bool) -> Plan:
        """Return what was collected, as it is or in a mirror."""
        whole, *things = self._layers
        if is_flipped:
            whole, *things = (_mirrored(layer, self.size) for layer in self._layers)
        things = [self._boxed(thing) for thing in things]
        return Plan((whole, *things), self._ids, self.objects, light)

    def _boxed(self, layer: Layer) -> Layer:
        """Return the layer with what is known of where it is seen."""
        parts = self._parts(layer)
        facts = self.material.facts(int(layer.pictures[0]))
        longest = max(facts.shape) if facts else 0
        boxes = boxes_on_canvas(layer, parts, longest, self.size)
        return replace(layer, boxes=boxes)

    def _parts(self, layer: Layer) -> NDArray[np.float64]:
        """Return the boxes (T, 4) of what a layer shows of its pictures; empty for nothing."""
        found = np.zeros((self.length, 4))
        known = -1
        for t, number in enumerate(layer.pictures.tolist()):
            if number == known:
                found[t] = found[t - 1]
                continue
            known, facts = number, self.material.facts(number)
            if facts is not None and layer.shows == SOFT:
                found[t, 2:] = facts.shape[::-1]
            elif facts is not None:
                boxes = [seen.box for seen in facts.objects if seen.id == layer.shows]
                found[t] = boxes[0] if boxes else 0
        return found

    def _is_shown(self, seen: Seen, view: NDArray[np.float64]) -> bool:
        places = seen.points @ view[:2, :2].T + view[:2, 2]
        inside = ((places > 0) & (places < self.size - 1)).all(1).mean()
        area = seen.area * abs(np.linalg.det(view[:2, :2])) * inside
        return inside >= _SHOWN and area > _LEAST * self.size**2

    def _cut(self, ways: Ways) -> NDArray[np.float32]:
        return ways[..., :2, :].astype(np.float32)


def _mirrored(layer: Layer, size: int) -> Layer:
    ways = layer.ways.copy()
    ways[..., 0, :] *= -1
    ways[..., 0, 2] += size - 1
    return replace(layer, ways=ways)
