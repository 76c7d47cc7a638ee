"""A project: a video, its objects and annotations, saved as they change.

For: the document and headless commands. Knows the project file, annotations and objects;
no Qt, no torch.

There is nothing to save by hand: `apply`, `predict` and `set_setting` have written what
they changed, in one transaction, when they return. Where writing fails (a full disk), the
change stays in memory, `write_failed` says so, and the next write brings it along.

Thread rule: a project belongs to the thread that made it.
"""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import index
from pathlib import Path
from typing import Self

from numpy.typing import NDArray
from psygnal import Signal

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.changed_rows import changed_text
from vos_annotator.core.corrections import correct, references_edit
from vos_annotator.core.edits import AbsenceEdit, Edit, Edits, FrameEdit, ObjectsEdit, ReviewEdit
from vos_annotator.core.errors import DamagedProject, UserError, lost
from vos_annotator.core.file_names import encodable
from vos_annotator.core.history import History
from vos_annotator.core.masks import as_label_map
from vos_annotator.core.objects import Objects
from vos_annotator.core.project_file import ProjectFile, as_json
from vos_annotator.core.project_video import (
    absolute,
    check_video,
    is_project,
    open_video_of,
    project_path,
    video_meta,
)
from vos_annotator.core.reviews import Reviews
from vos_annotator.core.stored_pngs import StoredPngs
from vos_annotator.core.translation import marked
from vos_annotator.core.unwritten import Unwritten, waiting_text
from vos_annotator.core.video import Video

_OPEN_KEY = "open"  # in the file while a program has it open
PERSON = ""  # the engine of a frame that a person made


