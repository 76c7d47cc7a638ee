"""The pictures that clips are made of, by number, and what planning needs to know of each.

For: `clips`, which asks for facts; `scenes` and `atlas`, which ask for pixels. Knows
`sources`, `shapes`, numpy and OpenCV.

Every picture is (H, W, 4) uint8: RGB, and ids of objects or (cut-outs) a soft alpha.
"""

import logging
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError
from vos_annotator.core.mask_reading import read_label_map
from vos_annotator.training import shapes
from vos_annotator.training.layers import cut_out, joined
from vos_annotator.training.plans import SOFT
from vos_annotator.training.sources import Sources, read_alpha, read_picture

log = logging.getLogger(__name__)
UNREADABLE = (UserError, OSError, ValueError, cv2.error)  # what a broken file may raise
MOST = 480  # px of a picture's short side; larger ones are shrunk
POINTS = 12  # known of every object
_LEAST_AREA = 64  # px of an object that is worth looking at
_KEPT = 24  # pictures last read that are kept


class Seen(NamedTuple):
    """An object in a picture.

    Attributes:
        id: Its label; SOFT for the thing that a cut-out shows.
        box: Left, top, right, bottom; px, the last two past the end.
        area: Pixels.
        points: (12, 2) some of its pixels, (x, y).
    """

    id: int
    box: tuple[int, int, int, int]
    area: int
    points: NDArray[np.float32]

    @property
    def centre(self) -> tuple[float, float]:
        """Return the middle (x, y) of its box."""
        left, top, right, bottom = self.box
        return (left + right - 1) / 2, (top + bottom - 1) / 2

    @property
    def extent(self) -> int:
        """Return the longer side of its box, px."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])


class Facts(NamedTuple):
    """What is known of a picture: its height and width, and its objects."""

    shape: tuple[int, int]
    objects: tuple[Seen, ...]


class Material:
    """All pictures of some sources.

    Attributes:
        stills: Numbers of the stills.
        thin: Of thin things.
        videos: Of the frames of each.
        video_chances: How often each of them is to be shown; they add up to 1.
    """

    def __init__(self, sources: Sources, weights: dict[str, float]) -> None:
        """Number the pictures; `weights` is how much videos count, by the name of their set."""
        count = len(sources.stills)
        self._stills, self._cutouts = sources.stills, sources.cutouts
        self.stills = range(count)
        self._cut_from_stills = range(count, 2 * count)
        self._files = range(2 * count, 2 * count + len(sources.cutouts))
        self.thin = range(self._files.stop, self._files.stop + shapes.COUNT)
        self.videos, self._frames = [], []
        for video in sources.videos:
            start = self.thin.stop + len(self._frames)
            self._frames += video.frames
            self.videos.append(range(start, start + len(video.frames)))
        self.video_chances = _shares(
            video.weight * weights.get(video.set, 1.0) * np.sqrt(len(video.frames))
            for video in sources.videos
        )
        if self.videos and not self.video_chances.any():
            raise UserError("data.weights leaves out all videos: give one of them more than 0.")
        self._still_chances = np.cumsum(_shares(still.weight for still in sources.stills))
        self._cutout_chances = np.cumsum(_shares(each.weight for each in sources.cutouts))
        self._facts: dict[int, Facts | None] = {}
        self._read = lru_cache(_KEPT)(self._read_now)

    def __len__(self) -> int:
        return self.thin.stop + len(self._frames)

    def __getstate__(self) -> dict:
        return {name: value for name, value in self.__dict__.items() if name != "_read"}

    def __setstate__(self, state: dict) -> None:
        self.__dict__ |= state
        self._read = lru_cache(_KEPT)(self._read_now)

    def pick_still(self, rng: np.random.Generator) -> int:
        """Return the number of a still."""
        return int(np.searchsorted(self._still_chances, rng.random(), "right"))

    def pick_video(self, rng: np.random.Generator) -> range:
        """Return the numbers of the frames of a video."""
        return self.videos[rng.choice(len(self.videos), p=self.video_chances)]

    def pick_cutout(self, rng: np.random.Generator) -> int:
        """Return the number of a cut-out: of the sources', of a still's, or a thin thing."""
        if (self._cutouts and rng.random() < 0.5) or not self._stills:
            if not self._cutouts:
                return self.pick_thin(rng)
            n = int(np.searchsorted(self._cutout_chances, rng.random(), "right"))
            return self._files[n]
        return self._cut_from_stills[self.pick_still(rng)]

    def pick_thin(self, rng: np.random.Generator) -> int:
        """Return the number of a thin thing."""
        return self.thin[rng.integers(shapes.COUNT)]

    def is_cut_out(self, number: int) -> bool:
        """Return whether the picture's fourth channel is an alpha, not ids."""
        return self.stills.stop <= number < self.thin.stop

    def facts(self, number: int) -> Facts | None:
        """Return what is known of a picture; None where it cannot be read."""
        if number not in self._facts:
            try:
                self._facts[number] = _look(self.read(number), self.is_cut_out(number))
            except UNREADABLE as error:
                log.warning("left out: %s", error)
                self._facts[number] = None
        return self._facts[number]

    def read(self, number: int) -> NDArray[np.uint8]:
        """Return a picture, (H, W, 4); not to be changed.

        Raises:
            UserError: It cannot be read, or holds nothing that could be cut out.
        """
        return self._read(number)

    def _read_now(self, number: int) -> NDArray[np.uint8]:
        if number in self.thin:
            return shapes.thin_thing(number - self.thin.start)
        if number in self._cut_from_stills:
            still = number - self._cut_from_stills.start
            whole = self.read(still)
            areas = np.bincount(whole[..., 3].ravel(), minlength=256)
            areas[[0, 255]] = 0
            mask = (whole[..., 3] == areas.argmax()) & (areas.max() > 0)
            return _cut(whole[..., :3], mask, self._stills[still].picture)
        if number in self._files:
            file = self._cutouts[number - self._files.start]
            return _cut(*_pair(file.picture, file.mask, is_alpha=True), file.picture)
        if number in self.stills:
            still = self._stills[number]
            return joined(*_pair(still.picture, still.mask))
        return joined(*_pair(*self._frames[number - self.thin.stop]))


