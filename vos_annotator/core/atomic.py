"""Files that are written wholly or not at all.

For: exports, reports and copies of projects. Whoever is interrupted, by a full disk, the user or
the end of the program, leaves old files or new ones behind and never a part of one.

A power cut is another matter: there the system may lose what it was given in the last seconds.
Only copies of projects are waited for until the disk has them; for each of thousands of masks
that would take longer than to make them. What of an export came to harm, its manifest tells.
"""

import errno
import itertools
import os
import platform
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from vos_annotator.core.errors import UserError
from vos_annotator.core.translation import tr

_LONG_NAME = 50  # characters, of 4 bytes at most
_count = itertools.count()  # of the files that this process began
_PART = re.compile(r"\..+\.([0-9a-f]{8})-(\d+)-\d+\.part", re.DOTALL)


def beside(path: Path) -> Path:
    """Return a name beside `path` to write by, which no other writer of it has or had.

    It tells who writes, this machine and this process, so that `sweep` knows what was left.
    """
    begun = path.name[:_LONG_NAME]  # with what follows it must not be too long for a name
    return path.with_name(f".{begun}.{_machine()}-{os.getpid()}-{next(_count)}.part")


def sweep(folder: Path) -> None:
    """Take away files and folders that programs of this machine that are gone began to write."""
    with writing(folder):
        for left in folder.iterdir() if folder.is_dir() else ():
            known = _PART.fullmatch(left.name)
            if known and known[1] == _machine() and not psutil.pid_exists(int(known[2])):
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink(missing_ok=True)


def put_file(path: Path, data: bytes) -> bool:
    """Make `path` hold `data`; False if it already did.

    The data is written beside it, read back (from the system, which may still have to give it to
    the disk), compared and then renamed. Two who write the same
    file at once leave what one of them wrote.

    Raises:
        UserError: It cannot be written, or what was written does not read back.
    """
    part = beside(path)
    with writing(path):
        if path.exists() and not path.is_file() and not path.is_dir():  # it would be replaced
            raise OSError(errno.EINVAL, "it is a device or a pipe")
        if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
            return False
        try:
            part.write_bytes(data)
            if part.read_bytes() != data:
                raise OSError(errno.EIO, "it does not read back as it was written")
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    return True


def put_report(path: Path, data: bytes) -> None:
    """Make `path` hold `data`, as `put_file` does; its folder is made if need be.

    Raises:
        UserError: It cannot be written.
    """
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    put_file(path, data)


def copy_file(source: Path, target: Path) -> None:
    """Make `target` a copy of `source`, which is on the disk before it has its name.

    Raises:
        UserError: It cannot be written.
    """
    part = beside(target)
    with writing(target):
        try:
            shutil.copyfile(source, part)
            with part.open("rb+") as copy:
                os.fsync(copy.fileno())
            os.replace(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the file system objects to, while `path` is written, into one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            problem = tr("the disk is full: free some space and try again")
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            problem = tr("it is read-only: change its permissions or choose another folder")
        elif error.errno == errno.ENAMETOOLONG:
            problem = tr("its name is too long: choose a shorter one")
        else:
            problem = tr("{reason}: choose another folder", reason=error.strerror or error)
        raise UserError(
            "{path} cannot be written, {problem}.", path=path, problem=problem
        ) from error


def _machine() -> str:
    """Return what tells this machine from another that writes to the same disk."""
    return f"{zlib.crc32(platform.node().encode()):08x}"
