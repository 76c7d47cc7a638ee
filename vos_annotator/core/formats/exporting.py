"""An export in any format: written, read back and compared.

For: the window, the command `export`, the Python API. Knows formats, videos and masks; no Qt.

A file is written under another name, read back, compared and only then renamed, so whatever
stops an export leaves whole files behind, and the next export goes on from there. What was
changed by others since is not replaced unless that is allowed (`ledger`). Once all is
written, the masks are read as any other program would read them, and compared with those that
were to be exported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from vos_annotator.core.atomic import put_file, writing
from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.claim import claim, refuse_another_clip
from vos_annotator.core.formats.fidelity import Fidelity
from vos_annotator.core.formats.format import (
    Encoded,
    Format,
    Merge,
    Options,
    Sequence,
    Source,
)
from vos_annotator.core.formats.ledger import Ledger
from vos_annotator.core.formats.registry import format_named
from vos_annotator.core.formats.report import ExportReport
from vos_annotator.core.formats.sources import Numbered, sequence_of, source_of
from vos_annotator.core.in_threads import in_threads
from vos_annotator.core.masks import decode_png, encode_png, object_ids, without
from vos_annotator.core.project import Project
from vos_annotator.core.video import Video

if TYPE_CHECKING:
    from vos_annotator.core.formats.filming import Filming

_JPEG_QUALITY = 95


def export(
    source: Source,
    format_name: str,
    out: str | Path,
    name: str | None = None,
    *,
    options: Options | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ExportReport:
    """Write the masks of a video in a format.

    Args:
        source: The video and its masks.
        format_name: One of `FORMATS`.
        out: The folder, made if need be. What else is in it is left alone.
        name: Of the sequence, made safe for a path; None takes the video's.
        options: What the format leaves open.
        progress: Called after each frame with the frames done and their number.
        cancelled: Asked before each frame; True ends the export, resumable, once the frames
            that are begun are written.

    Returns:
        The report. What lists sequences names this one only once it is complete.

    Raises:
        UserError: There is no such format, another video's export is there, or something cannot
            be written or does not read back; no half-written file is left.
    """
    kind = format_named(format_name)
    sequence = sequence_of(source, name, options or Options())
    return _Export(source, kind, Path(out), sequence).run(progress, cancelled)


def export_project(
    project: Project, format_name: str, out: str | Path, name: str | None = None, **rest: Any
) -> ExportReport:
    """Write the masks of a project in a format.

    Args:
        project: Belongs to the calling thread.
        format_name, out, name, rest: As of `export`.

    Raises:
        UserError: As of `export`.
    """
    return export(source_of(project), format_name, out, name, **rest)


def trial_size(
    source: Source, kind: Format, name: str, options: Options, frames: Iterable[int]
) -> int:
    """Return the bytes that some frames take in a format; nothing is written."""
    trial = _Export(source, kind, Path(), sequence_of(source, name, options))
    return trial.size_of(frames)


class _Export:
    """One export, while it runs."""

    def __init__(self, source: Source, kind: Format, out: Path, sequence: Sequence) -> None:
        self._source, self._kind, self._out, self._sequence = source, kind, out, sequence
        self._video, self._options = source.video, sequence.options
        self._writer = kind.writer(sequence)
        chosen = self._options.frames
        every = range(self._video.frame_count)
        self._frames = tuple(every) if chosen is None else tuple(sorted(set(chosen)))
        if not kind.is_film:
            has_place = self._writer.picture(0) is not None
            self._with_images = self._options.with_images and has_place
            self._reads_images = self._with_images or self._writer.needs_image
        whose = sequence.name, kind.name, self._video.fingerprint
        self._ledger = Ledger(out, *whose, self._options.replace, self._video.path)
        self._empty = encode_png(np.zeros(self._video.shape, np.uint8))
        self._without_masks: list[int] = []

    def run(
        self, progress: Callable[[int, int], None], cancelled: Callable[[], bool]
    ) -> ExportReport:
        """Write, compare and tell."""
        if self._ledger.clash is not None:
            raise self._ledger.clash
        if self._kind.is_film:
            report = self._filming().run(self._out, self._ledger, progress, cancelled)
            if report.manifest is not None:
                self._ledger.close(self._told(None))
            return report
        writer, video = self._writer, self._video
        stems = {writer.stem(frame) for frame in range(video.frame_count)}
        for folder in writer.own:
            claim(self._out / folder, stems, video)
        if self._with_images and self._frames:
            first = self._frames[0]
            self._ledger.check(writer.picture(first))
            refuse_another_clip(self._out / writer.picture(first), first, video)
        written = files = size = done = 0
        rows: dict[int, Any] = {}
        objects: set[int] = set()
        for frame, row, ids, sizes in in_threads(self._write, self._read(cancelled)):
            written += sum(is_new for is_new, _ in sizes)
            size += sum(bytes_ for _, bytes_ in sizes)
            files += len(sizes)
            objects.update(ids)
            rows[frame] = row
            done += 1
            progress(done, len(self._frames))
        kept = None
        if done == len(self._frames):
            last = self._end(rows)
            written += sum(is_new for is_new, _ in last)
            size += sum(bytes_ for _, bytes_ in last)
            files += len(last)
            kept = self._compare(cancelled)
            for path, merge in writer.shared(rows).items():
                self._share(path, merge)
            if kept is not None or not self._kind.reads:
                self._ledger.close(self._told(kept))
        return ExportReport(
            name=self._sequence.name,
            annotations=self._out / writer.place,
            frame_count=len(self._frames),
            frames_done=done,
            written=written,
            skipped=files - written,
            frames_without_masks=tuple(self._without_masks),
            objects=tuple(sorted(objects)),
            size=size,
            kept=kept,
            manifest=self._ledger.path,
        )

    def _filming(self) -> Filming:
        from vos_annotator.core.formats.filming import Filming  # loads PyAV

        return Filming(self._source, self._writer, self._frames)

    def size_of(self, frames: Iterable[int]) -> int:
        """Return the bytes that frames take as they are written."""
        if self._kind.is_film:
            return self._filming().size(frames)
        rows: dict[int, Any] = {}
        size = 0
        for frame in frames:
            png = self._source.mask_png(frame)
            label_map, png = self._chosen(frame, self._empty if png is None else png)
            image = self._video[frame] if self._reads_images else None
            encoded = self._writer.encode(frame, label_map, png, image)
            rows[frame] = encoded.row
            size += sum(map(len, encoded.files.values()))
            size += len(_jpeg(image)) if self._with_images else 0
        return size + sum(map(len, self._writer.end(rows).values()))

    def _told(self, kept: float | None) -> dict[str, Any]:
        """Return what the manifest tells beside the files."""
        video, sequence = self._video, self._sequence
        return {
            "format": self._kind.name,
            "name": sequence.name,
            "video": {
                "name": video.path.name,
                "fingerprint": video.fingerprint,
                "frames": video.frame_count,
                "size": [video.shape[1], video.shape[0]],
            },
            "objects": {str(i): name for i, name in sequence.names.items()},
            "frames": self._frames,
            "times": [round(sequence.times[frame], 6) for frame in self._frames],
            "pixels_read_back": kept,
            **self._source.provenance,
        }

    def _read(
        self, cancelled: Callable[[], bool]
    ) -> Iterator[tuple[int, bytes, np.ndarray | None]]:
        for frame in self._frames:
            if cancelled():
                return
            png = self._source.mask_png(frame)
            if png is None:
                self._without_masks.append(frame)
            image = self._video[frame] if self._reads_images else None
            yield frame, self._empty if png is None else png, image

    def _write(
        self, frame: int, png: bytes, image: np.ndarray | None
    ) -> tuple[int, Any, tuple[int, ...], list[tuple[bool, int]]]:
        """Write a frame; return its row, its objects, and of each file if it is new, its size."""
        label_map, png = self._chosen(frame, png)
        encoded: Encoded = self._writer.encode(frame, label_map, png, image)
        files = dict(encoded.files)
        if self._with_images:
            files[self._writer.picture(frame)] = _jpeg(image)
        for path in encoded.gone:
            self._ledger.remove(path)
        sizes = [(self._ledger.put(path, data), len(data)) for path, data in files.items()]
        return frame, encoded.row, object_ids(label_map), sizes

    def _chosen(self, frame: int, png: bytes) -> tuple[np.ndarray, bytes]:
        """Return a label map and its PNG, without the objects that are not chosen."""
        label_map = decode_png(png)
        if label_map.shape != self._video.shape:
            raise UserError(
                "The mask of frame {frame} is {size}, {path} is {wanted}: import masks of the "
                "video's size.",
                frame=frame,
                size=_size(label_map.shape),
                path=self._video.path,
                wanted=_size(self._video.shape),
            )
        if self._options.objects is not None:
            others = set(object_ids(label_map)) - self._options.objects
            if others:
                label_map = without(label_map, others)
                png = encode_png(label_map)
        return label_map, png

    def _end(self, rows: Mapping[int, Any]) -> list[tuple[bool, int]]:
        return [
            (self._ledger.put(path, data), len(data))
            for path, data in self._writer.end(rows).items()
        ]

    def _share(self, path: str, merge: Merge) -> None:
        """Add the sequence to a file that tells of several, and keeps what it tells of others."""
        file = self._out / path
        with writing(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            before = file.read_bytes() if file.is_file() else None
        put_file(file, merge(before, file))

    def _compare(self, cancelled: Callable[[], bool]) -> float | None:
        """Return which share of the masks reads back as it was, None if that was given up.

        Raises:
            UserError: The format keeps every pixel, and a frame reads back otherwise.
        """
        if not self._kind.reads:
            return None
        place = self._out / self._writer.place
        found = self._kind.read(place, self._to_read(), self._sequence.name)
        fidelity = Fidelity(self._kind.holds, place)
        for frame in self._frames:
            if cancelled():
                return None
            png = self._source.mask_png(frame)
            wanted, _ = self._chosen(frame, self._empty if png is None else png)
            read = found.maps.get(frame)
            fidelity.add(frame, wanted, np.zeros_like(wanted) if read is None else read())
        return fidelity.share

    def _to_read(self) -> Video | Numbered:
        """Return what the masks are read for: a video whose pictures are called as they are."""
        video, pictures = self._video, set(self._sequence.pictures)
        if pictures.issuperset(self._writer.stem(frame) for frame in self._frames):
            return video
        return Numbered(video.name, video.shape, video.frame_count)


def _jpeg(image: np.ndarray) -> bytes:
    """Encode with OpenCV, which lets other threads run meanwhile, the window's among them."""
    options = (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    return data.tobytes()


def _size(shape: tuple[int, int]) -> str:
    return f"{shape[1]}x{shape[0]}"
