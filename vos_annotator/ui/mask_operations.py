"""The operations on masks that a person may choose, by name.

For: the Mask menu's commands and their dialog. Plain Python over `core.shapes`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vos_annotator.core import shapes
from vos_annotator.core.shapes import Mask
from vos_annotator.core.translation import marked


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be done to an object's mask.

    Attributes:
        title: Its name, in the dialog and in the Undo menu; all names are to be translated.
        change: Gives the new mask of a mask and a size, which counts where there is one.
        size_name: What the size is called; empty where there is none.
        unit: What the size is measured in.
        first: The size that is tried first.
        largest: The largest size that can be chosen.
    """

    title: str
    change: Callable[[Mask, int], Mask]
    size_name: str = ""
    unit: str = " px"
    first: int = 1
    largest: int = 1


OPERATIONS = {
    "grow": Operation(marked("Grow"), shapes.grow, marked("By"), first=2, largest=60),
    "shrink": Operation(marked("Shrink"), shapes.shrink, marked("By"), first=2, largest=60),
    "fill-holes": Operation(marked("Fill holes"), lambda mask, _: shapes.fill_holes(mask)),
    "drop-specks": Operation(
        marked("Drop specks"),
        shapes.drop_specks,
        marked("Smaller than"),
        " px²",
        first=50,
        largest=2000,
    ),
    "keep-largest": Operation(
        marked("Keep largest part"), lambda mask, _: shapes.keep_largest(mask)
    ),
    "smooth": Operation(
        marked("Smooth border"), shapes.smooth, marked("Over"), first=6, largest=60
    ),
}
