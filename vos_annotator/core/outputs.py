"""Where a command is told to write: looked at before it works for minutes, not after.

What is read is never written over: neither a project nor its video, nor a picture of either.

For: the options of commands, as their `type`. Knows paths only. What turns out later, a disk
that is full by then, `atomic` tells.
"""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from vos_annotator.core.atomic import writing
from vos_annotator.core.errors import UserError
from vos_annotator.core.image_folder import PICTURE_SUFFIXES

_PROJECT = b"SQLite format 3\0", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"  # and their journals


def file_to_write(text: str) -> Path:
    """Return the path of a file that is to be written; folders above it need not be there yet.

    Raises:
        UserError: It cannot be one: it has no name, is a folder or a device, is a project, which
            would be lost, or lies where nothing can be written.
    """
    path = Path(text)
    if not path.name or os.path.isdir(path):
        raise UserError("{path} is a folder: give the name of a file to write.", path=_told(text))
    if os.path.exists(path) and not os.path.isfile(path):
        raise UserError("{path} is a device or a pipe: give the name of a file.", path=path)
    if _is_of_a_project(path):
        raise UserError("{path} is a project, which would be lost: give another name.", path=path)
    _check_place(path)
    return path


def folder_to_write(text: str) -> Path:
    """Return the path of a folder that is to be written into, and made if need be.

    Raises:
        UserError: It cannot be one: it has no name, is a file, or nothing can be written there.
    """
    if not text:
        raise UserError('The name of the folder to write into is empty; give one, or "." for this.')
    path = Path(text)
    if os.path.lexists(path) and not os.path.isdir(path):
        raise UserError("{path} is no folder: give another name.", path=path)
    _check_place(path)
    return path


def check_outputs(outputs: Iterable[Path | None], inputs: Iterable[Path | str | None]) -> None:
    """Refuse to write files that are read, or one of them twice; None stands for no file.

    Args:
        outputs: Files that are to be written.
        inputs: Files; and folders, each picture in which is read.

    Raises:
        UserError: One is read already, or would be as a picture of such a folder.
    """
    given, seen = [Path(each) for each in inputs if each is not None], list[Path]()
    for path in outputs:
        if path is None:
            continue
        if any(_is_same(path, other) for other in seen):
            raise UserError("{path} is to be written twice: give two names.", path=path)
        seen.append(path)
        for each in given:
            if _is_read(path, each):
                raise UserError(
                    "{path} would be written over what is read, or be read with it: {given} stays "
                    "as it is. Give another name or folder.",
                    path=path,
                    given=each,
                )


def lies_in(file: Path, folder: Path) -> bool:
    """Return whether a file, or what its links lead to, is in a folder itself."""
    places = os.path.realpath(file.parent), os.path.dirname(os.path.realpath(file))
    return os.path.realpath(folder) in places


def _is_read(path: Path, given: Path) -> bool:
    if os.path.isdir(given):
        return path.suffix.lower() in PICTURE_SUFFIXES and lies_in(path, given)
    return _is_same(path, given)


def _is_same(path: Path, other: Path) -> bool:
    """Whether two paths lead to one file, be it by a link of either kind."""
    if os.path.exists(path) and os.path.exists(other):
        return os.path.samefile(path, other)
    return os.path.realpath(path) == os.path.realpath(other)


def _told(text: str) -> str:
    return text or '""'


def _is_of_a_project(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_PROJECT[0])).startswith(_PROJECT)
    except OSError:
        return False


def _check_place(path: Path) -> None:
    """Have `writing` tell what is wrong with the nearest folder that is there."""
    whole = Path(os.path.abspath(path))
    places = (whole, *whole.parents) if os.path.isdir(whole) else whole.parents
    place = next(each for each in places if os.path.exists(each))
    with writing(path):
        if not os.path.isdir(place):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
