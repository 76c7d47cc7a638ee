"""The one error meant for the person at the keyboard; every layer may raise it.

Anything else that escapes is a fault of the program and keeps its traceback.
"""

from pathlib import Path

from vos_annotator.core.translation import marked, tr


class UserError(Exception):
    """A mistake or a broken file that the user can mend.

    The message is one sentence which names the file and says what to do. The command line
    prints it and exits with 2; the window shows it and goes on.
    """

    def __init__(self, message: str, /, **fields: object) -> None:
        """Make the error with a message in the language in use.

        Args:
            message: The sentence in English, with named fields in braces.
            fields: What stands in their place.
        """
        super().__init__(tr(message, **fields))


class MissingVideo(UserError):
    """A project's video is not where it was; showing it once links it again.

    Attributes:
        project: The project file.
        video: Where the video was.
    """

    def __init__(self, project: Path, video: Path) -> None:
        super().__init__(
            marked(
                "The video of {project} is not at {video} any more: put it back there, or beside "
                "the project as it was."
            ),
            project=project,
            video=video,
        )
        self.project, self.video = project, video


class UnknownVideo(UserError):
    """A damaged project does not say any more which video it is of; a person may know.

    Attributes:
        project: The project file.
    """

    def __init__(self, project: Path) -> None:
        super().__init__(
            marked("{path} does not say any more which video it is of: name it with --video."),
            path=project,
        )
        self.project = project


class DamagedProject(UserError):
    """Of a project's file not everything can be read; the rest can be rescued.

    Attributes:
        project: The project file.
    """

    def __init__(self, project: Path, error: Exception | str) -> None:
        super().__init__(
            marked(
                "{path} is damaged ({error}): what can still be read goes into a new project with "
                "File > Rescue a damaged project, or the command rescue; {path} stays as it is."
            ),
            path=project,
            error=error,
        )
        self.project = project


class DamagedMask(UserError):
    """The stored mask of a frame is damaged; all others may be as they were."""

    def __init__(self, project: Path, frame: int) -> None:
        super().__init__(
            marked(
                "The mask of frame {frame} in {path} was damaged on the disk: close the project; "
                "all that can be read goes into a new one with File > Rescue a damaged project, "
                "or the command rescue."
            ),
            path=project,
            frame=frame,
        )


def lost(path: Path) -> UserError:
    """Return the sentence for changes that still waited when the project was let go."""
    return UserError(
        "{path} lacks the last changes, the disk did not take them: free some space and do it "
        "again.",
        path=path,
    )


def unreadable(path: Path, error: OSError) -> UserError:
    """Return the sentence for a file or folder that the system does not let us read."""
    match error:
        case FileNotFoundError():
            return UserError("{path} has gone; put it back or open another.", path=path)
        case PermissionError():
            return UserError(
                "{path} may not be read by this user; change its permissions.", path=path
            )
    reason = error.strerror or error
    return UserError(
        "{path} cannot be read ({reason}); check the disk or copy it again.",
        path=path,
        reason=reason,
    )
