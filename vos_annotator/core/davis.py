"""Sequences in the folders of DAVIS, written for others to read; `mask_files` reads them.

For: the exports, the command line. Knows masks and videos; no Qt.

    ROOT/JPEGImages/480p/NAME/00000.jpg     the pictures
    ROOT/Annotations/480p/NAME/00000.png    their label maps: indexed, DAVIS palette
    ROOT/ImageSets/2017/NAME.txt            the names of the sequences, one a line

Pictures and label maps always have the video's own size: "480p" and "Full-Resolution" are
names of folders, which tools look for, and nothing is scaled to suit them.
"""

from collections.abc import Callable
from pathlib import Path

from vos_annotator.core.file_names import safe_name
from vos_annotator.core.formats.claim import claim
from vos_annotator.core.formats.exporting import export as export_as
from vos_annotator.core.formats.format import Options, Source
from vos_annotator.core.formats.report import ExportReport
from vos_annotator.core.video import Video

__all__ = [
    "RESOLUTIONS",
    "ExportReport",
    "annotation_path",
    "claim_folder",
    "export",
    "image_path",
    "safe_name",
]

RESOLUTIONS = ("480p", "Full-Resolution")


def annotation_path(root: Path, name: str, frame: int, resolution: str = "480p") -> Path:
    """Return where the label map of a frame lies."""
    return root / "Annotations" / resolution / name / f"{frame:05d}.png"


def image_path(root: Path, name: str, frame: int, resolution: str = "480p") -> Path:
    """Return where the picture of a frame lies."""
    return root / "JPEGImages" / resolution / name / f"{frame:05d}.jpg"


def claim_folder(folder: Path, video: Video) -> None:
    """Make a folder for the frames of `video`, or check that it holds no others.

    Raises:
        UserError: As of `claim`.
    """
    claim(folder, {f"{frame:05d}" for frame in range(video.frame_count)}, video)


def export(
    video: Video,
    mask_png: Callable[[int], bytes | None],
    root: str | Path,
    name: str | None = None,
    *,
    resolution: str = "480p",
    with_images: bool = True,
    replace: bool = False,
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
        replace: Whether files are replaced that are not as an export left them.
        progress, cancelled: As of `formats.exporting.export`.

    Returns:
        The report. The lists in ImageSets name the sequence only once it is complete.

    Raises:
        UserError: As of `formats.exporting.export`.
    """
    return export_as(
        Source(video, mask_png),
        "davis",
        root,
        name,
        options=Options(with_images=with_images, resolution=resolution, replace=replace),
        progress=progress,
        cancelled=cancelled,
    )
