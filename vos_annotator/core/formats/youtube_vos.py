"""YouTube-VOS: PNG files of the frames that are wanted, and a list of who appears where.

For: the registry.

    ROOT/Annotations/NAME/00005.png    indexed, pixel value = object, named as the pictures are
    ROOT/JPEGImages/NAME/00005.jpg
    ROOT/meta.json                     of each clip and object: its category, its frames

An object may appear late. What is handed in to be scored is the folder Annotations of the frames
that a meta.json asks for, without pictures.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats import davis
from vos_annotator.core.formats.format import Encoded, Found, Merge, Sequence, Writer
from vos_annotator.core.formats.text_files import parse_json, read_json, write_json
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.video import Image, Video

META = "meta.json"


class Appearance(msgspec.Struct):
    """An object of a clip in meta.json."""

    category: str = ""
    frames: list[str] = msgspec.field(default_factory=list)


class Clip(msgspec.Struct):
    """A clip in meta.json."""

    objects: dict[str, Appearance] = msgspec.field(default_factory=dict)


class Meta(msgspec.Struct):
    """What meta.json holds."""

    videos: dict[str, Clip]


def writer(format_name: str, sequence: Sequence) -> Writer:
    """Return the writer."""
    return YouTubeVos(sequence)


def read(path: Path, video: Video, name: str) -> Found:
    """Find PNG files, and the names of objects where a meta.json lies above them."""
    meta = path if path.name == META else None
    folder = path.parent if meta else path
    found = davis.read(folder, video, name)
    for above in (folder, folder.parent, folder.parent.parent):
        if meta is None and (above / META).is_file():
            meta = above / META
    clip = read_json(meta, Meta).videos.get(name) if meta else None
    names = {
        int(number): each.category
        for number, each in (clip.objects if clip else {}).items()
        if _is_id(number) and each.category
    }
    return Found(path, found.maps, names, void=found.void)


def looks_like(path: Path) -> str | None:
    """Return the format's name where a meta.json lies beside Annotations."""
    folder = path.parent if path.name == META else path
    is_one = (folder / META).is_file() and (folder / "Annotations").is_dir()
    return "youtube-vos" if is_one else None


def requested_frames(meta: Path, name: str, pictures: tuple[str, ...]) -> tuple[int, ...]:
    """Return the frames of a clip that a meta.json asks for.

    Args:
        meta: The file.
        name: Of the clip.
        pictures: The name of each frame's picture, without its ending.

    Raises:
        UserError: The file is none, has no such clip, or asks for a picture that is not there.
    """
    videos = read_json(meta, Meta).videos
    if name not in videos:
        raise UserError(
            "{path} does not ask for {name}: choose another name.", path=meta, name=name
        )
    number = {picture: frame for frame, picture in enumerate(pictures)}
    frames = set()
    for each in videos[name].objects.values():
        for picture in each.frames:
            if picture not in number:
                raise UserError(
                    "{path} asks for the picture {picture}, which is none of {name}.",
                    path=meta,
                    picture=picture,
                    name=name,
                )
            frames.add(number[picture])
    return tuple(sorted(frames))


class YouTubeVos(Writer):
    """Writes a clip beside those that are there."""

    def __init__(self, sequence: Sequence) -> None:
        super().__init__(sequence)
        self.place = f"Annotations/{sequence.name}"
        images = f"JPEGImages/{sequence.name}"
        self.own = (self.place, images) if sequence.options.with_images else (self.place,)

    def stem(self, frame: int) -> str:
        """Return the name of the frame's picture."""
        return self.sequence.pictures[frame]

    def picture(self, frame: int) -> str:
        """Return the place in JPEGImages."""
        return f"JPEGImages/{self.sequence.name}/{self.stem(frame)}.jpg"

    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return the PNG as it is kept, and its objects."""
        return Encoded({f"{self.place}/{self.stem(frame)}.png": png}, object_ids(label_map))

    def shared(self, rows: Mapping[int, tuple[int, ...]]) -> Mapping[str, Merge]:
        """Return what adds the clip to meta.json."""
        objects: dict[int, list[str]] = {}
        for frame, ids in rows.items():
            for object_id in ids:
                objects.setdefault(object_id, []).append(self.stem(frame))
        name = self.sequence.object_name
        clip = Clip({str(i): Appearance(name(i), frames) for i, frames in sorted(objects.items())})
        return {META: partial(_with_clip, self.sequence.name, clip)}


def _with_clip(name: str, clip: Clip, before: bytes | None, path: Path) -> bytes:
    # The clips of others are kept as they are, with whatever else is told of them.
    whole = parse_json(before, path, dict[str, msgspec.Raw]) if before else {}
    videos = parse_json(bytes(whole.get("videos", b"{}")), path, dict[str, msgspec.Raw])
    return write_json({**whole, "videos": {**videos, name: clip}})


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 4 and 0 < int(text) < 256
