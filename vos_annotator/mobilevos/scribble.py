"""From a few strokes to a mask: what the network reads off the frame they are drawn on.

For: the engine. Knows torch, OpenCV and the network; nothing of frames.

The positions under a stroke are the memory, and every position of the same frame reads
them; so are positions that other objects have, and references that show this one. Assumptions
stand in for the strokes that nobody draws: the rim of the picture is outside the object, except
near strokes inside; a mask that is being corrected is mostly right; an object holds together; a
stroke is about the place where it lies (`obey`).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vos_annotator.mobilevos.heads import STRIDE
from vos_annotator.mobilevos.memory import readout
from vos_annotator.mobilevos.readings import TOP_K
from vos_annotator.mobilevos.similarity import affinity
from vos_annotator.mobilevos.vision import View, Vision

INSIDE, OUTSIDE = 1, 2  # the values of strokes
DOUBT = 3.0  # how much less similar a position of the current mask counts than it is

_RIM = 8  # px at the network's size
_CLEAR = 0.15  # of the short side: the rim says nothing this near to a stroke inside
_LARGE_HOLE = 0.02  # of the object's area: a larger hole without a stroke stays open
_MARGIN = 0.3  # of the object's longer side, around it in a close-up
_LEAST_MARGIN = 24  # px
_MOST_ENLARGED = 3.0
_THEIRS = 0.5  # share of a position that other objects cover, from which on it is theirs


class Marks(NamedTuple):
    """What a person says of a picture.

    Attributes:
        strokes: (H, W) uint8: INSIDE, OUTSIDE, or 0 where there is none.
        current: (H, W) bool mask to correct; None where there is none.
        others: (H, W) bool: what other objects have, as far as no stroke is about that.
    """

    strokes: NDArray[np.uint8]
    current: NDArray[np.bool_] | None
    others: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        strokes: NDArray[np.uint8],
        current: NDArray[np.bool_] | None = None,
        others: NDArray[np.bool_] | None = None,
    ) -> "Marks":
        """Return what is said; of other objects' regions those with a stroke inside are open."""
        if current is not None and not current.any():
            current = None
        if others is None:
            return cls(strokes, current, np.zeros(strokes.shape, bool))
        contested = _parts_with(others, others & (strokes == INSIDE), connectivity=8)
        return cls(strokes, current, others & ~contested)

    def within(self, box: tuple[slice, slice]) -> "Marks":
        """Return what is said of a part of the picture."""
        current = None if self.current is None else self.current[box]
        return Marks(self.strokes[box], current, self.others[box])


Known = Sequence[tuple[Tensor, Tensor]]  # of each reference (1, C, N) key, (1, C_v, N) value


def scribbled(
    vision: Vision,
    image: NDArray[np.uint8],
    whole: Callable[[], View],
    marks: Marks,
    side: int,
    known: Known = (),
) -> NDArray[np.bool_]:
    """Return the mask of the object that is marked.

    Without a mask to correct the frame is looked at as a whole first. Then the place is
    looked at from near, where small things show.

    Args:
        vision: What looks.
        image: (H, W, 3) uint8 RGB, the frame.
        whole: Looks at all of it.
        marks: Of the frame, at its size.
        side: Of a square with as many pixels as the close-up has, px.
        known: What references show of the object.
    """
    strokes, current, _ = marks
    if current is None and not (strokes == INSIDE).any():
        return np.zeros(strokes.shape, bool)
    if not strokes.any():
        return current.copy()
    if current is None:
        logits = _enlarged(vision, whole(), marks, known)
        place = obey(logits > 0, marks)
    else:
        logits, place = np.zeros(strokes.shape, np.float32), current | (strokes == INSIDE)
    box, size = close_up(place, side)
    closer = np.full_like(logits, -np.inf)
    closer[box] = logits[box] + _enlarged(
        vision, vision.look_at(image[box], size), marks.within(box), known
    )
    return obey(closer > 0, marks)


def _enlarged(vision: Vision, view: View, marks: Marks, known: Known) -> NDArray[np.float32]:
    """Return the logits of the marked object at the size of the marks."""
    logits = read_marks(vision, view, marks, known)
    return cv2.resize(logits[0, 0].cpu().numpy(), marks.strokes.shape[::-1])


