"""Which frame a file's name means.

For: the readers of formats that name pictures. A name is never used as a path.
"""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from vos_annotator.core.errors import UserError
from vos_annotator.core.file_names import one_line
from vos_annotator.core.picture_names import frames_by_picture
from vos_annotator.core.translation import tr
from vos_annotator.core.video import Video

_LAST_NUMBER = re.compile(r"(\d{1,9})\D*$", re.ASCII)


class FrameNames:
    """Tells frames of a video by the names of their pictures."""

    def __init__(self, video: Video) -> None:
        self._video = video

    def of(self, names: Sequence[str], path: Path) -> list[int | str]:
        """Return the frames that names mean: of the pictures of a folder, else by their number.

        A picture that the folder does not have, while it has others, gets a sentence that says
        so in place of a frame: what belongs to it is left out.

        Raises:
            UserError: A name has no number, or two mean one frame; `path` is where they stand.
        """
        stems = [PurePosixPath(PureWindowsPath(name).as_posix()).stem for name in names]
        found = {stem: _LAST_NUMBER.search(stem) for stem in stems}
        numbers = {stem: int(match[1]) if match else None for stem, match in found.items()}
        frame_of = frames_by_picture(numbers, self._video)
        if frame_of is not None:
            frames = [frame_of.get(stem, self._strange(stem)) for stem in stems]
        else:
            frames = [self._checked(numbers[stem], stem, path) for stem in stems]
        known = [frame for frame in frames if isinstance(frame, int)]
        if len(set(known)) < len(known):
            raise UserError(
                "{path} names two pictures of one frame: number pictures after their frames.",
                path=path,
            )
        return frames

    def _strange(self, stem: str) -> str:
        return tr(
            "{video} has no picture {name}: its mask is left out.",
            video=self._video.name,
            name=one_line(stem),
        )

    def _checked(self, number: int | None, stem: str, path: Path) -> int:
        if number is None:
            raise UserError(
                "{path} names the picture {name}, which has no number: name pictures after their "
                "frames, as 00012.jpg.",
                path=path,
                name=stem,
            )
        return number


def frame_files(
    folders: Sequence[Path], suffix: str, name: str, video: Video
) -> tuple[dict[int, str], tuple[str, ...]]:
    """Return what the files of each frame are called, of a sequence in some folders.

    Those are called by its name, a line and a number; where there are none, all are its own.

    Returns:
        frame -> the name of its file in each folder that has it; and a sentence for each file
        of a picture that is not there.

    Raises:
        UserError: There are none, or their names do not tell frames.
    """
    files = {
        file.name: file.stem
        for folder in folders
        for file in folder.iterdir()
        if file.suffix.lower() == suffix and not file.name.startswith(".")
    }
    its_own = re.compile(rf"{re.escape(name)}_\d+", re.ASCII)
    names = sorted(file for file, stem in files.items() if its_own.fullmatch(stem))
    names = names or sorted(files)
    if not names:
        raise UserError(
            "{path} holds no {suffix} files: choose the folder of the masks.",
            path=folders[0],
            suffix=suffix,
        )
    frames = FrameNames(video).of(names, folders[0])
    found = dict(zip(frames, names, strict=True))
    problems = tuple(frame for frame in found if isinstance(frame, str))
    return {f: found[f] for f in sorted(set(found).difference(problems))}, problems
