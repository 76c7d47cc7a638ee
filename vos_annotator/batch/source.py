"""A clip opened to be computed: its frames, its references, and the masks of a part of it.

For: the batch's workers. Knows videos, projects and the headless functions, which the window and
the other commands use too: so the masks are the same bytes.

A project is read as a copy in a temporary folder: the file itself is not even locked.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from vos_annotator.batch.clips import Clip
from vos_annotator.batch.places import fetched, holds_something, is_folder, is_url
from vos_annotator.core.database_place import JOURNAL
from vos_annotator.core.errors import UserError
from vos_annotator.core.mask_files import mask_files, reference_pngs, sequence_folder
from vos_annotator.core.project import Project
from vos_annotator.core.project_copy import copied_project
from vos_annotator.core.project_video import absolute
from vos_annotator.core.video import Video, open_video
from vos_annotator.engine.headless import propagated_pngs, propagating
from vos_annotator.engine.protocol import SegmentationEngine

_CACHE_BYTES = 64 << 20  # pictures are read in order, or in reverse: few are met again


@dataclass(frozen=True)
class _ClipSource:
    """A video with masks of some of its frames, which were read from the paths or URLs `given`."""

    video: Video
    pngs: dict[int, bytes]
    given: tuple[str, ...]

    @property
    def references(self) -> tuple[int, ...]:
        """The frames that are not computed."""
        return tuple(self.pngs)

    def masks(
        self, engine: SegmentationEngine, frames: range, learns: bool, refines: bool
    ) -> Iterator[tuple[int, bytes]]:
        """Yield each of `frames` once, with the PNG of its label map."""
        yield from propagated_pngs(
            self.video, self.pngs, engine, learns=learns, refines=refines, frames=frames
        )


@dataclass(frozen=True)
class _ProjectSource:
    """A project that is this process's own."""

    project: Project
    given = ()  # its masks are in no files

    @property
    def video(self) -> Video:
        """The project's."""
        return self.project.video

    @property
    def references(self) -> tuple[int, ...]:
        """The frames that are not computed."""
        return self.project.annotations.references

    def masks(
        self, engine: SegmentationEngine, frames: range, learns: bool, refines: bool
    ) -> Iterator[tuple[int, bytes]]:
        """Yield each of `frames` once, with the PNG of its label map."""
        annotations = self.project.annotations
        for frame in annotations.references:
            if frame in frames:
                yield frame, annotations.png(frame)
        for frame in propagating(
            self.project, engine, learns=learns, refines=refines, frames=frames
        ):
            yield frame, annotations.png(frame)


Source = _ClipSource | _ProjectSource


def read_by(clip: Clip) -> list[str]:
    """Return the files and folders that `opened` reads of a clip, as far as names tell.

    Raises:
        UserError: The masks are in none of the folders, or a store cannot be asked.
    """
    found = [] if clip.video is None else [clip.video]
    if clip.project is not None:
        found += _parts(clip.project)
    elif is_url(clip.masks) or not is_folder(clip.masks):
        found.append(clip.masks)
    else:
        video = absolute(clip.video)
        name = video.name if is_folder(clip.video) else video.stem
        found.append(str(sequence_folder(Path(clip.masks), name)))
    return found


def _parts(project: str) -> list[str]:
    """Return a project's file, and its journal: there while it is open, and after a crash."""
    file = project if is_url(project) else os.path.realpath(project)
    journal = f"{file}{JOURNAL}"
    return [project, journal] if holds_something(journal) else [project]


@contextmanager
def opened(clip: Clip) -> Iterator[Source]:
    """Open a clip for as long as it is worked on.

    Raises:
        UserError: Something of it is missing, damaged or does not fit.
    """
    with ExitStack() as stack:
        video = None
        if clip.video is not None:
            path = stack.enter_context(fetched(clip.video))
            video = stack.enter_context(open_video(path, _CACHE_BYTES))
        if clip.project is None:
            masks = stack.enter_context(fetched(clip.masks))
            files = mask_files(masks, video).values()
            given = tuple(
                f"{clip.masks.rstrip('/')}/{file.relative_to(masks).as_posix()}".removesuffix("/.")
                for file in files
            )
            yield _ClipSource(video, reference_pngs(masks, video), given)
            return
        path = stack.enter_context(fetched(*_parts(clip.project)))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="vos-batch-")))
        project = stack.enter_context(copied_project(path, folder, video))
        if not project.annotations.references:
            raise UserError(
                "{project} has no reference: paint an object on a frame first.",
                project=clip.project,
            )
        yield _ProjectSource(project)
