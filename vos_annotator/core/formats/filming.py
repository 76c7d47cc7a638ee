"""The export of a film: one file, written beside, decoded to see, and renamed.

For: `exporting`. A film that was cut off is begun anew.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np

from vos_annotator.core.atomic import beside, writing
from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.format import Film, Source
from vos_annotator.core.formats.ledger import Ledger, hash_of
from vos_annotator.core.formats.report import ExportReport
from vos_annotator.core.masks import LabelMap, decode_png, object_ids, without
from vos_annotator.core.putting_aside import putting_aside
from vos_annotator.core.video import Image

Pictures = Iterator[tuple[int, Image, LabelMap]]


class Filming:
    """Makes one film."""

    def __init__(self, source: Source, film: Film, frames: tuple[int, ...]) -> None:
        self._source, self._film, self._frames = source, film, frames
        self._objects: set[int] = set()
        self._without_masks: list[int] = []

    def run(
        self,
        out: Path,
        ledger: Ledger,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> ExportReport:
        """Write the film below `out`; see `exporting.export`."""
        film, file = self._film, out / self._film.place
        ledger.check(film.place)
        part = beside(file)
        done = written = 0
        with _writing(file):
            out.mkdir(parents=True, exist_ok=True)
            if not ledger.may_replace and ledger.is_foreign(film.place):
                raise ledger.refusal(film.place)
            try:
                for _ in film.encode(part, self._pictures(cancelled)):
                    done += 1
                    progress(done, len(self._frames))
                is_whole = done == len(self._frames)
                if is_whole:
                    problem = film.check(part, self._pictures(cancelled))
                    is_whole = not cancelled()
                    if problem and is_whole:
                        raise UserError(
                            "{path} does not read back as it was written ({problem}): check the "
                            "disk, and export again.",
                            path=file,
                            problem=problem,
                        )
                if is_whole:
                    digest = hash_of(part)
                    written = int(digest != hash_of(file))
                    ledger.expect(film.place, digest)
                    os.replace(part, file)
                    ledger.note_whole(film.place, digest)
            finally:
                part.unlink(missing_ok=True)
        return ExportReport(
            name=film.sequence.name,
            annotations=file,
            frame_count=len(self._frames),
            frames_done=done,
            written=written,
            skipped=int(is_whole) - written,
            frames_without_masks=tuple(self._without_masks),
            objects=tuple(sorted(self._objects)),
            size=file.stat().st_size if is_whole else 0,
            manifest=ledger.path if is_whole else None,
        )

    def size(self, frames: Iterable[int]) -> int:
        """Return the bytes of a film of some frames.

        Raises:
            UserError: The temporary folder cannot take it, or a frame cannot be read.
        """
        with putting_aside(), tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "trial"
            trial = Filming(self._source, self._film, tuple(frames))
            for _ in self._film.encode(file, trial._pictures(lambda: False)):
                pass
            return file.stat().st_size

    def _pictures(self, cancelled: Callable[[], bool]) -> Pictures:
        """Give the frames with their label maps, until it is cancelled."""
        video, chosen = self._source.video, self._film.sequence.options.objects
        self._without_masks.clear()
        for frame in self._frames:
            if cancelled():
                return
            png = self._source.mask_png(frame)
            if png is None:
                self._without_masks.append(frame)
                label_map = np.zeros(video.shape, np.uint8)
            else:
                label_map = decode_png(png)
            if chosen is not None:
                label_map = without(label_map, set(object_ids(label_map)) - chosen)
            self._objects.update(object_ids(label_map))
            yield frame, video[frame], label_map


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn also what FFmpeg objects to, while `path` is written, into one sentence."""
    with writing(path):
        try:
            yield
        except av.FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error
