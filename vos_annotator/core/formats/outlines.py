"""Outlines: masks as polygons and back.

For: the formats that hold polygons. Knows OpenCV and pycocotools.

Points are corners of pixels, (x, y) from the left upper corner of the picture. A polygon that is
not simplified runs along the border between pixels and gives exactly its mask.
"""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco
from scipy.spatial import cKDTree

from vos_annotator.core.formats.rle import decode_rle

Polygon = NDArray[np.float64]  # (N, 2) of x, y

SIMPLER = 0.75  # px that a simplified outline may be off: enough to cut the stairs of a slope


def outlines(mask: NDArray[np.bool_], tolerance: float = SIMPLER) -> list[Polygon]:
    """Return the parts of a mask, each with its holes joined to its border by a seam.

    A seam is walked to and fro, so it has no area. No part is lost, however small.
    """
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    if not width:
        return []
    part = mask[top : top + height, left : left + width].view(np.uint8)
    # Twice as large, even coordinates are the left edges of pixels and odd ones the right.
    larger = np.repeat(np.repeat(part, 2, 0), 2, 1)
    rings, tree = cv2.findContours(larger, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    corner = np.array([left, top])
    rings = [_simpler((ring[:, 0] + 1) // 2, tolerance) + corner for ring in rings]
    joined = []
    for number, ring in enumerate(rings):
        if tree[0, number, 3] < 0:
            hole = tree[0, number, 2]
            while hole >= 0:
                ring = _seamed(ring, rings[hole])
                hole = tree[0, hole, 0]
            joined.append(ring.astype(np.float64))
    return joined


def one_outline(parts: Iterable[Polygon]) -> Polygon:
    """Return several polygons as one, joined by seams; the first must exist."""
    whole, *others = parts
    for part in others:
        whole = _seamed(whole, part)
    return whole


def filled(parts: Iterable[Polygon], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask of polygons, which may cover each other.

    Raises:
        ValueError: A point is far outside of the picture or no number, or there are fewer than
            three.
    """
    height, width = shape
    flat = []
    for part in parts:
        points = np.asarray(part, np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
            raise ValueError("a polygon has fewer than three points")
        # Filling takes memory for every pixel of a border, wherever it is.
        if not (np.abs(points - (width / 2, height / 2)) <= (2 * width, 2 * height)).all():
            raise ValueError(f"a polygon leaves the picture of {width}x{height}")
        flat.append(points.ravel().tolist())
    if not flat:
        return np.zeros(shape, bool)
    # A list of four numbers would be taken for a box, but no polygon is that short.
    merged = coco.merge(coco.frPyObjects(flat, height, width))
    return decode_rle(merged["counts"].decode("ascii"), shape)


def _simpler(ring: NDArray[np.int32], tolerance: float) -> NDArray[np.int32]:
    """Return a ring with fewer points, with all of its own where too few would be left."""
    ring = ring[(ring != np.roll(ring, 1, 0)).any(1)]
    simpler = cv2.approxPolyDP(ring[:, None], tolerance, True)[:, 0] if tolerance else ring
    return simpler if len(simpler) > 2 else ring


def _seamed(ring: Polygon, other: Polygon) -> Polygon:
    """Return two rings as one, joined where their points are nearest."""
    distances, nearest = cKDTree(ring).query(other)
    to = int(distances.argmin())
    at = int(nearest[to])
    around = np.concatenate([np.roll(other, -to, 0), other[to : to + 1]])
    return np.concatenate([ring[: at + 1], around, ring[at:]])
