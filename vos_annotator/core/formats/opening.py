"""The project that a command on formats works on.

For: the commands `export` and `import`.
"""

import sys
from pathlib import Path

from vos_annotator.core.errors import UserError
from vos_annotator.core.project import Project
from vos_annotator.core.project_video import SUFFIX, project_path, told_of_another
from vos_annotator.core.video import open_video


def opened_project(path: Path, may_create: bool) -> Project:
    """Open a project by its file, or by its video.

    Raises:
        UserError: It cannot be opened, or the video has none and none may be created.
    """
    if path.suffix.lower() == SUFFIX and not path.is_dir():
        return Project.open(path)
    video = open_video(path)
    try:
        if not may_create and not project_path(video).is_file():
            raise UserError(
                "{path} has no project yet: annotate it in the window, or import masks.", path=path
            )
        project = Project.for_video(video)
    except BaseException:
        video.close()
        raise
    if note := told_of_another(video, project.path):
        print(note, file=sys.stderr)
    return project


def show_progress(what: str, done: int, total: int) -> None:
    """Keep a line of progress on a terminal's stderr."""
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{what}: {done} of {total} frames\033[K", end=end, file=sys.stderr, flush=True)
