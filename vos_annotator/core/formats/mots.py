"""MOTS: masks of tracked objects, as PNG files of 16 bits or as one text file.

For: the registry.

    OUT/instances/NAME/000000.png    pixel value = class * 1000 + object, 10000 is to be ignored
    OUT/instances_txt/NAME.txt       a line a mask: frame, class * 1000 + object, class, height,
                                     width, run lengths

Frames count from 0, as KITTI's do. Every object is of class 1.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.format import Encoded, Found, Sequence, Writer
from vos_annotator.core.formats.grey_png import grey_png, read_grey_png
from vos_annotator.core.formats.identities import Identities
from vos_annotator.core.formats.layers import Layer, bounded, flattened
from vos_annotator.core.formats.rle import decode_rle, encode_rle
from vos_annotator.core.formats.text_files import read_text
from vos_annotator.core.mask_files import mask_files
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.video import Image, Video

_CLASS = 1
_IGNORED = 10_000
_PNGS, _TEXTS = "instances", "instances_txt"


def writer(format_name: str, sequence: Sequence) -> Writer:
    """Return the writer of PNG files or of text."""
    return MotsText(sequence) if format_name == "mots-text" else MotsPng(sequence)


def looks_like(path: Path) -> str | None:
    """Return a format's name for a text file, and for folders of MOTS's names."""
    if path.suffix.lower() == ".txt" or (path / _TEXTS).is_dir():
        return "mots-text"
    is_named = _PNGS in (path.name, path.parent.name) or (path / _PNGS).is_dir()
    return "mots-png" if is_named and path.is_dir() else None


def read(path: Path, video: Video, name: str) -> Found:
    """Find the masks of a sequence in either form."""
    if (path / _PNGS).is_dir():
        path = path / _PNGS
    if (path / _TEXTS).is_dir():
        path = path / _TEXTS
        texts = sorted(path.glob("*.txt"))
        path = texts[0] if len(texts) == 1 else path  # whatever it is called
    if path.is_dir() and (path / f"{name}.txt").is_file():
        path = path / f"{name}.txt"
    return _read_text(path, video) if path.is_file() else _read_pngs(path, video, name)


class MotsPng(Writer):
    """A PNG of 16 bits a frame."""

    def __init__(self, sequence: Sequence) -> None:
        super().__init__(sequence)
        self.place = f"{_PNGS}/{sequence.name}"
        self.own = (self.place,)

    def stem(self, frame: int) -> str:
        """Return the number, six digits."""
        return f"{frame:06d}"

    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return the PNG."""
        deep = label_map.astype(np.uint16)
        deep[label_map > 0] += _CLASS * 1000
        return Encoded({f"{self.place}/{self.stem(frame)}.png": grey_png(deep)})


class MotsText(Writer):
    """A line a mask."""

    def __init__(self, sequence: Sequence) -> None:
        super().__init__(sequence)
        self.place = f"{_TEXTS}/{sequence.name}.txt"

    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return the frame's lines."""
        height, width = label_map.shape
        return Encoded(
            row="".join(
                f"{frame} {_CLASS * 1000 + i} {_CLASS} {height} {width} "
                f"{encode_rle(label_map == i)}\n"
                for i in object_ids(label_map)
            )
        )

    def end(self, rows: Mapping[int, str]) -> Mapping[str, bytes]:
        """Return the text."""
        return {self.place: "".join(rows.values()).encode()}


def _read_pngs(path: Path, video: Video, name: str) -> Found:
    files = mask_files(path, video, name)
    identities = Identities()

    def decode(file: Path) -> LabelMap:
        deep = read_grey_png(file, video.shape)
        label_map = np.zeros(deep.shape, np.uint8)
        for value in np.unique(deep).tolist():
            if value not in (0, _IGNORED):
                label_map[deep == value] = identities.of(value, value % 1000)
        return label_map

    return Found(path, {frame: partial(decode, file) for frame, file in files.items()})


def _read_text(path: Path, video: Video) -> Found:
    layers: dict[int, list[Layer]] = {}
    identities = Identities()
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if line.strip():
            frame, layer = _layer(line, path, number, identities, video)
            if layer is not None:
                layers.setdefault(frame, []).append(layer)
    maps: dict[int, Callable[[], LabelMap]] = {
        frame: partial(flattened, layers[frame], path) for frame in sorted(layers)
    }
    return Found(path, maps)


def _layer(
    line: str, path: Path, number: int, identities: Identities, video: Video
) -> tuple[int, Layer | None]:
    """Return the frame and the mask of a line, None if it is to be ignored."""
    try:
        frame, track, _, height, width, counts = line.split(" ")
        numbers = [int(each) for each in (frame, track, height, width)]
        if min(numbers) < 0 or max(map(len, (frame, track, height, width))) > 9:
            raise ValueError
    except ValueError:
        raise UserError(
            "Line {number} of {path} is no mask of MOTS: frame, object, class, height, width and "
            "run lengths, one space apart.",
            number=number,
            path=path,
        ) from None
    if numbers[1] == _IGNORED:
        return numbers[0], None
    shape = bounded((numbers[2], numbers[3]), video, path)
    object_id = identities.of(numbers[1], numbers[1] % 1000)
    return numbers[0], Layer(object_id, shape, partial(decode_rle, counts, shape))
