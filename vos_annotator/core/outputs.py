"""Where a command is told to write: looked at before it works for minutes, not after.

For: the options of commands, as their `type`. Knows paths only. What turns out later, a disk
that is full by then, `atomic` tells.
"""

import errno
import os
from pathlib import Path

from vos_annotator.core.atomic import writing
from vos_annotator.core.errors import UserError

_DATABASE = b"SQLite format 3\0"  # how projects begin


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
    if _is_database(path):
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


def _told(text: str) -> str:
    return text or '""'


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_DATABASE)) == _DATABASE
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
