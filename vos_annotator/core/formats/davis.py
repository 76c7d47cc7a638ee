"""DAVIS, of 2017 and of 2016: label maps as PNG files in its folders.

For: the registry. The folders are told of in `core.davis`, what is read in `core.mask_files`.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from vos_annotator.core.davis import RESOLUTIONS, annotation_path, image_path
from vos_annotator.core.formats.format import Encoded, Found, Merge, Sequence, Writer
from vos_annotator.core.formats.grey_png import grey_png
from vos_annotator.core.formats.text_files import with_line
from vos_annotator.core.mask_files import mask_files
from vos_annotator.core.mask_reading import VOID, read_own_label_map
from vos_annotator.core.masks import LabelMap
from vos_annotator.core.video import Image, Video

_HERE = Path()


def writer(format_name: str, sequence: Sequence) -> Writer:
    """Return the writer of either year."""
    if sequence.options.resolution not in RESOLUTIONS:
        raise ValueError(f"{sequence.options.resolution} is none of {RESOLUTIONS}")
    return Davis2016(sequence) if format_name == "davis-2016" else Davis(sequence)


def read(path: Path, video: Video, name: str) -> Found:
    """Find PNG files as `mask_files` does."""
    files = mask_files(path, video, name)
    decode = {f: partial(read_own_label_map, file, video.shape) for f, file in files.items()}
    return Found(path, decode, void=VOID)


def looks_like(path: Path) -> None:
    """Leave it to the others: what looks like none of them is taken for this."""


class Davis(Writer):
    """DAVIS 2017: pixel value = object."""

    year = "2017"

    def __init__(self, sequence: Sequence) -> None:
        super().__init__(sequence)
        self.place = annotation_path(_HERE, *self._which(0)).parent.as_posix()
        images = image_path(_HERE, *self._which(0)).parent.as_posix()
        self.own = (self.place, images) if sequence.options.with_images else (self.place,)

    def picture(self, frame: int) -> str:
        """Return the place in JPEGImages."""
        return image_path(_HERE, *self._which(frame)).as_posix()

    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return the PNG as it is kept."""
        return Encoded({annotation_path(_HERE, *self._which(frame)).as_posix(): png})

    def shared(self, rows: Mapping[int, None]) -> Mapping[str, Merge]:
        """Return the lists of sequences; without pictures there are none."""
        if not self.sequence.options.with_images:
            return {}
        # The official evaluation reads the names of its own splits only, so "val" has all.
        lists = (f"ImageSets/{self.year}/{split}.txt" for split in (self.sequence.name, "val"))
        return {path: partial(with_line, self.sequence.name) for path in lists}

    def _which(self, frame: int) -> tuple[str, int, str]:
        return self.sequence.name, frame, self.sequence.options.resolution


class Davis2016(Davis):
    """DAVIS 2016: white where any object is."""

    year = "2016"

    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return a PNG of 0 and 255, grey."""
        white = np.where(label_map > 0, np.uint8(255), np.uint8(0))
        return Encoded({annotation_path(_HERE, *self._which(frame)).as_posix(): grey_png(white)})
