"""COCO as others write it: images or clips, run lengths or polygons, with tracks or without.

For: `coco`. Read are files of images and annotations (COCO, and its kin for video, whose images
have a `video_id` and a `frame_id` and whose annotations have a `track_id`), and those of clips
(YouTube-VIS), whose annotations have a list of masks.

No picture is opened, and no name in the file is used as a path: a frame is known by the picture's
name or number alone.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import msgspec
import numpy as np

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.format import Found
from vos_annotator.core.formats.frame_names import FrameNames
from vos_annotator.core.formats.identities import Identities
from vos_annotator.core.formats.layers import Layer, bounded, flattened
from vos_annotator.core.formats.ledger import MANIFEST
from vos_annotator.core.formats.outlines import filled
from vos_annotator.core.formats.rle import decode_rle
from vos_annotator.core.formats.text_files import read_json
from vos_annotator.core.translation import tr_many
from vos_annotator.core.video import Video

Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Side = Annotated[int, msgspec.Meta(ge=1, le=1 << 16)]


class RunLengths(msgspec.Struct):
    """A mask as counts of pixels."""

    size: tuple[Side, Side]
    counts: str | list[Number]


Segmentation = RunLengths | list[list[float]] | None


class Picture(msgspec.Struct):
    """An image; of a clip if it says so."""

    id: Number
    file_name: str = ""
    height: Side | None = None
    width: Side | None = None
    video_id: Number | None = None
    frame_id: Number | None = None
    frame_index: Number | None = None


class Clip(msgspec.Struct):
    """A clip; YouTube-VIS names its pictures."""

    id: Number
    name: str = ""
    file_names: list[str] = []
    height: Side | None = None
    width: Side | None = None


class Annotation(msgspec.Struct):
    """An object on an image, or on all pictures of a clip."""

    id: Number = 0
    image_id: Number | None = None
    video_id: Number | None = None
    category_id: Number = 0
    track_id: Number | None = None
    instance_id: Number | None = None
    segmentation: Segmentation = None
    segmentations: list[Segmentation] | None = None


class Category(msgspec.Struct):
    """What an object is."""

    id: Number
    name: str = ""


class Document(msgspec.Struct):
    """A whole file."""

    annotations: list[Annotation]
    images: list[Picture] = []
    videos: list[Clip] = []
    categories: list[Category] = []


# frame as `FrameNames` gives it, whose, its mask, (H, W)
Placed = tuple[int | str, Annotation, Segmentation, tuple[int, int]]


def looks_like(path: Path) -> str | None:
    """Return the format's name for a JSON file with annotations, and for a folder of one."""
    files = _json_files(path) if path.is_dir() else [path]
    return "coco" if any(_is_one(file) for file in files[:1]) else None


def read(path: Path, video: Video, name: str) -> Found:
    """Find the masks of a clip in a file, or in the one of its name in a folder."""
    path = _json_file(path, name)
    document = read_json(path, Document)
    clip = _clip(document, path, name)
    placed = _of_clip(document, clip, video, path) if clip else None
    if placed is None:
        placed = _of_images(document, clip, video, path)
    layers: dict[int, list[Layer]] = {}
    identities, names, trackless, maskless = Identities(), {}, 0, 0
    problems: dict[str, None] = {}  # a sentence is told once
    category = {each.id: each.name for each in document.categories}
    for frame, annotation, segmentation, shape in placed:
        if not segmentation:
            maskless += 1
            continue
        if isinstance(frame, str):
            problems[frame] = None
            continue
        thing, wanted = _identity(annotation)
        trackless += thing[0] == "category"
        object_id = identities.of(thing, wanted)
        if category.get(annotation.category_id):
            names.setdefault(object_id, category[annotation.category_id])
        layer = Layer(object_id, shape, partial(_mask, segmentation, shape))
        layers.setdefault(frame, []).append(layer)
    notes = []
    if maskless:
        notes.append(
            tr_many(
                "{count} annotation has no mask and is left out.",
                "{count} annotations have no mask and are left out.",
                maskless,
            )
        )
    if trackless:
        notes.append(
            tr_many(
                "{count} annotation has no track: it counts as the object of its category.",
                "{count} annotations have no track: they count as the object of their category.",
                trackless,
            )
        )
    maps = {frame: partial(flattened, layers[frame], path) for frame in sorted(layers)}
    return Found(path, maps, names, tuple(notes), tuple(problems))


