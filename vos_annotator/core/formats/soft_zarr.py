"""Soft masks in the arrays of Zarr 3, for programs that read parts of large arrays.

For: the registry. Needs the extra `zarr`, imported when a mask is written or read.

    OUT/NAME.zarr/zarr.json          a group; its attributes have the names of the objects
    OUT/NAME.zarr/003/zarr.json      an array (frames, height, width) of 16 bits for object 3
    OUT/NAME.zarr/003/c/12/0/0       frame 12 of it: a chunk; none where it is not to be seen

65535 is covered wholly. Chunks are compressed by Blosc and have a sum that tells whether they are
whole. What is read has to say so too: other codecs may unpack without end, or run what they hold.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.alpha import OPAQUE, coverage
from vos_annotator.core.formats.format import Encoded, Found, Sequence, Writer
from vos_annotator.core.formats.layers import bounded
from vos_annotator.core.formats.stills import SOFT, object_folders
from vos_annotator.core.formats.text_files import read_bytes, read_json
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.video import Image, Video

_META, _NAMES = "zarr.json", "names"
_SUFFIX = ".zarr"
Side = Annotated[int, msgspec.Meta(ge=1, le=1 << 16)]
_EVERY = range(1, 256)


class _Chunks(msgspec.Struct):
    chunk_shape: tuple[Literal[1], Side, Side]


class _Grid(msgspec.Struct):
    name: Literal["regular"]
    configuration: _Chunks


class _Separator(msgspec.Struct):
    separator: Literal["/"] = "/"


class _Keys(msgspec.Struct):
    name: Literal["default"]
    configuration: _Separator = msgspec.field(default_factory=_Separator)


class _Codec(msgspec.Struct):
    name: Literal["bytes", "blosc", "crc32c"]


class _Array(msgspec.Struct):
    """What the metadata of an array must say."""

    zarr_format: Literal[3]
    node_type: Literal["array"]
    data_type: Literal["uint16"]
    shape: tuple[Annotated[int, msgspec.Meta(ge=1, le=1 << 31)], Side, Side]
    chunk_grid: _Grid
    chunk_key_encoding: _Keys
    codecs: list[_Codec]
    storage_transformers: Annotated[list[Any], msgspec.Meta(max_length=0)] = []


class _Group(msgspec.Struct):
    zarr_format: Literal[3]
    node_type: Literal["group"]
    attributes: dict[str, Any] = {}


def writer(format_name: str, sequence: Sequence) -> Writer:
    """Return the writer."""
    return SoftZarr(sequence)


def looks_like(path: Path) -> str | None:
    """Return the format's name for a folder with Zarr's metadata, here or one below."""
    return "soft-zarr" if path.is_dir() and _roots(path) else None


def read(path: Path, video: Video, name: str) -> Found:
    """Find the masks of a sequence; what is covered by half is the object's."""
    roots = _roots(path)
    root = next((each for each in roots if each.name == name + _SUFFIX), None)
    if root is None and len(roots) == 1:
        root = roots[0]
    if root is None:
        raise UserError("{path} does not hold one Zarr group: choose one.", path=path)
    group = read_json(root / _META, _Group)
    arrays: dict[int, _Array] = {}
    frames: dict[int, list[int]] = {}
    for object_id, folder in object_folders(root).items():
        arrays[object_id] = array = read_json(folder / _META, _Array)
        bounded(array.shape[1:], video, folder)
        if array.chunk_grid.configuration.chunk_shape[1:] != array.shape[1:]:
            raise UserError("{path} has no chunk for each frame: export it again.", path=folder)
        for chunk in (folder / "c").iterdir() if (folder / "c").is_dir() else ():
            text = chunk.name
            is_number = text.isascii() and text.isdecimal() and len(text) < 10
            if is_number and (chunk / "0" / "0").exists():
                frames.setdefault(int(text), []).append(object_id)
    maps = {
        frame: partial(_label_map, root, frame, {i: arrays[i] for i in sorted(ids)})
        for frame, ids in sorted(frames.items())
    }
    names = group.attributes.get(_NAMES)
    known = names if isinstance(names, dict) else {}
    return Found(path, maps, {i: str(known[str(i)]) for i in arrays if str(i) in known})


