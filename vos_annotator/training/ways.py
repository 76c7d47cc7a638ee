"""Ways that things take over the canvas: smooth, fast, away and back, past each other.

For: `clips`. Knows `plans` and numpy. Time runs from 0 to 1 over a clip; lengths are shares
of the canvas, whose corners are (0, 0) and (1, 1).

A *pose* is (x, y, logarithm of the scale, angle in radians, shear); a *way* goes through
poses at given times.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vos_annotator.training.plans import MOMENTS

Pose = NDArray[np.float64]
Ways = NDArray[np.float64]  # (T, N, 3, 3): maps of homogeneous pixels


@dataclass(frozen=True)
class Way:
    """A smooth way through poses.

    Attributes:
        poses: (K, 5).
        times: (K,), increasing, from 0 to 1.
    """

    poses: NDArray[np.float64]
    times: NDArray[np.float64]

    def at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the poses (..., 5) at `times` (...): cubic pieces without jumps of speed."""
        poses, knots = self.poses, self.times
        slopes = np.empty_like(poses)
        slopes[1:-1] = (poses[2:] - poses[:-2]) / (knots[2:] - knots[:-2])[:, None]
        slopes[0] = (poses[1] - poses[0]) / (knots[1] - knots[0])
        slopes[-1] = (poses[-1] - poses[-2]) / (knots[-1] - knots[-2])
        piece = np.clip(np.searchsorted(knots, times, "right") - 1, 0, len(knots) - 2)
        span = (knots[piece + 1] - knots[piece])[..., None]
        u = (times - knots[piece])[..., None] / span
        before, after = poses[piece], poses[piece + 1]
        return (
            before * (1 + 2 * u) * (1 - u) ** 2
            + slopes[piece] * span * u * (1 - u) ** 2
            + after * u**2 * (3 - 2 * u)
            - slopes[piece + 1] * span * u**2 * (1 - u)
        )


def moments(length: int, shutter: float) -> NDArray[np.float64]:
    """Return the times (T, N) at which frames are looked at.

    Args:
        length: Frames, T.
        shutter: For how much of a frame's time it is open; 0 for a sharp picture, N = 1.
    """
    step = 1 / max(length - 1, 1)
    frames = np.arange(length) * step
    if not shutter:
        return frames[:, None]
    return frames[:, None] + shutter * step * np.linspace(-0.5, 0.5, MOMENTS)


def maps(poses: NDArray[np.float64], centre: ArrayLike, size: int) -> Ways:
    """Return (..., 3, 3) from pixels of a picture to those of a canvas of side `size`.

    Args:
        poses: (..., 5); the scale is canvas pixels for a pixel of the picture.
        centre: (x, y) of the picture that lies at the pose.
        size: Of the canvas, px.
    """
    x, y, log_scale, angle, shear = np.moveaxis(poses, -1, 0)
    scale = np.exp(log_scale)
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    found = np.zeros((*x.shape, 3, 3))
    found[..., 0, 0], found[..., 1, 0] = cosine, sine
    found[..., 0, 1], found[..., 1, 1] = cosine * shear - sine, sine * shear + cosine
    place = np.stack([x, y], -1) * size - 0.5
    found[..., :2, 2] = place - (found[..., :2, :2] @ np.asarray(centre, np.float64))
    found[..., 2, 2] = 1
    return found


def place(x: float, y: float, scale: float, rng: np.random.Generator, tilt: float = 0.2) -> Pose:
    """Return a pose, tilted and sheared a little."""
    return np.array([x, y, np.log(scale), rng.normal(0, tilt), rng.normal(0, 0.05)])


def wander(start: Pose, speed: float, rng: np.random.Generator) -> Way:
    """Return a way from `start` somewhere else, on a curve."""
    spread = np.array([0.2, 0.14, 0.12, 0.2, 0.06]) * speed
    end = start + rng.normal(0, spread)
    middle = (start + end) / 2
    middle[:2] += rng.normal(0, 0.15, 2) * np.abs(end - start)[:2].sum()
    return Way(np.stack([start, middle, end]), np.array([0.0, rng.uniform(0.35, 0.65), 1.0]))


def away_and_back(start: Pose, extent: float, rng: np.random.Generator) -> Way:
    """Return a way that leaves the canvas wholly in the middle of a clip, and comes back.

    `extent` is how far the thing reaches from its centre.
    """
    side = int(rng.integers(4))
    away = wander(start, 0.5, rng).poses[-1]
    away[side % 2] = 1.1 + extent if side >= 2 else -0.1 - extent
    end = wander(start, 1.2, rng).poses[-1]
    end[:2] = np.clip(end[:2], 0.1, 0.9)
    poses = np.stack([start, away, away + rng.normal(0, 0.02, 5), end])
    return Way(poses, np.array([0.0, 0.4, 0.6, 1.0]))


def dash(start: Pose, length: int, rng: np.random.Generator) -> Way:
    """Return a hasty way that turns every frame or two, and stays in the picture."""
    count = max(2, int(np.ceil(length / rng.uniform(1, 2))))
    poses = np.repeat(start[None], count, 0)
    stride = rng.uniform(0.1, 0.3)
    for n in range(1, count):
        poses[n, :2] = np.clip(poses[n - 1, :2] + rng.normal(0, stride, 2), 0.05, 0.95)
        poses[n, 2:] = poses[n - 1, 2:] + rng.normal(0, (0.08, 0.25, 0.03))
    return Way(poses, np.linspace(0, 1, count))


def through(start: Pose, at: ArrayLike, when: float, rng: np.random.Generator) -> Way:
    """Return a way that is at the place (x, y) at a time, and goes on beyond it."""
    middle = start + np.array([0, 0, *rng.normal(0, (0.08, 0.15, 0.04))])
    middle[:2] = at
    end = start + np.array([0, 0, *rng.normal(0, (0.12, 0.2, 0.05))])
    onward = (middle[:2] - start[:2]) * (1 - when) / when
    end[:2] = middle[:2] + onward * rng.uniform(0.6, 1.1) + rng.normal(0, 0.08, 2)
    return Way(np.stack([start, middle, end]), np.array([0.0, when, 1.0]))


def turned(
    angles: NDArray[np.float64], scale: float, pivot: ArrayLike, onto: ArrayLike
) -> NDArray[np.float64]:
    """Return maps (..., 3, 3) that turn a picture about `pivot` and put that `onto` a place."""
    found = np.zeros((*angles.shape, 3, 3))
    found[..., 0, 0] = found[..., 1, 1] = np.cos(angles) * scale
    found[..., 1, 0] = np.sin(angles) * scale
    found[..., 0, 1] = -found[..., 1, 0]
    found[..., :2, 2] = np.asarray(onto) - found[..., :2, :2] @ np.asarray(pivot, np.float64)
    found[..., 2, 2] = 1
    return found
