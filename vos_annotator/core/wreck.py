"""What can still be read of a damaged project file: rows that make sense, and no others.

For: `rescue`. Knows SQLite and the tables of project files; changes a copy only.

A damaged page takes the rows that lay in it: a table is read from either end up to it, and frames
and masks are looked for in all pages. If the first page is damaged, which says where
all tables begin, that of an empty project stands in for it: they begin at the same pages.
"""

import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from vos_annotator.core.atomic import copy_file
from vos_annotator.core.database_place import parts
from vos_annotator.core.edits import ReviewSpan, ReviewState, Status, VideoObject
from vos_annotator.core.errors import UserError
from vos_annotator.core.frame_state import FrameState
from vos_annotator.core.journal import is_damaged, replay
from vos_annotator.core.leaf_pages import leaf_rows
from vos_annotator.core.object_flags import unpack
from vos_annotator.core.objects import MOST
from vos_annotator.core.project_schema import bring_up_to_date, make_tables
from vos_annotator.core.row_sums import CHECKED, COLUMNS, changed_in, is_torn, know_sums

_PAGE = 4096  # bytes
_OF_PNGS = "frame", "png"
_SIZE_AT = 28  # in the first page: how many there are
_UNREADABLE = (sqlite3.Error, ValueError)  # Value: a message with broken characters
_NONSENSE = (ValueError, TypeError, LookupError, AttributeError)  # raised by rows that make none


class Wreck:
    """A damaged project file.

    Attributes:
        path: Where it lies, for people; what is read is a copy.
        torn: Tables of which a row is missing or makes no sense, as far as can be told.
    """

    def __init__(self, connection: sqlite3.Connection, file: Path, path: Path) -> None:
        """Read by SQLite, and off the pages of its file where that finds no way."""
        self._connection, self._file, self.path = connection, file, path
        self.torn = set[str]()
        for table in CHECKED:
            with suppress(*_UNREADABLE):
                if is_torn(connection, table):
                    self.torn.add(table)

    def changed_rows(self) -> dict[str, list]:
        """Return the keys of rows that can be read and are not as they were written, by table."""
        know_sums(self._connection)
        found = {}
        for table in CHECKED:
            with suppress(*_UNREADABLE):
                if keys := changed_in(self._connection, table, may_lack=True):
                    found[table] = keys
        return found

    def meta(self) -> dict[str, object]:
        """Return what is kept of the video and the settings."""
        return dict(self._made("meta", "key", lambda key, value: (key, json.loads(value))))

    def objects(self) -> list[VideoObject]:
        """Return the objects in order."""
        return [each for _, each in sorted(self._made("objects", "id", _object), key=_place)]

    def states(self, frame_count: int) -> dict[int, tuple[FrameState, str]]:
        """Return what is known of each frame but its mask, and the engine that made that."""
        made = {f: known for f, known in self._made("frames", "frame", _state) if f < frame_count}
        if "frames" in self.torn:
            columns = len(COLUMNS["frames"])  # and a sum, unless an older version wrote the row
            rows = (row[:columns] for n in (0, 1) for row in leaf_rows(self._file, columns + n))
            found = dict(self._made_of(rows, _state))
            made = {f: known for f, known in found.items() if f < frame_count} | made
        return made

    def pngs(self) -> Iterator[tuple[int, bytes]]:
        """Yield every mask, whether it is whole or not; a frame may have two."""
        seen = set()
        for frame, png in self._made("pngs", "frame", _png):
            seen.add(frame)
            yield frame, png
        if "pngs" in self.torn:
            for frame, png in self._made_of(leaf_rows(self._file, 2), _png):
                if frame not in seen:
                    yield frame, png

    def flags(self, table: str, frame_count: int) -> dict[int, bytes]:
        """Return what is packed in `stale` or `absent`, by object."""
        return dict(self._made(table, "object", lambda *row: _flags(*row, frame_count)))

    def reviews(self, frame_count: int) -> list[ReviewSpan]:
        """Return what a person said of frames, in order."""
        said, reached = [], 0
        for span in sorted(self._made("review", "first", _span), key=lambda span: span.first):
            if reached <= span.first and span.last < frame_count:
                said.append(span)
                reached = span.last + 1
            else:
                self.torn.add("review")
        return said

    def _made(self, table: str, key: str, make: Callable) -> Iterator:
        """Yield what `make` makes of the rows of a table, each once."""
        yield from self._made_of(self._rows(table, key), make, table)

    def _made_of(self, rows: Iterable[tuple], make: Callable, table: str = "") -> Iterator:
        for row in rows:
            try:
                made = make(*row)
            except _NONSENSE:
                self.torn.add(table)
            else:
                yield made

    def _rows(self, table: str, key: str) -> Iterator[tuple]:
        seen = set()
        for order in ("ASC", "DESC"):
            columns = ", ".join(COLUMNS.get(table, _OF_PNGS))
            query = f"SELECT {columns} FROM {table} ORDER BY {key} {order}"
            with suppress(*_UNREADABLE):
                for row in self._connection.execute(query):
                    if row[0] in seen:
                        continue
                    seen.add(row[0])
                    yield row
                return
            self.torn.add(table)


