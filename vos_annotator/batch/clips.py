"""What a batch is to do: its clips, from a file that lists them or a folder that holds them.

For: the `batch` command. Knows names and files; opens no video.

    [[clips]]                       [[clips]]
    video = "street.mp4"            project = "park.vos"
    masks = "street_masks"          name = "park-1"         # else that of the file

Paths in a list are relative to it. A path may be a URL (s3://…) of any kind that fsspec knows.

Of a folder, every .vos project is taken, and every video or folder of frames that has its masks
beside it: `street.mp4` with the folder `street_masks`, or `street.png` for its first frame.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from vos_annotator.batch.places import is_url
from vos_annotator.core.davis import safe_name
from vos_annotator.core.errors import UserError, unreadable
from vos_annotator.core.video import natural_key

_PROJECT = ".vos"
_VIDEOS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".ts", ".wmv")
_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
_MASKS = "_masks"


@dataclass(frozen=True)
class Clip:
    """One video with the references that are carried through it.

    Attributes:
        name: Of the sequence that is written, unlike that of any other clip.
        video: A video or a folder of frames; of a project None, if it is where the project says.
        masks: As `mask_files` takes them; None of a project.
        project: The .vos file; None of a video with masks.
    """

    name: str
    video: str | None = None
    masks: str | None = None
    project: str | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The files and folders that what is computed depends on."""
        return tuple(each for each in (self.video, self.masks, self.project) if each is not None)


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    name: str | None = None
    video: str | None = None
    masks: str | None = None
    project: str | None = None


class _List(msgspec.Struct, forbid_unknown_fields=True):
    clips: list[_Row]


def read_clips(path: Path) -> tuple[list[Clip], list[str]]:
    """Return the clips of a list or a folder, and the videos of it that have no masks.

    Raises:
        UserError: There is nothing to do, a row makes no sense, or two have one name.
    """
    clips, left_out = _of_folder(path) if path.is_dir() else (_of_list(path), [])
    if not clips:
        raise UserError(
            "{path} holds no projects, and no videos with masks beside them: give street.mp4 the "
            "folder street{masks}, or street.png for its first frame.",
            path=path,
            masks=_MASKS,
        )
    seen: dict[str, Clip] = {}
    for clip in clips:
        if other := seen.get(clip.name.lower()):  # some file systems know no case
            raise UserError(
                "{one} and {other} would both be called {name}: list them in a TOML file and "
                "give each a name.",
                one=other.inputs[-1],
                other=clip.inputs[-1],
                name=clip.name,
            )
        seen[clip.name.lower()] = clip
    return clips, left_out


def _of_list(path: Path) -> list[Clip]:
    try:
        rows = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _List).clips
    except OSError as error:
        raise unreadable(path, error) from error
    except (msgspec.ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError("{path} is no list of clips: {error}.", path=path, error=error) from error
    return [_clip(path, n, row) for n, row in enumerate(rows, 1)]


def _clip(path: Path, n: int, row: _Row) -> Clip:
    if (row.project is None) == (row.masks is None) or (row.project or row.video) is None:
        raise UserError(
            "Clip {n} of {path} needs a video and its masks, or a project.", n=n, path=path
        )
    if row.project is not None and is_url(row.project) and row.video is None:
        raise UserError(
            "Clip {n} of {path} is a project elsewhere: say where its video is.", n=n, path=path
        )

    def found(text: str | None) -> str | None:
        return text if text is None or is_url(text) else str(path.parent.absolute() / text)

    named = row.name or Path(row.project or row.video).stem
    return Clip(safe_name(named), found(row.video), found(row.masks), found(row.project))


def _of_folder(folder: Path) -> tuple[list[Clip], list[str]]:
    folder = folder.absolute()
    entries = sorted(folder.iterdir(), key=lambda entry: natural_key(entry.name))
    entries = [entry for entry in entries if not entry.name.startswith(".")]
    clips = [
        Clip(safe_name(_stem(entry)), project=str(entry))
        for entry in entries
        if entry.suffix == _PROJECT and entry.is_file()
    ]
    left_out = []
    for entry in entries:
        has_project = entry.with_name(f"{entry.name}{_PROJECT}").is_file()
        if has_project or not _is_video(entry):
            continue
        masks = [entry.with_name(f"{entry.stem}{_MASKS}"), entry.with_name(f"{entry.stem}.png")]
        there = next((str(each) for each in masks if each.exists()), None)
        if there is None:
            left_out.append(entry.name)
        else:
            clips.append(Clip(safe_name(entry.stem), str(entry), there))
    return clips, left_out


def _stem(project: Path) -> str:
    """Return the name of the video that a project lies beside: park of park.mp4.vos."""
    name = Path(project.stem)
    return name.stem if name.suffix.lower() in _VIDEOS else name.name


def _is_video(entry: Path) -> bool:
    if entry.is_dir():
        is_of_masks = entry.name.endswith(_MASKS)
        return not is_of_masks and any(e.suffix.lower() in _PICTURES for e in entry.iterdir())
    return entry.suffix.lower() in _VIDEOS
