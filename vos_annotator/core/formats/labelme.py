"""LabelMe: one JSON file a picture, with a shape for each object.

For: the registry.

    OUT/NAME/00000.json    shapes of the kind "mask": a box, and a PNG of what is in it
    OUT/NAME/00000.jpg

The number of an object is its `group_id`. Read are masks, polygons and rectangles.
"""

import base64
import io
from functools import partial
from pathlib import Path
from typing import Annotated

import cv2
import msgspec
import numpy as np
import PIL.Image

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.format import Encoded, Found, Sequence, Writer
from vos_annotator.core.formats.frame_names import frame_files
from vos_annotator.core.formats.grey_png import grey_png
from vos_annotator.core.formats.identities import Identities
from vos_annotator.core.formats.layers import Layer, bounded, flattened
from vos_annotator.core.formats.ledger import MANIFEST
from vos_annotator.core.formats.outlines import filled
from vos_annotator.core.formats.text_files import read_json, write_json
from vos_annotator.core.masks import UNREADABLE, LabelMap, object_ids
from vos_annotator.core.png_bands import check_png
from vos_annotator.core.translation import tr
from vos_annotator.core.video import Image, Video

_VERSION = "5.5.0"  # of LabelMe, since when it has masks
Side = Annotated[int, msgspec.Meta(ge=1, le=1 << 16)]


class Shape(msgspec.Struct):
    """An object on a picture."""

    points: list[tuple[float, float]]
    label: str = ""
    group_id: int | None = None
    shape_type: str = "polygon"
    mask: str | None = None
    flags: dict[str, bool] = {}


class Document(msgspec.Struct):
    """A picture."""

    shapes: list[Shape]
    imageHeight: Side | None = None
    imageWidth: Side | None = None
    imagePath: str = ""
    imageData: str | None = None
    version: str = _VERSION
    flags: dict[str, bool] = {}


def writer(format_name: str, sequence: Sequence) -> Writer:
    """Return the writer."""
    return LabelMe(sequence)


def looks_like(path: Path) -> str | None:
    """Return the format's name for a JSON file with shapes, and for a folder of them."""
    for folder in _folders(path) if path.is_dir() else []:
        for file in sorted(folder.glob("*.json"))[:2]:
            if _is_one(file):
                return "labelme"
    return "labelme" if path.suffix.lower() == ".json" and _is_one(path) else None


def read(path: Path, video: Video, name: str) -> Found:
    """Find the files of a sequence; one file is that of frame 0, unless its name says another."""
    if path.is_dir():
        folders = [f for f in (path / name, *_folders(path)) if f.is_dir() and _jsons(f)]
        if not folders:
            raise UserError(
                "{path} holds no JSON files of LabelMe: choose their folder.", path=path
            )
        called, problems = frame_files(folders[:1], ".json", name, video)
        files = {frame: folders[0] / file for frame, file in called.items()}
    else:
        files, problems = {0: path}, ()
    identities, names, left_out = Identities(), {}, set()
    documents = {frame: read_json(file, Document) for frame, file in files.items()}
    maps = {}
    for frame, document in documents.items():
        shape = document.imageHeight or video.shape[0], document.imageWidth or video.shape[1]
        shape = bounded(shape, video, files[frame])
        layers = []
        for each in document.shapes:
            if each.shape_type not in ("mask", "polygon", "rectangle"):
                left_out.add(each.shape_type)
                continue
            thing = (each.label, each.group_id)
            object_id = identities.of(thing, each.group_id)
            if each.label:
                names.setdefault(object_id, each.label)
            layers.append(Layer(object_id, shape, partial(_mask, each, shape)))
        maps[frame] = partial(flattened, layers, files[frame], shape)
    notes = [tr("Shapes of the kind {kind} are left out.", kind=kind) for kind in sorted(left_out)]
    return Found(path, maps, names, tuple(notes), problems)


class LabelMe(Writer):
    """Writes masks, which keep every pixel."""

    def __init__(self, sequence: Sequence) -> None:
        super().__init__(sequence)
        self.place = sequence.name
        self.own = (self.place,)

    def picture(self, frame: int) -> str:
        """Return the place beside the JSON file."""
        return f"{self.place}/{self.stem(frame)}.jpg"

    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return the JSON file."""
        shapes = []
        for object_id in object_ids(label_map):
            mask = (label_map == object_id).view(np.uint8)
            left, top, width, height = cv2.boundingRect(mask)
            inside = grey_png(mask[top : top + height, left : left + width])
            shapes.append(
                Shape(
                    [(left, top), (left + width - 1, top + height - 1)],
                    self.sequence.object_name(object_id),
                    object_id,
                    "mask",
                    base64.b64encode(inside).decode("ascii"),
                )
            )
        height, width = label_map.shape
        document = Document(shapes, height, width, f"{self.stem(frame)}.jpg")
        return Encoded({f"{self.place}/{self.stem(frame)}.json": write_json(document)})


def _folders(path: Path) -> list[Path]:
    return [path, *sorted(each for each in path.iterdir() if each.is_dir())]


def _jsons(folder: Path) -> list[Path]:
    return [file for file in folder.glob("*.json") if not file.name.endswith(MANIFEST)]


def _is_one(path: Path) -> bool:
    with path.open("rb") as file:
        return b'"shapes"' in file.read(1 << 16)


def _mask(shape: Shape, size: tuple[int, int]) -> np.ndarray:
    points = np.asarray(shape.points, np.float64).reshape(-1, 2)
    if shape.shape_type == "polygon":
        return filled([points], size)
    if len(points) != 2 or not np.isfinite(points).all():
        raise ValueError("a shape has no two corners")
    (left, top), (right, bottom) = np.sort(points, axis=0).clip(0, (size[1], size[0])).astype(int)
    mask = np.zeros(size, bool)
    if shape.shape_type == "rectangle":
        mask[top:bottom, left:right] = True
        return mask
    inside = _decoded(shape.mask or "", size)
    here = mask[top : top + inside.shape[0], left : left + inside.shape[1]]
    if here.shape != inside.shape:
        raise ValueError("a mask leaves its picture")
    here[:] = inside > 0
    return mask


def _decoded(text: str, size: tuple[int, int]) -> np.ndarray:
    try:
        data = base64.b64decode(text)
        check_png(data)
        with PIL.Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.width > size[1] or image.height > size[0]:
                raise ValueError("a mask is larger than its picture")
            return np.array(image.convert("L"))
    except UNREADABLE as error:
        raise ValueError(f"a mask is no PNG: {error}") from error