def _json_files(folder: Path) -> list[Path]:
    """Return the files in a folder that may be COCO's: not the manifests of exports."""
    for place in (folder, folder / "annotations"):
        files = sorted(place.glob("*.json")) if place.is_dir() else []
        if files := [file for file in files if not file.name.endswith(MANIFEST)]:
            return files
    return []


def _is_one(path: Path) -> bool:
    """Return whether a file is JSON with images or annotations, by both its ends."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        head, size = file.read(1 << 16), file.seek(0, 2)
        file.seek(max(0, size - (1 << 16)))
        return any(word in head + file.read() for word in (b'"annotations"', b'"images"'))


def _json_file(path: Path, name: str) -> Path:
    if not path.is_dir():
        return path
    files = _json_files(path)
    files = [file for file in files if file.stem == name] or files
    if len(files) == 1:
        return files[0]
    raise UserError(
        "{path} does not hold one JSON file for {name}: choose one.", path=path, name=name
    )


def _clip(document: Document, path: Path, name: str) -> Clip | None:
    """Return the clip of a name, or the only one; None where the file knows of no clips."""
    clips = document.videos
    for clip in clips:
        folders = {PurePosixPath(file).parent.name for file in clip.file_names[:1]}
        if name == clip.name or name in folders or len(clips) == 1:
            return clip
    if clips:
        raise UserError("{path} has no clip {name}: choose another name.", path=path, name=name)
    return None


def _of_clip(document: Document, clip: Clip, video: Video, path: Path) -> Iterator[Placed] | None:
    """Give the masks of a clip as YouTube-VIS has them; None where the file is not of its kind."""
    if not any(each.segmentations is not None for each in document.annotations):
        return None
    frames = FrameNames(video).of(clip.file_names, path)
    shape = _shape(clip, video, path)
    return (
        (frames[at], each, segmentation, shape)
        for each in document.annotations
        if each.video_id == clip.id
        for at, segmentation in enumerate((each.segmentations or ())[: len(frames)])
        if segmentation
    )


def _of_images(document: Document, clip: Clip | None, video: Video, path: Path) -> Iterator[Placed]:
    pictures = [
        each for each in document.images if clip is None or each.video_id in (None, clip.id)
    ]
    numbers = [
        each.frame_id if each.frame_id is not None else each.frame_index for each in pictures
    ]
    if None in numbers:
        names = FrameNames(video)
        numbers = names.of([each.file_name for each in pictures], path)
    known = {
        each.id: (n, _shape(each, video, path)) for each, n in zip(pictures, numbers, strict=True)
    }
    return (
        (known[each.image_id][0], each, each.segmentation, known[each.image_id][1])
        for each in document.annotations
        if each.image_id in known
    )


def _shape(what: Picture | Clip, video: Video, path: Path) -> tuple[int, int]:
    return bounded((what.height or video.shape[0], what.width or video.shape[1]), video, path)


def _identity(annotation: Annotation) -> tuple[tuple[str, int], int | None]:
    """Return what tells an object from others, and the number that it should have."""
    track = annotation.instance_id if annotation.track_id is None else annotation.track_id
    if track is not None:
        return ("track", track), track
    if annotation.segmentations is not None:
        return ("annotation", annotation.id), annotation.id
    return ("category", annotation.category_id), annotation.category_id


def _mask(segmentation: Any, shape: tuple[int, int]) -> np.ndarray:
    if isinstance(segmentation, RunLengths):
        if tuple(segmentation.size) != shape:
            raise ValueError("a mask has another size than its picture")
        return decode_rle(segmentation.counts, shape)
    points = [np.asarray(part, np.float64) for part in segmentation]
    if any(len(part) % 2 for part in points):
        raise ValueError("a polygon has an odd number of coordinates")
    return filled([part.reshape(-1, 2) for part in points], shape)
