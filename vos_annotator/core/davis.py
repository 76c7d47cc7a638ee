"""Sequences in the folders of DAVIS, written for others to read; `mask_files` reads them.

For: the export of the window, the command line. Knows masks and videos; no Qt.

    ROOT/JPEGImages/480p/NAME/00000.jpg     the pictures
    ROOT/Annotations/480p/NAME/00000.png    their label maps: indexed, DAVIS palette
    ROOT/ImageSets/2017/NAME.txt            the names of the sequences, one a line

Pictures and label maps always have the video's own size: "480p" and "Full-Resolution" are
names of folders, which tools look for, and nothing is scaled to suit them.

A file is written under another name, read back, compared and only then renamed, so whatever
stops an export leaves whole files behind, and the next export goes on from there.
"""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image

from vos_annotator.core.atomic import put_file, writing
from vos_annotator.core.errors import UserError
from vos_annotator.core.in_threads import in_threads
from vos_annotator.core.masks import decode_png, encode_png, object_ids
from vos_annotator.core.translation import tr, tr_many
from vos_annotator.core.video import Video

RESOLUTIONS = ("480p", "Full-Resolution")

_JPEG_QUALITY = 95
_ANOTHER_CLIP = 16  # mean difference of grey levels that no two JPEG encoders make
_LONGEST_NAME = 200  # bytes; file systems allow 255
_RESERVED_NAMES = {"con", "prn", "aux", "nul"}.union(
    *({f"com{n}", f"lpt{n}"} for n in range(1, 10))
)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export did, in numbers that can be checked against the folder."""

    name: str
    annotations: Path  # the folder of the label maps
    frame_count: int
    frames_done: int
    written: int  # files
    skipped: int  # files which already held exactly this
    frames_without_masks: tuple[int, ...]
    objects: tuple[int, ...]
    size: int  # bytes of all the files, written or skipped

    @property
    def is_complete(self) -> bool:
        """Whether every frame is there; False after a cancelled export."""
        return self.frames_done == self.frame_count

    def __str__(self) -> str:
        parts = [
            tr(
                "{name}: {done} of {count} frames, {objects}, {size} MB",
                name=self.name,
                done=self.frames_done,
                count=self.frame_count,
                objects=tr_many("{count} object", "{count} objects", len(self.objects)),
                size=f"{self.size / 1e6:.1f}",
            ),
            tr(
                "{written} files written and read back, {skipped} were already there",
                written=self.written,
                skipped=self.skipped,
            ),
        ]
        if self.frames_without_masks:
            ranges = _ranges(self.frames_without_masks)
            parts.append(tr("no masks on frames {frames}", frames=ranges))
        if not self.is_complete:
            parts.append(tr("stopped: export again to go on from here"))
        return "; ".join(parts)


def safe_name(name: str) -> str:
    """Return `name` as the name of a folder on any system; good names stay as they are."""
    name = name.encode(errors="replace").decode()
    name = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]+', "_", name).strip(" .")
    if name.split(".")[0].lower() in _RESERVED_NAMES:
        name = f"_{name}"
    name = name.encode()[:_LONGEST_NAME].decode(errors="ignore").rstrip(" .")
    return name or "sequence"


def annotation_path(root: Path, name: str, frame: int, resolution: str = "480p") -> Path:
    """Return where the label map of a frame lies."""
    return root / "Annotations" / resolution / name / f"{frame:05d}.png"


def image_path(root: Path, name: str, frame: int, resolution: str = "480p") -> Path:
    """Return where the picture of a frame lies."""
    return root / "JPEGImages" / resolution / name / f"{frame:05d}.jpg"


def claim_folder(folder: Path, video: Video) -> None:
    """Make a folder for the frames of `video`, or check that it holds no others.

    Raises:
        UserError: It cannot be made, or has frames that `video` has not, which would pass
            for its own.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        expected = {f"{frame:05d}" for frame in range(video.frame_count)}
        for file in sorted(folder.iterdir()):
            is_picture = file.suffix.lower() in (".png", ".jpg") and not file.name.startswith(".")
            if is_picture and file.stem not in expected:
                raise UserError(
                    "{folder} also holds {name}, which is no frame of {video}: take it away or "
                    "choose another name.",
                    folder=folder,
                    name=file.name,
                    video=video.name,
                )


