"""The formats by their names: the one table that commands, dialogs and scripts go by.

For: whoever offers, exports or imports formats. A module of a format is imported when that
format is used.
"""

from collections.abc import Iterator
from pathlib import Path

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.format import Format, Holds
from vos_annotator.core.translation import marked

_IMAGES, _FEATHER = frozenset({"with_images"}), frozenset({"feather"})
_NOTHING = Holds(pixels=False, ids=False)

FORMATS = {
    each.name: each
    for each in (
        Format(
            "davis",
            "DAVIS 2017",
            marked("A folder of indexed PNG files, one a frame, beside the pictures."),
            "davis",
            Holds(),
            options=_IMAGES | {"resolution"},
        ),
        Format(
            "davis-2016",
            "DAVIS 2016",
            marked("Black and white PNG files, one a frame: all objects are one."),
            "davis",
            Holds(ids=False),
            options=_IMAGES | {"resolution"},
        ),
        Format(
            "youtube-vos",
            "YouTube-VOS",
            marked("Indexed PNG files of the frames that are wanted, and meta.json."),
            "youtube_vos",
            Holds(names=True),
            options=_IMAGES,
        ),
        Format(
            "coco",
            "COCO, RLE",
            marked("One JSON file for the clip, with run lengths and a track for each object."),
            "coco",
            Holds(names=True, overlap=True),
            options=_IMAGES,
        ),
        Format(
            "coco-polygons",
            "COCO, polygons",
            marked("One JSON file for the clip, with simplified outlines that tools can edit."),
            "coco",
            Holds(pixels=False, names=True, overlap=True),
            options=_IMAGES,
        ),
        Format(
            "mots-png",
            "MOTS, PNG",
            marked("PNG files of 16 bits, one a frame, with class and object in each pixel."),
            "mots",
            Holds(),
        ),
        Format(
            "mots-text",
            "MOTS, text",
            marked("One text file for the clip, a line of run lengths for each mask."),
            "mots",
            Holds(),
        ),
        Format(
            "yolo-seg",
            "YOLO, outlines",
            marked("A text file a frame, a line for each object, with simplified outlines."),
            "yolo",
            Holds(pixels=False, names=True, overlap=True),
            options=_IMAGES,
        ),
        Format(
            "labelme",
            "LabelMe",
            marked("A JSON file a frame beside its picture, with masks that LabelMe opens."),
            "labelme",
            Holds(names=True, overlap=True),
            options=_IMAGES,
        ),
        Format(
            "voc",
            "Pascal VOC",
            marked("Indexed PNG files of objects and of classes, and an XML file a frame."),
            "voc",
            Holds(names=True),
            options=_IMAGES,
        ),
        Format(
            "cvat",
            "CVAT, video XML",
            marked("One XML file for the clip, with run lengths, for CVAT."),
            "cvat",
            Holds(names=True, overlap=True),
        ),
        Format(
            "overlay",
            "Overlay film, H.264",
            marked("A film to look at: the pictures with the objects in their colours."),
            "films",
            _NOTHING,
            reads=False,
            is_film=True,
        ),
        Format(
            "cutout-prores",
            "Cut-out film, ProRes 4444",
            marked("A film of the objects alone, transparent elsewhere, for editing programs."),
            "films",
            _NOTHING,
            reads=False,
            is_film=True,
            options=_FEATHER,
        ),
        Format(
            "cutout-ffv1",
            "Cut-out film, FFV1",
            marked("A film of the objects alone, transparent elsewhere, without any loss."),
            "films",
            _NOTHING,
            reads=False,
            is_film=True,
            options=_FEATHER,
        ),
        Format(
            "cutout-png",
            "Cut-out, PNG",
            marked("PNG files of the objects alone, one a frame, transparent elsewhere."),
            "stills",
            _NOTHING,
            reads=False,
            options=_FEATHER,
        ),
        Format(
            "matte",
            "Matte film, FFV1",
            marked("A film in grey, white where objects are, without any loss."),
            "films",
            _NOTHING,
            reads=False,
            is_film=True,
            options=_FEATHER,
        ),
        Format(
            "soft-png",
            "Soft masks, PNG",
            marked("PNG files of 16 bits, one an object and frame, with soft borders."),
            "stills",
            Holds(),
            options=_FEATHER,
        ),
        Format(
            "soft-zarr",
            "Soft masks, Zarr",
            marked("A Zarr group with an array an object, 16 bits, a chunk a frame."),
            "soft_zarr",
            Holds(names=True),
            options=_FEATHER,
            package="zarr",
        ),
    )
}


def installed() -> dict[str, Format]:
    """Return the formats of which everything is there that they need, by their names."""
    return {each.name: each for each in FORMATS.values() if each.is_installed}


def formats() -> tuple[Format, ...]:
    """Return every format, those of data sets first."""
    return tuple(FORMATS.values())


def format_named(name: str) -> Format:
    """Return a format.

    Raises:
        UserError: There is none of that name.
    """
    if name not in FORMATS:
        raise UserError(
            "There is no format {name}: choose one of {names}.",
            name=name,
            names=", ".join(FORMATS),
        )
    return FORMATS[name]


def detect(path: Path) -> Format:
    """Return the format that a file or folder looks like; a folder that is like none has PNG files.

    Raises:
        UserError: Nothing is there, or a file that is like none.
    """
    if not path.exists():
        raise UserError("There is nothing at {path}: check its name.", path=path)
    found = next(_by_looks(path), None)
    if found is None and path.is_file() and path.suffix.lower() != ".png":
        raise UserError(
            "{path} looks like none of the formats that masks are read from: choose another file.",
            path=path,
        )
    return found or FORMATS["davis"]


def _by_looks(path: Path) -> Iterator[Format]:
    """Give the formats whose module says that `path` looks like it, each module asked once."""
    asked = set()
    for each in FORMATS.values():
        if each.reads and each.module not in asked:
            asked.add(each.module)
            name = each.load().looks_like(path)
            if name is not None:
                yield FORMATS[name]
