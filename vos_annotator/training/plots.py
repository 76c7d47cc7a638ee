"""Plots: what things do in a clip. They roam, leave and return, cross their doubles, hide, rush.

For: `clips`. Knows `drafts`, `ways`, `shapes` and numpy.

Each takes the draft of a clip and puts things into it, from the back to the front. A thing
that is to be tracked is, if the first frame shows it and there are not too many.
"""

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError
from vos_annotator.training import shapes
from vos_annotator.training.drafts import Draft, Tint
from vos_annotator.training.material import Seen
from vos_annotator.training.ways import (
    Ways,
    away_and_back,
    dash,
    moments,
    place,
    through,
    turned,
    wander,
)

_BENDS = (0.0, 0.0, 0.04, 0.1)  # shares of a thing's sides
_SLOTS = ((-0.3, 0.45), (0.3, 0.45), (0.0, 0.5))  # of parts, in shares of a body's box


def roam(draft: Draft, is_tracked: bool) -> None:
    """Let a thing travel; now and then it leaves the canvas wholly and comes back."""
    rng = draft.rng
    number, seen = _cutout(draft, thin=0.08)
    size = rng.uniform(0.18, 0.65)
    start = place(*rng.uniform(0.1, 0.9, 2), draft.scale(seen, size), rng)
    if rng.random() < 0.25:
        way = away_and_back(start, 0.75 * size, rng)
    else:
        way = wander(start, rng.choice([0.3, 1.0, 2.0]), rng)
    ways = draft.along(way, seen, _shutter(rng, 0.2))
    target = draft.claim(seen, ways) if is_tracked else 0
    draft.put(number, seen.id, ways, target, rng.choice(_BENDS), _tint(rng))


def cross(draft: Draft, tracked: int) -> None:
    """Let two to four look-alikes pass one place at about the same time."""
    rng = draft.rng
    number, seen = _cutout(draft, thin=0.08)
    size, meeting = rng.uniform(0.15, 0.42), rng.uniform(0.3, 0.7, 2)
    count, first = int(rng.integers(max(2, tracked), 5)), rng.uniform(0, 2 * np.pi)
    is_same, tint = rng.random() < 0.5, _tint(rng)  # same: told apart by its way alone
    is_tracked = rng.permutation(count) < tracked
    for n in range(count):
        angle = first + 2 * np.pi * (n + rng.uniform(-0.3, 0.3)) / count
        at = meeting + rng.normal(0, 0.3 * size, 2)
        start = place(*meeting, draft.scale(seen, size * rng.uniform(0.85, 1.15)), rng)
        start[:2] += rng.uniform(0.3, 0.45) * _direction(angle)
        start[:2] = np.clip(start[:2], 0.08, 0.92)
        way = through(start, at, rng.uniform(0.35, 0.8), rng)
        ways = draft.along(way, seen, _shutter(rng, 0.15))
        target = draft.claim(seen, ways) if is_tracked[n] else 0
        look = tint if is_same else _tint(rng, 0.6)
        draft.put(number, seen.id, ways, target, rng.choice(_BENDS), look)


def hide(draft: Draft, is_tracked: bool) -> None:
    """Let a thing pass behind a larger one, wholly for a while."""
    rng = draft.rng
    number, seen = _cutout(draft)
    size, when, at = rng.uniform(0.12, 0.3), rng.uniform(0.4, 0.7), rng.uniform(0.35, 0.65, 2)
    start = place(*at, draft.scale(seen, size), rng)
    start[:2] += rng.uniform(0.3, 0.45) * _direction(rng.uniform(0, 2 * np.pi))
    start[:2] = np.clip(start[:2], 0.08, 0.92)
    ways = draft.along(through(start, at, when, rng), seen)
    target = draft.claim(seen, ways) if is_tracked else 0
    draft.put(number, seen.id, ways, target, tint=_tint(rng))
    cover(draft, at, size, when)


def cover(draft: Draft, at: NDArray[np.float64], extent: float, when: float) -> None:
    """Let something larger than `extent` sweep over a place at a time, or nearly stand there."""
    rng = draft.rng
    number, seen = _cutout(draft)
    width, height = seen.box[2] - seen.box[0], seen.box[3] - seen.box[1]
    stoutness = max(min(width, height) / seen.extent, 0.5)
    size = min(extent * rng.uniform(1.2, 1.6) / stoutness, 1.2)
    there = place(*at, draft.scale(seen, size), rng)
    if size < 0.6 and rng.random() < 0.5:
        way = wander(there, 0.1, rng)
    else:
        there[:2] += (size + extent) * 0.7 * _direction(rng.uniform(0, 2 * np.pi))
        way = through(there, at, when, rng)
    draft.put(number, seen.id, draft.along(way, seen, _shutter(rng, 0.2)), tint=_tint(rng))


def rush(draft: Draft, is_tracked: bool) -> None:
    """Let something small dash about, mostly blurred by its motion."""
    rng = draft.rng
    number, seen = _cutout(draft, thin=0.1)
    start = place(*rng.uniform(0.15, 0.85, 2), draft.scale(seen, rng.uniform(0.12, 0.24)), rng)
    ways = draft.along(dash(start, draft.length, rng), seen, _shutter(rng, 0.6))
    target = draft.claim(seen, ways) if is_tracked else 0
    draft.put(number, seen.id, ways, target, tint=_tint(rng))


