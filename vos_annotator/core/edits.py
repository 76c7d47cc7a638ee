"""Edits: frozen values that change annotations or objects, and how to take them back.

For: the document and the tools, which make edits; `annotations`, `objects` and `project`,
which apply them. Whatever applies an edit returns its inverse, read off the state as it
stands, so undo is exact even when a prediction has changed the frame meanwhile.
Knows numpy and label maps; no files, no Qt.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from operator import index
from types import MappingProxyType
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError
from vos_annotator.core.file_names import encodable
from vos_annotator.core.masks import Box, LabelMap, changed_box

NOTHING: Mapping[int, float] = MappingProxyType({})


class Status(IntEnum):
    """Who answers for a frame's label map."""

    EMPTY = 0  # nobody: there is none
    PREDICTION = 1  # an engine: replaceable
    REFERENCE = 2  # a person: only an edit changes it


@dataclass(frozen=True)
class VideoObject:
    """An object that is annotated.

    Attributes:
        id: 1..255, never reused.
        name: What the person calls it.
        color: RGB on the screen, 0..255; files have the DAVIS palette.
        visible: Whether its mask is shown; what is not seen, no tool changes.
        locked: Whether its pixels are protected from every tool and every pass.
    """

    id: int
    name: str
    color: tuple[int, int, int]
    visible: bool = True
    locked: bool = False

    def __post_init__(self) -> None:
        """Have a name and numbers that can be written: NumPy's cannot."""
        object.__setattr__(self, "id", index(self.id))
        object.__setattr__(self, "name", encodable(self.name))
        object.__setattr__(self, "color", tuple(map(index, self.color)))
        object.__setattr__(self, "visible", bool(self.visible))
        object.__setattr__(self, "locked", bool(self.locked))


@dataclass(frozen=True)
class Patch:
    """New labels for some pixels of a label map, compressed.

    A long stroke at 1080p takes some 20 KB where two copies of the frame took 4 MB.

    Attributes:
        box: Rows and columns that hold all of the pixels.
        pixels: Which of them, a packed mask of the box, compressed.
        values: Their labels in row order, compressed.
    """

    box: Box
    pixels: bytes
    values: bytes

    @classmethod
    def of(cls, box: Box, pixels: NDArray[np.bool_], values: NDArray[np.uint8]) -> Self:
        """Return the patch that sets `pixels` (a mask of the box's size) to `values`."""
        return cls(box, zlib.compress(np.packbits(pixels), 1), _packed(values))

    def apply(self, label_map: LabelMap) -> tuple[Self, frozenset[int]]:
        """Set the pixels of `label_map` in place.

        Returns:
            The patch that sets them back, and the objects that got or lost a pixel.

        Raises:
            UserError: The bytes are damaged; nothing is set.
        """
        region = label_map[self.box]
        try:
            bits, after = (
                np.frombuffer(zlib.decompress(each), np.uint8)
                for each in (self.pixels, self.values)
            )
            pixels = np.unpackbits(bits, count=region.size).view(bool).reshape(region.shape)
            before = region[pixels]
            region[pixels] = after
        except (zlib.error, ValueError) as error:
            raise UserError(
                "What is stored of a step is damaged: it can be neither undone nor redone."
            ) from error
        return type(self)(self.box, self.pixels, _packed(before)), changed_ids(before, after)


@dataclass(frozen=True)
class FrameEdit:
    """A person's change of one frame: pixels, or only who answers for them.

    Attributes:
        frame: Which frame.
        status: What the frame is afterwards; EMPTY leaves it without a label map.
        patch: What changes in its label map, or None.
        png: Its whole label map afterwards, in place of a patch, or None.
        stale: Ids whose labels are older than a correction elsewhere, afterwards.
        confidence: Of each object's prediction, 0..1, afterwards.
        ids: The objects whose pixels it changes; known of an edit between two label maps
            and of an inverse.
        absent: Ids that a person says are not on the frame, afterwards; None leaves those
            that the edit gives no pixel to.
    """

    frame: int
    status: Status
    patch: Patch | None = None
    png: bytes | None = None
    stale: frozenset[int] = frozenset()
    confidence: Mapping[int, float] = field(default_factory=lambda: NOTHING)
    ids: frozenset[int] = frozenset()
    absent: frozenset[int] | None = None

    def __post_init__(self) -> None:
        """Have numbers that can be written: NumPy's cannot."""
        object.__setattr__(self, "frame", index(self.frame))
        object.__setattr__(self, "confidence", plain(self.confidence))
        for name in ("stale", "ids", "absent"):
            if ids := getattr(self, name):
                object.__setattr__(self, name, frozenset(map(index, ids)))

    @classmethod
    def between(
        cls,
        frame: int,
        before: LabelMap,
        after: LabelMap,
        status: Status = Status.REFERENCE,
        corner: tuple[int, int] = (0, 0),
    ) -> Self:
        """Return the edit that turns `before` into `after` and gives the frame `status`.

        Where these are a part of the frame, `corner` is the row and the column of its first pixel.
        """
        box = changed_box(before, after)
        if box is None:
            return cls(frame, status)
        pixels = before[box] != after[box]
        values = after[box][pixels]
        where = tuple(slice(s.start + at, s.stop + at) for s, at in zip(box, corner, strict=True))
        patch = Patch.of(where, pixels, values)
        return cls(frame, status, patch, ids=changed_ids(before[box][pixels], values))


