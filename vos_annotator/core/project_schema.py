"""The tables of a project file, in this version of the program and in those before.

For: `project_file`. Knows SQLite; what is in the rows is not its business.

    meta(key, value)      JSON values: the video, its shape, settings
    objects(...)          one row an object, `position` is the person's order
    frames(...)           one row a frame that has a label map
    pngs(frame, png)      its label map, the DAVIS PNG; apart, so that the states of a long
                          video are read without reading past its label maps
    stale(object, frames) one row an object: on which frames it is stale, a packed bit each
    absent(object, frames) likewise: where a person says that it is absent
    review(first, last, ...) one row a span of frames that is not to do: its state and note
    history(position, ...) one row a step of undo: its name, and the edit that takes it back or
                          makes it again; meta's `done` says where the person stands

Each row but those of `pngs` ends with its `sum`; see `row_sums`.

`user_version` is the schema; a file of an older one is brought up to date when it is opened.
"""

import sqlite3
from pathlib import Path

from vos_annotator.core.errors import UserError
from vos_annotator.core.row_sums import ADDED, FILLED

APPLICATION_ID = 0x564F5341  # "VOSA"
SCHEMA = 6

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE objects (
    id INTEGER PRIMARY KEY, position INTEGER NOT NULL, name TEXT NOT NULL,
    color TEXT NOT NULL, visible INTEGER NOT NULL, locked INTEGER NOT NULL
);
CREATE TABLE frames (
    frame INTEGER PRIMARY KEY, status INTEGER NOT NULL, ids TEXT NOT NULL,
    confidence TEXT NOT NULL, engine TEXT NOT NULL
);
CREATE TABLE pngs (frame INTEGER PRIMARY KEY, png BLOB NOT NULL);
CREATE TABLE stale (object INTEGER PRIMARY KEY, frames BLOB NOT NULL);
"""
_SINCE = {  # what each version of the schema added
    2: "CREATE TABLE history"
    "(position INTEGER PRIMARY KEY, text TEXT NOT NULL, edit BLOB NOT NULL);",
    3: "CREATE TABLE absent (object INTEGER PRIMARY KEY, frames BLOB NOT NULL);",
    4: "ALTER TABLE history ADD COLUMN at REAL NOT NULL DEFAULT 0;",
    5: "CREATE TABLE review (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, "
    "state INTEGER NOT NULL, note TEXT NOT NULL);",
    6: ADDED,
}


def make_tables(connection: sqlite3.Connection) -> None:
    """Make an empty database a project's."""
    connection.executescript(
        f"BEGIN; {_TABLES} {' '.join(_SINCE.values())}"
        f"PRAGMA application_id={APPLICATION_ID};"
        f"PRAGMA user_version={SCHEMA}; COMMIT;"
    )


def check_identity(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that is none of ours, or newer than this program.

    Raises:
        UserError: It is.
    """
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise UserError("{path} is not a project of this program; open another file.", path=path)
    if _pragma(connection, "user_version") > SCHEMA:
        raise UserError(
            "{path} was made by a newer version of this program: update the program to open it.",
            path=path,
        )


def bring_up_to_date(connection: sqlite3.Connection, fills: bool = True) -> None:
    """Make of a file of an older version one of this; its rows have sums if it `fills` them in."""
    version = _pragma(connection, "user_version")
    if version < SCHEMA:
        added = " ".join(tables for since, tables in _SINCE.items() if since > version)
        added += FILLED if fills else ""
        connection.executescript(f"BEGIN IMMEDIATE; {added} PRAGMA user_version={SCHEMA}; COMMIT;")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]
