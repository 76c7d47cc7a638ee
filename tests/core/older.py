"""Project files as older versions of the program left them."""

import sqlite3
from contextlib import closing

from vos_annotator.core.row_sums import COLUMNS

_ADDED = {2: "history", 3: "absent", 5: "review"}  # tables, by the version that brought them


def make_older(path, version):
    """Make of a project file one of an older version: all goes that this did not know."""
    with closing(sqlite3.connect(path)) as file, file:
        for table in COLUMNS:
            file.execute(f"ALTER TABLE {table} DROP COLUMN sum")
        if version < 4:
            file.execute("ALTER TABLE history DROP COLUMN at")
        for since, table in _ADDED.items():
            if version < since:
                file.execute(f"DROP TABLE {table}")
        if version < 2:
            file.execute("DELETE FROM meta WHERE key = 'done'")
        file.execute(f"PRAGMA user_version = {version}")
