"""What walls, backdrops and odd objects are covered with: photographs, or patterns made up.

For: `clips`. Knows OpenCV and numpy.
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError

SIDE = 512  # px of each picture
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


def find_photographs(folder: Path | None) -> tuple[Path, ...]:
    """Return the pictures below a folder, but no masks; none for None.

    Raises:
        UserError: The folder holds no picture.
    """
    if folder is None:
        return ()
    found = tuple(
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in _ENDINGS and "masks" not in path.relative_to(folder).parts
    )
    if not found:
        raise UserError(
            f"{folder} holds no pictures for backgrounds: give a folder of photographs."
        )
    return found


def draw_picture(rng: np.random.Generator, photographs: tuple[Path, ...]) -> NDArray[np.uint8]:
    """Return a (512, 512, 3) RGB picture: a photograph if there are any and one can be read."""
    if photographs and rng.random() < 0.85:
        path = photographs[rng.integers(len(photographs))]
        data = np.fromfile(path, np.uint8)
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
        if pixels is not None:
            return _square(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), bool(rng.integers(2)))
    return pattern(rng)


def pattern(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a (512, 512, 3) pattern that repeats without a seam."""
    shape = _SHAPES[rng.integers(len(_SHAPES))](rng)[..., None]  # (512, 512, 1) in [0, 1]
    dark, light = rng.uniform(20, 160, 3), rng.uniform(90, 255, 3)
    grain = _clouds(rng, 6, 0.9)[..., None] - 0.5
    colours = dark + (light - dark) * shape + 50 * grain
    return np.clip(colours, 0, 255).astype(np.uint8)


def _square(pixels: NDArray[np.uint8], mirror: bool) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = pixels[top : top + side, left : left + side]
    filtered = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
    square = cv2.resize(middle, (SIDE, SIDE), interpolation=filtered)
    return square[:, ::-1] if mirror else square


def _clouds(rng: np.random.Generator, octaves: int = 5, roughness: float = 0.6) -> NDArray:
    total = np.zeros((SIDE, SIDE), np.float32)
    for octave in range(octaves):
        cells = 4 << octave
        rim = SIDE // cells
        noise = np.pad(rng.random((cells, cells), np.float32), 1, mode="wrap")
        grown = cv2.resize(noise, (SIDE + 2 * rim,) * 2, interpolation=cv2.INTER_LINEAR)
        total += roughness**octave * grown[rim:-rim, rim:-rim]
    return (total - total.min()) / np.ptp(total)


def _grid(rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    cells = 2 * int(rng.integers(2, 8))  # even, so that rows of two kinds meet at the seam
    ramp = np.arange(SIDE) * cells / SIDE
    return np.meshgrid(ramp, ramp)


def _checks(rng: np.random.Generator) -> NDArray:
    across, along = _grid(rng)
    return (np.floor(across) + np.floor(along)) % 2


def _stripes(rng: np.random.Generator) -> NDArray:
    across, along = _grid(rng)
    way = across if rng.integers(2) else np.round(rng.uniform(-2, 2)) * across + along
    return 0.5 + 0.5 * np.sin(2 * np.pi * way)


def _bricks(rng: np.random.Generator) -> NDArray:
    across, along = _grid(rng)
    row = np.floor(2 * along).astype(int)
    shifted = (across + 0.5 * (row % 2)) % (across.max() + across[0, 1])
    joint = (shifted % 1 < 0.06) | ((2 * along) % 1 < 0.12)
    tone = rng.random((64, 64))[row, np.floor(shifted).astype(int)]
    return np.where(joint, 1.0, 0.5 * tone)


def _spots(rng: np.random.Generator) -> NDArray:
    across, along = _grid(rng)
    return (np.hypot(across % 1 - 0.5, along % 1 - 0.5) < rng.uniform(0.15, 0.45)).astype(float)


_SHAPES: tuple[Callable[[np.random.Generator], NDArray], ...] = (
    _clouds,
    _clouds,
    _checks,
    _stripes,
    _bricks,
    _spots,
)
