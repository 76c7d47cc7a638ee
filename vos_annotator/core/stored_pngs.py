"""The label maps of a project: in its file, or waiting to be written to it.

For: `project`, which gives them to the annotations.
"""

from collections.abc import Iterator, MutableMapping
from operator import index

from vos_annotator.core.project_file import ProjectFile


class StoredPngs(MutableMapping[int, bytes]):
    """frame -> the PNG of its label map.

    Attributes:
        waiting: Those that are not in the file yet; whoever writes them takes them away.
    """

    def __init__(self, file: ProjectFile) -> None:
        self._file = file
        self.waiting: dict[int, bytes] = {}

    def __getitem__(self, frame: int) -> bytes:
        png = self.waiting.get(frame)
        return self._file.png(index(frame)) if png is None else png  # numpy's finds no row

    def __setitem__(self, frame: int, png: bytes) -> None:
        self.waiting[frame] = png

    def pop(self, frame: int, default: bytes | None = None) -> bytes | None:
        """Forget the PNG of a frame without reading it: it may be damaged."""
        return self.waiting.pop(frame, default)

    def __delitem__(self, frame: int) -> None:
        # The row itself goes when the frame's EMPTY state is written.
        self.waiting.pop(frame, None)

    def __iter__(self) -> Iterator[int]:
        return (frame for frame, _ in self._file.states())

    def __len__(self) -> int:
        return sum(1 for _ in self)
