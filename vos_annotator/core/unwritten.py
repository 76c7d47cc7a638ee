"""What of a project is not on disk yet, and how it gets there: all of it, or nothing.

For: the project. Knows the project file, annotations, objects, reviews and history.

A change of thousands of masks takes seconds, and its rows as long to write. They can be written
ahead, a few at a time, into a transaction that ends with the change: whoever dies before leaves
a file without a trace of it.
"""

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.database_place import is_damage
from vos_annotator.core.errors import UserError
from vos_annotator.core.frame_state import FrameState
from vos_annotator.core.history import History
from vos_annotator.core.objects import Objects
from vos_annotator.core.project_file import ProjectFile
from vos_annotator.core.rescue import rescue_in_place
from vos_annotator.core.reviews import Reviews
from vos_annotator.core.stored_pngs import StoredPngs
from vos_annotator.core.translation import marked, tr
from vos_annotator.core.video import Video


def waiting_text(path: Path, error: Exception) -> str:
    """Return in a sentence why the changes of the project at `path` wait."""
    if is_damage(error):
        return tr(
            "The last changes are not on disk: {path} was damaged there ({error}). File > Save a "
            "copy as keeps them, with all that can be read; go on with the copy.",
            path=path,
            error=error,
        )
    return tr(
        "The last changes are not on disk yet: {path} cannot be written ({error}). They are kept "
        "in memory; free some space, and they are written with the next edit.",
        path=path,
        error=error,
    )


class Unwritten:
    """The changes that wait.

    Attributes:
        frames: Those that changed: frame -> who made it.
        keys: Of the project's values that changed.
        has_objects: Whether the objects changed.
    """

    def __init__(
        self,
        annotations: Annotations,
        objects: Objects,
        reviews: Reviews,
        history: History,
        pngs: StoredPngs,
        meta: Mapping[str, object],
    ) -> None:
        """Have nothing wait of these but what they know themselves."""
        self._annotations, self._objects, self._history = annotations, objects, history
        self._pngs, self._meta, self._reviews = pngs, meta, reviews
        self.frames: dict[int, str] = {}
        self.keys: set[str] = set()
        self.has_objects = False
        self._ahead: dict[int, str] = {}  # frames whose rows are written, but not for good
        self._may_write_ahead = True

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return any(self._waiting) or self.has_objects or self._reviews.unsaved

    @property
    def _waiting(self) -> tuple[Collection, ...]:
        """What names the changes, by their kinds; those of objects and reviews aside."""
        flags = self._annotations.staleness.unsaved, self._annotations.absences.unsaved
        return self.frames, self._ahead, self.keys, *flags, self._history.unsaved

    def write(self, file: ProjectFile) -> None:
        """Write everything, in one transaction; it waits no more.

        Raises:
            sqlite3.Error: It could not be written, and still waits; the file is as it was.
        """
        try:
            self._write_into(file)
        except sqlite3.Error:
            self._take_back()
            raise
        finally:
            self._may_write_ahead = True
        for waiting in (self._pngs.waiting, *self._waiting):
            waiting.clear()
        self.has_objects = self._reviews.unsaved = False

    def write_copy(self, path: Path, video: Video) -> None:
        """Write everything to a copy of the project; it waits all the same.

        Where the project is damaged, the copy becomes what can be read of it first.

        Raises:
            UserError: It could not be written; the copy is as it was.
        """
        try:
            self._write_open(path)
        except sqlite3.Error as error:
            if not is_damage(error):
                message = marked("{path} lacks the last changes ({error}): choose another disk.")
                raise UserError(message, path=path, error=error) from error
            rescue_in_place(path, video)
            self._write_open(path)

    def _write_open(self, path: Path) -> None:
        with closing(ProjectFile(path)) as copy:
            self._write_into(copy)

    def _write_into(self, file: ProjectFile) -> None:
        file.write(
            self._rows(),
            tuple(self._objects) if self.has_objects else None,
            self._annotations.staleness.packed_unsaved(),
            self._annotations.absences.packed_unsaved(),
            self._reviews.said if self._reviews.unsaved else None,
            {key: self._meta[key] for key in self.keys},
            self._history,
        )

    def write_ahead(self, file: ProjectFile) -> None:
        """Write the frames that changed into the transaction that the next `write` ends.

        Where that fails, `write` tries it again, and tells.
        """
        if not (self.frames and self._may_write_ahead):
            return
        try:
            file.write_ahead(self._rows())
        except sqlite3.Error:
            file.roll_back()
            self._take_back()
            self._may_write_ahead = False
        else:
            self._ahead |= self.frames
            self.frames.clear()

    def _take_back(self) -> None:
        self.frames = self._ahead | self.frames
        self._ahead = {}

    def _rows(self) -> Iterator[tuple[int, FrameState, str, bytes | None]]:
        waiting, state = self._pngs.waiting, self._annotations.state
        for frame, engine in self.frames.items():
            yield frame, state(frame), engine, waiting.get(frame)
