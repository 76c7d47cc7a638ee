"""Thin things: wheels, rings, bars, frames, ropes, legs and combs, drawn rather than found.

For: `material`, which counts them among the cut-outs. Knows numpy and OpenCV.

Cut-outs from photographs are mostly stout; what a network loses first is thin.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

COUNT = 84
SIDE = 160  # px
_FINE = 2  # drawn larger by this, then shrunk, for soft rims
_LINE = (4, 10)  # px, thickness


def thin_thing(number: int) -> NDArray[np.uint8]:
    """Return thing `number` of COUNT as (160, 160, 4) RGB and soft alpha; always the same."""
    rng = np.random.default_rng(number)
    alpha = np.zeros((SIDE * _FINE, SIDE * _FINE), np.uint8)
    draw = (_wheel, _ring, _bar, _frame, _rope, _leg, _comb)[number % 7]
    draw(alpha, round(rng.uniform(*_LINE) * _FINE), rng)
    alpha = cv2.resize(alpha, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.dstack([_paint(rng), alpha])


def is_wheel(number: int) -> bool:
    """Return whether the thing may turn about its centre."""
    return number % 7 < 2


def is_limb(number: int) -> bool:
    """Return whether the thing hangs from its upper end, as a leg does."""
    return number % 7 in (2, 5)


def _paint(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a surface: dark or bright, with a shade across and a little grain."""
    base = rng.uniform(10, 90, 3) if rng.random() < 0.5 else rng.uniform(40, 240, 3)
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    shade = (rows * rng.normal() + columns * rng.normal()) * rng.uniform(20, 120)
    stripes = np.sin((rows + columns * rng.normal()) * rng.uniform(10, 60)) * rng.uniform(0, 25)
    grain = rng.normal(0, 6, (SIDE, SIDE))
    return np.clip(base + (shade + stripes + grain)[..., None], 0, 255).astype(np.uint8)


def _line(alpha: NDArray[np.uint8], points: NDArray[np.float64], width: int) -> None:
    """Draw a line through points (x, y) in shares of the picture."""
    pixels = np.round(points * SIDE * _FINE).astype(np.int32)
    cv2.polylines(alpha, [pixels], False, 255, max(width, 1), cv2.LINE_AA)


def _ring(alpha: NDArray[np.uint8], width: int, rng: np.random.Generator) -> None:
    middle = SIDE * _FINE // 2
    axes = (round(middle * 0.9), round(middle * rng.uniform(0.55, 0.9)))
    cv2.ellipse(alpha, (middle, middle), axes, 0, 0, 360, 255, width, cv2.LINE_AA)


def _wheel(alpha: NDArray[np.uint8], width: int, rng: np.random.Generator) -> None:
    middle = SIDE * _FINE // 2
    cv2.circle(alpha, (middle, middle), round(middle * 0.9), 255, width, cv2.LINE_AA)
    cv2.circle(alpha, (middle, middle), width, 255, -1, cv2.LINE_AA)
    for angle in np.arange(count := int(rng.integers(3, 11))) * 2 * np.pi / count:
        rim = 0.5 + 0.45 * np.array([np.cos(angle), np.sin(angle)])
        _line(alpha, np.stack([[0.5, 0.5], rim]), width // 3)


def _bar(alpha: NDArray[np.uint8], width: int, rng: np.random.Generator) -> None:
    bow = rng.normal(0, 0.04)
    _line(alpha, np.array([[0.5, 0.04], [0.5 + bow, 0.5], [0.5, 0.96]]), width)


def _frame(alpha: NDArray[np.uint8], width: int, rng: np.random.Generator) -> None:
    """Draw what a bicycle's frame is: two triangles that share a side."""
    points = np.array([[0.05, 0.8], [0.4, 0.85], [0.3, 0.3], [0.75, 0.3], [0.95, 0.8]])
    points = np.clip(points + rng.normal(0, 0.05, points.shape), 0.03, 0.97)
    _line(alpha, points[[0, 1, 2, 0]], width // 2)
    _line(alpha, points[[2, 3, 1]], width // 2)
    _line(alpha, points[[3, 4]], width // 2)


def _rope(alpha: NDArray[np.uint8], width: int, rng: np.random.Generator) -> None:
    bends = rng.uniform(0.05, 0.95, (4, 2))
    u = np.linspace(0, 1, 40)[:, None]
    weights = np.concatenate([(1 - u) ** 3, 3 * u * (1 - u) ** 2, 3 * u**2 * (1 - u), u**3], 1)
    _line(alpha, weights @ bends, width // 2)


def _leg(alpha: NDArray[np.uint8], width: int, rng: np.random.Generator) -> None:
    knee = np.array([0.5 + rng.normal(0, 0.12), 0.5])
    foot = np.array([knee[0] + rng.normal(0, 0.12), 0.93])
    _line(alpha, np.stack([[0.5, 0.06], knee]), round(width * 1.4))
    toes = foot + np.array([rng.choice([-0.1, 0.1]), 0.02])
    _line(alpha, np.stack([knee, foot, toes]), width)


def _comb(alpha: NDArray[np.uint8], width: int, rng: np.random.Generator) -> None:
    """Draw a ladder, a fence or a comb: rungs on one rail or two."""
    rails = [0.2, 0.8] if rng.random() < 0.5 else [0.2]
    for rail in rails:
        _line(alpha, np.array([[rail, 0.05], [rail, 0.95]]), width // 2)
    for height in np.linspace(0.1, 0.9, int(rng.integers(4, 9))):
        _line(alpha, np.array([[0.2, height], [0.8, height]]), width // 2)
