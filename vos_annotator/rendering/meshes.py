"""A model as the renderer draws it: one array of corners, one of triangles, its textures.

For: `library`, which makes and keeps them, and `renderer`. Knows trimesh (imported where a
file is read), OpenCV and numpy; no OpenGL.

A mesh lies in the unit sphere around its middle, y upwards. It is light enough for a
software renderer: of a heavy model, vertices that lie within a fraction of the size of a
pixel of each other become one.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

TEXTURE_SIDE = 256  # px
CORNER_FLOATS = 12  # position 3, normal 3, texture coordinates 2, colour 3, texture 1
MOST_TRIANGLES = 8000
_CELLS = (256, 160, 128, 96, 72, 56, 44, 36, 28, 22)  # of the grids that heavy models move to
_FLATTEST = 0.1  # thickness over breadth; below, it is a carpet or a plate; a rod is not
# What numpy raises where a kept mesh is missing or damaged.
UNREADABLE = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile)
_VIEW_SIDE = 48  # px of the silhouettes that thickness is measured on


class UnusableModel(Exception):
    """A model that cannot be drawn; the text says why."""


@dataclass(frozen=True)
class Mesh:
    """A model in the unit sphere.

    Attributes:
        corners: (V, 12) float32: position, normal (unit), texture coordinates (v upwards),
            colour in [0, 1], number of the texture.
        triangles: (T, 3) uint32, T <= MOST_TRIANGLES.
        textures: (L, 256, 256, 4) uint8, the bottom row first; the first is white.
        thickness: Mean width of the silhouettes over the size: a ball 0.33, a bicycle 0.05.
    """

    corners: NDArray[np.float32]
    triangles: NDArray[np.uint32]
    textures: NDArray[np.uint8]
    thickness: float


def read_model(path: Path) -> Mesh:
    """Return the mesh of an OBJ file; its materials and pictures lie beside it.

    Raises:
        UnusableModel: It cannot be read, is flat or empty, or too heavy even simplified.
    """
    import trimesh  # needs the extra [render]; a mesh from the cache does not

    try:
        scene = trimesh.load(path, force="scene", process=False)
        parts = [part for part in scene.geometry.values() if len(getattr(part, "faces", ()))]
        corners, triangles, textures = _joined(parts)
    except Exception as error:  # a parser meets whatever the world calls an OBJ file
        raise UnusableModel(f"{type(error).__name__}: {error}") from error
    corners[:, :3] = _in_unit_sphere(corners[:, :3])
    corners, triangles = simplified(corners, triangles)
    thickness, breadth, _ = np.sort(np.ptp(corners[:, :3], axis=0))
    if thickness < _FLATTEST * breadth:
        raise UnusableModel("flat")
    return Mesh(corners, triangles, textures, _thickness(corners, triangles))


def simplified(
    corners: NDArray[np.float32], triangles: NDArray, limit: int = MOST_TRIANGLES
) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Return a mesh of at most `limit` triangles that looks the same from afar.

    Corners in one cell of a grid move to their middle; triangles that lose their area, or
    double another, go. Texture coordinates and normals stay as they are, so no seam opens.

    Raises:
        UnusableModel: Even the coarsest grid leaves too many.
    """
    light, moved = triangles, corners
    for cells in (None, *_CELLS):
        if cells is not None:
            moved, light = _on_grid(corners, triangles, cells)
        if len(light) <= limit:
            break
    else:
        raise UnusableModel(f"{len(triangles)} triangles are too many")
    unique, index = np.unique(moved[light.ravel()], axis=0, return_inverse=True)
    return unique, index.reshape(-1, 3).astype(np.uint32)


def packed(mesh: Mesh) -> bytes:
    """Return a mesh as an .npz file."""
    file = io.BytesIO()
    np.savez_compressed(
        file,
        corners=mesh.corners,
        triangles=mesh.triangles,
        textures=mesh.textures,
        thickness=mesh.thickness,
    )
    return file.getvalue()


def load_mesh(path: Path) -> Mesh:
    """Return the mesh in a file that `packed` made."""
    with np.load(path, allow_pickle=False) as stored:
        return Mesh(
            stored["corners"], stored["triangles"], stored["textures"], float(stored["thickness"])
        )


