"""Plans: what a training clip will show, before a pixel of it is drawn.

For: `clips`, which invents plans, and the two that draw them: `scenes` with OpenCV for one
clip, `atlas_scenes` with torch for a batch. Knows numpy only.

Pixel centres are whole numbers. A *moment* is a part of the time that a frame's shutter is
open; a frame with motion blur is the mean of its moments. Objects are numbered from 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOMENTS = 6  # of a frame whose shutter is open for long
MAX_OBJECTS = 3
WHOLE, SOFT = -1, 0  # what a layer shows of its picture, if not an id
COVERED, COVERED_BLURRED = 0.5, 0.35  # alpha above which a pixel belongs to an object
LEVELS = 5  # sizes of a picture, each half of the one before
_NODES, _MESH = 4, 9  # bends: displacements are planned on 4 x 4 nodes, drawn on 9 x 9


@dataclass(frozen=True)
class Layer:
    """A picture that moves through the clip, or what one shows of a thing.

    Attributes:
        pictures: (T,) number of the picture in each frame.
        ways: (T, N, 2, 3) from pixels of the picture to the canvas, at N moments of a frame.
        shows: WHOLE, mirrored past its edges; SOFT: where its fourth channel is its alpha;
            or the id whose pixels are shown.
        target: The object that it is a part of; 0 for none.
        bend: (T, 4, 4, 2) displacement (x, y) of nodes evenly spread over the picture, as
            shares of its sides; None for none.
        gain: (3,) factors of its colour.
        bias: Grey levels added to that.
        boxes: (T, 4) left, top, right, bottom: outside these pixels of the canvas, the last
            two past the end, the layer is not seen; None where it is seen everywhere.
    """

    pictures: NDArray[np.int64]
    ways: NDArray[np.float32]
    shows: int = SOFT
    target: int = 0
    bend: NDArray[np.float32] | None = None
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    bias: float = 0.0
    boxes: NDArray[np.int64] | None = None

    @property
    def level(self) -> int:
        """Return how often the picture is halved before it is drawn, against aliasing."""
        if self.shows > SOFT:
            return 0  # ids cannot be averaged
        scale = np.sqrt(np.abs(np.linalg.det(self.ways[:, 0, :, :2].astype(np.float64))).mean())
        return int(np.clip(np.floor(0.35 - np.log2(max(scale, 1e-3))), 0, LEVELS - 1))

    @property
    def threshold(self) -> float:
        """Return the alpha above which a pixel is the layer's."""
        return COVERED if self.ways.shape[1] == 1 else COVERED_BLURRED


@dataclass(frozen=True)
class Light:
    """How a clip was filmed and stored.

    Attributes:
        gain: (T, 3) factors of the colours of each frame.
        gamma: Exponent of the intensities, before the gain.
        is_grey: Whether it has no colours.
        blur: Sides (x, y) of a box that the frames are blurred with, 1, 3 or 5 px.
        quality: Of the JPEG that the frames went through; 0 for none.
    """

    gain: NDArray[np.float32]
    gamma: float = 1.0
    is_grey: bool = False
    blur: tuple[int, int] = (1, 1)
    quality: int = 0


@dataclass(frozen=True)
class Plan:
    """A clip to be drawn.

    Attributes:
        layers: From the back to the front; the first one is WHOLE.
        ids: Labels in the pictures of the first layer of objects 1, 2, ...; the other
            objects are `target`s of later layers.
        objects: How many there are.
        light: Of the whole clip.
    """

    layers: Sequence[Layer]
    ids: tuple[int, ...]
    objects: int
    light: Light

    @property
    def length(self) -> int:
        """Return how many frames it has."""
        return len(self.layers[0].pictures)


def inverses(ways: NDArray[np.float32], level: int) -> NDArray[np.float64]:
    """Return (..., 2, 3) from the canvas to pixels of a picture halved `level` times.

    Each of these lies where the first one of those that it stands for lies.
    """
    linear = np.linalg.inv(ways[..., :2].astype(np.float64))
    shift = -(linear @ ways[..., 2:])
    half = 2.0**-level
    return np.concatenate([linear * half, shift * half], -1)


def boxes_on_canvas(
    layer: Layer, parts: NDArray[np.float64], longest: int, size: int
) -> NDArray[np.int64]:
    """Return `boxes` of a layer.

    Args:
        layer: Whose.
        parts: (T, 4) left, top, right, bottom of what it shows of its pictures.
        longest: Side of these.
        size: Of the canvas.
    """
    margin = 1 + (0 if layer.bend is None else 1.5 * np.abs(layer.bend).max() * longest)
    left, top, right, bottom = (parts + np.array([-margin, -margin, margin, margin])).T
    corners = np.stack([[left, right, right, left], [top, top, bottom, bottom]])  # (2, 4, T)
    places = layer.ways[..., :2] @ corners.transpose(2, 0, 1)[:, None] + layer.ways[..., 2:]
    low, high = np.floor(places.min((1, 3))), np.ceil(places.max((1, 3))) + 1
    return np.clip(np.concatenate([low, high], 1), 0, size).astype(np.int64)


def mesh(bend: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the thin-plate spline through displaced nodes: (..., 4, 4, 2) -> (..., 9, 9, 2)."""
    nodes = bend.reshape(*bend.shape[:-3], _NODES * _NODES, 2)
    return (THIN_PLATE @ nodes).reshape(*bend.shape[:-3], _MESH, _MESH, 2)


def _thin_plate() -> NDArray[np.float32]:
    """Return the (81, 16) matrix from displacements of the nodes to those of the mesh.

    Source: Bookstein, "Principal Warps", PAMI 1989.
    """

    def points(count: int) -> NDArray[np.float64]:
        steps = np.linspace(0, 1, count)
        return np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)

    def terms(at: NDArray[np.float64]) -> NDArray[np.float64]:
        squared = ((at[:, None] - nodes[None]) ** 2).sum(-1)
        radial = squared * np.log(np.maximum(squared, 1e-12))
        return np.column_stack([radial, np.ones(len(at)), at])

    nodes = points(_NODES)
    system = np.zeros((len(nodes) + 3, len(nodes) + 3))
    system[: len(nodes)] = terms(nodes)
    system[len(nodes) :, : len(nodes)] = system[: len(nodes), len(nodes) :].T
    weights = np.linalg.inv(system)[:, : len(nodes)]
    return (terms(points(_MESH)) @ weights).astype(np.float32)


THIN_PLATE = _thin_plate()