def assemble(draft: Draft, is_tracked: bool) -> None:
    """Let a thing travel with wheels that turn, legs that swing, or bars and ropes on it."""
    rng = draft.rng
    number, seen = _cutout(draft)
    start = place(*rng.uniform(0.25, 0.75, 2), draft.scale(seen, rng.uniform(0.2, 0.45)), rng)
    shutter = _shutter(rng, 0.15)
    body = draft.along(wander(start, rng.choice([0.5, 1.0, 2.0]), rng), seen, shutter)
    target = draft.claim(seen, body) if is_tracked else 0
    layers = [(number, seen.id, body, target)]
    part, share = draft.material.pick_thin(rng), rng.uniform(0.4, 0.9)
    slots = _SLOTS[: int(rng.integers(1, len(_SLOTS) + 1))]
    times = moments(draft.length, shutter) * (draft.length - 1)  # in frames
    rate, phase = rng.normal(0, 0.7), rng.uniform(0, 2 * np.pi)
    for n, slot in enumerate(slots):
        ways = body @ _attached(draft, seen, part, share, slot, rate * times + phase + 2 * n)
        layers.insert(rng.choice([0, len(layers)]), (part, 0, ways, target))
    tint = _tint(rng)
    for layer in layers:
        draft.put(*layer, tint=tint)


def pass_by(draft: Draft, most: int) -> None:
    """Let up to `most` things that are not tracked travel over what is there, or lie in it."""
    rng = draft.rng
    for _ in range(int(rng.integers(1, most + 1))):
        number, seen = _cutout(draft, thin=0.2)
        start = place(*rng.uniform(-0.1, 1.1, 2), draft.scale(seen, rng.uniform(0.15, 0.6)), rng)
        way = wander(start, rng.choice([0.3, 1.0, 2.5]), rng)
        ways = draft.along(way, seen, _shutter(rng, 0.2), in_scene=rng.random() < 0.4)
        draft.put(number, seen.id, ways, 0, rng.choice(_BENDS), _tint(rng))


def double(draft: Draft, pictures: NDArray[np.int64], seen: Seen) -> None:
    """Let a copy of an object of the background lie beside it, or cross it.

    Args:
        draft: Of the clip.
        pictures: (T,) where the copy is taken from in each frame.
        seen: The object, in the first frame.
    """
    rng = draft.rng
    first, extent = draft.where(seen, 0.0)
    start = place(*first, draft.scale(seen, extent * rng.uniform(0.8, 1.2)), rng, tilt=0.08)
    start[:2] += extent * rng.uniform(0.7, 1.3) * _direction(rng.uniform(0, 2 * np.pi))
    if rng.random() < 0.5:
        when = rng.uniform(0.4, 0.8)
        way = through(start, draft.where(seen, when)[0], when, rng)
    else:
        way = wander(start, rng.choice([0.3, 1.0]), rng)
    ways = draft.along(way, seen)
    draft.put(pictures, seen.id, ways, tint=_tint(rng, 0.5))


def _attached(
    draft: Draft,
    body: Seen,
    part: int,
    share: float,
    slot: tuple[float, float],
    angles: NDArray[np.float64],
) -> Ways:
    """Return the maps from pixels of a part to those of the body that it is fixed to."""
    shape, kind = shapes.SIDE, part - draft.material.thin.start
    left, top, right, bottom = body.box
    x, y = body.centre[0] + slot[0] * (right - left), body.centre[1] + slot[1] * (bottom - top)
    scale = share * body.extent / shape
    if shapes.is_wheel(kind):
        return turned(angles, 0.6 * scale, (shape / 2, shape / 2), (x, y))
    if shapes.is_limb(kind):
        return turned(0.6 * np.sin(angles), scale, (shape / 2, 0.05 * shape), (x, y - 0.05 * shape))
    return turned(0.3 * np.sin(angles), scale, (shape / 2, shape / 2), (x, y))


def _cutout(draft: Draft, thin: float = 0.0) -> tuple[int, Seen]:
    """Return the number of a cut-out and what it shows; a thin thing with a share of `thin`."""
    material, rng = draft.material, draft.rng
    for _ in range(50):
        pick = material.pick_thin if rng.random() < thin else material.pick_cutout
        number = pick(rng)
        facts = material.facts(number)
        if facts is not None and facts.objects:
            return number, facts.objects[0]
    raise UserError("Fifty cut-outs in a row could not be read: see the warnings above.")


def _tint(rng: np.random.Generator, amount: float = 1.0) -> Tint:
    gain = 1 + amount * (rng.uniform(-0.25, 0.25) + rng.uniform(-0.1, 0.1, 3))
    return tuple(gain.tolist()), float(amount * rng.uniform(-15, 15))


def _shutter(rng: np.random.Generator, chance: float) -> float:
    """Return how long a shutter is open, as a share of a frame's time; 0 for a sharp picture."""
    return float(rng.uniform(0.3, 0.9)) if rng.random() < chance else 0.0


def _direction(angle: float) -> NDArray[np.float64]:
    return np.array([np.cos(angle), np.sin(angle)])
