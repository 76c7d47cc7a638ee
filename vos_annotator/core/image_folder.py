"""A folder of pictures read as a video, in natural order, one file a frame.

For: `open_video`. Headers are read when the folder is opened (so that a picture of another
size is named at once), pictures when they are asked for.

Whatever the files hold becomes RGB of 8 bits: grey is repeated, 16 bits lose the lower 8,
transparency is dropped, and the EXIF orientation is applied in every format alike.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import cv2
import numpy as np
import PIL.Image

from vos_annotator.core.errors import UserError, unreadable
from vos_annotator.core.orientation import Orientation
from vos_annotator.core.translation import tr
from vos_annotator.core.video import Image, Video, natural_key

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
FPS = 25.0  # pictures carry no times
BLOCK_BYTES = 4 << 10  # of a picture that count for the fingerprint: its ends and its middle
_ORIENTATION = 274  # the EXIF tag


class ImageFolder(Video):
    """The pictures of one folder; every frame is a keyframe."""

    def __init__(
        self,
        path: Path,
        files: tuple[str, ...],
        shape: tuple[int, int],
        fingerprints: tuple[str, str],
        cache_bytes: int | None,
    ) -> None:
        super().__init__(path, path.name, len(files), shape, FPS, fingerprints[0], cache_bytes)
        self.files, self._fingerprints = files, fingerprints

    @classmethod
    def open(cls, path: Path, cache_bytes: int | None) -> Self:
        """List the folder and check that its pictures are of one size.

        Raises:
            UserError: There is no picture, one cannot be read, or the sizes differ.
            OSError: The folder itself cannot be read.
        """
        sizes = _picture_sizes(path)
        if not sizes:
            raise _nothing_in(path)
        files = tuple(sorted(sizes, key=natural_key))
        shape = _header(path / files[0])[0]
        for file in files:
            other, _ = _header(path / file)
            if other != shape:
                raise UserError(
                    "{path} is {size} but {first} is {wanted}; give every picture of a folder "
                    "the same size.",
                    path=path / file,
                    size=f"{other[1]}x{other[0]}",
                    first=files[0],
                    wanted=f"{shape[1]}x{shape[0]}",
                )
        return cls(path, files, shape, _fingerprints(path, files, sizes), cache_bytes)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """The fingerprint, and that which names and sizes alone gave before."""
        return self._fingerprints

    def time(self, frame: int) -> float:
        """Return seconds from the first frame at the nominal rate."""
        return self._check(frame) / FPS

    def nearest_keyframe(self, frame: int) -> int:
        """Return the frame itself: no picture needs another."""
        return self._check(frame)

    def fork(self, cache_bytes: int | None = None) -> Self:
        """Return a second reader of the same list of files."""
        capacity = self._images.most if cache_bytes is None else cache_bytes
        return type(self)(self.path, self.files, self.shape, self._fingerprints, capacity)

    def _read(self, frame: int) -> Image:
        path = self.path / self.files[frame]
        _, orientation = _header(path)
        try:
            data = np.fromfile(path, np.uint8)  # cv2.imread stumbles over non-ASCII names
            image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
        except (OSError, cv2.error):
            image = None
        if image is None:
            raise _damaged(path, frame)
        image = orientation.apply(image)
        if image.shape[:2] != self.shape:
            raise UserError(
                "{path} changed its size after the folder was opened; open the folder again.",
                path=path,
            )
        return image


def _picture_sizes(path: Path) -> dict[str, int]:
    """Return the bytes of each picture file, by name; hidden files are left out."""
    with os.scandir(path) as entries:
        return {
            entry.name: entry.stat().st_size
            for entry in entries
            if os.path.splitext(entry.name)[1].lower() in PICTURE_SUFFIXES
            and not entry.name.startswith(".")
            and _is_file(entry)
        }


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a file; a link is none that leads nowhere, or to itself."""
    return Path(entry.path).is_file() if entry.is_symlink() else entry.is_file()


def _fingerprints(path: Path, files: tuple[str, ...], sizes: Mapping[str, int]) -> tuple[str, str]:
    """Hash names, sizes and bytes of the first, middle and last picture; and all but the bytes.

    Uncompressed pictures of one size are files of one size, whatever they show.
    """
    listing = "".join(f"{file}\0{sizes[file]}\0" for file in files)
    digest = hashlib.blake2b(os.fsencode(listing), digest_size=16)
    former = digest.hexdigest()
    for name in (files[0], files[len(files) // 2], files[-1]):
        with (path / name).open("rb") as file:
            for start in (0, sizes[name] // 2, max(0, sizes[name] - BLOCK_BYTES)):
                file.seek(start)
                digest.update(file.read(BLOCK_BYTES))
    return digest.hexdigest(), former


def _header(path: Path) -> tuple[tuple[int, int], Orientation]:
    """Return (H, W) as shown and the orientation, from the file's header alone."""
    try:
        with PIL.Image.open(path) as picture:
            width, height = picture.size
            # Not picture.getexif(): that of PNG files decodes the whole picture.
            exif = PIL.Image.Image.getexif(picture)
            # Of TIFF files, Pillow tells the size as shown, and OpenCV always turns them.
            is_turned = picture.format == "TIFF"
            orientation = Orientation.from_exif(None if is_turned else exif.get(_ORIENTATION))
    except PIL.UnidentifiedImageError as error:
        raise _damaged(path) from error
    except OSError as error:
        raise (unreadable(path, error) if error.errno else _damaged(path)) from error
    except (ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise _damaged(path) from error
    return orientation.shape(height, width), orientation


def _damaged(path: Path, frame: int | None = None) -> UserError:
    which = path if frame is None else tr("{path} (frame {frame})", path=path, frame=frame)
    return UserError(
        "{path} is not a picture that can be read; replace it or take it away.", path=which
    )


def _nothing_in(path: Path) -> UserError:
    inside = sorted(
        (child.name for child in path.iterdir() if child.is_dir() and _picture_sizes(child)),
        key=natural_key,
    )
    hint = (
        tr("open one of its folders, such as {folder}", folder=inside[0])
        if inside
        else tr("choose another folder")
    )
    return UserError(
        "{path} holds no jpg, png, bmp, tif or webp pictures; {hint}.", path=path, hint=hint
    )
