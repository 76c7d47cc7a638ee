"""PNG files with transparency: what is cut out, and masks with soft borders.

For: the registry.

    OUT/NAME/00000.png        cut-out: the picture where the objects are, transparent elsewhere
    OUT/NAME/003/00000.png    soft masks: 16 bits, how much of each pixel object 3 covers
"""

from functools import partial
from pathlib import Path

import cv2
import numpy as np

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.alpha import OPAQUE, coverage, cut_out
from vos_annotator.core.formats.format import Encoded, Found, Sequence, Writer
from vos_annotator.core.formats.frame_names import frame_files
from vos_annotator.core.formats.grey_png import grey_png, read_grey_png
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.video import Image, Video

_EVERY = range(1, 256)  # object
SOFT = 2.0  # px of a soft mask's border, where no width is chosen


def writer(format_name: str, sequence: Sequence) -> Writer:
    """Return the writer of cut-outs or of soft masks."""
    return SoftMasks(sequence) if format_name == "soft-png" else CutOuts(sequence)


def looks_like(path: Path) -> str | None:
    """Return the format's name for numbered folders of PNG files of 16 bits, here or one below."""
    if not path.is_dir():
        return None
    for root in (path, *sorted(each for each in path.iterdir() if each.is_dir())):
        files = (file for f in object_folders(root).values() for file in sorted(f.glob("*.png")))
        file = next(files, None)
        if file is not None and _is_deep(file):
            return "soft-png"
    return None


def read(path: Path, video: Video, name: str) -> Found:
    """Find the masks of a sequence; what is covered by half is the object's."""
    root = path / name if object_folders(path / name) else path
    folders = object_folders(root)
    if not folders and path.is_dir():
        below = [found for each in path.iterdir() if (found := object_folders(each))]
        folders = below[0] if len(below) == 1 else {}  # whatever it is called
    if not folders:
        raise UserError("{path} has no folder for each object: choose the one above.", path=path)
    if not any(any(folder.glob("*.png")) for folder in folders.values()):
        return Found(path, {})  # of objects that a later export had no more
    files, problems = frame_files([*folders.values()], ".png", name, video)
    maps = {
        frame: partial(_label_map, _of_objects(folders, file), video.shape)
        for frame, file in files.items()
    }
    return Found(path, maps, problems=problems)


def object_folders(path: Path) -> dict[int, Path]:
    """Return object -> its folder, of the folders of three digits."""
    if not path.is_dir():
        return {}
    found = {
        int(each.name): each
        for each in path.iterdir()
        if len(each.name) == 3 and each.name.isascii() and each.name.isdecimal() and each.is_dir()
    }
    return {number: found[number] for number in sorted(found) if 0 < number < 256}


class CutOuts(Writer):
    """A picture a frame."""

    needs_image = True

    def __init__(self, sequence: Sequence) -> None:
        super().__init__(sequence)
        self.place = sequence.name
        self.own = (self.place,)

    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return the PNG."""
        cover = coverage(label_map > 0, self.sequence.options.feather)
        picture = cv2.cvtColor(cut_out(image, cover), cv2.COLOR_RGBA2BGRA)
        return Encoded({f"{self.place}/{self.stem(frame)}.png": grey_png(picture)})


class SoftMasks(Writer):
    """A picture an object and frame; none where it is not to be seen."""

    def __init__(self, sequence: Sequence) -> None:
        super().__init__(sequence)
        self.place = sequence.name

    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return the PNG files."""
        feather = self.sequence.options.feather or SOFT
        ids = object_ids(label_map)
        paths = {i: f"{self.place}/{i:03d}/{self.stem(frame)}.png" for i in _EVERY}
        return Encoded(
            {paths[i]: grey_png(coverage(label_map == i, feather)) for i in ids},
            gone=tuple(path for i, path in paths.items() if i not in ids),
        )


def _of_objects(folders: dict[int, Path], name: str) -> dict[int, Path]:
    files = {object_id: folder / name for object_id, folder in folders.items()}
    return {object_id: file for object_id, file in files.items() if file.is_file()}


def _label_map(files: dict[int, Path], shape: tuple[int, int]) -> LabelMap:
    label_map = None
    for object_id, file in files.items():
        soft = read_grey_png(file, shape)
        if label_map is None:
            label_map = np.zeros(soft.shape, np.uint8)
        if soft.shape != label_map.shape:
            raise UserError("{path} has another size than its neighbours: export again.", path=file)
        label_map[soft > OPAQUE // 2] = object_id
    return label_map


def _is_deep(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(25)[24:] == b"\x10"  # the depth in a PNG's header
