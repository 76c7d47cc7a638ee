"""Where a batch reads and writes: this machine's disks, or a store that fsspec knows.

For: the batch's workers and its command. Knows files and fsspec; nothing of what is in them.

On a disk a file is written beside, read back and renamed; a store takes an object whole or not
at all. A file that already holds the same is not written again.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from vos_annotator.core.atomic import put_file, sweep, writing
from vos_annotator.core.errors import UserError
from vos_annotator.core.outputs import lies_in


def is_url(path: str) -> bool:
    """Whether a path names a store, as s3://bucket/clip.mp4 does."""
    return "://" in path


@contextmanager
def fetched(path: str, *beside: str) -> Iterator[Path]:
    """Give a file or folder on this machine's disk; what is elsewhere is copied, for the while.

    Args:
        path: Where it is.
        beside: Files of the same folder that belong to it.

    Raises:
        UserError: It is not there, or cannot be read.
    """
    if not is_url(path):
        yield Path(path)
        return
    with TemporaryDirectory(prefix="vos-batch-") as folder:
        for each in (*beside, path):
            system, inside = _system(each)
            target = Path(folder) / PurePosixPath(inside.rstrip("/")).name
            with _asking(each):
                system.get(inside, str(target), recursive=system.isdir(inside))
        yield target


def is_folder(path: str) -> bool:
    """Whether a path names a folder that is there."""
    if not is_url(path):
        return os.path.isdir(path)
    system, inside = _system(path)
    with _asking(path):
        return system.isdir(inside)


def holds_something(path: str) -> bool:
    """Whether there is a file, and it is not empty."""
    if not is_url(path):
        return os.path.isfile(path) and os.path.getsize(path) > 0
    system, inside = _system(path)
    with _asking(path):
        return system.exists(inside) and system.size(inside) != 0


def stamps(path: str) -> list[tuple[str, int, str]]:
    """Return name, size and age of a file, or of each file of a folder: cheap, and new if it is.

    Of a store's folder those in folders below are told too: it is copied with them.

    Raises:
        UserError: It is not there, or cannot be read.
    """
    if is_url(path):
        system, inside = _system(path)
        with _asking(path):
            infos = system.find(inside, detail=True).values()
        found = [(str(info["name"]), int(info["size"] or 0), _age(info)) for info in infos]
        if not found:
            raise UserError("{path} does not exist; check the name.", path=path)
        return sorted(found)
    where = Path(path)
    try:
        files = [each for each in where.iterdir() if each.is_file()] if where.is_dir() else [where]
        states = sorted((file.name, file.stat()) for file in files)
    except FileNotFoundError as error:
        raise UserError("{path} does not exist; check the name.", path=path) from error
    except OSError as error:
        raise UserError(
            "{path} cannot be read ({reason}).", path=path, reason=error.strerror
        ) from error
    return [(name, state.st_size, str(state.st_mtime_ns)) for name, state in states]


class Output:
    """The folder that a batch writes to, on a disk or in a store."""

    def __init__(self, root: str) -> None:
        """Open the folder at a path or URL; nothing is made yet."""
        self.root = root.rstrip("/")
        self._system, self._inside = _system(self.root) if is_url(root) else (None, self.root)

    def put(self, name: str, data: bytes) -> bool:
        """Make the file of a name, folders and all, hold `data`; False if it already did.

        Raises:
            UserError: It cannot be written.
        """
        if self._system is None:
            path = Path(self._inside, name)
            with writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
            return put_file(path, data)
        if self.get(name) == data:
            return False
        with _asking(f"{self.root}/{name}"):
            self._system.pipe_file(f"{self._inside}/{name}", data)
        return True

    def get(self, name: str) -> bytes | None:
        """Return what the file of a name holds; None where there is none."""
        try:
            if self._system is None:
                return Path(self._inside, name).read_bytes()
            return self._system.cat_file(f"{self._inside}/{name}")
        except OSError:
            return None

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder; none where it does not exist."""
        try:
            if self._system is None:
                return sorted(each.name for each in Path(self._inside, folder).iterdir())
            found = self._system.ls(f"{self._inside}/{folder}", detail=False)
        except OSError:
            return []
        return sorted(PurePosixPath(each).name for each in found)

    def has(self, folder: str, path: str) -> bool:
        """Whether what is at a path or URL, or where its links lead, lies in a folder of this."""
        if self._system is None:
            return not is_url(path) and lies_in(Path(path), Path(self._inside, folder))
        if not is_url(path):
            return False
        system, inside = _system(path)
        where = PurePosixPath(self._inside, folder)
        return system == self._system and PurePosixPath(inside).parent == where

    def sweep(self, folder: str) -> None:
        """Take away what workers that were killed began in a folder; a store has no such thing."""
        if self._system is None:
            sweep(Path(self._inside, folder))

    def put_json(self, name: str, value: object) -> None:
        """Write a value as JSON."""
        self.put(name, (json.dumps(value, indent=1) + "\n").encode())

    def get_json(self, name: str) -> dict[str, Any]:
        """Return what `put_json` wrote; empty where there is nothing, or nothing of the kind."""
        try:
            value = json.loads(self.get(name) or b"{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


def _system(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path within it."""
    import fsspec

    try:
        return fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UserError(
            "{url} is of a kind that cannot be read here: {error}.", url=url, error=error
        ) from error


def _age(info: dict[str, Any]) -> str:
    """Return what tells one version of an object from another, as its store puts it."""
    keys = ("ETag", "etag", "LastModified", "mtime", "created")
    return str(next((info[key] for key in keys if key in info), ""))


@contextmanager
def _asking(path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UserError("{path} does not exist; check the name.", path=path) from error
    except OSError as error:
        raise UserError("{path} cannot be reached ({error}).", path=path, error=error) from error
