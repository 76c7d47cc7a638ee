"""Annotated sequences on disk: which there are, their pictures, their true label maps.

For: the evaluation. Reads the folders of DAVIS-2016, DAVIS-2017 and YouTube-VOS; knows
nothing of engines or figures.

A *position* counts the annotated frames of a sequence from 0, whatever their numbers are.
"""

from collections.abc import Sequence as Many
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vos_annotator.core.errors import UserError
from vos_annotator.core.image_folder import ImageFolder
from vos_annotator.core.mask_reading import VOID, read_label_map
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.video import Video, natural_key

_RESOLUTIONS = ("480p", "Full-Resolution", "")  # "" is YouTube-VOS, which has no such folder
_LISTS = ("ImageSets", "ImageSets/2017", "ImageSets/2016", "ImageSets/480p", ".")
_DEFAULT_SETS = ("dev", "val")


@dataclass(frozen=True)
class Sequence:
    """One clip with its truth.

    Attributes:
        name: Of its folders.
        images: The folder of the pictures, which need not exist to score stored results.
        files: The PNGs of the truth in order; a picture of the same stem belongs to each.
    """

    name: str
    images: Path
    files: tuple[Path, ...]

    def truth(self, position: int) -> LabelMap:
        """Return the true label map at a position; void is background, as DAVIS's code has it."""
        label_map = read_label_map(self.files[position])
        label_map[label_map == VOID] = 0
        return label_map

    @cached_property
    def first_seen(self) -> dict[int, int]:
        """Object id -> the position where it first appears; ids in order."""
        seen: dict[int, int] = {}
        for position in range(len(self.files)):
            for object_id in object_ids(self.truth(position)):
                seen.setdefault(object_id, position)
        if not seen:
            raise UserError(f"{self.files[0].parent} shows no object in any frame: check the set.")
        return dict(sorted(seen.items()))

    @cached_property
    def scored(self) -> dict[int, range]:
        """Object id -> the positions where it is scored, never the first or the last.

        As in the official code these are all ids up to the highest in the first frame, even
        one that occurs nowhere. An object above them which appears later, as YouTube-VOS has
        them, is scored from the frame after its first.
        """
        end = len(self.files) - 1
        highest = max((i for i, position in self.first_seen.items() if position == 0), default=0)
        scored = {object_id: range(1, end) for object_id in range(1, highest + 1)}
        for object_id, position in self.first_seen.items():
            if object_id > highest and position + 1 < end:
                scored[object_id] = range(position + 1, end)
        return scored


def find_sequences(root: str | Path, names: Many[str] | None = None) -> list[Sequence]:
    """Return sequences of a dataset.

    Args:
        root: The folder that holds Annotations and JPEGImages.
        names: Which; None takes the set dev, else val, else all that have annotations.

    Raises:
        UserError: There is no such dataset, or a sequence has too few annotations to score.
    """
    root = Path(root)
    if not (root / "Annotations").is_dir():
        raise UserError(f"{root} has no folder Annotations: give the root of a DAVIS dataset.")
    if names is None:
        names = _default_names(root)
    return [_sequence(root, name) for name in dict.fromkeys(names)]


def read_set(root: str | Path, file: str | Path) -> list[str]:
    """Return the names in a set: a text file, or the name of one in ImageSets.

    The lists of DAVIS-2016 have a line "/JPEGImages/480p/bear/00000.jpg ..." for each frame.

    Raises:
        UserError: There is no such list, or it is empty.
    """
    path = Path(file)
    if not path.is_file():
        path = _list_called(Path(root), str(file)) or path
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is no readable list of sequences: give a text file.") from error
    entries = [line.split()[0] if "/" in line else line.strip() for line in lines if line.strip()]
    names = [Path(entry).parent.name if "/" in entry else entry for entry in entries]
    if not names:
        raise UserError(f"{path} names no sequences: put one name on each line.")
    return list(dict.fromkeys(names))


def frame_positions(sequence: Sequence, video: Video) -> dict[int, int]:
    """Return frame of `video` -> position of the annotation that has the picture's name.

    Raises:
        UserError: The video is no folder of pictures, or lacks one.
    """
    if not isinstance(video, ImageFolder):
        raise UserError(f"{sequence.images} is no folder of pictures: give the root of a dataset.")
    frames = {Path(file).stem: frame for frame, file in enumerate(video.files)}
    for file in sequence.files:
        if file.stem not in frames:
            raise UserError(f"{sequence.images} has no picture for {file}: give one of that name.")
    return {frames[file.stem]: position for position, file in enumerate(sequence.files)}


def _default_names(root: Path) -> list[str]:
    for name in _DEFAULT_SETS:
        if path := _list_called(root, name):
            return read_set(root, path)
    base = next(base for base in _bases(root / "Annotations") if base.is_dir())
    names = (folder.name for folder in base.iterdir() if any(folder.glob("*.png")))
    if found := sorted(names, key=natural_key):
        return found
    raise UserError(f"{base} holds no sequences: give the root of a DAVIS dataset.")


def _list_called(root: Path, name: str) -> Path | None:
    paths = (root / folder / f"{name}.txt" for folder in _LISTS)
    return next((path for path in paths if path.is_file()), None)


def _sequence(root: Path, name: str) -> Sequence:
    truth = find_folder(root / "Annotations", name)
    if truth is None:
        raise UserError(f"{root / 'Annotations'} has no sequence {name}: check the name.")
    files = sorted(truth.glob("*.png"), key=lambda file: natural_key(file.name))
    if len(files) < 3:
        raise UserError(
            f"{truth} has {len(files)} annotations, of which the first and the last are not "
            "scored: give at least 3."
        )
    images = find_folder(root / "JPEGImages", name) or root / "JPEGImages" / "480p" / name
    return Sequence(name, images, tuple(files))


def find_folder(base: Path, name: str) -> Path | None:
    """Return the folder of a sequence below `base`, with or without a resolution between."""
    folders = (resolution / name for resolution in _bases(base))
    return next((folder for folder in folders if folder.is_dir()), None)


def _bases(base: Path) -> list[Path]:
    return [base / resolution for resolution in _RESOLUTIONS]
