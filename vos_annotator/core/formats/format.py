"""What a format is: what it can hold, what writes it, and what was found in it.

For: the modules of the formats, and those that export and import. Values and the interface of
writers; nothing is read or written here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from vos_annotator.core.file_names import one_line
from vos_annotator.core.masks import LabelMap
from vos_annotator.core.translation import tr, tr_in
from vos_annotator.core.video import Image, Video

ENGINES = "engines"  # the setting of a project that tells which engines worked for it
Merge = Callable[[bytes | None, Path], bytes]  # what a file holds, and where it is: what it shall


@dataclass(frozen=True, slots=True)
class Holds:
    """What is there again after a format was written and read.

    Attributes:
        pixels: Every pixel of every object.
        ids: The numbers of the objects.
        names: The names of the objects.
        overlap: Objects that cover each other, when others write it; label maps have none.
    """

    pixels: bool = True
    ids: bool = True
    names: bool = False
    overlap: bool = False

    def __str__(self) -> str:
        words = {
            tr_in("a format keeps", "every pixel"): self.pixels,
            tr_in("a format keeps", "object numbers"): self.ids,
            tr_in("a format keeps", "object names"): self.names,
        }
        kept = ", ".join(word for word, is_kept in words.items() if is_kept)
        lost = ", ".join(word for word, is_kept in words.items() if not is_kept)
        if not lost:
            return tr("Keeps {kept}.", kept=kept)
        if not kept:
            return tr("Loses {lost}.", lost=lost)
        return tr("Keeps {kept}; loses {lost}.", kept=kept, lost=lost)


@dataclass(frozen=True, slots=True)
class Format:
    """A format, by the name that commands and scripts know it by.

    Attributes:
        name: As `youtube-vos`.
        title: What its own community calls it.
        summary: One sentence, marked for translation.
        module: Where its `writer` and its `read` are, imported when they are used.
        holds: What it can keep.
        reads: Whether masks are read from it.
        is_film: Whether it is one file, made of the pictures too; its writer is a `Film`.
        options: Which fields of `Options` mean something to it, beside `frames` and `objects`.
        package: What it needs that is not installed with the program, of the extra of that name.
    """

    name: str
    title: str
    summary: str
    module: str
    holds: Holds
    reads: bool = True
    is_film: bool = False
    options: frozenset[str] = frozenset()
    package: str | None = None

    @property
    def is_installed(self) -> bool:
        """Whether what it needs is there."""
        return self.package is None or find_spec(self.package) is not None

    @property
    def about(self) -> str:
        """What it is and what it keeps, in the language in use; what is not read keeps nothing."""
        return f"{tr(self.summary)} {self.holds}" if self.reads else tr(self.summary)

    def load(self) -> ModuleType:
        """Return the module of the format."""
        return import_module(f"vos_annotator.core.formats.{self.module}")

    def writer(self, sequence: Sequence) -> Writer | Film:
        """Return what writes a sequence in this format."""
        return self.load().writer(self.name, sequence)

    def read(self, path: Path, video: Video, name: str | None = None) -> Found:
        """Find masks of a video, which are decoded when they are asked for.

        Args:
            path: A file or folder, as the format has it.
            video: Where the masks belong.
            name: Of the sequence, where `path` holds several; None takes the video's.

        Raises:
            UserError: There are none, or they are not of this format.
        """
        return self.load().read(path, video, name or video.name)


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may choose of an export.

    Attributes:
        frames: Only these frames; None for all.
        objects: Only these objects; None for all.
        with_images: Whether the pictures are written too.
        resolution: What DAVIS's folders are called.
        feather: Width in px of soft borders; 0 leaves it to the format.
        replace: Whether files are replaced that are not as an export left them.
    """

    frames: tuple[int, ...] | None = None
    objects: frozenset[int] | None = None
    with_images: bool = True
    resolution: str = "480p"
    feather: float = 0.0
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """What is exported.

    Attributes:
        video: The pictures; belongs to the calling thread.
        mask_png: frame -> its label map as `encode_png` gives it; None where there is none,
            which is written as a map of zeros.
        names: Of the objects, by id.
        colors: Of the objects on the screen, by id.
        provenance: What a manifest tells of where the masks come from, as JSON.
    """

    video: Video
    mask_png: Callable[[int], bytes | None]
    names: Mapping[int, str] = field(default_factory=dict)
    colors: Mapping[int, tuple[int, int, int]] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sequence:
    """What a writer knows before the first frame.

    Attributes:
        name: Of the sequence, safe for a path.
        shape: (H, W) of every frame.
        times: When each frame of the video is shown, in seconds from the first.
        pictures: The name of each frame's picture, without its ending; five digits, unless the
            video is a folder of pictures with names of their own.
        names, colors: Of the objects, by id.
        options: What was chosen.
    """

    name: str
    shape: tuple[int, int]
    times: tuple[float, ...]
    pictures: tuple[str, ...]
    names: Mapping[int, str]
    options: Options
    colors: Mapping[int, tuple[int, int, int]] = field(default_factory=dict)

    def object_name(self, object_id: int) -> str:
        """Return what an object is called; its number where it has no name."""
        return one_line(self.names.get(object_id, "")) or f"object {object_id}"