def read_marks(vision: Vision, view: View, marks: Marks, known: Known = ()) -> Tensor:
    """Return the logits (1, 1, H/4, W/4) of the object that is marked.

    Args:
        vision: What the picture was looked at with.
        view: The picture.
        marks: Of the picture at any size; something in it is INSIDE or current.
        known: As of `scribbled`.
    """
    image = view.image
    size = image.shape[3], image.shape[2]
    inside, outside = (_shrink(marks.strokes == v, size) > 0 for v in (INSIDE, OUTSIDE))
    current = None if marks.current is None else _shrink(marks.current, size)
    rim = _rim(inside) if current is None else _rim(inside) & (current == 0)
    others = np.where(inside, 0, _shrink(marks.others, size))
    stroked, said_outside = _tensor(image, inside), _tensor(image, outside | rim)
    theirs = _tensor(image, others)

    under = F.max_pool2d(torch.maximum(stroked, said_outside), STRIDE).flatten() > 0
    under |= F.avg_pool2d(theirs, STRIDE).flatten() > _THEIRS
    said_outside = torch.maximum(said_outside, theirs)
    query = view.key.flatten(2)
    value = vision.value(view, stroked, said_outside).flatten(2)[:, :, under]
    memory = [(query[:, :, under], value, 0.0)]
    if current is not None:
        corrected = _tensor(image, np.where(outside, 0, np.maximum(current, inside)))
        before = vision.value(view, corrected, theirs)
        memory.append((query, before.flatten(2), -DOUBT))
    memory += [(key.to(query.dtype), value.to(query.dtype), 0.0) for key, value in known]
    keys, values, biases = zip(*memory, strict=True)
    lengths = query.new_tensor([key.shape[2] for key in keys], dtype=torch.long)
    bias = query.new_tensor(biases).repeat_interleave(lengths)[None, None]
    weights = affinity(torch.cat(keys, 2), query, TOP_K if known else None, bias)
    return vision.decode(readout(weights, torch.cat(values, 2), view.key.shape[-2:]), view)


def close_up(mask: NDArray[np.bool_], side: int) -> tuple[tuple[slice, slice], tuple[int, int]]:
    """Return the box around an object, and the height and width to look at it with.

    Args:
        mask: (H, W), not empty.
        side: Of the square whose area the close-up has, px, unless the object is tiny.
    """
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    margin = max(round(_MARGIN * max(width, height)), _LEAST_MARGIN)
    rows = slice(max(0, top - margin), min(mask.shape[0], top + height + margin))
    columns = slice(max(0, left - margin), min(mask.shape[1], left + width + margin))
    sides = rows.stop - rows.start, columns.stop - columns.start
    scale = min(side / (sides[0] * sides[1]) ** 0.5, _MOST_ENLARGED)
    height, width = (max(2, round(scale * length / STRIDE)) * STRIDE for length in sides)
    return (rows, columns), (height, width)


def obey(mask: NDArray[np.bool_], marks: Marks) -> NDArray[np.bool_]:
    """Return a mask in keeping with what a person says for certain.

    What lies under a stroke is as it says. A part without a stroke inside, or anything of
    the current mask, is dropped; a hole without a stroke outside is filled, unless it is
    large. The current mask changes only in the connected regions of change in which some
    stroke says so.
    """
    strokes, current, _ = marks
    inside, outside = strokes == INSIDE, strokes == OUTSIDE
    mask = (mask | inside) & ~outside
    anchor = inside if current is None else (inside | current) & mask
    mask &= _parts_with(mask, anchor, connectivity=4)
    _, holes = cv2.connectedComponents((~mask).view(np.uint8), connectivity=8)
    border = holes[0], holes[-1], holes[:, 0], holes[:, -1]
    large = np.flatnonzero(np.bincount(holes.flat) > _LARGE_HOLE * np.count_nonzero(mask))
    mask |= ~np.isin(holes, np.concatenate([holes[outside], *border, large]))
    if current is None:
        return mask
    contradicted = inside & ~current | outside & current
    return current ^ _parts_with(mask ^ current, contradicted, connectivity=8)


def _parts_with(
    mask: NDArray[np.bool_], seeds: NDArray[np.bool_], connectivity: int
) -> NDArray[np.bool_]:
    """Return the connected parts of a mask in which some of `seeds`, all in the mask, lie."""
    _, parts = cv2.connectedComponents(mask.view(np.uint8), connectivity=connectivity)
    return np.isin(parts, parts[seeds])


def _shrink(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return how much a mask covers of each pixel of a picture of `size`, width first."""
    return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)


def _rim(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the rim of the picture, but for where a stroke inside comes near."""
    rim = np.ones(inside.shape, bool)
    if inside.any():
        away = cv2.distanceTransform((~inside).view(np.uint8), cv2.DIST_L2, 5)
        rim = away > _CLEAR * min(inside.shape)
    rim[_RIM:-_RIM, _RIM:-_RIM] = False
    return rim


def _tensor(image: Tensor, mask: NDArray) -> Tensor:
    """Return a mask (1, 1, H, W) as the image is: float, on its device."""
    return torch.from_numpy(mask[None, None].astype(np.float32)).to(image)
