"""Pascal VOC: objects and classes as indexed PNG files, and an XML file a picture.

For: the registry.

    OUT/SegmentationObject/NAME_00000.png    pixel value = object
    OUT/SegmentationClass/NAME_00000.png     pixel value = class, which is the name of an object
    OUT/Annotations/NAME_00000.xml           the box of each object
    OUT/JPEGImages/NAME_00000.jpg
    OUT/ImageSets/Segmentation/NAME.txt      the names of the pictures
    OUT/labelmap.txt                         name:colour of each class
"""

import io
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

import cv2
import numpy as np
import PIL.Image

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.format import Encoded, Found, Merge, Sequence, Writer
from vos_annotator.core.formats.frame_names import frame_files
from vos_annotator.core.formats.text_files import read_text
from vos_annotator.core.mask_reading import VOID, read_own_label_map, read_png
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.video import Image, Video

_OBJECTS, _CLASSES, _LABELS = "SegmentationObject", "SegmentationClass", "labelmap.txt"


def _palette() -> np.ndarray:
    """Return VOC's colours: the bits of a number, spread over red, green and blue."""
    numbers, colors = np.arange(256), np.zeros((256, 3), np.uint8)
    for place in range(8):
        for channel in range(3):
            colors[:, channel] |= ((numbers >> channel & 1) << 7 - place).astype(np.uint8)
        numbers = numbers >> 3
    return colors


_PALETTE = _palette()


def writer(format_name: str, sequence: Sequence) -> Writer:
    """Return the writer."""
    return Voc(sequence)


def looks_like(path: Path) -> str | None:
    """Return the format's name for a folder that is, or holds, SegmentationObject."""
    is_one = path.is_dir() and (path.name == _OBJECTS or (path / _OBJECTS).is_dir())
    return "voc" if is_one else None


def read(path: Path, video: Video, name: str) -> Found:
    """Find the pictures of objects of a sequence, and the names that their classes give them."""
    root = path.parent if path.name == _OBJECTS else path
    if not (root / _OBJECTS).is_dir():
        raise UserError("{path} has no folder SegmentationObject: choose its root.", path=path)
    files, problems = frame_files([root / _OBJECTS], ".png", name, video)
    labels = [
        line.split(":")[0].replace("%3A", ":")
        for line in (read_text(root / _LABELS) if (root / _LABELS).is_file() else "").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    names: dict[int, str] = {}
    for file in files.values() if labels else ():
        names.update(_names(root / _OBJECTS / file, root / _CLASSES / file, labels, video))
    maps = {
        frame: partial(_label_map, root / _OBJECTS / file, root / _CLASSES / file, video.shape)
        for frame, file in files.items()
    }
    return Found(path, maps, names, problems=problems)


class Voc(Writer):
    """Writes four files a frame."""

    def __init__(self, sequence: Sequence) -> None:
        super().__init__(sequence)
        self.place = _OBJECTS
        labels = dict.fromkeys(["background", *map(sequence.object_name, sorted(sequence.names))])
        self._class_of = {name: number for number, name in enumerate(labels)}
        if len(labels) > VOID:
            raise UserError("Pascal VOC has room for 254 names: give objects the same name.")

    def picture(self, frame: int) -> str:
        """Return the place in JPEGImages."""
        return f"JPEGImages/{self._file(frame)}.jpg"

    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return both pictures and the XML file."""
        table = np.zeros(256, np.uint8)
        boxes = []
        for object_id in object_ids(label_map):
            name = self.sequence.object_name(object_id)
            table[object_id] = self._class_of.get(name, 0)
            box = cv2.boundingRect((label_map == object_id).view(np.uint8))
            boxes.append((name, *box))
        file = self._file(frame)
        return Encoded(
            {
                f"{_OBJECTS}/{file}.png": _indexed(label_map),
                f"{_CLASSES}/{file}.png": _indexed(table[label_map]),
                f"Annotations/{file}.xml": _xml(file, label_map.shape, boxes).encode(),
            }
        )

    def end(self, rows: Mapping[int, None]) -> Mapping[str, bytes]:
        """Return the list of pictures."""
        lines = "".join(f"{self._file(frame)}\n" for frame in rows)
        return {f"ImageSets/Segmentation/{self.sequence.name}.txt": lines.encode()}

    def shared(self, rows: Mapping[int, None]) -> Mapping[str, Merge]:
        """Return the list of classes, which numbers them for all clips of a folder."""
        return {_LABELS: self._labels}

    def _labels(self, before: bytes | None, path: Path) -> bytes:
        lines = ["# label:color_rgb:parts:actions"]
        for name, number in self._class_of.items():
            color = ",".join(map(str, _PALETTE[number].tolist()))
            lines.append(f"{' '.join(name.split()).replace(':', '%3A')}:{color}::")
        ours = "\n".join(lines) + "\n"
        if before is not None and before.decode("utf-8", errors="replace") != ours:
            raise UserError(
                "{path} has other classes than this clip: export it to a folder of its own.",
                path=path,
            )
        return ours.encode()

    def _file(self, frame: int) -> str:
        return f"{self.sequence.name}_{self.stem(frame)}"


def _indexed(label_map: LabelMap) -> bytes:
    image = PIL.Image.fromarray(label_map)
    image.putpalette(_PALETTE.tobytes())
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _xml(file: str, shape: tuple[int, int], boxes: list[tuple[str, int, int, int, int]]) -> str:
    objects = "".join(
        f"  <object>\n    <name>{escape(name)}</name>\n    <bndbox>"
        f"<xmin>{left + 1}</xmin><ymin>{top + 1}</ymin>"
        f"<xmax>{left + width}</xmax><ymax>{top + height}</ymax></bndbox>\n  </object>\n"
        for name, left, top, width, height in boxes
    )
    return (
        f"<annotation>\n  <filename>{escape(file)}.jpg</filename>\n"
        f"  <size><width>{shape[1]}</width><height>{shape[0]}</height><depth>3</depth></size>\n"
        f"  <segmented>1</segmented>\n{objects}</annotation>\n"
    )


def _label_map(file: Path, classes: Path, shape: tuple[int, int]) -> LabelMap:
    label_map = read_own_label_map(file, shape)
    is_void = label_map == VOID
    if is_void.any():  # an object may have this number, if its class says that it is one
        theirs = read_png(classes, shape)[1] if classes.is_file() else None
        is_known = theirs is not None and theirs.shape == label_map.shape
        label_map[is_void & (theirs == VOID) if is_known else is_void] = 0
    return label_map


def _names(file: Path, classes: Path, labels: list[str], video: Video) -> dict[int, str]:
    """Return the names of a picture's objects by the classes of their pixels."""
    if not classes.is_file():
        return {}
    mode, theirs = read_png(classes, video.shape)
    objects = read_own_label_map(file, video.shape)
    if mode != "P" or theirs.shape != objects.shape:
        return {}
    pairs = np.unique(objects.astype(np.int32) * 256 + theirs).tolist()
    return {
        pair // 256: labels[pair % 256]
        for pair in pairs
        if pair // 256 and pair % 256 < len(labels)
    }
