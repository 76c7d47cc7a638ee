"""What training clips are made from: stills, cut-outs and labelled videos, and their pixels.

For: the readers, which find them on disk, and `material`, which reads them. Knows numpy,
OpenCV and core's masks.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vos_annotator.core.errors import UserError

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

    @property
    def set(self) -> str:
        """Return the name of its set."""
        return self.name.partition("/")[0]


@dataclass(frozen=True)
class Sources:
    """Everything found in some data sets."""

    stills: tuple[Still, ...]
    cutouts: tuple[Still, ...]
    videos: tuple[Sequence, ...]

    @property
    def folders(self) -> frozenset[Path]:
        """The folders of all pictures and masks."""
        stills = (file for each in self.stills + self.cutouts for file in (each.picture, each.mask))
        frames = (file for video in self.videos for pair in video.frames for file in pair)
        return frozenset(Path(file).parent for file in (*stills, *frames))


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return a picture as (H, W, 3) RGB."""
    data = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if data is None:
        raise UserError(f"{path} is no picture that can be read: remove it from the data folder.")
    return cv2.cvtColor(data, cv2.COLOR_BGR2RGB)


def read_alpha(path: Path) -> NDArray[np.uint8]:
    """Return how solid each pixel of a cut-out is, (H, W), 0..255: a grey picture or its alpha.

    Raises:
        UserError: It cannot be read.
    """
    try:
        with Image.open(path) as image:
            has_alpha = image.mode in ("RGBA", "LA", "PA")
            return np.array(image.getchannel("A") if has_alpha else image.convert("L"))
    except (OSError, ValueError, SyntaxError) as error:
        raise UserError(f"{path} is no mask that can be read: remove it from the data.") from error
