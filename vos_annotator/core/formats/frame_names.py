"""Which frame a file's name means.

For: the readers of formats that name pictures. A name is never used as a path.
"""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from vos_annotator.core.errors import UserError
from vos_annotator.core.image_folder import ImageFolder
from vos_annotator.core.video import Video

_LAST_NUMBER = re.compile(r"(\d{1,9})\D*$", re.ASCII)


class FrameNames:
    """Tells frames of a video by the names of their pictures."""

    def __init__(self, video: Video) -> None:
        self._video = video
        pictures = video.files if isinstance(video, ImageFolder) else ()
        self._frames = {Path(name).stem: frame for frame, name in enumerate(pictures)}

    def of(self, names: Sequence[str], path: Path) -> list[int]:
        """Return the frames that names mean: of the pictures of a folder, else by their number.

        Raises:
            UserError: A name has no number, or two mean one frame; `path` is where they stand.
        """
        stems = [PurePosixPath(PureWindowsPath(name).as_posix()).stem for name in names]
        if self._frames and all(stem in self._frames for stem in stems):
            frames = [self._frames[stem] for stem in stems]
        else:
            frames = [self._number(stem, path) for stem in stems]
        if len(set(frames)) < len(frames):
            raise UserError(
                "{path} names two pictures of one frame: number pictures after their frames.",
                path=path,
            )
        return frames

    def _number(self, stem: str, path: Path) -> int:
        found = _LAST_NUMBER.search(stem)
        if found is None:
            raise UserError(
                "{path} names the picture {name}, which has no number: name pictures after their "
                "frames, as 00012.jpg.",
                path=path,
                name=stem,
            )
        return int(found[1])


def frame_files(folder: Path, suffix: str, name: str, video: Video) -> dict[int, Path]:
    """Return frame -> file, of the files of a sequence in a folder.

    Those are called by its name, a line and a number; where there are none, all are its own.

    Raises:
        UserError: There are none, or their names do not tell frames.
    """
    files = sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() == suffix and not file.name.startswith(".")
    )
    its_own = re.compile(rf"{re.escape(name)}_\d+", re.ASCII)
    files = [file for file in files if its_own.fullmatch(file.stem)] or files
    if not files:
        raise UserError(
            "{path} holds no {suffix} files: choose the folder of the masks.",
            path=folder,
            suffix=suffix,
        )
    frames = FrameNames(video).of([file.name for file in files], folder)
    return dict(sorted(zip(frames, files, strict=True)))
