"""YOLO's outlines: one text file a picture, a line for each object.

For: the registry.

    OUT/labels/NAME/00000.txt    class, then x and y of each point, as shares of width and height
    OUT/images/NAME/00000.jpg
    OUT/NAME.yaml                what the classes are called

The class of an object is its number less one. A line is one outline, so parts and holes of an
object are joined by seams.
"""

import json
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.format import Encoded, Found, Sequence, Writer
from vos_annotator.core.formats.frame_names import frame_files
from vos_annotator.core.formats.identities import Identities
from vos_annotator.core.formats.layers import Layer, flattened
from vos_annotator.core.formats.outlines import filled, one_outline, outlines
from vos_annotator.core.formats.text_files import read_text
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.translation import tr_many
from vos_annotator.core.video import Image, Video

_DIGITS = 6  # of a share; a hundredth of a pixel at 8K
_NAME = re.compile(r"\s+(\d{1,6}):\s*(.+?)\s*", re.ASCII)
_BOX = 5  # numbers of a line that is a box


def writer(format_name: str, sequence: Sequence) -> Writer:
    """Return the writer."""
    return Yolo(sequence)


def looks_like(path: Path) -> str | None:
    """Return the format's name for a folder with labels, and for a YAML file beside them."""
    folder = path if path.is_dir() else path.parent
    is_one = (folder / "labels").is_dir() and (path.is_dir() or path.suffix in (".yaml", ".yml"))
    return "yolo-seg" if is_one else None


def read(path: Path, video: Video, name: str) -> Found:
    """Find the files of a sequence."""
    root = path if path.is_dir() else path.parent
    below = [each for each in (root / "labels").glob("*") if each.is_dir()]
    only = below if len(below) == 1 else []  # whatever it is called
    folders = (root / "labels" / name, root / "labels", *only, root)
    folder = next(
        each for each in folders if each.is_dir() and (each == root or any(each.glob("*.txt")))
    )
    above = (root, *root.parents[:2])
    yamls = (
        [path] if path.is_file() else [p / f for p in above for f in (f"{name}.yaml", "data.yaml")]
    )
    yaml = next((file for file in yamls if file.is_file()), None)
    names = _names(read_text(yaml)) if yaml else {}
    identities, known, boxes = Identities(), {}, 0
    maps = {}
    files, problems = frame_files([folder], ".txt", name, video)
    for frame, file in ((frame, folder / file) for frame, file in files.items()):
        layers = []
        for number, line in enumerate(read_text(file).splitlines(), 1):
            if not line.strip():
                continue
            kind, points = _parsed(line, file, number)
            if points.size + 1 == _BOX:
                boxes += 1
                continue
            object_id = identities.of(kind, kind + 1)
            if names.get(kind):
                known[object_id] = names[kind]
            decode = partial(_mask, points, video.shape)
            layers.append(Layer(object_id, video.shape, decode))
        maps[frame] = partial(flattened, layers, file, video.shape)
    notes = []
    if boxes:
        notes.append(tr_many("{count} box is left out.", "{count} boxes are left out.", boxes))
    return Found(path, maps, known, tuple(notes), problems)


class Yolo(Writer):
    """Writes a line for each object."""

    def __init__(self, sequence: Sequence) -> None:
        super().__init__(sequence)
        self.place = f"labels/{sequence.name}"
        self._images = f"images/{sequence.name}"
        has_images = sequence.options.with_images
        self.own = (self.place, self._images) if has_images else (self.place,)

    def picture(self, frame: int) -> str:
        """Return the place below images."""
        return f"{self._images}/{self.stem(frame)}.jpg"

    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return the text file, and the objects in it."""
        height, width = label_map.shape
        ids = object_ids(label_map)
        lines = []
        for object_id in ids:
            outline = one_outline(outlines(label_map == object_id)) / (width, height)
            shares = " ".join(f"{share:.{_DIGITS}f}" for share in outline.ravel().tolist())
            lines.append(f"{object_id - 1} {shares}\n")
        return Encoded({f"{self.place}/{self.stem(frame)}.txt": "".join(lines).encode()}, ids)

    def end(self, rows: Mapping[int, tuple[int, ...]]) -> Mapping[str, bytes]:
        """Return the YAML file; numbers that no object has get a name too, as YOLO wants it."""
        name, most = self.sequence.name, max((i for ids in rows.values() for i in ids), default=0)
        lines = [f"path: .\ntrain: images/{name}\nval: images/{name}\nnames:\n"]
        for object_id in range(1, most + 1):  # strings of JSON are strings of YAML
            text = json.dumps(self.sequence.object_name(object_id), ensure_ascii=False)
            lines.append(f"  {object_id - 1}: {text}\n")
        return {f"{name}.yaml": "".join(lines).encode()}


def _parsed(line: str, path: Path, number: int) -> tuple[int, np.ndarray]:
    """Return the class and the points of a line, or the numbers of a box."""
    try:
        kind, *shares = line.split()
        points = np.array([float(share) for share in shares])
        if not re.fullmatch(r"\d{1,6}", kind, re.ASCII) or len(points) < _BOX - 1:
            raise ValueError
        if len(points) % 2 or not np.isfinite(points).all():
            raise ValueError
    except ValueError:
        raise UserError(
            "Line {number} of {path} is no outline of YOLO: a class, then x and y of each point.",
            number=number,
            path=path,
        ) from None
    return int(kind), points


def _mask(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return filled([points.reshape(-1, 2) * (shape[1], shape[0])], shape)


def _names(text: str) -> dict[int, str]:
    """Return the names of classes that a YAML file lists a line each, or in one line."""
    names: dict[int, str] = {}
    in_one = re.search(r"^names:\s*\[(.*)\]\s*$", text, re.MULTILINE)
    if in_one:
        return dict(enumerate(each.strip().strip("'\"") for each in in_one[1].split(",")))
    for line in text.partition("\nnames:")[2].splitlines()[1:]:
        match = _NAME.fullmatch(line)
        if match is None:
            break
        value = match[2]
        if value.startswith('"'):
            try:
                value = str(json.loads(value))
            except (ValueError, RecursionError):
                value = value.strip('"')
        names[int(match[1])] = value.strip("'")
    return names
