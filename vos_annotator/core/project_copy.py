"""A project read without being touched: a copy of it, opened on the project's own video.

For: runs without a window that only read, several of them at once if need be.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from vos_annotator.core.database_place import snapshot
from vos_annotator.core.errors import UserError
from vos_annotator.core.project import Project
from vos_annotator.core.project_file import ProjectFile
from vos_annotator.core.project_schema import check_identity
from vos_annotator.core.project_video import absolute, check_video, open_video_of
from vos_annotator.core.video import Video


@contextmanager
def copied_project(path: Path, folder: Path, video: Video | None = None) -> Iterator[Project]:
    """Give a copy of a project, which lies in `folder` and may be changed.

    Args:
        path: The project, which stays as it is; its window must be closed.
        folder: Has nothing of that name.
        video: Where the project's video is not where it says; stays the caller's.

    Raises:
        UserError: It is no project, is damaged or open elsewhere; or its video is missing or
            another one.
    """
    path = absolute(path)
    if not os.path.isfile(path):  # False also for a name too long
        raise UserError(
            "{path} does not exist; check the name and whether the disk is there.", path=path
        )
    copy = folder / path.name
    snapshot(path, copy)
    with closing(sqlite3.connect(copy)) as connection:
        check_identity(connection, path)  # a person knows the project, not its copy
    file = ProjectFile(copy)
    try:
        meta = file.meta()
    finally:
        file.close()
    with ExitStack() as stack:
        given = stack.enter_context(open_video_of(path, meta)) if video is None else video
        check_video(path, meta, given)
        project = Project.open(copy, given)
        stack.callback(project.let_go)  # nobody opens it again
        yield project