class SoftZarr(Writer):
    """An array an object, a chunk a frame."""

    def __init__(self, sequence: Sequence) -> None:
        super().__init__(sequence)
        self.place = sequence.name + _SUFFIX

    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return the chunks, and the objects in them."""
        feather = self.sequence.options.feather or SOFT
        ids = object_ids(label_map)
        files = {
            self._chunk(i, frame): self._made(frame, coverage(label_map == i, feather))[
                f"c/{frame}/0/0"
            ]
            for i in ids
        }
        gone = tuple(self._chunk(i, frame) for i in _EVERY if i not in ids)
        return Encoded(files, ids, gone)

    def end(self, rows: Mapping[int, tuple[int, ...]]) -> Mapping[str, bytes]:
        """Return the metadata of the group and of its arrays."""
        sequence, zarr = self.sequence, _zarr()
        ids = sorted({object_id for row in rows.values() for object_id in row})
        files: dict[str, Any] = {}
        told = {str(i): sequence.object_name(i) for i in sorted({*ids, *sequence.names})}
        zarr.create_group(zarr.storage.MemoryStore(files), attributes={_NAMES: told}, zarr_format=3)
        made = {f"{self.place}/{_META}": files[_META].to_bytes()}
        if ids:
            array = self._made()[_META]
            made.update({f"{self.place}/{i:03d}/{_META}": array for i in ids})
        return made

    def _chunk(self, object_id: int, frame: int) -> str:
        return f"{self.place}/{object_id:03d}/c/{frame}/0/0"

    def _made(self, frame: int = 0, cover: np.ndarray | None = None) -> dict[str, bytes]:
        """Return the files of an array that holds one frame, or none."""
        zarr, files = _zarr(), {}
        height, width = self.sequence.shape
        array = zarr.create_array(
            zarr.storage.MemoryStore(files),
            shape=(len(self.sequence.times), height, width),
            chunks=(1, height, width),
            dtype="uint16",
            compressors=[
                zarr.codecs.BloscCodec(cname="zstd", clevel=5, shuffle="bitshuffle"),
                zarr.codecs.Crc32cCodec(),
            ],
            fill_value=0,
            dimension_names=("frame", "y", "x"),
            zarr_format=3,
        )
        if cover is not None:
            array[frame] = cover
        return {key: value.to_bytes() for key, value in files.items()}


def _zarr() -> Any:
    try:
        import zarr
        import zarr.codecs
        import zarr.storage
    except ImportError as error:
        raise UserError(
            "Zarr is not installed: pip install 'vos-annotator[zarr]', or choose soft masks as PNG."
        ) from error
    return zarr


def _roots(path: Path) -> list[Path]:
    """Return the groups: the folder itself, or those in it."""
    if (path / _META).is_file():
        return [path]
    return sorted(file.parent for file in path.glob(f"*{_SUFFIX}/{_META}"))


def _label_map(root: Path, frame: int, arrays: Mapping[int, _Array]) -> LabelMap:
    """Return the label map of a frame; the objects are those that have a chunk of it."""
    zarr, label_map = _zarr(), None
    for object_id, array in arrays.items():
        folder, shape = root / f"{object_id:03d}", array.shape[1:]
        if label_map is None:
            label_map = np.zeros(shape, np.uint8)
        chunk = read_bytes(folder / "c" / str(frame) / "0" / "0")
        size = 2 * shape[0] * shape[1]
        if any(each.name == "blosc" for each in array.codecs):
            size, told = int.from_bytes(chunk[4:8], "little"), size
            if size != told:  # which would be the memory that is asked for
                raise UserError("{path} holds a broken chunk: export it again.", path=folder)
        if shape != label_map.shape:
            raise UserError(
                "{path} has another size than its neighbours: export again.", path=folder
            )
        try:
            soft = zarr.open_array(folder, mode="r", zarr_format=3)[frame]
        except Exception as error:  # whatever the library says of what others wrote
            raise UserError("{path} holds a broken chunk: export it again.", path=folder) from error
        label_map[soft > OPAQUE // 2] = object_id
    return label_map
