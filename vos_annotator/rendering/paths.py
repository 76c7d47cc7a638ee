"""Smooth ways through time: where a thing is, how it is turned, how bright the light is.

For: `scenes`. Knows SciPy's splines and numpy.

Time is counted in frames, as a float: between two frames lie the parts of a blurred one.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

Curve = Callable[[ArrayLike], NDArray[np.float64]]  # time -> (D), or times (N) -> (N, D)


def through(knots: ArrayLike, frames: int) -> Curve:
    """Return the path through `knots` (K, D), evenly spaced from the first frame to the last.

    It is a cubic spline: speed and acceleration have no jumps. One knot stays where it is.
    """
    points = np.atleast_2d(np.asarray(knots, np.float64))
    if len(points) == 1:
        points = np.repeat(points, 2, axis=0)
    return CubicSpline(np.linspace(0, max(frames - 1, 1), len(points)), points, bc_type="natural")


def knot_count(frames: int, pace: float) -> int:
    """Return how many knots a path has that changes its mind every `pace` frames."""
    return max(2, round(frames / pace) + 1)


def wander(
    rng: np.random.Generator, frames: int, pace: float, start: ArrayLike, reach: ArrayLike
) -> Curve:
    """Return a path that roams around `start` (D), about `reach` (D) far on each axis."""
    start, reach = np.asarray(start, np.float64), np.asarray(reach, np.float64)
    away = rng.uniform(-1, 1, (knot_count(frames, pace), len(start)))
    return through(start + reach * away, frames)


def spin(rng: np.random.Generator, frames: int, rate: float, upright: bool) -> Curve:
    """Return a path of rotation vectors (3), radians.

    Args:
        rng: Where chance comes from.
        frames: Length of the clip.
        rate: Radians a frame, about.
        upright: Turn about the vertical, with a little sway; else about any axis.
    """
    count = knot_count(frames, 12)
    sway = 0.12 if upright else 0.6
    vectors = rng.normal(0, sway, (count, 3))
    turned = rng.uniform(0, 2 * np.pi) + rate * rng.choice((-1, 1)) * np.linspace(0, frames, count)
    if upright:
        vectors[:, 1] = turned + rng.normal(0, rate * 4, count)
        vectors[:, ::2] *= 0.7
    else:
        axis = rng.normal(size=3)
        vectors += turned[:, None] * axis / np.linalg.norm(axis)
    return through(vectors, frames)
