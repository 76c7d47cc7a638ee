"""Files that are written wholly or not at all.

For: exports and reports. Whoever is interrupted, by a full disk, a power cut or the user,
leaves old files or new ones behind and never a part of one.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vos_annotator.core.errors import UserError
from vos_annotator.core.translation import tr


def put_file(path: Path, data: bytes) -> bool:
    """Make `path` hold `data`; False if it already did.

    The data is written beside it, read back, compared and then renamed.

    Raises:
        UserError: It cannot be written, or what was written does not read back.
    """
    part = path.with_name(f".{path.name}.part")
    with writing(path):
        if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
            part.unlink(missing_ok=True)  # what a killed program began
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


def copy_file(source: Path, target: Path) -> None:
    """Make `target` a copy of `source`.

    Raises:
        UserError: It cannot be written.
    """
    part = target.with_name(f".{target.name}.part")
    with writing(target):
        try:
            shutil.copyfile(source, part)
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
        else:
            problem = tr("{reason}: choose another folder", reason=error.strerror or error)
        raise UserError(
            "{path} cannot be written, {problem}.", path=path, problem=problem
        ) from error
