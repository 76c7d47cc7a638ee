"""Existing masks of a video: which file is which frame's, whoever wrote them.

For: the import of the window, the command line. Knows masks, videos and the folders of DAVIS.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from vos_annotator.core.davis import RESOLUTIONS
from vos_annotator.core.errors import UserError
from vos_annotator.core.mask_reading import read_label_map, void_left_out
from vos_annotator.core.masks import LabelMap, encode_png, object_ids, without
from vos_annotator.core.picture_names import frames_by_picture
from vos_annotator.core.video import Video, natural_key

_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.ASCII | re.DOTALL)
_SOME = 5  # names that a sentence has room for


def read_masks(path: str | Path, video: Video) -> dict[int, LabelMap]:
    """Read existing masks of a video: frame -> label map of the video's size.

    Raises:
        UserError: As `mask_files`, or a mask that `read_label_map` refuses.
    """
    files = mask_files(path, video)
    return {frame: read_label_map(file, video.shape) for frame, file in files.items()}


def reference_pngs(path: str | Path, video: Video) -> dict[int, bytes]:
    """Read masks that are to be references: frame -> PNG as `encode_png` gives it.

    Void becomes background, as an import proposes it.

    Raises:
        UserError: As `read_masks`, or none of them shows an object.
    """
    label_maps = read_masks(path, video)
    ids = {each for label_map in label_maps.values() for each in object_ids(label_map)}
    if not ids:
        raise UserError("{path} shows no object: give a mask with pixels above 0.", path=path)
    void = void_left_out(ids)
    return {frame: encode_png(without(found, void)) for frame, found in label_maps.items()}


def mask_files(path: str | Path, video: Video, name: str | None = None) -> dict[int, Path]:
    """Find existing masks of a video, as DAVIS and YouTube-VOS store them.

    Args:
        path: One PNG, which is frame 0's; a folder of PNGs, where the number in a file's name is
            its frame; or a folder of sequences (a DAVIS root, its Annotations), of which the one
            with the video's name is read.
        video: Where the masks belong. If it is a folder of pictures and masks have their
            names (YouTube-VOS numbers them with gaps), masks go by name.
        name: Of the sequence, where there are several; None takes the video's.

    Returns:
        frame -> PNG file, in order; a single file is not looked for.

    Raises:
        UserError: No PNGs, a name that is no picture's where others are, or else no number, a
            number beyond the clip or given twice.
    """
    path = Path(path)
    if not path.is_dir():
        return {0: path}
    folder = sequence_folder(path, name or video.name)
    files = sorted(_pngs(folder), key=lambda file: natural_key(file.name))
    frames: dict[int, Path] = {}
    for file, frame in _frames_by_file(files, video):
        if frame in frames:
            raise UserError(
                "{first} and {second} in {folder} are masks of one frame: take one of them away.",
                first=frames[frame].name,
                second=file.name,
                folder=folder,
            )
        frames[frame] = file
    return dict(sorted(frames.items()))


def sequence_folder(path: Path, name: str) -> Path:
    """Return the folder that holds PNGs: `path` or the one below it with the name.

    Raises:
        UserError: There is none, or several of other names.
    """
    roots = [path]
    for below in ("Annotations", *RESOLUTIONS):
        roots += [root / below for root in list(roots) if (root / below).is_dir()]
    if len(roots) == 1 and _pngs(path):
        return path
    sequences = {
        child.name: child
        for root in roots
        for child in sorted(root.iterdir(), key=lambda child: natural_key(child.name))
        if child.is_dir() and _pngs(child)
    }
    if name in sequences:
        return sequences[name]
    if len(sequences) == 1:
        return next(iter(sequences.values()))
    if sequences:
        raise UserError(
            "{path} has no masks for {name}: choose one of its folders ({some}).",
            path=path,
            name=name,
            some=_some(list(sequences)),
        )
    raise UserError(
        "{path} holds no PNG masks: choose the folder with 00000.png and so on.", path=path
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SOME]) + (" ..." if len(names) > _SOME else "")


def _pngs(folder: Path) -> list[Path]:
    return [
        file
        for file in folder.iterdir()
        if file.suffix.lower() == ".png" and not file.name.startswith(".")
    ]


def _frames_by_file(files: list[Path], video: Video) -> Iterator[tuple[Path, int]]:
    """Pair masks with frames: by the pictures' names where they have these, else by number."""
    numbers = _numbers(files)
    frame_of = frames_by_picture({file.stem: numbers[file] for file in files}, video)
    if frame_of is not None:
        strange = [file.name for file in files if file.stem not in frame_of]
        if strange:
            raise UserError(
                "{folder} has masks of pictures that {name} does not have ({some}): take them "
                "away, or put the pictures back.",
                folder=files[0].parent,
                name=video.name,
                some=_some(strange),
            )
        yield from ((file, frame_of[file.stem]) for file in files)
        return
    for file in files:
        frame = numbers[file]
        if frame is None:
            raise UserError(
                "{file} has no number, or another name than the rest: name masks after their "
                "frames, as 00012.png.",
                file=file,
            )
        if frame >= video.frame_count:
            raise UserError(
                "{file} is numbered beyond {name}, whose last frame is {last}: take it away, or "
                "open the video it belongs to.",
                file=file,
                name=video.name,
                last=video.frame_count - 1,
            )
        yield file, frame


def _numbers(files: list[Path]) -> dict[Path, int | None]:
    """Return the number in each name: all of it, or the last where names are else alike.

    What others write is called `frame_000012.png`, `clip-0012.png` or `0012_mask.png`.
    """
    found = {file: _NUMBERED.fullmatch(file.stem) for file in files}
    around = {(match[1], match[3]) for match in found.values() if match}
    are_alike = len(around) == 1
    return {
        file: int(match[2]) if match and (are_alike or match[2] == file.stem) else None
        for file, match in found.items()
    }
