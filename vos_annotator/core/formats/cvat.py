"""CVAT's XML 1.1 for videos, with masks as run lengths.

For: the registry.

    OUT/NAME.xml    a track for each mask, which CVAT reads as shapes; `group_id` is the object

CVAT takes only the first mask of a track, so each has a track of its own, which ends on the next
frame. Read are masks and polygons of tracks and of images.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import cv2
import numpy as np

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.format import Encoded, Found, Sequence, Writer
from vos_annotator.core.formats.frame_names import FrameNames
from vos_annotator.core.formats.identities import Identities
from vos_annotator.core.formats.layers import Layer, bounded, flattened
from vos_annotator.core.formats.outlines import filled
from vos_annotator.core.formats.text_files import read_bytes
from vos_annotator.core.masks import PALETTE, LabelMap, object_ids
from vos_annotator.core.translation import tr
from vos_annotator.core.video import Image, Video

_SHAPES = ("mask", "polygon")


def writer(format_name: str, sequence: Sequence) -> Writer:
    """Return the writer."""
    return Cvat(sequence)


def looks_like(path: Path) -> str | None:
    """Return the format's name for an XML file, and for a folder of one."""
    files = sorted(path.glob("*.xml")) if path.is_dir() else [path]
    is_one = len(files) == 1 and files[0].is_file() and files[0].suffix.lower() == ".xml"
    return "cvat" if is_one else None


def read(path: Path, video: Video, name: str) -> Found:
    """Find the masks of a file."""
    if path.is_dir():
        named = path / f"{name}.xml"
        files = [named] if named.is_file() else sorted(path.glob("*.xml"))
        if len(files) != 1:
            raise UserError(
                "{path} does not hold one XML file for {name}: choose one.", path=path, name=name
            )
        path = files[0]
    root = _parsed(path)
    shape = _size(root, path, video)
    layers: dict[int, list[Layer]] = {}
    identities, names, left_out = Identities(), {}, set()
    problems: dict[str, None] = {}  # a sentence is told once
    for frame, element, thing, wanted in _shapes(root, video, path):
        if element.tag not in _SHAPES:
            left_out.add(element.tag)
            continue
        if isinstance(frame, str):
            problems[frame] = None
            continue
        object_id = identities.of(thing, wanted)
        if label := element.get("label", ""):
            names.setdefault(object_id, label)
        layer = Layer(object_id, shape, partial(_mask, element, shape))
        layers.setdefault(frame, []).append(layer)
    maps = {frame: partial(flattened, layers[frame], path) for frame in sorted(layers)}
    notes = [tr("Shapes of the kind {kind} are left out.", kind=kind) for kind in sorted(left_out)]
    return Found(path, maps, names, tuple(notes), tuple(problems))


class Cvat(Writer):
    """Keeps each mask as a line, and puts the file together at the end."""

    def __init__(self, sequence: Sequence) -> None:
        super().__init__(sequence)
        self.place = f"{sequence.name}.xml"

    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return the frame's objects: number, box and run lengths, row by row."""
        row = []
        for object_id in object_ids(label_map):
            mask = (label_map == object_id).view(np.uint8)
            left, top, width, height = cv2.boundingRect(mask)
            flat = mask[top : top + height, left : left + width].ravel()
            ends = np.flatnonzero(np.diff(flat, append=2))
            counts = np.diff(ends, prepend=-1).tolist()
            counts = [0, *counts] if flat[0] else counts  # the first is of background
            rle = ", ".join(map(str, counts))
            box = f'left="{left}" top="{top}" width="{width}" height="{height}"'
            row.append((object_id, f'rle="{rle}" {box} z_order="0"'))
        return Encoded(row=row)

    def end(self, rows: Mapping[int, list[tuple[int, str]]]) -> Mapping[str, bytes]:
        """Return the XML file."""
        return {self.place: "".join(self._lines(rows)).encode()}

    def _lines(self, rows: Mapping[int, list[tuple[int, str]]]) -> Iterator[str]:
        sequence, count = self.sequence, len(self.sequence.times)
        height, width = sequence.shape
        ids = sorted({object_id for row in rows.values() for object_id, _ in row})
        labels = dict.fromkeys(map(sequence.object_name, ids))
        yield '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n'
        yield f"<meta><task><name>{escape(sequence.name)}</name><size>{count}</size>"
        yield "<mode>interpolation</mode><start_frame>0</start_frame>"
        yield f"<stop_frame>{count - 1}</stop_frame><labels>\n"
        for number, label in enumerate(labels, 1):
            color = bytes(PALETTE[number % 22].tolist()).hex()
            yield f"<label><name>{escape(label)}</name><color>#{color}</color><type>any</type>"
            yield "<attributes></attributes></label>\n"
        yield f"</labels><original_size><width>{width}</width><height>{height}</height>"
        yield "</original_size></task></meta>\n"
        number = 0
        for frame, row in rows.items():
            for object_id, mask in row:
                label = quoteattr(sequence.object_name(object_id))
                yield f'<track id="{number}" label={label} source="manual" group_id="{object_id}">'
                for at, outside in ((frame, 0), (frame + 1, 1)):
                    if at < count:
                        yield f'\n<mask frame="{at}" keyframe="1" outside="{outside}" '
                        yield f'occluded="0" {mask} group_id="{object_id}"></mask>'
                yield "\n</track>\n"
                number += 1
        yield "</annotations>\n"


