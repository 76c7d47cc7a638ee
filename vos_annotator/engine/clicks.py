"""Clicks and boxes, as a network that is made for them takes them; and which files hold one.

For: the worker, which is given strokes, and what runs such a network. Knows numpy and OpenCV.

The point tool's clicks are dots, the box tool's box is a stroke around and one within. Whatever
else is drawn is a scribble, which other networks read.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.video import Image

INSIDE, OUTSIDE = 1, 2  # of strokes
_LONGEST = 2.5  # of the root of its area is the longer side of a dot; a stroke's is more
_CLOSED = 0.5  # of a box's outline within the picture is drawn at least

Point = tuple[float, float]  # x, y in pixels


@dataclass(frozen=True)
class Prompt:
    """What a person points at.

    Attributes:
        inside, outside: Points on the object and beside it.
        box: Left, top, right, bottom; None where none is drawn.
    """

    inside: tuple[Point, ...] = ()
    outside: tuple[Point, ...] = ()
    box: tuple[float, float, float, float] | None = None


class Clicker(Protocol):
    """A network that makes a mask of a prompt."""

    def mask(
        self, frame: int, image: Image, prompt: Prompt, current: NDArray[np.bool_] | None
    ) -> NDArray[np.bool_]:
        """Return the (H, W) mask of what is pointed at; `current` is the mask before, if any."""


@dataclass(frozen=True)
class ClickFiles:
    """The two files of such a network: what sees the picture, and what reads the prompt."""

    encoder: str
    decoder: str

    def provenance(self) -> str:
        """Return in a line which files these are; they are read."""
        told = []
        for path in (Path(self.encoder), Path(self.decoder)):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            told.append(f"{path.name} ({path.stat().st_size / 1e6:.1f} MB, sha256 {digest[:12]})")
        return ", ".join(told)


def prompt_of(strokes: NDArray[np.uint8]) -> Prompt | None:
    """Return the prompt that strokes (H, W) are; None if they are a scribble, or only say no."""
    inside, outside = _dots(strokes == INSIDE), _dots(strokes == OUTSIDE)
    if inside and outside is not None:
        return Prompt(inside, outside)
    box = _box(strokes)
    return None if box is None else Prompt(box=box)


def obeyed(
    mask: NDArray[np.bool_], strokes: NDArray[np.uint8], current: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """Return a mask in keeping with what a person says.

    What lies under a stroke is as it says. A mask that was there changes only in the connected
    regions of change in which some stroke contradicts it.
    """
    inside, outside = strokes == INSIDE, strokes == OUTSIDE
    mask = (mask | inside) & ~outside
    if current is None:
        return mask
    change = mask ^ current
    _, parts = cv2.connectedComponents(change.view(np.uint8), connectivity=8)
    meant = parts[(inside & ~current) | (outside & current)]
    return current ^ (change & np.isin(parts, meant))


def _dots(mask: NDArray[np.bool_]) -> tuple[Point, ...] | None:
    """Return the middles of the dots that a mask consists of; None if it holds a longer stroke."""
    count, _, stats, middles = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    for _, _, width, height, area in stats[1:count]:
        if max(width, height) > max(_LONGEST * area**0.5, 3):
            return None
    return tuple((float(x), float(y)) for x, y in middles[1:count])


def _box(strokes: NDArray[np.uint8]) -> tuple[float, float, float, float] | None:
    """Return the box that a stroke goes around, seen from the one stroke within."""
    count, _, _, middles = cv2.connectedComponentsWithStats((strokes == INSIDE).view(np.uint8))
    outside = strokes == OUTSIDE
    if count != 2 or not outside.any():
        return None
    x, y = (round(each) for each in middles[1])
    rows, columns = strokes.shape
    left = max(np.flatnonzero(outside[y, :x]), default=-1) + 1
    right = x + min(np.flatnonzero(outside[y, x:]), default=columns - x)
    top = max(np.flatnonzero(outside[:y, x]), default=-1) + 1
    bottom = y + min(np.flatnonzero(outside[y:, x]), default=rows - y)
    if outside[top:bottom, left:right].any():
        return None  # it says no within: no box
    sides = _sides(outside, left, top, right, bottom)
    if len(sides) < 2 or np.concatenate(sides).mean() < _CLOSED:
        return None
    return left, top, right, bottom


def _sides(
    outside: NDArray[np.bool_], left: int, top: int, right: int, bottom: int
) -> list[NDArray[np.bool_]]:
    """Return which pixels right around a box are marked, along each side within the picture."""
    rows, columns = outside.shape
    sides = []
    if top > 0:
        sides.append(outside[top - 1, left:right])
    if bottom < rows:
        sides.append(outside[bottom, left:right])
    if left > 0:
        sides.append(outside[top:bottom, left - 1])
    if right < columns:
        sides.append(outside[top:bottom, right])
    return sides