def thickness_of(path: Path) -> float:
    """Return the thickness alone: a hundredth of the work of `load_mesh`."""
    with np.load(path, allow_pickle=False) as stored:
        return float(stored["thickness"])


def _joined(parts: list) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.uint8]]:
    """Return the corners, triangles and textures of all parts of a trimesh scene."""
    textures = [np.full((TEXTURE_SIDE, TEXTURE_SIDE, 4), 255, np.uint8)]
    corners, triangles, count = [], [], 0
    for part in parts:
        block = np.zeros((len(part.vertices), CORNER_FLOATS), np.float32)
        block[:, :3] = part.vertices
        block[:, 3:6] = part.vertex_normals
        material = getattr(part.visual, "material", None)
        image, uv = getattr(material, "image", None), getattr(part.visual, "uv", None)
        if image is not None and uv is not None:
            block[:, 6:8] = uv
            block[:, 8:11] = 1.0
            block[:, 11] = len(textures)
            pixels = np.array(image.convert("RGBA"))
            side = (TEXTURE_SIDE, TEXTURE_SIDE)
            textures.append(cv2.resize(pixels, side, interpolation=cv2.INTER_AREA)[::-1])
        else:
            diffuse = getattr(material, "diffuse", None)
            block[:, 8:11] = 0.7 if diffuse is None else np.asarray(diffuse)[:3] / 255.0
        corners.append(block)
        triangles.append(part.faces + count)
        count += len(block)
    if not corners:
        raise ValueError("no faces")
    joined = np.concatenate(corners)
    if not np.isfinite(joined).all():
        raise ValueError("a coordinate is no number")
    return joined, np.concatenate(triangles), np.stack(textures)


def _in_unit_sphere(positions: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = positions - (positions.max(axis=0) + positions.min(axis=0)) / 2
    radius = np.linalg.norm(centred, axis=1).max()
    if radius == 0:
        raise UnusableModel("a single point")
    return centred / radius


def _on_grid(
    corners: NDArray[np.float32], triangles: NDArray, cells: int
) -> tuple[NDArray[np.float32], NDArray]:
    cell = np.floor((corners[:, :3] + 1) * (cells / 2)).astype(np.int64)
    key = (cell[:, 0] * (cells + 1) + cell[:, 1]) * (cells + 1) + cell[:, 2]
    _, group, count = np.unique(key, return_inverse=True, return_counts=True)
    moved = corners.copy()
    for axis in range(3):
        sums = np.bincount(group, corners[:, axis])
        moved[:, axis] = (sums / count)[group]
    ends = np.sort(group[triangles], axis=1)
    has_area = (ends[:, 0] != ends[:, 1]) & (ends[:, 1] != ends[:, 2])
    _, first = np.unique(ends[has_area], axis=0, return_index=True)
    return moved, triangles[has_area][np.sort(first)]


def _thickness(corners: NDArray[np.float32], triangles: NDArray) -> float:
    """Return the mean width of the silhouettes along the axes, over the model's diameter."""
    rng = np.random.default_rng(0)
    ends = corners[triangles, :3]  # (T, 3, 3)
    area = np.linalg.norm(np.cross(ends[:, 1] - ends[:, 0], ends[:, 2] - ends[:, 0]), axis=1)
    if area.sum() == 0:
        raise UnusableModel("no area")
    chosen = rng.choice(len(ends), 30 * _VIEW_SIDE**2, p=area / area.sum())
    weights = rng.dirichlet((1, 1, 1), len(chosen))[:, :, None]
    points = (ends[chosen] * weights).sum(axis=1)
    pixels = np.clip((points + 1) * (_VIEW_SIDE / 2), 0, _VIEW_SIDE - 1).astype(int)
    widths = []
    for axis in range(3):
        view = np.zeros((_VIEW_SIDE + 2, _VIEW_SIDE + 2), np.uint8)
        across, along = np.delete(pixels, axis, axis=1).T + 1
        view[along, across] = 1
        depth = cv2.distanceTransform(view, cv2.DIST_L2, 3)
        widths.append(2 * depth[view > 0].mean() / _VIEW_SIDE)
    return float(np.mean(widths))
