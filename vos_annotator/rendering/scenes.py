"""What happens in a rendered clip, drawn by chance: things, their ways, the room, the camera.

For: `clips` (which renders it). Knows numpy and `paths`; no OpenGL and no files, so a scene
is quickly drawn and tested.

Units: the camera stands at the origin and looks along -z, y is up. A *place* on the screen is
(u, v) in half heights of the picture from its middle, v upwards, and a depth; it holds for
the camera at rest. Time is in frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vos_annotator.rendering.paths import Curve, knot_count, spin, through, wander

FIELD = np.tan(np.radians(22.5))  # half the height of the picture at depth 1, no zoom
_NEAREST, _FARTHEST = 3.0, 7.5  # depths of things
_REST = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Choice:
    """Which models there are to choose from: numbers in a library.

    Attributes:
        count: Of all models.
        thin: Those of chairs, bicycles, plants.
        solid: Those behind which others can hide.
    """

    count: int
    thin: Sequence[int]
    solid: Sequence[int]


@dataclass(frozen=True)
class Body:
    """A thing in a scene.

    Attributes:
        model: Number in the library.
        size: Radius of its sphere.
        place: Time -> (u, v, log depth).
        turn: Time -> rotation vector (3).
        bend: Time -> bend and twist (radians from end to middle), stretch (log), wave
            (share of the size); all 0 for a rigid thing.
        tint: (3) factors of its colours.
        cover: Number of the picture that it is covered with in place of its own; None: its own.
    """

    model: int
    size: float
    place: Curve
    turn: Curve
    bend: Curve
    tint: tuple[float, float, float]
    cover: int | None

    def position(self, time: float) -> NDArray[np.float64]:
        """Return (x, y, z)."""
        u, v, log_depth = self.place(time)
        depth = np.exp(log_depth)
        return np.array((u * depth * FIELD, v * depth * FIELD, -depth))


@dataclass(frozen=True)
class Camera:
    """Where the camera looks from and to.

    Attributes:
        aim: Time -> pan (left +), tilt, roll (radians), log zoom.
        shift: Time -> (x, y, z).
        shake: Time -> pan, tilt (radians), a hand's tremor.
    """

    aim: Curve
    shift: Curve
    shake: Curve


@dataclass(frozen=True)
class Light:
    """The light of a scene.

    Attributes:
        towards: Time -> (3) to the sun, any length.
        strength: Time -> ambient, sun.
        colour: (3) of the sun.
    """

    towards: Curve
    strength: Curve
    colour: tuple[float, float, float]


@dataclass(frozen=True)
class Room:
    """Walls around the camera.

    Attributes:
        half: (3) half the width, height and length.
        turn: About the vertical, radians.
        repeat: How often a picture repeats along a wall.
    """

    half: tuple[float, float, float]
    turn: float
    repeat: float


@dataclass(frozen=True)
class Scene:
    """A clip before it is rendered.

    Attributes:
        bodies: All things; the first is one that the camera may follow.
        camera: Of the clip.
        light: Of the clip.
        room: The walls around; None for a picture far behind.
        pictures: How many pictures to draw: the first three (a room's walls, floor and
            ceiling, or the backdrop and two unused) and one for each body to be covered with.
        shutter: How long a frame is exposed, in frames.
    """

    bodies: tuple[Body, ...]
    camera: Camera
    light: Light
    room: Room | None
    pictures: int
    shutter: float


def draw_scene(rng: np.random.Generator, choice: Choice, frames: int, aspect: float) -> Scene:
    """Return a scene for a clip of `frames` frames, `aspect` times as wide as high."""
    is_thin, is_upright = rng.random() < 0.25, rng.random() < 0.4
    count = int(rng.integers(3, 7))
    draw = _Draw(rng, choice, frames, aspect, choice.thin if is_thin else None, is_upright)
    bodies = [draw.body(depth) for depth in rng.uniform(_NEAREST, _FARTHEST, count)]
    if rng.random() < 0.4:
        bodies[:2] = draw.look_alikes()
    if rng.random() < 0.45:
        bodies[-2:] = draw.hidden_and_occluder()
    bodies = [_covered(body, k, rng) for k, body in enumerate(bodies)]
    if bodies[1].model == bodies[0].model and bodies[1].tint == bodies[0].tint:
        bodies[1] = replace(bodies[1], cover=bodies[0].cover)
    return Scene(
        bodies=tuple(bodies),
        camera=_draw_camera(rng, frames, bodies[0]),
        light=_draw_light(rng, frames),
        room=_draw_room(rng) if rng.random() < 0.5 else None,
        pictures=3 + count,
        shutter=float(max(0.0, rng.uniform(-0.2, 0.7))),
    )


class _Draw:
    """Draws things of one scene."""

    def __init__(
        self,
        rng: np.random.Generator,
        choice: Choice,
        frames: int,
        aspect: float,
        pool: Sequence[int] | None,
        is_upright: bool,
    ) -> None:
        self.rng, self.choice, self.frames, self.aspect = rng, choice, frames, aspect
        self.pool, self.is_upright = pool, is_upright

    def body(self, depth: float) -> Body:
        """Return a thing that roams, and perhaps leaves the picture and comes back."""
        rng = self.rng
        kind = rng.choice(
            ("roams", "still", "fast", "small", "leaves"), p=(0.3, 0.1, 0.2, 0.15, 0.25)
        )
        radius = rng.uniform(0.1, 0.2) if kind == "small" else np.exp(rng.uniform(-1.15, -0.05))
        pace = {"fast": 6, "small": 8, "still": 1000}.get(kind, rng.uniform(9, 24))
        wide = self.aspect - 0.2
        start = rng.uniform((-0.7 * wide, -0.6), (0.7 * wide, 0.6))
        count = knot_count(self.frames, pace)
        reach = 0.0 if kind == "still" else rng.uniform(0.25, 0.9)
        knots = start + reach * rng.uniform((-wide, -0.8), (wide, 0.8), (count, 2))
        knots = np.clip(knots, (-wide, -0.9), (wide, 0.9))
        if kind == "leaves":
            away = rng.integers(1, count) if count > 2 else count - 1
            side = rng.choice((-1, 1))
            knots[away, 0] = side * (self.aspect + 2.2 * radius + rng.uniform(0, 0.6))
        return self._body(self._model(), radius, knots, depth)

    def look_alikes(self) -> list[Body]:
        """Return two things of one model, perhaps of two colours, that cross."""
        rng = self.rng
        model, radius = self._model(), rng.uniform(0.35, 0.7)
        depth = rng.uniform(_NEAREST + 0.5, _FARTHEST - 1)
        count = max(3, knot_count(self.frames, rng.uniform(8, 14)))
        way = np.linspace(-1, 1, count) * rng.choice((-1, 1)) * rng.uniform(0.4, 0.9)
        pair = []
        for side in (-1, 1):
            knots = rng.normal(0, 0.12, (count, 2))
            knots[:, 0] += side * way
            pair.append(self._body(model, radius, knots, depth * (1 + 0.15 * side)))
        if rng.random() < 0.6:
            pair[1] = replace(pair[1], tint=pair[0].tint)
        return pair

    def hidden_and_occluder(self) -> list[Body]:
        """Return a thing that passes behind another, which hides all of it for a while."""
        rng = self.rng
        depth = rng.uniform(2.6, 3.4)
        front = rng.uniform(0.55, 0.85)
        pool = self.choice.solid
        model = int(pool[rng.integers(len(pool))])
        count = max(4, knot_count(self.frames, 8))
        slow = rng.uniform((-0.5, -0.2), (0.5, 0.2)) + rng.normal(0, 0.08, (count, 2))
        occluder = self._body(model, front, slow, depth)
        radius = front * rng.uniform(0.25, 0.5)
        apart = np.linspace(-1, 1, count) * rng.choice((-1, 1)) + rng.uniform(-0.3, 0.3)
        apart = np.sign(apart) * np.abs(apart) ** 1.6 * (front + radius) * rng.uniform(1.2, 1.8)
        behind = slow + np.stack([apart, rng.normal(0, 0.06, count)], axis=1)
        hidden = self._body(self._model(), radius, behind, rng.uniform(4.5, _FARTHEST))
        return [hidden, occluder]

    def _model(self) -> int:
        rng = self.rng
        if self.pool is not None and rng.random() < 0.7:
            return int(self.pool[rng.integers(len(self.pool))])
        return int(rng.integers(self.choice.count))

    def _body(self, model: int, radius: float, knots: NDArray, depth: float) -> Body:
        rng = self.rng
        log_depth = np.log(depth) + rng.normal(0, 0.06, (len(knots), 1))
        bend = through([_REST], self.frames)
        if rng.random() < 0.5:
            reach = (0.7, 0.6, 0.22, 0.1) * rng.uniform(0.2, 1, 4)
            bend = wander(rng, self.frames, rng.uniform(6, 12), _REST, reach)
        hue = rng.uniform(0.55, 1.25, 3) if rng.random() < 0.5 else np.ones(3)
        return Body(
            model=model,
            size=radius * depth * FIELD,
            place=through(np.hstack([knots, log_depth]), self.frames),
            turn=spin(rng, self.frames, abs(rng.normal(0, 0.06)), self.is_upright),
            bend=bend,
            tint=tuple(hue.tolist()),
            cover=None,
        )


def _covered(body: Body, number: int, rng: np.random.Generator) -> Body:
    return replace(body, cover=3 + number) if rng.random() < 0.4 else body


def _draw_camera(rng: np.random.Generator, frames: int, followed: Body) -> Camera:
    pace = rng.uniform(8, 20)
    times = np.linspace(0, frames - 1, knot_count(frames, pace))
    knots = np.zeros((len(times), 4))
    kind = rng.choice(("still", "wanders", "follows"), p=(0.2, 0.5, 0.3))
    if kind == "wanders":
        reach = (0.16, 0.08, 0.05, 0.2) * rng.uniform(0, 1, 4)
        knots += reach * rng.uniform(-1, 1, knots.shape)
    elif kind == "follows":
        places = np.array([followed.position(time) for time in times])
        knots[:, 0] = np.clip(np.arctan2(-places[:, 0], -places[:, 2]), -0.5, 0.5)
        knots[:, 1] = np.clip(np.arctan2(places[:, 1], -places[:, 2]), -0.25, 0.25)
        knots[:, :2] *= rng.uniform(0.4, 1)
    still = kind == "still"
    shift = wander(rng, frames, 16, (0, 0, 0), (0, 0, 0) if still else (0.5, 0.2, 0.4))
    tremor = 0.006 if not still and rng.random() < 0.4 else 0.0
    shake = wander(rng, frames, 1.5, (0, 0), (tremor, tremor))
    return Camera(through(knots, frames), shift, shake)


def _draw_room(rng: np.random.Generator) -> Room:
    half = rng.uniform((5.0, 2.4, 6.5), (8.0, 4.5, 9.0))
    return Room(tuple(half.tolist()), rng.uniform(-0.7, 0.7), float(rng.choice((1.0, 1.0, 2.0))))


def _draw_light(rng: np.random.Generator, frames: int) -> Light:
    side = rng.uniform((-1, 0.2, 0.1), (1, 1, 1))
    ambient, sun = rng.uniform(0.65, 0.95), rng.uniform(0.3, 0.65)
    change = rng.choice((0.0, 0.12))
    return Light(
        towards=wander(rng, frames, 24, side, (0.3, 0.1, 0.2)),
        strength=wander(rng, frames, 8, (ambient, sun), (change, change)),
        colour=tuple(rng.uniform((0.9, 0.9, 0.8), (1.1, 1.0, 1.05)).tolist()),
    )
