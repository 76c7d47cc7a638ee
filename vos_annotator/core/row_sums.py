"""A checksum with each row of a project: by it a bit is noticed that the disk has changed.

For: `project_file`, which writes rows, and `wreck`. Knows SQLite and the columns of the tables.

SQLite has no checksums of its pages: a letter of a name, or a state of review, that the disk has
changed would pass for what a person wrote. Masks have checksums of their own, as PNGs. Rows that an
older version of the program wrote have none until the file is brought up to date; from then on one
without a sum has lost it.
"""

import sqlite3
import zlib

COLUMNS = {  # table: its key, and what else is in the sum
    "meta": ("key", "value"),
    "objects": ("id", "position", "name", "color", "visible", "locked"),
    "frames": ("frame", "status", "ids", "confidence", "engine"),
    "stale": ("object", "frames"),
    "absent": ("object", "frames"),
    "review": ("first", "last", "state", "note"),
    "history": ("position", "text", "edit", "at"),
}
ADDED = " ".join(f"ALTER TABLE {table} ADD COLUMN sum INTEGER;" for table in COLUMNS)
CHECKED = tuple(each for each in COLUMNS if each != "history")  # whose steps are read one by one


def sum_of(table: str) -> str:
    """Return the expression for the sum that a row of a table ought to have."""
    return f"row_sum({', '.join(COLUMNS[table])})"


FILLED = " ".join(f"UPDATE {table} SET sum = {sum_of(table)};" for table in CHECKED)


def know_sums(connection: sqlite3.Connection) -> None:
    """Have the statements of a connection know `row_sum`."""
    connection.create_function("row_sum", -1, _row_sum, deterministic=True)


def insertion(table: str) -> str:
    """Return the statement that writes a row of a table, in place of one with its key."""
    values = ", ".join(f"?{n}" for n in range(1, len(COLUMNS[table]) + 1))
    return f"INSERT OR REPLACE INTO {table} VALUES ({values}, row_sum({values}))"


def changed_in(connection: sqlite3.Connection, table: str, may_lack: bool = False) -> list:
    """Return the keys of the rows of a table that are not as they were written.

    Args:
        connection: Knows `row_sum`.
        table: One of `CHECKED`.
        may_lack: Whether rows without a sum pass: the file may be of an older version.

    Raises:
        sqlite3.Error: The table cannot be read.
    """
    key, differs = COLUMNS[table][0], "!=" if may_lack else "IS NOT"
    query = f"SELECT {key} FROM {table} WHERE sum {differs} {sum_of(table)} ORDER BY {key}"
    return [key for (key,) in connection.execute(query).fetchall()]


def is_torn(connection: sqlite3.Connection, table: str) -> bool:
    """Whether pages of a table hold bytes that are no row's: whole rows may be gone, then.

    Raises:
        sqlite3.Error: The table cannot be read.
    """
    knows_tables = sqlite3.sqlite_version_info >= (3, 33)  # before, it looks through all masks too
    found = connection.execute(f"PRAGMA quick_check({table})").fetchall() if knows_tables else []
    return bool(found) and found != [("ok",)]


def _row_sum(*values: float | str | bytes | None) -> int:
    # With its type: of no bytes the checksum is 0, too.
    words = [f"b{zlib.crc32(v)}" if isinstance(v, bytes) else repr(v) for v in values]
    return zlib.crc32("\0".join(words).encode(errors="surrogatepass"))