def _parsed(path: Path) -> Element:
    """Return an XML file as a tree; one that declares entities, as bombs do, is refused."""
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data

    def refuse(*_: object) -> None:
        raise ValueError("it declares a document type")

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(read_bytes(path), True)
        return builder.close()
    except (expat.ExpatError, ParseError, ValueError, AssertionError, LookupError) as error:
        raise UserError(
            "{path} is not the XML that it should be ({error}): export it again.",
            path=path,
            error=error,
        ) from error


def _size(root: Element, path: Path, video: Video) -> tuple[int, int]:
    """Return the (H, W) that a file says its frames have, by the first that says it."""
    for size in root.iter("original_size"):
        height, width = size.findtext("height", ""), size.findtext("width", "")
        return bounded((_int(height, path), _int(width, path)), video, path)
    for image in root.iter("image"):
        height, width = image.get("height", ""), image.get("width", "")
        return bounded((_int(height, path), _int(width, path)), video, path)
    return video.shape


def _shapes(
    root: Element, video: Video, path: Path
) -> Iterator[tuple[int | str, Element, object, int | None]]:
    """Give the shapes of a file: frame, the shape, what tells its object, the number wanted.

    A frame is what `FrameNames` gives.
    """
    for number, track in enumerate(root.iter("track")):
        for element in track:
            if element.get("outside", "0") != "1":
                element.set("label", track.get("label", ""))
                group = element.get("group_id") or track.get("group_id")
                thing = ("group", group) if group else ("track", number)
                wanted = _int(group, path) if group else number + 1
                yield _int(element.get("frame", ""), path), element, thing, wanted
    images = list(root.iter("image"))
    frames = FrameNames(video).of([image.get("name", "") for image in images], path)
    for frame, image in zip(frames, images, strict=True):
        for element in image:
            if element.tag not in ("tag",):
                group, label = element.get("group_id"), element.get("label", "")
                thing = ("group", group) if group else ("label", label)
                yield frame, element, thing, _int(group, path) if group else None


def _int(text: str, path: Path) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    raise UserError("{path} has {text} where a number should be: export it again.",
                    path=path, text=repr(text[:40]))  # fmt: skip


def _mask(element: Element, shape: tuple[int, int]) -> np.ndarray:
    if element.tag == "polygon":
        pairs = [pair.split(",") for pair in element.get("points", "").split(";")]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError("a polygon has a point that is none")
        return filled([np.array([[float(x), float(y)] for x, y in pairs])], shape)
    left, top, width, height = (
        int(element.get(each, "-1")) for each in ("left", "top", "width", "height")
    )
    if min(left, top) < 0 or min(width, height) < 1:
        raise ValueError("a mask has no box")
    if left + width > shape[1] or top + height > shape[0]:
        raise ValueError("a mask leaves its picture")
    counts = [int(each) for each in element.get("rle", "").split(",")]
    if any(not 0 <= count <= width * height for count in counts) or sum(counts) != width * height:
        raise ValueError("run lengths do not add up to the box")
    mask = np.zeros(shape, bool)
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    mask[top : top + height, left : left + width] = flat.reshape(height, width)
    return mask