@contextmanager
def wreck_of(path: Path) -> Iterator[Wreck]:
    """Give what can be read of the project file at `path`, with its journal.

    Raises:
        UserError: It is not there, or cannot be copied.
    """
    if not os.path.isfile(path):  # False also for a name too long
        raise UserError(
            "{path} does not exist; check the name and whether the disk is there.", path=path
        )
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        file, journal = parts(path)
        copy_file(file, copy)
        with copy.open("rb+") as database:
            replay(journal, database)
        sound = _empty_project(Path(folder) / "empty")
        if not _has_tables(copy, sound):
            with copy.open("rb+") as database:
                database.write(_first_page(sound, copy.stat().st_size // _PAGE))
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            wreck = Wreck(connection, copy, path)
            if is_damaged(journal):
                wreck.torn.add("journal")
            yield wreck


def _empty_project(path: Path) -> Path:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        make_tables(connection)
    return path


def _has_tables(copy: Path, sound: Path) -> bool:
    """Whether a copy says as a sound project does which tables it has."""
    query = "SELECT name, sql FROM sqlite_master ORDER BY name"
    with closing(sqlite3.connect(sound)) as connection:
        expected = connection.execute(query).fetchall()
    with suppress(*_UNREADABLE), closing(sqlite3.connect(copy, isolation_level=None)) as damaged:
        if damaged.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
            with suppress(*_UNREADABLE):
                bring_up_to_date(damaged, fills=False)
            return damaged.execute(query).fetchall() == expected
    return False


def _first_page(sound: Path, pages: int) -> bytes:
    page = bytearray(sound.read_bytes()[:_PAGE])
    page[_SIZE_AT : _SIZE_AT + 4] = pages.to_bytes(4, "big")
    return bytes(page)


def _object(i: int, position: int, name: str, color: str, visible: int, locked: int) -> tuple:
    red, green, blue = (_within(each, 0, 255) for each in json.loads(color))
    made = VideoObject(_within(i, 1, MOST), name, (red, green, blue), bool(visible), bool(locked))
    return _within(position, 0, MOST), made


def _place(positioned: tuple) -> int:
    return positioned[0]


def _state(frame: int, status: int, ids: str, confidence: str, engine: str) -> tuple:
    sure = {_within(i, 1, MOST): float(value) for i, value in json.loads(confidence)}
    shown = tuple(_within(each, 1, MOST) for each in json.loads(ids))
    if not (isinstance(engine, str) and status in (Status.PREDICTION, Status.REFERENCE)):
        raise ValueError("no state")
    return _within(frame, 0), (FrameState(Status(status), shown, sure), engine)


def _png(frame: int, png: bytes) -> tuple[int, bytes]:
    if not (isinstance(png, bytes) and png.startswith(b"\x89PNG")):
        raise ValueError("no mask")
    return _within(frame, 0), png


def _flags(object_id: int, flags: bytes, frame_count: int) -> tuple[int, bytes]:
    unpack(flags, frame_count)
    return _within(object_id, 0, MOST), flags


def _span(first: int, last: int, state: int, note: str) -> ReviewSpan:
    return ReviewSpan(_within(first, 0), _within(last, first), ReviewState(state), note)


def _within(number: object, least: int, most: int | None = None) -> int:
    if type(number) is not int or number < least or (most is not None and number > most):
        raise ValueError(f"{number} is no number from {least} to {most}")
    return number
