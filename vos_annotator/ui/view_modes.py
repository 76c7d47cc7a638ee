"""The ways of looking at masks, as tables of colours by object id.

For: the canvas. A mode changes colours and nothing else, so each is as quick to paint as
any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.objects import Objects, screen_color
from vos_annotator.ui.overlay import TEXTURES, Colors, color

OVERLAY, CONTOUR, MASK, CUT_OUT, TEXTURED = "overlay", "contour", "mask", "cut-out", "textured"
VIEW_MODES = (OVERLAY, CONTOUR, MASK, CUT_OUT, TEXTURED)

_OTHERS = 0.75  # of the opacity, for objects that are not the current one
_LEAST_TEXTURE = 0.6  # opacity: patterns must be told apart
_BLACK, _GREY = (0, 0, 0), (128, 128, 128)
_DIMMED = 0.88  # how much of the picture a cut-out covers around the objects
_LOCKED = 1  # the kind of hatching
_ONION = 0.85  # strength of the outline
_LIGHTER, _DARKER = 0.6, 0.4  # share of white, or of black, in it


@dataclass(frozen=True, slots=True)
class Look:
    """How label maps are shown: colours and kinds of hatching, (256,) by id."""

    fill: Colors
    line: Colors
    textures: NDArray[np.uint8]


def look(mode: str, objects: Objects, current: int | None, opacity: float) -> Look:
    """Return how label maps are shown.

    Args:
        mode: One of `VIEW_MODES`.
        objects: The objects; a hidden one looks like background.
        current: The object in hand, whose fill is stronger than that of the others.
        opacity: How strong fills are, where the mode leaves that open.
    """
    ground = {MASK: color(_BLACK, 1.0), CUT_OUT: color(_GREY, _DIMMED)}.get(mode, 0)
    result = Look(*(np.full(256, ground, np.uint32) for _ in range(2)), np.zeros(256, np.uint8))
    for each in objects:
        if each.visible:
            strength = opacity * (1.0 if each.id == current else _OTHERS)
            _give(result, mode, each.id, each.color, strength)
            result.textures[each.id] |= _LOCKED * (each.locked and mode != MASK)
    if not objects.is_full:  # the first stroke of an object to be
        _give(result, mode, objects.next_id, screen_color(objects.next_id), opacity)
    return result


def onion(objects: Objects, is_before: bool) -> Look:
    """Return how the outlines of a reference before or after are shown: lighter, or darker."""
    result = Look(*(np.zeros(256, np.uint32) for _ in range(2)), np.zeros(256, np.uint8))
    for each in _visible(objects):
        tint, share = (255, _LIGHTER) if is_before else (0, _DARKER)
        mixed = (round(part + (tint - part) * share) for part in each.color)
        result.line[each.id] = color(tuple(mixed), _ONION)
    return result


def nothing() -> Look:
    """Return how no mask at all is shown."""
    return Look(*(np.zeros(256, np.uint32) for _ in range(2)), np.zeros(256, np.uint8))


def _visible(objects: Objects) -> Iterable:
    return (each for each in objects if each.visible)


def _give(result: Look, mode: str, id_: int, rgb: tuple[int, int, int], strength: float) -> None:
    full = color(rgb, 1.0)
    result.line[id_] = full
    result.fill[id_] = {
        OVERLAY: color(rgb, strength),
        CONTOUR: 0,
        MASK: full,
        CUT_OUT: 0,
        TEXTURED: color(rgb, max(strength, _LEAST_TEXTURE)),
    }[mode]
    if mode == TEXTURED:
        result.textures[id_] = 1 << 1 + id_ % (TEXTURES - 1)
