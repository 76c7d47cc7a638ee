"""Two projects of one video, open at once.

For: the commands that compare and merge.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vos_annotator.core.errors import UserError
from vos_annotator.core.project import Project


@contextmanager
def open_two(first: Path, second: Path) -> Iterator[tuple[Project, Project]]:
    """Open two projects, of which the second has the video of the first.

    Raises:
        UserError: One cannot be opened, they are not of one video, or are one file.
    """
    with Project.open(first) as one:
        # It would be called open elsewhere. (A name too long for any file is False here.)
        if os.path.exists(second) and os.path.samefile(first, second):
            raise UserError("{path} is given twice: give two projects.", path=second)
        with Project.open(second, one.video.fork()) as other:
            yield one, other