@dataclass(frozen=True)
class ObjectsEdit:
    """The complete new list of objects, in order."""

    objects: tuple[VideoObject, ...]


@dataclass(frozen=True)
class AbsenceEdit:
    """What a person says of where an object is not.

    Attributes:
        object_id: Which object.
        frames: Consecutive frames.
        flags: On which of them it is absent, afterwards; as `object_flags.pack` gives them.
    """

    object_id: int
    frames: range
    flags: bytes

    def __post_init__(self) -> None:
        """Have numbers that can be written: NumPy's cannot."""
        object.__setattr__(self, "object_id", index(self.object_id))


class ReviewState(IntEnum):
    """What a person says of how far the work on frames is."""

    TO_DO = 0  # nobody has said anything
    DONE = 1  # the annotator has done it
    ACCEPTED = 2  # the reviewer found it good
    SENT_BACK = 3  # the reviewer wants it changed


@dataclass(frozen=True)
class ReviewSpan:
    """Consecutive frames of one review state; `note` says what is to be changed."""

    first: int
    last: int
    state: ReviewState
    note: str = ""

    def __post_init__(self) -> None:
        """Have a note and numbers that can be written: NumPy's cannot."""
        object.__setattr__(self, "first", index(self.first))
        object.__setattr__(self, "last", index(self.last))
        object.__setattr__(self, "note", encodable(self.note))


@dataclass(frozen=True)
class ReviewEdit:
    """The review states of consecutive frames, afterwards.

    Attributes:
        spans: At least one, in order, each beginning where the one before ended.
    """

    spans: tuple[ReviewSpan, ...]

    def __post_init__(self) -> None:
        """Refuse spans that overlap or leave a gap."""
        expected = self.spans[0].first if self.spans else -1
        for span in self.spans:
            if not 0 <= span.first == expected <= span.last:
                raise ValueError(f"a review of frames {span.first} to {span.last}")
            expected = span.last + 1
        if expected < 0:
            raise ValueError("a review of no frame")


@dataclass(frozen=True)
class Edits:
    """Several edits that are one step for the person."""

    edits: tuple["Edit", ...]


SingleEdit = FrameEdit | ObjectsEdit | AbsenceEdit | ReviewEdit
Edit = SingleEdit | Edits
Single = TypeVar("Single", FrameEdit, AbsenceEdit)


def single_edits(edit: Edit) -> Iterator[SingleEdit]:
    """Give the edits that an edit is made of, in order."""
    if isinstance(edit, Edits):
        for part in edit.edits:
            yield from single_edits(part)
    else:
        yield edit


def edits_of(kind: type[Single], edit: Edit) -> Iterator[Single]:
    """Give every edit of a kind within `edit`."""
    return (part for part in single_edits(edit) if isinstance(part, kind))


def changed_ids(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> frozenset[int]:
    """Return the objects that have a pixel in one of two equally large arrays only."""
    changed = before != after
    values = np.concatenate([before[changed], after[changed]])
    return frozenset(np.flatnonzero(np.bincount(values, minlength=1)).tolist()) - {0}


def plain(confidence: Mapping[int, float]) -> Mapping[int, float]:
    """Return how sure an engine is of each object in numbers that can be written."""
    return {index(i): float(value) for i, value in confidence.items()} if confidence else NOTHING


def _packed(values: NDArray[np.uint8]) -> bytes:
    return zlib.compress(values.tobytes(), 1)