def export(
    video: Video,
    mask_png: Callable[[int], bytes | None],
    root: str | Path,
    name: str | None = None,
    *,
    resolution: str = "480p",
    with_images: bool = True,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ExportReport:
    """Write a video and its label maps as a DAVIS sequence.

    Args:
        video: The pictures; belongs to the calling thread.
        mask_png: frame -> its label map as `encode_png` gives it; None where there is none,
            which is written as a map of zeros.
        root: The DAVIS root, made if need be. Other sequences in it are left alone.
        name: Of the sequence, made safe for a path; None takes the video's.
        resolution: Which of `RESOLUTIONS` the folders are called.
        with_images: False writes the label maps only, and no lists.
        progress: Called after each frame with the frames done and their number.
        cancelled: Asked before each frame; True ends the export, resumable, once the frames
            that are begun are written.

    Returns:
        The report. The lists in ImageSets name the sequence only once it is complete.

    Raises:
        UserError: The folder holds another clip, or something cannot be written or does not
            read back; no half-written file is left.
    """
    if resolution not in RESOLUTIONS:
        raise ValueError(f"{resolution} is none of {RESOLUTIONS}")
    root, name = Path(root), safe_name(name or video.name)
    annotations = annotation_path(root, name, 0, resolution).parent
    images = image_path(root, name, 0, resolution).parent
    folders = [annotations, images] if with_images else [annotations]
    for folder in folders:
        claim_folder(folder, video)
    if with_images:
        _refuse_another_clip(images / "00000.jpg", video)

    empty = encode_png(np.zeros(video.shape, np.uint8))
    written = size = done = 0
    without_masks: list[int] = []
    objects: set[int] = set()

    def write(frame: int, png: bytes, image: np.ndarray | None) -> tuple[int, int, tuple[int, ...]]:
        """Write a frame; return how many files and bytes that were, and its objects."""
        label_map = decode_png(png)
        if label_map.shape != video.shape:
            raise UserError(
                "The mask of frame {frame} is {size}, {path} is {wanted}: import masks of the "
                "video's size.",
                frame=frame,
                size=_size(label_map.shape),
                path=video.path,
                wanted=_size(video.shape),
            )
        files = {annotation_path(root, name, frame, resolution): png}
        if image is not None:
            files[image_path(root, name, frame, resolution)] = _jpeg(image)
        new = sum(put_file(path, data) for path, data in files.items())
        return new, sum(map(len, files.values())), object_ids(label_map)

    def frames() -> Iterator[tuple[int, bytes, np.ndarray | None]]:
        for frame in range(video.frame_count):
            if cancelled():
                return
            png = mask_png(frame)
            if png is None:
                without_masks.append(frame)
            yield frame, empty if png is None else png, video[frame] if with_images else None

    for new, bytes_, ids in in_threads(write, frames()):
        written += new
        size += bytes_
        objects.update(ids)
        done += 1
        progress(done, video.frame_count)
    if with_images and done == video.frame_count:
        # The official evaluation reads the names of its own splits only, so "val" has all.
        for split in (name, "val"):
            _list_in(root / "ImageSets" / "2017" / f"{split}.txt", name)
    return ExportReport(
        name=name,
        annotations=annotations,
        frame_count=video.frame_count,
        frames_done=done,
        written=written,
        skipped=done * len(folders) - written,
        frames_without_masks=tuple(without_masks),
        objects=tuple(sorted(objects)),
        size=size,
    )


def _jpeg(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()


def _refuse_another_clip(first_image: Path, video: Video) -> None:
    """Refuse to write over pictures that are clearly not this video's."""
    try:
        with Image.open(first_image) as image:
            there = np.asarray(image.convert("RGB"), np.int16)
    except (OSError, ValueError, SyntaxError):
        return  # nothing there, or nothing worth keeping
    ours = video[0]
    if there.shape != ours.shape or np.abs(there - ours).mean() > _ANOTHER_CLIP:
        raise UserError(
            "{folder} holds another clip: export {name} under another name.",
            folder=first_image.parent,
            name=video.name,
        )


def _list_in(file: Path, name: str) -> None:
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = file.read_text("utf-8", errors="replace").splitlines() if file.is_file() else []
    names = [line.strip() for line in lines if line.strip()]
    if name not in names:
        put_file(file, "".join(f"{line}\n" for line in [*names, name]).encode())


def _size(shape: tuple[int, int]) -> str:
    return f"{shape[1]}x{shape[0]}"


def _ranges(numbers: Sequence[int]) -> str:
    """Return (0, 1, 2, 7) as "0-2, 7"."""
    groups = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    runs = [[number for _, number in group] for _, group in groups]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
