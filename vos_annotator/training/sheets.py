"""Sheets: the plans of a batch as one block of bytes, ready to travel to where it is drawn.

For: `batches`, whose worker processes write sheets, and `atlas_scenes`, which reads them.
Knows `plans`, numpy and torch.

The cels of a batch - a layer in a frame - are sorted into *groups* that are drawn at once:
those that lie equally far to the front in their clips, have equally many moments, and fit
into a square *tile* of the canvas of the same side. A *row* is a frame of a clip: rows of
all clips' first frames come first.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vos_annotator.training.plans import MAX_OBJECTS, Layer, Plan, inverses

_ALIGNED = 16  # bytes
_STRAIGHT = np.zeros((4, 4, 2), np.float32)


@dataclass(frozen=True)
class Group:
    """Cels that are drawn at once; J of them.

    Attributes:
        rows: (J,) which frame of which clip, all different.
        pictures: (J,) their numbers.
        levels: (J,) how often they are halved.
        inverses: (J, N, 2, 3) from the canvas to pixels at that level.
        shows: (J,) as in `Layer`.
        targets: (J,) uint8, as in `Layer`.
        gains: (J, 3), as in `Layer`.
        biases: (J, 1), as in `Layer`.
        ids: (J, 3) labels of objects 1 to 3 in the picture; -1 for none.
        corners: (J, 2) left and upper side of the tile.
        bends: (J, 4, 4, 2), as in `Layer`, or None.
        is_whole: Whether they show their pictures WHOLE.
        tile: Side of the tiles, px.
    """

    rows: Tensor
    pictures: Tensor
    levels: Tensor
    inverses: Tensor
    shows: Tensor
    targets: Tensor
    gains: Tensor
    biases: Tensor
    ids: Tensor
    corners: Tensor
    bends: Tensor | None
    is_whole: bool
    tile: int


_GROUP_FIELDS = [name for name in Group.__annotations__ if name not in ("is_whole", "tile")]


@dataclass(frozen=True)
class Sheet:
    """A batch of plans; R rows, P pairs (clip, object).

    Attributes:
        groups: From the back to the front.
        gain: (R, 3), as in `Light`.
        gamma: (R, 1).
        grey: (R, 1) float, 1 where there are no colours.
        blurred: (Q,) rows that are, by `boxes`.
        boxes: (Q, 2) sides x, y.
        stored: (Q,) rows that went through a JPEG, of `qualities`.
        qualities: (Q,).
        owner: (P,) clip of each pair.
        number: (P,) uint8, which object of the clip.
        keyed: (P,) bool, as in `Batch`.
        seed: Of what is random in drawing.
    """

    groups: list[Group]
    gain: Tensor
    gamma: Tensor
    grey: Tensor
    blurred: Tensor
    boxes: Tensor
    stored: Tensor
    qualities: Tensor
    owner: Tensor
    number: Tensor
    keyed: Tensor
    seed: int


def write_sheet(
    plans: Sequence[Plan], size: int, keyed: NDArray[np.bool_], seed: int
) -> tuple[Tensor, str]:
    """Return the plans as a block of bytes (uint8), and a text that says what lies where.

    Args:
        plans: Of clips of one length.
        size: Of the canvas, px.
        keyed: (B,) clips whose last frame is a reference too.
        seed: Of what is random in drawing.
    """
    clips = len(plans)
    rows = np.arange(plans[0].length) * clips
    groups: dict[tuple[int, int, int, bool], list[dict[str, NDArray]]] = {}
    for clip, plan in enumerate(plans):
        for place, layer in enumerate(plan.layers):
            tile, corners = _tile(layer, size)
            cels = _cels(rows + clip, layer, corners, plan.ids if place == 0 else ())
            key = (place, layer.ways.shape[1], tile, "bends" in cels)
            groups.setdefault(key, []).append(cels)
    arrays: dict[str, NDArray] = {}
    for n, key in enumerate(sorted(groups)):
        for name in groups[key][0]:
            arrays[f"{n}.{name}"] = np.concatenate([cels[name] for cels in groups[key]])
    lights = [plan.light for plan in plans]
    blurred = [n for n, light in enumerate(lights) if light.blur != (1, 1)]
    stored = [n for n, light in enumerate(lights) if light.quality]

    def in_rows(chosen: list[int]) -> NDArray[np.int64]:
        return (rows[:, None] + np.array(chosen, np.int64)).ravel()

    def by_rows(values: list) -> NDArray[np.float32]:
        return np.tile(np.array(values, np.float32), (len(rows), 1))

    arrays |= {
        "gain": np.stack([light.gain for light in lights], 1).reshape(-1, 3),
        "gamma": by_rows([[light.gamma] for light in lights]).reshape(-1, 1),
        "grey": by_rows([[light.is_grey] for light in lights]).reshape(-1, 1),
        "blurred": in_rows(blurred),
        "boxes": by_rows([lights[n].blur for n in blurred]).reshape(-1, 2),
        "stored": in_rows(stored),
        "qualities": by_rows([lights[n].quality for n in stored]).reshape(-1),
        "owner": np.repeat(np.arange(clips), [plan.objects for plan in plans]),
        "number": np.concatenate([np.arange(1, p.objects + 1, dtype=np.uint8) for p in plans]),
        "keyed": np.repeat(keyed, [plan.objects for plan in plans]),
    }
    kinds = [(place == 0, tile) for place, _, tile, _ in sorted(groups)]
    return _packed(arrays, {"groups": kinds, "seed": seed})


def read_sheet(block: Tensor, text: str) -> Sheet:
    """Return what `write_sheet` wrote, as parts of `block`, wherever that lies."""
    says = json.loads(text)
    parts = {}
    for name, kind, shape, start in says["parts"]:
        kind = getattr(torch, kind)
        stop = start + int(np.prod(shape)) * kind.itemsize
        parts[name] = block[start:stop].view(kind).view(shape)
    groups = []
    for n, (is_whole, tile) in enumerate(says["groups"]):
        fields = {name: parts.pop(f"{n}.{name}", None) for name in _GROUP_FIELDS}
        groups.append(Group(**fields, is_whole=is_whole, tile=tile))
    return Sheet(groups=groups, seed=says["seed"], **parts)


def _tile(layer: Layer, size: int) -> tuple[int, NDArray[np.int64]]:
    """Return the side of the smallest tile that holds a layer in any frame, and (T, 2) corners."""
    if layer.boxes is None:
        return size, np.zeros((len(layer.pictures), 2), np.int64)
    extent = (layer.boxes[:, 2:] - layer.boxes[:, :2]).max()
    quarter = size // 4
    tile = max(-(-int(extent) // quarter), 1) * quarter
    return tile, np.minimum(layer.boxes[:, :2], size - tile)


def _cels(
    rows: NDArray[np.int64], layer: Layer, corners: NDArray[np.int64], ids: tuple[int, ...]
) -> dict[str, NDArray]:
    """Return the fields of a group for one layer in all its frames."""
    level, length = layer.level, len(rows)

    def repeated(values, kind: type) -> NDArray:
        values = np.asarray(values, kind)
        return np.broadcast_to(values, (length, *values.shape))

    found = {
        "rows": rows,
        "pictures": layer.pictures,
        "levels": repeated(level, np.int64),
        "inverses": inverses(layer.ways, level).astype(np.float32),
        "shows": repeated(layer.shows, np.int64),
        "targets": repeated(layer.target, np.uint8),
        "gains": repeated(layer.gain, np.float32),
        "biases": repeated([layer.bias], np.float32),
        "corners": corners,
        "ids": repeated([*ids, *[-1] * (MAX_OBJECTS - len(ids))], np.int64),
    }
    if layer.bend is not None:
        return found | {"bends": layer.bend}
    # Things before the background are few and small: one group for bent and straight ones.
    return found if layer.boxes is None else found | {"bends": repeated(_STRAIGHT, np.float32)}


def _packed(arrays: dict[str, NDArray], says: dict[str, Any]) -> tuple[Tensor, str]:
    """Put arrays into one block: one copy to the device, one handle between processes."""
    parts, size = [], 0
    for name, array in arrays.items():
        parts.append((name, array.dtype.name, array.shape, size))
        size += -(-array.nbytes // _ALIGNED) * _ALIGNED
    block = np.zeros(max(size, _ALIGNED), np.uint8)
    for (_, _, _, start), array in zip(parts, arrays.values(), strict=True):
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        block[start : start + len(flat)] = flat
    return torch.from_numpy(block), json.dumps(says | {"parts": parts})
