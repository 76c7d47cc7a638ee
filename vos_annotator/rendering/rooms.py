"""The surroundings of a scene: a box of walls, or a picture far behind.

For: `renderer`. Knows numpy, `meshes` and `scenes`.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vos_annotator.rendering.meshes import CORNER_FLOATS, Mesh
from vos_annotator.rendering.scenes import Room

_MIDDLE = np.array((0.0, 0.0, -4.0))  # of a room: the camera stands inside
_BACKDROP = 14.0  # depth of the picture
_TILE = 18.0  # its width and height: it fills the view; mirrored beside, below and above
_INSET = 0.99  # of a picture: its rim would mix with the opposite one
_WALL, _FLOOR, _CEILING = 0, 1, 2  # textures


def surroundings(room: Room | None) -> Mesh:
    """Return the inside of a room, or for None a backdrop; three textures belong to it."""
    if room is not None:
        cos, sin = np.cos(room.turn), np.sin(room.turn)
        turn = np.array(((cos, 0, -sin), (0, 1, 0), (sin, 0, cos)))
        x, y, z = np.array(room.half)[:, None] * turn
        repeat = room.repeat
        quads = [
            _quad(_MIDDLE - z, x, y, repeat, _WALL),
            _quad(_MIDDLE + z, -x, y, repeat, _WALL),
            _quad(_MIDDLE - x, -z, y, repeat, _WALL),
            _quad(_MIDDLE + x, z, y, repeat, _WALL),
            _quad(_MIDDLE - y, x, -z, 2 * repeat, _FLOOR),
            _quad(_MIDDLE + y, x, z, 2 * repeat, _CEILING),
        ]
    else:
        half = _TILE / 2 * np.eye(3)
        quads = [
            _quad((i * _TILE, j * _TILE, -_BACKDROP), half[0], half[1], 1.0, _WALL, (i, j))
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
        ]
    corners = np.concatenate(quads).astype(np.float32)
    square = np.array(((0, 1, 2), (0, 2, 3)), np.uint32)
    triangles = np.concatenate([square + 4 * k for k in range(len(quads))])
    return Mesh(corners, triangles, np.zeros((0, 1, 1, 4), np.uint8), 1.0)


def _quad(
    middle: ArrayLike,
    across: NDArray[np.float64],
    along: NDArray[np.float64],
    repeat: float,
    texture: int,
    mirrored: tuple[int, int] = (0, 0),
) -> NDArray[np.float64]:
    """Return the (4, CORNER_FLOATS) corners of a rectangle, seen from the side of its normal."""
    corners = np.ones((4, CORNER_FLOATS))
    signs = np.array(((-1, -1), (1, -1), (1, 1), (-1, 1)))
    corners[:, :3] = middle + signs[:, :1] * across + signs[:, 1:] * along
    normal = np.cross(across, along)
    corners[:, 3:6] = normal / np.linalg.norm(normal)
    corners[:, 6:8] = repeat * (_INSET * signs * np.where(mirrored, -1, 1) + 1) / 2
    corners[:, 11] = texture
    return corners
