"""How an SQLite database comes to lie in its place, whole or not at all.

For: `project_file`, `project_video` and merges. Knows SQLite and its journals; nothing of what the
tables mean.

A database in WAL mode is two files: itself and the journal beside it, which holds what was
committed last. Whoever is killed leaves both, and both are needed to have everything.
"""

import errno
import glob
import itertools
import logging
import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from vos_annotator.core.atomic import copy_file, writing
from vos_annotator.core.errors import DamagedProject, UserError
from vos_annotator.core.journal import is_damaged
from vos_annotator.core.translation import tr

JOURNAL = "-wal"  # what SQLite adds to the name of a database
_LONG_NAME = 50  # characters, of 4 bytes at most
_NOT_TAKEN = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)  # by the disk

log = logging.getLogger(__name__)


def parts(path: Path) -> tuple[Path, Path]:
    """Return the file of a database and its journal, which lies beside the file, not a link."""
    file = Path(os.path.realpath(path))
    return file, file.with_name(f"{file.name}{JOURNAL}")


def written_at(path: Path) -> float:
    """Return when a database that is there was last written, in seconds since the epoch."""
    return max(each.stat().st_mtime for each in parts(path) if each.exists())


def check_place(path: Path) -> None:
    """Look, before much is computed, whether a new database can lie at `path`.

    Raises:
        UserError: Something is there, there is no folder for it, or its name is too long.
    """
    with writing(path):
        if os.path.lexists(path):  # a link that leads nowhere too
            raise UserError("{path} is there already: choose another name.", path=path)
        if not path.parent.is_dir():
            raise UserError("There is no folder {path}: make it first.", path=path.parent)
        _check_length(path)


@contextmanager
def new_database(path: Path) -> Iterator[sqlite3.Connection]:
    """Give an empty database, which at the end takes the place of what is at `path`.

    A link stays, and leads to it.

    Raises:
        UserError: It cannot be written, or another program has open what is at `path`. Then
            that is as it was.
    """
    path, _ = parts(path)
    try:
        with writing(path):
            _check_length(path)
            _sweep(path)
            part = path.with_name(f"{_beginning(path)}{os.getpid()}.part")
            with closing(sqlite3.connect(part, isolation_level=None)) as connection:
                yield connection
            _take_in_journal(path)
            os.replace(part, path)
    except sqlite3.Error as error:
        raise UserError(
            "{path} cannot be written ({error}); choose a folder that you may write to.",
            path=path,
            error=error,
        ) from error
    finally:
        with suppress(OSError):
            _sweep(path)


def copy_database(source: Path, target: Path) -> None:
    """Copy a database that nobody writes, with what only its journal has, to an empty place.

    Raises:
        UserError: It cannot be written.
    """
    (database, journal), (copy, copied_journal) = parts(source), parts(target)
    with writing(copied_journal):
        _set_aside(copied_journal)
    if journal.exists():
        copy_file(journal, copied_journal)  # first: alone, it will be taken for nothing
    copy_file(database, copy)


def snapshot(source: Path, target: Path) -> None:
    """Copy a database as it stands, journal included, and write nothing to it.

    Raises:
        UserError: It is no database, another program has it open, or the copy cannot be written.
    """
    _, journal = parts(source)
    check_journal(source)

    def has_journal() -> bool:
        return journal.exists() and journal.stat().st_size > 0

    # Only with a journal can another program have it open. Without one SQLite is told that
    # nobody writes: it would leave an empty journal behind otherwise.
    had_journal = has_journal()
    how = "mode=ro" if had_journal else "mode=ro&immutable=1"
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?{how}", uri=True, timeout=0.5)) as there,
            closing(sqlite3.connect(target)) as copy,
        ):
            there.execute("SELECT count(*) FROM sqlite_master")  # a copy would wait for ever
            there.backup(copy)
        if has_journal() and not had_journal:
            raise sqlite3.OperationalError("it was locked meanwhile")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) in _NOT_TAKEN:  # of the copy: it is written
            with writing(target):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise unusable(source, error) from error


def is_damage(error: sqlite3.Error) -> bool:
    """Whether a database could not be written for what is in it, not for the disk's sake."""
    return not isinstance(error, sqlite3.OperationalError)


def unusable(path: Path, error: Exception) -> UserError:
    """Return the sentence for a database that cannot be opened."""
    if "locked" in str(error):
        return UserError("{path} is open in another window; close that one first.", path=path)
    if "readonly" in str(error):
        return UserError(
            "{path} is read-only: change its permissions or copy it elsewhere.", path=path
        )
    if "not a database" in str(error):
        error = tr("it is not a project of this program, or its beginning is gone")
    return DamagedProject(path, error)


def check_journal(path: Path) -> None:
    """Look whether all that was committed to a database can be read from its journal.

    Raises:
        DamagedProject: SQLite would pass over a part of it.
    """
    _, journal = parts(path)
    if is_damaged(journal):
        raise DamagedProject(path, tr("its last changes in {journal}", journal=journal))


def _check_length(path: Path) -> None:
    """Have the system object to a name that has no room for what SQLite puts beside it."""
    with suppress(FileNotFoundError):
        os.lstat(f"{path}-journal")


def _beginning(path: Path) -> str:
    """Return how the names begin of what is begun for `path`; they are short, whatever its is."""
    name = path.name
    if len(name) > _LONG_NAME:
        name = f"{name[:_LONG_NAME]}-{zlib.crc32(os.fsencode(name)):08x}"
    return f".{name}."


def _sweep(path: Path) -> None:
    """Take away what was begun for `path` and not finished, whoever began it."""
    for left in path.parent.glob(f"{glob.escape(_beginning(path))}*.part*"):
        left.unlink(missing_ok=True)


def _take_in_journal(path: Path) -> None:
    """Leave no journal at `path`, which SQLite would read into another file of that name.

    What it holds goes into the file that it belongs to; so that one is whole until it is
    replaced. Where that is not there, it was moved away perhaps, and the journal is kept.
    """
    database, journal = parts(path)
    if not (database.exists() and database.stat().st_size):
        _set_aside(journal)
    elif journal.exists():
        with closing(sqlite3.connect(path, timeout=0.5)) as connection:
            try:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.OperationalError as error:
                raise unusable(path, error) from error
            except sqlite3.DatabaseError:
                pass  # no database, so the journal is nobody's
    journal.unlink(missing_ok=True)


def _set_aside(journal: Path) -> None:
    """Give a journal that has no database beside it a name that SQLite does not read."""
    if journal.exists() and journal.stat().st_size:
        names = (journal.with_name(f"{journal.name}-{n}") for n in itertools.count(1))
        kept = next(name for name in names if not name.exists())
        os.replace(journal, kept)
        log.warning(
            "%s is kept as %s: the last edits of a project that was moved away from there; beside "
            "it, under the old name, it is read with it",
            *(journal, kept),
        )
