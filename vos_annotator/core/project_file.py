"""The project file: one SQLite database, written at every edit.

For: `project`. Knows SQLite and what rows mean (the tables are in `project_schema`); nothing of
what edits do, or of videos.

The file belongs to one process at a time: SQLite's exclusive lock goes with the process, so
nothing stale is left behind by a crash. In WAL mode a commit survives the death of the process; a
half-made one leaves no trace.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from vos_annotator.core.database_place import check_journal, new_database, unusable, written_at
from vos_annotator.core.edit_codec import decode_edit, encode_edit
from vos_annotator.core.edits import Edit, ReviewSpan, ReviewState, Status, VideoObject
from vos_annotator.core.errors import DamagedMask, DamagedProject, UserError
from vos_annotator.core.frame_state import FrameState
from vos_annotator.core.history import History
from vos_annotator.core.png_bands import check_png
from vos_annotator.core.project_schema import bring_up_to_date, check_identity, make_tables
from vos_annotator.core.row_sums import CHECKED, changed_in, insertion, is_torn, know_sums, sum_of
from vos_annotator.core.translation import tr

_LATEST = 1e11  # s since the epoch; what is beyond is damage


class ProjectFile:
    """An open project file.

    Args of the constructors: `path`, the file.

    Attributes:
        written_at: When it was last written before it was opened, in seconds since the epoch.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, which must be there.

        Raises:
            UserError: It is no project, is damaged, was made by a newer version, or
                another program has it open.
        """
        self.path = path
        if os.path.isdir(path):
            raise UserError("{path} is a folder: give the project file, NAME.vos.", path=path)
        if not os.path.isfile(path):  # False also for a name too long
            raise UserError(
                "{path} does not exist; check the name and whether the disk is there.", path=path
            )
        self.written_at = written_at(path)
        check_journal(path)
        self._connection = sqlite3.connect(path, timeout=0.5, isolation_level=None)
        try:
            _configure(self._connection)
            check_identity(self._connection, path)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.executescript("BEGIN IMMEDIATE; COMMIT;")  # takes the lock
            know_sums(self._connection)
            bring_up_to_date(self._connection)
            if gone := [table for table in CHECKED if is_torn(self._connection, table)]:
                raise DamagedProject(path, tr("rows of {tables} are gone", tables=", ".join(gone)))
        except (sqlite3.Error, ValueError) as error:  # Value: a message with broken characters
            self._connection.close()
            raise unusable(path, error) from error
        except UserError:
            self._connection.close()
            raise

    @classmethod
    def create(cls, path: Path, meta: Mapping[str, object]) -> "ProjectFile":
        """Make a new file, whole or not at all.

        Raises:
            UserError: Something is there already, or it cannot be written.
        """
        if os.path.exists(path) and path.stat().st_size:  # False also for a name too long
            raise UserError("{path} is there already; open it, or choose another name.", path=path)
        with new_database(path) as connection:
            _configure(connection)
            make_tables(connection)
            know_sums(connection)
            connection.executemany(insertion("meta"), as_json(meta))
        return cls(path)

    def changed_rows(self) -> dict[str, list]:
        """Return the keys of rows that are not as they were written, by table; see `row_sums`."""
        found = {table: changed_in(self._connection, table) for table in CHECKED}
        return {table: keys for table, keys in found.items() if keys}

    def meta(self) -> dict[str, object]:
        """Return everything in `meta`."""
        rows = self._rows("SELECT key, value FROM meta")
        return {key: json.loads(value) for key, value in rows}

    def objects(self) -> tuple[VideoObject, ...]:
        """Return the objects in order."""
        rows = self._rows("SELECT id, name, color, visible, locked FROM objects ORDER BY position")
        return tuple(
            VideoObject(i, name, tuple(json.loads(color)), bool(visible), bool(locked))
            for i, name, color, visible, locked in rows
        )

    def states(self) -> Iterator[tuple[int, FrameState]]:
        """Give every frame that has a label map and its state."""
        rows = _in_order(self._rows("SELECT frame, status, ids, confidence FROM frames"))
        # Parsed at once, which is five times as fast as row by row.
        ids = json.loads(f"[{','.join(row[2] for row in rows)}]")
        confidences = json.loads(f"[{','.join(row[3] for row in rows)}]")
        for (frame, status, *_), shown, known in zip(rows, ids, confidences, strict=True):
            yield frame, FrameState(Status(status), tuple(shown), dict(known))

    def stale(self) -> dict[int, bytes]:
        """Return the packed stale frames of each object."""
        return dict(self._rows("SELECT object, frames FROM stale"))

    def absent(self) -> dict[int, bytes]:
        """Return the packed frames on which each object is absent."""
        return dict(self._rows("SELECT object, frames FROM absent"))

    def reviews(self) -> list[ReviewSpan]:
        """Return the spans that a person has said something of, in order."""
        rows = self._rows("SELECT first, last, state, note FROM review ORDER BY first")
        return [ReviewSpan(first, last, ReviewState(s), note) for first, last, s, note in rows]

    def png(self, frame: int) -> bytes:
        """Return the label map of a frame that has one.

        Raises:
            DamagedMask: It is not there, or not as it was written.
        """
        query = "SELECT png FROM pngs WHERE frame = ?"
        try:
            (png,) = self._connection.execute(query, (frame,)).fetchone() or (None,)
            if not isinstance(png, bytes):
                raise ValueError("there is no mask")
            check_png(png)
        except (sqlite3.Error, ValueError) as error:  # Value: text with broken characters too
            raise DamagedMask(self.path, frame) from error
        return png

    def steps(self) -> dict[int, str]:
        """Return the name of each step of undo, by its position."""
        steps = dict(_in_order(self._rows("SELECT position, text FROM history")))
        if steps and max(steps) - min(steps) >= len(steps):
            raise ValueError("steps of undo are missing")
        if not all(isinstance(text, str) for text in steps.values()):
            raise ValueError("a step of undo has no name")
        return steps

    def step_times(self) -> dict[int, float]:
        """Return when each step was made, by its position; 0 where that is not known."""
        rows = self._rows("SELECT position, at FROM history")
        return {n: at if type(at) is float and 0 < at < _LATEST else 0.0 for n, at in rows}

    def step(self, position: int) -> Edit:
        """Return the edit of a step.

        Raises:
            ValueError: It is not there, or damaged.
        """
        is_whole = f"sum IS NULL OR sum = {sum_of('history')}"
        query = f"SELECT edit, {is_whole} FROM history WHERE position = ?"
        try:
            row = self._connection.execute(query, (position,)).fetchone()
        except sqlite3.Error as error:
            raise ValueError(str(error)) from error
        if row is None:
            raise ValueError("it is not there")
        edit, is_whole = row
        if not is_whole:
            raise ValueError("it is not as it was written")
        return decode_edit(edit)

    def engines(self) -> dict[str, int]:
        """Return how many predictions are from each engine."""
        query = (
            "SELECT engine, COUNT(*) FROM frames WHERE status = ? AND engine != '' "
            "GROUP BY engine ORDER BY engine"
        )
        return dict(self._connection.execute(query, (int(Status.PREDICTION),)).fetchall())

    def write(
        self,
        frames: Iterable[tuple[int, FrameState, str, bytes | None]],
        objects: tuple[VideoObject, ...] | None,
        stale: Mapping[int, bytes],
        absent: Mapping[int, bytes],
        reviews: Iterable[ReviewSpan] | None,
        meta: Mapping[str, object],
        history: History,
    ) -> None:
        """Write what changed, in one transaction; it ends one that `write_ahead` began.

        Args:
            frames: Frame, state, engine and PNG; without a PNG only the state is new, and
                an EMPTY state takes the row away.
            objects: The new list, or None where it is as it was.
            stale: The packed stale frames of objects where they changed.
            absent: The packed frames without them, likewise.
            reviews: The new spans that are not to do, or None where they are as they were.
            meta: Keys that changed.
            history: Whose unsaved steps are written, and those that it dropped removed.

        Raises:
            sqlite3.Error: It could not be written; the file is as it was.
        """
        with self._connection as connection:
            self.write_ahead(frames)
            if objects is not None:
                connection.execute("DELETE FROM objects")
                connection.executemany(
                    insertion("objects"),
                    [
                        (o.id, n, o.name, json.dumps(o.color), o.visible, o.locked)
                        for n, o in enumerate(objects)
                    ],
                )
            connection.executemany(insertion("stale"), stale.items())
            connection.executemany(insertion("absent"), absent.items())
            if reviews is not None:
                connection.execute("DELETE FROM review")
                rows = [(s.first, s.last, int(s.state), s.note) for s in reviews]
                connection.executemany(insertion("review"), rows)
            connection.executemany(insertion("meta"), as_json(meta))
            if history.unsaved:
                self._write_history(history)

    def write_ahead(self, frames: Iterable[tuple[int, FrameState, str, bytes | None]]) -> None:
        """Write frames, as `write` does, into a transaction that is not ended.

        Raises:
            sqlite3.Error: They could not be written.
        """
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")
        for frame, state, engine, png in frames:
            self._write_frame(frame, state, engine, png)

    def roll_back(self) -> None:
        """Drop what was written ahead; the file is as it was."""
        self._connection.rollback()

    def _write_history(self, history: History) -> None:
        execute, kept = self._connection.execute, (history.first, history.end)
        execute("DELETE FROM history WHERE position < ? OR position >= ?", kept)
        for position, edit in history.unsaved.items():
            step = position, history.name(position), encode_edit(edit), history.time(position)
            execute(insertion("history"), step)
        execute(insertion("meta"), ("done", str(history.done)))

    def _write_frame(self, frame: int, state: FrameState, engine: str, png: bytes | None) -> None:
        execute = self._connection.execute
        if state.status is Status.EMPTY:
            execute("DELETE FROM frames WHERE frame = ?", (frame,))
            execute("DELETE FROM pngs WHERE frame = ?", (frame,))
            return
        confidence = [[i, round(value, 4)] for i, value in state.confidence.items()]
        known = int(state.status), json.dumps(state.ids), json.dumps(confidence)
        if png is None:
            execute(
                "UPDATE frames SET status = ?1, ids = ?2, confidence = ?3, "
                "sum = row_sum(frame, ?1, ?2, ?3, engine) WHERE frame = ?4",
                (*known, frame),
            )
        else:
            execute(insertion("frames"), (frame, *known, engine))
            execute("INSERT OR REPLACE INTO pngs VALUES (?, ?)", (frame, png))

    def copy_to(self, path: Path) -> None:
        """Write a copy of the whole project, whole or not at all.

        Raises:
            UserError: It cannot be written, or another program has open what is to be replaced.
        """
        with new_database(path) as copy:
            self._connection.backup(copy)

    def close(self) -> None:
        """Let go of the file; everything is in it already."""
        self._connection.close()

    def _rows(self, query: str) -> list[tuple]:
        # All at once: a row that makes no sense must not leave a query open, or the file would.
        return self._connection.execute(query).fetchall()


def _configure(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("PRAGMA synchronous=NORMAL")
    # Pages; now and then a commit waits for the disk: briefly every 1 MB, not long every 4 MB.
    connection.execute("PRAGMA wal_autocheckpoint=250")


def _in_order(rows: list[tuple]) -> list[tuple]:
    """Return rows that were read by their key, as they are.

    Raises:
        ValueError: A page is in another one's place.
    """
    if any(after[0] <= before[0] for before, after in pairwise(rows)):
        raise ValueError("rows are out of order")
    return rows


def as_json(meta: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the rows of `meta`.

    Raises:
        TypeError, ValueError: A value is none that JSON has.
    """
    return [(key, json.dumps(value)) for key, value in meta.items()]
