"""Data sets on disk, by the way they are laid out.

For: the commands that train and show clips. Knows `sources`, core's videos, and the files of
DAVIS and YouTube-VOS as the evaluation reads them.

Files are listed here, not opened: one that turns out broken when a clip needs it is named in
the log and left out, and so is a picture whose mask has another size.
"""

import logging
from collections.abc import Callable, Iterable
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
from platformdirs import user_cache_path

from vos_annotator.core.atomic import put_file, writing
from vos_annotator.core.errors import UserError
from vos_annotator.core.mask_files import mask_files
from vos_annotator.core.video import natural_key, open_video
from vos_annotator.evaluation.sequences import read_set
from vos_annotator.training.sources import Pair, Sequence, Sources, Still

log = logging.getLogger(__name__)

RESOLUTIONS = ("480p", "Full-Resolution", "")  # "" where there is no such folder
LISTS = tuple(f"ImageSets/{each}train.txt" for each in ("2017/", "2016/", "480p/", ""))
FILMS = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v")
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 95]


@dataclass(frozen=True)
class DataSet:
    """Where a set of training data is, how it is laid out, and how much it counts."""

    kind: str
    path: Path
    weight: float = 1.0


def find_sources(sets: Many[DataSet]) -> Sources:
    """Return what the sets hold together.

    Raises:
        UserError: A kind is not known, or a set is empty.
    """
    found = [_read(each) for each in sets]
    return Sources(
        tuple(still for part in found for still in part.stills),
        tuple(cutout for part in found for cutout in part.cutouts),
        tuple(video for part in found for video in part.videos),
    )


def _read(data: DataSet) -> Sources:
    if data.kind not in KINDS:
        raise UserError(f"There is no kind of data {data.kind}: choose of {', '.join(KINDS)}.")
    reader, layout = KINDS[data.kind]
    if not data.path.is_dir():
        raise UserError(f"There is no folder {data.path}: check the path of the training data.")
    found = reader(data.path)
    if not found.stills and not found.cutouts and not found.videos:
        raise UserError(f"{data.path} holds no training data: expected {layout}.")
    return Sources(
        *(
            tuple(replace(each, weight=each.weight * data.weight) for each in part)
            for part in (found.stills, found.cutouts, found.videos)
        )
    )


def _folder(root: Path) -> Sources:
    """Read stills, cut-outs and videos below one folder, each part optional."""
    parts = [Sources((), (), ())]
    for name, reader in (("stills", _stills), ("cutouts", _cutouts), ("videos", _videos)):
        if (root / name).is_dir():
            parts.append(reader(root / name))
    return Sources(*(sum((getattr(p, f) for p in parts), ()) for f in Sources.__annotations__))


def _stills(root: Path) -> Sources:
    pairs = [pair for folder in (root, *_folders(root)) for pair in _pairs(folder)]
    return Sources(tuple(Still(*pair) for pair in pairs), (), ())


def _cutouts(root: Path) -> Sources:
    """Read pictures with an alpha beside them, or in them."""
    found = []
    for folder in (root, *_folders(root)):
        if (folder / "masks").is_dir():
            found += [Still(*pair) for pair in _pairs(folder)]
        elif folder.name not in ("images", "masks"):
            found += [Still(path, path) for path in _files(folder, (".png", ".webp"))]
    return Sources((), tuple(found), ())


def _videos(root: Path) -> Sources:
    """Read folders of pictures and masks, and films with a folder of masks beside them."""
    videos = []
    for folder in (root, *_folders(root)):
        films = _files(folder, FILMS)
        videos += [_film(film, is_alone=len(films) == 1) for film in films]
    folders = [
        root,
        *_folders(root),
        *(inner for each in _folders(root) for inner in _folders(each)),
    ]
    for folder in folders:
        if (folder / "images").is_dir() and (folder / "masks").is_dir():
            name = f"{folder.parent.name}/{folder.name}"
            videos.append(Sequence(name, tuple(_pairs(folder))))
    return _only_moving(videos)


def _davis(root: Path) -> Sources:
    """Read a DAVIS root: its list of training clips, or all of them where there are no lists.

    Raises:
        UserError: There are lists, but none of training clips.
    """
    lists = [root / name for name in LISTS if (root / name).is_file()]
    if not lists and any((root / "ImageSets").rglob("*.txt")):
        raise UserError(
            f"{root} has lists of clips in ImageSets, but none of those to train on: name them in "
            f"{root / LISTS[0]}, one on each line."
        )
    return _annotated(root, read_set(root, lists[0]) if lists else None)


