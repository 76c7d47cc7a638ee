"""Where training pictures come from: stills, cut-outs and labelled videos on disk.

For: `clips`. Knows numpy, OpenCV and Pillow.

A data folder holds, each part optional:

    stills/<set>/{images,masks}/x.*                label maps, ids from 1
    cutouts/<set>/{images,masks}/x.*               soft alpha, 8 bit
    videos/<set>/<sequence>/{images,masks}/x.*     label maps, ids from 1

A picture without a mask of the same name, or the other way round, is skipped.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vos_annotator.core.errors import UserError

log = logging.getLogger(__name__)
Pair = tuple[Path, Path]  # a picture and its mask


@dataclass(frozen=True)
class Still:
    """A picture with its mask, and how much it counts."""

    picture: Path
    mask: Path
    weight: float = 1.0


@dataclass(frozen=True)
class Sequence:
    """A labelled video.

    Attributes:
        name: `<set>/<sequence>`.
        frames: Pictures and masks, in order.
        weight: How much it counts.
    """

    name: str
    frames: tuple[Pair, ...]
    weight: float = 1.0


@dataclass(frozen=True)
class Sources:
    """Everything found in a data folder."""

    stills: tuple[Still, ...]
    cutouts: tuple[Still, ...]
    videos: tuple[Sequence, ...]


def find_sources(root: Path) -> Sources:
    """Return what a data folder holds.

    Raises:
        UserError: The folder holds neither stills nor videos.
    """
    stills = [Still(*pair) for part in _parts(root / "stills") for pair in _pairs(part)]
    cutouts = [Still(*pair) for part in _parts(root / "cutouts") for pair in _pairs(part)]
    videos = [
        Sequence(f"{part.name}/{sequence.name}", tuple(frames))
        for part in _parts(root / "videos")
        for sequence in _parts(part)
        if len(frames := _pairs(sequence)) > 1
    ]
    if not stills and not videos:
        raise UserError(
            f"{root} holds no training data: expected stills/<set>/{{images,masks}} or "
            "videos/<set>/<sequence>/{images,masks}."
        )
    return Sources(tuple(stills), tuple(cutouts), tuple(videos))


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return a picture as (H, W, 3) RGB."""
    data = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if data is None:
        raise UserError(f"{path} is no picture that can be read: remove it from the data folder.")
    return cv2.cvtColor(data, cv2.COLOR_BGR2RGB)


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Return a mask as (H, W): ids of an indexed PNG, or the alpha of a cut-out."""
    with Image.open(path) as image:
        return np.array(image)


def _parts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _pairs(folder: Path) -> list[Pair]:
    masks = {path.stem: path for path in (folder / "masks").glob("*.png")}
    pictures = sorted(path for path in (folder / "images").glob("*") if path.is_file())
    missing = [path.name for path in pictures if path.stem not in masks]
    if missing:
        log.warning("%s: no mask for %s; skipped", folder, ", ".join(missing))
    return [(path, masks[path.stem]) for path in pictures if path.stem in masks]
