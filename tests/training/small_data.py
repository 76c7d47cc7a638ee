"""A data folder small enough for tests: a disk that rolls, in stills, cut-outs and a video."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from vos_annotator.training.readers import DataSet, find_sources
from vos_annotator.training.sources import Sources


def small_sources(root: Path) -> Sources:
    """Return what `write_small_data` left in `root`."""
    return find_sources([DataSet("folder", root)])


def write_small_data(root: Path) -> Path:
    """Fill `root` in the program's own layout of training data; return it."""
    rng = np.random.default_rng(0)
    for n in range(4):
        write_pair(root / "stills" / "disks", f"{n}", 50 + 15 * n, rng)
        write_pair(root / "cutouts" / "disks", f"{n}", 80, rng)
    for mask in (root / "cutouts" / "disks" / "masks").iterdir():
        Image.fromarray(np.array(Image.open(mask)) * 255).save(mask)
    for n in range(8):
        write_pair(root / "videos" / "set" / "roll", f"{n:05d}", 40 + 8 * n, rng)
    return root


def write_pair(folder: Path, name: str, x: int, rng: np.random.Generator) -> None:
    """Write a picture of a disk at `x` on noise, and its mask."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    picture = rng.integers(0, 255, (120, 160, 3), dtype=np.uint8)
    mask = np.zeros((120, 160), np.uint8)
    cv2.circle(picture, (x, 60), 30, (30, 200, 40), -1)
    cv2.circle(mask, (x, 60), 30, 1, -1)
    cv2.imwrite(str(folder / "images" / f"{name}.jpg"), picture)
    Image.fromarray(mask).save(folder / "masks" / f"{name}.png")