def _youtube_vos(root: Path) -> Sources:
    """Read YouTube-VOS: only some frames are labelled, objects may come late."""
    return _annotated(root / "train" if (root / "train").is_dir() else root, None)


def _annotated(root: Path, names: Iterable[str] | None) -> Sources:
    """Read JPEGImages and Annotations; frames without a mask are no part of a video."""
    for resolution in RESOLUTIONS:
        masks, pictures = root / "Annotations" / resolution, root / "JPEGImages" / resolution
        if any(_folders(masks)) and pictures.is_dir():
            break
    else:
        return Sources((), (), ())
    videos = []
    folders = _folders(masks) if names is None else [masks / name for name in names]
    _warn_of(root, [folder.name for folder in folders if not folder.is_dir()], "folder of masks")
    for folder in folders:
        by_stem = {path.stem: path for path in _files(pictures / folder.name, PICTURES)}
        files = _files(folder, (".png",))
        _warn_of(folder, [file.name for file in files if file.stem not in by_stem], "picture")
        frames = tuple((by_stem[file.stem], file) for file in files if file.stem in by_stem)
        videos.append(Sequence(f"{root.name}/{folder.name}", frames))
    return _only_moving(videos)


def _film(path: Path, is_alone: bool) -> Sequence:
    """Read a film whose masks are in a folder of its name; its frames go to the cache.

    One that is alone in its folder may have them in the folder `masks`, too.

    Raises:
        UserError: The film or a mask's name cannot be read.
    """
    name = f"{path.parent.name}/{path.stem}"
    places = [path.with_suffix(""), *[path.parent / "masks"] * is_alone]
    folder = next((place for place in places if place.is_dir()), None)
    if folder is None:
        log.warning("%s: no folder of masks %s; skipped", path, path.with_suffix(""))
        return Sequence(name, ())
    frames = []
    with open_video(path) as video:
        kept = user_cache_path("vos-annotator", "vos-annotator") / "frames" / video.fingerprint
        with writing(kept):
            kept.mkdir(parents=True, exist_ok=True)
        for frame, mask in mask_files(folder, video).items():
            picture = kept / f"{frame:06d}.jpg"
            if not picture.is_file():
                data = cv2.imencode(".jpg", video[frame][..., ::-1], _JPEG)[1]
                put_file(picture, data.tobytes())
            frames.append((picture, mask))
    return Sequence(name, tuple(frames))


KINDS: dict[str, tuple[Callable[[Path], Sources], str]] = {
    "folder": (_folder, "stills, cutouts or videos in it"),
    "davis": (_davis, "JPEGImages/480p and Annotations/480p"),
    "youtubevos": (_youtube_vos, "JPEGImages and Annotations, or a folder train with these"),
    "bl30k": (_youtube_vos, "JPEGImages and Annotations"),
    "videos": (_videos, "SEQUENCE/images and SEQUENCE/masks, or films with folders of masks"),
    "stills": (_stills, "images and masks, or SET/images and SET/masks"),
    "cutouts": (_cutouts, "images and masks, or pictures with an alpha"),
}


def _only_moving(videos: Iterable[Sequence]) -> Sources:
    return Sources((), (), tuple(video for video in videos if len(video.frames) > 1))


def _pairs(folder: Path) -> list[Pair]:
    """Return pictures and masks of the same name; others are named in the log."""
    masks = {path.stem: path for path in _files(folder / "masks", (".png",))}
    pictures = {path.stem: path for path in _files(folder / "images", PICTURES)}
    _warn_of(folder, [path.name for stem, path in pictures.items() if stem not in masks], "mask")
    _warn_of(folder, [path.name for stem, path in masks.items() if stem not in pictures], "picture")
    return [(path, masks[stem]) for stem, path in pictures.items() if stem in masks]


def _warn_of(folder: Path, names: list[str], lacking: str) -> None:
    if names:
        log.warning("%s: no %s for %s; skipped", folder, lacking, ", ".join(names))


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.suffix.lower() in suffixes]
    return sorted(found, key=lambda path: natural_key(path.name))