@dataclass(frozen=True, slots=True)
class Encoded:
    """A frame in a format.

    Attributes:
        files: What is written at once: path below the export's folder, with slashes -> bytes.
        row: What the writer wants back at the end.
        gone: Files that must not be there, as an earlier export may have left them.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    row: Any = None
    gone: tuple[str, ...] = ()


class Writer(ABC):
    """Turns the frames of one sequence into files.

    Attributes:
        place: Where the masks are, below the export's folder, as a report names it.
        own: Folders below the export's that hold this sequence's frames and nothing else.
        needs_image: Whether masks cannot be written without the picture.
    """

    def __init__(self, sequence: Sequence) -> None:
        self.sequence = sequence

    place: str = ""
    own: tuple[str, ...] = ()
    needs_image: bool = False

    def stem(self, frame: int) -> str:
        """Return the name of a frame's files in the folders `own`, without their ending."""
        return f"{frame:05d}"

    def picture(self, frame: int) -> str | None:
        """Return where a frame's JPEG goes; None where the format has no place for it."""
        return None

    @abstractmethod
    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return a frame as it is written; called in several threads at once.

        Args:
            frame: Its number.
            label_map: Its objects.
            png: The same as `encode_png` gives it.
            image: The picture, where the writer `needs_image`, or it is written too.
        """

    def end(self, rows: Mapping[int, Any]) -> Mapping[str, bytes]:
        """Return the files that are written once every frame is: path -> bytes.

        Args:
            rows: frame -> what `encode` gave for it, in order.
        """
        return {}

    def shared(self, rows: Mapping[int, Any]) -> Mapping[str, Merge]:
        """Return the files that tell of several sequences: path -> what adds this one to it."""
        return {}


class Film(ABC):
    """Turns the frames of one sequence into one file.

    Attributes:
        place: The file, below the export's folder.
    """

    place: str = ""

    def __init__(self, sequence: Sequence) -> None:
        self.sequence = sequence

    @abstractmethod
    def encode(self, path: Path, frames: Iterator[tuple[int, Image, LabelMap]]) -> Iterator[int]:
        """Write frames into a file; yield each number once it is on its way."""

    @abstractmethod
    def check(self, path: Path, frames: Iterator[tuple[int, Image, LabelMap]]) -> str | None:
        """Return what is wrong with a file that has been written; None if nothing is."""


@dataclass(frozen=True, slots=True)
class Found:
    """Masks that were found, not decoded yet.

    Attributes:
        path: Where.
        maps: frame -> what decodes its label map, in the size that it has there; raises
            `UserError`. May be called in any thread.
        names: Of the objects, as far as there are any.
        notes: What is left out or changed, in sentences.
        problems: What does not fit, in sentences.
        void: The number that others give to the border of no object; 0 where none has it.
    """

    path: Path
    maps: Mapping[int, Callable[[], LabelMap]]
    names: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    void: int = 0
