"""Tables of figures as CSV files.

For: the commands and dialogs that measure.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from vos_annotator.core.atomic import put_report


def write_csv(file: Path, columns: list[str], rows: Iterable[list[str]]) -> None:
    """Write a table, whole or not at all; its folder is made if need be.

    Raises:
        UserError: It cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    put_report(file, text.getvalue().encode())