def _shares(weights: Iterable[float]) -> NDArray[np.float64]:
    found = np.array(list(weights), np.float64)
    return found / max(found.sum(), 1e-12)


def _pair(
    picture: Path, mask: Path, is_alpha: bool = False
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read a picture and its mask: object ids, or how solid each pixel is."""
    colours, labels = read_picture(picture), (read_alpha if is_alpha else read_label_map)(mask)
    if labels.shape != colours.shape[:2]:
        raise UserError(f"{mask} and {picture} differ in size: remove both from the data.")
    height, width = labels.shape
    if (share := MOST / min(height, width)) < 1:
        size = round(width * share), round(height * share)
        colours = cv2.resize(colours, size, interpolation=cv2.INTER_AREA)
        how = cv2.INTER_AREA if is_alpha else cv2.INTER_NEAREST_EXACT
        labels = cv2.resize(labels, size, interpolation=how)
    return colours, labels


def _cut(colours: NDArray[np.uint8], mask: NDArray, name: Path) -> NDArray[np.uint8]:
    found = cut_out(colours, mask)
    if found is None:
        raise UserError(f"{name} shows nothing that could be cut out: remove it from the data.")
    return found


def _look(picture: NDArray[np.uint8], is_cut_out: bool) -> Facts:
    """Return what there is to know of a picture."""
    labels = cv2.extractChannel(picture, 3)
    labels = (labels > 127).astype(np.uint8) if is_cut_out else labels
    objects = []
    areas = cv2.calcHist([labels], [0], None, [256], [0, 256]).ravel()
    for label in np.flatnonzero(areas[1:255]) + 1:
        mask = (labels == label).astype(np.uint8)
        left, top, width, height = cv2.boundingRect(mask)
        area = int(areas[label])
        if area < _LEAST_AREA:
            continue
        picks = np.random.default_rng(area).integers(area, size=POINTS)
        points = cv2.findNonZero(mask).reshape(-1, 2)[picks].astype(np.float32)
        box = (left, top, left + width, top + height)
        objects.append(Seen(SOFT if is_cut_out else int(label), box, area, points))
    return Facts(labels.shape, tuple(objects))