class Project:
    """An open project.

    Attributes:
        path: The project file.
        video: The video that is annotated.
        objects, annotations, reviews: What was annotated and reviewed; edit through `apply` only.
        history: What can be undone; `apply` leaves it alone.
        saved_at: When something was last written, in seconds since the epoch.
        cut_off_at: When something was last written by a program that then ended without closing
            the project; None if it was closed.
        changed: What of it the disk has changed, in a sentence; "" for nothing that is known.
        problem: Why the last changes are not on disk yet, in a sentence; "" if they are.

    Events:
        write_failed(sentence): A change could not be written yet.
    """

    write_failed = Signal(str)

    def __init__(self, file: ProjectFile, video: Video) -> None:
        """Use `create`, `open` or `for_video` instead."""
        self.path, self.video, self._file = file.path, video, file
        self._meta = file.meta()
        self._pngs, states = StoredPngs(file), dict(file.states())
        used = {*self._meta.get("used_ids", ()), *(i for s in states.values() for i in s.ids)}
        self.objects = Objects(file.objects(), int(self._meta.get("highest_id", 0)), used)
        self.changed = changed_text(self.path, file.changed_rows(), self.objects)
        known = self._pngs, states, file.stale(), file.absent()
        self.annotations = Annotations(video.frame_count, video.shape, *known)
        self.annotations.hide(self.objects.gone)
        self.reviews = Reviews(video.frame_count, file.reviews())
        done = self._meta.get("done")
        steps, done = file.steps(), None if done is None else int(done)
        self.history = History(steps, done, file.step, file.step_times())
        self._together = 0  # blocks of `together` that are open
        self._engine, self.saved_at, self.problem = PERSON, time.time(), ""
        parts = self.annotations, self.objects, self.reviews, self.history, self._pngs, self._meta
        self._unwritten = Unwritten(*parts)
        self.annotations.changed.connect(self._on_frame_changed)
        self.objects.changed.connect(self._on_objects_changed)
        self.cut_off_at = file.written_at if self._meta.get(_OPEN_KEY) else None
        self._note_open(True)

    @classmethod
    def create(cls, path: str | Path, video: Video) -> "Project":
        """Make a new, empty project.

        Raises:
            UserError: Something is there already, or it cannot be written.
        """
        path = absolute(path)
        return cls(ProjectFile.create(path, video_meta(video, path)), video)

    @classmethod
    def open(
        cls,
        path: str | Path,
        video: Video | None = None,
        wait: Callable[[Callable[[], Video]], Video] = lambda opening: opening(),
    ) -> "Project":
        """Open a project; without `video`, the one that it names, in whatever way `wait` waits.

        Raises:
            UserError: The file is no project, is damaged, newer, or open elsewhere; or
                the video is missing or another one.
        """
        file = ProjectFile(absolute(path))
        try:
            meta = file.meta()
            given = video
            video = wait(lambda: open_video_of(file.path, meta)) if given is None else given
            try:
                check_video(file.path, meta, video)
                project = cls(file, video)
            except BaseException:
                if given is None:
                    video.close()
                raise
        except (sqlite3.Error, ValueError, TypeError, LookupError, AttributeError) as error:
            file.close()
            raise DamagedProject(path, error) from error
        except BaseException:
            file.close()
            raise
        project._link_video()
        return project

    @classmethod
    def for_video(cls, video: Video) -> "Project":
        """Open the project of a video, or create it.

        It lies beside the video. Where nothing can be written there, it lies in the user's
        data folder, and starts as a copy of what is beside the video. See `told_of_another`.

        Raises:
            UserError: See `open` and `create`.
        """
        path = project_path(video)
        return cls.open(path, video) if is_project(path) else cls.create(path, video)

    def apply(self, edit: Edit) -> Edit:
        """Make an edit, write it, and return the edit that takes it back."""
        inverse = self._apply(edit)
        self._flush()
        return inverse

    def set_references(self, label_maps: Mapping[int, NDArray], text: str = "Set masks") -> None:
        """Make label maps the references of their frames: one step of undo, called `text`.

        What is computed around them becomes stale; objects that are not listed are added.

        Args:
            label_maps: frame -> (H, W) of object ids, 0 to 255; or of booleans, for object 1.

        Raises:
            ValueError: An array is not of the video's size, or holds other numbers.
        """
        checked = {f: as_label_map(array, self.video.shape) for f, array in label_maps.items()}
        if checked:
            with self.together():
                self.history.push(text, correct(self, references_edit(self, checked))[0])

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write all that changes within in one transaction, at the end."""
        self.begin_together()
        try:
            yield
        finally:
            self.end_together()

    def begin_together(self) -> None:
        """Begin what `together` does; `end_together` must follow."""
        self._together += 1

    def write_ahead(self) -> None:
        """Write the masks that changed, for the file to have them at `end_together`."""
        self._unwritten.write_ahead(self._file)

    def end_together(self) -> None:
        """Write all that changed since `begin_together` was first called."""
        self._together -= 1
        self._flush()

    def predict(
        self,
        frame: int,
        png: bytes,
        confidence: Mapping[int, float],
        engine: str,
        ids: Iterable[int] | None = None,
        stale: Collection[int] = (),
    ) -> bool:
        """Take and write an engine's label map; see `Annotations.predict`."""
        self._engine = encodable(engine)
        try:
            taken = self.annotations.predict(index(frame), png, confidence, ids, stale)
        finally:
            self._engine = PERSON
        self._flush()
        return taken

    def engines(self) -> dict[str, int]:
        """Return the engines that made predictions, and of how many frames each."""
        return self._file.engines()

    def mark_stale(self, frames: Sequence[int], ids: Iterable[int]) -> None:
        """Note and write that predictions of `ids` are older than a correction."""
        self.annotations.mark_stale(frames, ids)
        self._flush()

    def setting(self, key: str, default: object = None) -> object:
        """Return what `set_setting` kept under `key`."""
        return self._meta.get(f"setting:{key}", default)

    def set_setting(self, key: str, value: object) -> None:
        """Keep a JSON value with the project; a TypeError or a ValueError for what is none."""
        self._note({f"setting:{key}": value})
        self._flush()

    def save_copy(self, path: str | Path) -> None:
        """Write a copy of the project to `path`, replacing what is there.

        Raises:
            UserError: It cannot be written, or `path` is the project itself.
        """
        path = absolute(path)
        if path.resolve() == self.path.resolve():
            message = marked("{path} is this project itself, and saved; choose another name.")
            raise UserError(message, path=path)
        self._note_open(False)
        try:
            self._file.copy_to(path)
            if self._unwritten:  # the copy may lie on a disk with more room
                self._unwritten.write_copy(path, self.video)
        finally:
            self._note_open(True)

    def save(self) -> bool:
        """Try to write what waits; whether everything is on disk now."""
        self._flush()
        return not self._unwritten

    def close(self) -> None:
        """Write what waits and let go of the file and the video.

        Raises:
            UserError: The disk did not take all of it. What was not written is lost.
        """
        self.let_go()
        # What it notes of itself is no loss: whoever opens it finds that out again.
        self._unwritten.keys.difference_update((_OPEN_KEY, *video_meta(self.video, self.path)))
        if self._unwritten:
            raise lost(self.path)

    def let_go(self) -> None:
        """Do as `close` does, and do not mind what is lost."""
        self._note_open(False)
        self._file.close()
        self.annotations.close()
        self.video.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        # Where something went wrong already, that is what is to be heard of.
        (self.close if kind is None else self.let_go)()

    def _note_open(self, is_open: bool) -> None:
        """Note for the next who opens the file whether this one closed it."""
        self._note({_OPEN_KEY: is_open})
        self._flush()

    def _link_video(self) -> None:
        """Note where the video is now, so that it is found there the next time."""
        facts = video_meta(self.video, self.path).items()
        self._note({key: value for key, value in facts if self._meta.get(key) != value})
        self._flush()

    def _note(self, facts: Mapping[str, object]) -> None:
        """Have facts about the project written with what is written next."""
        self._unwritten.keys |= dict(as_json(facts)).keys()  # what is no JSON is refused here
        self._meta |= facts

    def _apply(self, edit: Edit) -> Edit:
        match edit:
            case FrameEdit():
                return self.annotations.apply(edit)
            case AbsenceEdit():
                return self.annotations.apply_absence(edit)
            case ReviewEdit():
                return self.reviews.apply(edit)
            case ObjectsEdit():
                return self.objects.apply(edit)
            case Edits(edits):
                return Edits(tuple(self._apply(part) for part in edits)[::-1])

    def _on_frame_changed(self, frame: int, box: object) -> None:
        # A state alone may change: then the row keeps the engine and PNG that it has.
        self._unwritten.frames[frame] = self._engine

    def _on_objects_changed(self) -> None:
        self.annotations.hide(self.objects.gone)
        self._unwritten.has_objects = True
        self._note({"highest_id": self.objects.highest_id, "used_ids": sorted(self.objects.used)})

    def _flush(self) -> None:
        """Write everything that changed and is not written yet."""
        if self._together or not self._unwritten:
            return
        try:
            self._unwritten.write(self._file)
        except sqlite3.Error as error:
            self.problem = waiting_text(self.path, error)
            self.write_failed.emit(self.problem)
            return
        self.saved_at, self.problem = time.time(), ""
