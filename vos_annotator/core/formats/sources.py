"""What is exported of a project, and what writers are told of it before the first frame.

For: exports and what precedes them. Knows projects and videos.
"""

from dataclasses import dataclass
from pathlib import Path

from vos_annotator.core.errors import UserError
from vos_annotator.core.file_names import is_text, safe_name
from vos_annotator.core.formats.format import ENGINES, Format, Options, Sequence, Source
from vos_annotator.core.image_folder import ImageFolder
from vos_annotator.core.project import Project
from vos_annotator.core.video import Video


@dataclass(frozen=True, slots=True)
class Numbered:
    """What readers ask of a video, but for the names that its pictures may have.

    Attributes:
        name, shape, frame_count: Of the video.
    """

    name: str
    shape: tuple[int, int]
    frame_count: int


def source_of(project: Project) -> Source:
    """Return what is exported of a project; for the thread that it belongs to."""
    names = {each.id: each.name for each in project.objects}
    provenance = {
        "project": project.path.name,
        "references": project.annotations.references,
        "engines": project.setting(ENGINES, {}),
    }
    colors = {each.id: each.color for each in project.objects}
    return Source(project.video, project.annotations.png, names, colors, provenance)


def sequence_of(source: Source, name: str | None, options: Options) -> Sequence:
    """Return what writers are told of a source.

    Raises:
        UserError: A frame is chosen that the video does not have.
    """
    video = source.video
    for frame in options.frames or ():
        if not 0 <= frame < video.frame_count:
            raise UserError(
                "{name} has no frame {frame}: its last is {last}.",
                name=video.name,
                frame=frame,
                last=video.frame_count - 1,
            )
    return Sequence(
        safe_name(name or video.name),
        video.shape,
        tuple(video.time(frame) for frame in range(video.frame_count)),
        picture_names(video),
        source.names,
        options,
        source.colors,
    )


def place_of(kind: Format, name: str, options: Options) -> str:
    """Return where a format puts the masks of a sequence, below the folder of an export."""
    return kind.writer(Sequence(name, (1, 1), (), (), {}, options)).place


def picture_names(video: Video) -> tuple[str, ...]:
    """Return what the picture of each frame is called: as it is, if it can, or by its number."""
    if isinstance(video, ImageFolder):
        stems = tuple(Path(file).stem for file in video.files)
        if len(set(stems)) == len(stems) and all(map(is_text, stems)):
            return stems
    return tuple(f"{frame:05d}" for frame in range(video.frame_count))
