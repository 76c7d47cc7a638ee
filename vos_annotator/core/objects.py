"""The objects of a project: ids, names, colours, what is shown and what is protected.

For: the document, which edits them, and the views. No files, no Qt.

Thread rule: belongs to the thread that made it.
"""

import colorsys
from collections.abc import Iterable, Iterator

from psygnal import Signal

from vos_annotator.core.edits import ObjectsEdit, VideoObject
from vos_annotator.core.errors import UserError

MOST = 255  # ids of an indexed PNG

# Okabe & Ito's colours, told apart by colour-blind eyes, and two more in their spirit. Those
# that doubt has on the timeline, amber and red, come last.
SCREEN_COLORS = (
    (86, 180, 233),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (0, 114, 178),
    (170, 68, 153),
    (153, 153, 51),
    (136, 204, 238),
    (230, 159, 0),
    (213, 94, 0),
)


def screen_color(object_id: int) -> tuple[int, int, int]:
    """Return the colour an object starts with: ten chosen ones, then generated ones."""
    if object_id <= len(SCREEN_COLORS):
        return SCREEN_COLORS[object_id - 1]
    hue = object_id * 0.618034 % 1  # the golden ratio never comes near where it was
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.65, 0.95)
    return round(red * 255), round(green * 255), round(blue * 255)


class Objects:
    """The objects, in the order of the person.

    Attributes:
        highest_id: The highest id ever given out.
        used: Ids that an object has, or had.

    Events:
        changed(): An object was added, removed, renamed or marked otherwise.
    """

    changed = Signal()

    def __init__(
        self,
        objects: tuple[VideoObject, ...] = (),
        highest_id: int = 0,
        used: Iterable[int] = (),
    ) -> None:
        """Start with `objects`, the highest id ever given out, and those that were `used`."""
        self._objects = {each.id: each for each in objects}
        self.used = frozenset(used).union(self._objects)
        self.highest_id = max([highest_id, *self._objects])

    def __iter__(self) -> Iterator[VideoObject]:
        return iter(tuple(self._objects.values()))

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, object_id: object) -> bool:
        return object_id in self._objects

    def __getitem__(self, object_id: int) -> VideoObject:
        return self._objects[object_id]

    @property
    def ids(self) -> tuple[int, ...]:
        """Ids in the order of the person."""
        return tuple(self._objects)

    @property
    def locked_ids(self) -> frozenset[int]:
        """Ids of the objects whose pixels are protected from every pass."""
        return frozenset(each.id for each in self if each.locked)

    @property
    def protected_ids(self) -> frozenset[int]:
        """Ids of the objects whose pixels no tool changes: locked, or not shown."""
        return frozenset(each.id for each in self if each.locked or not each.visible)

    @property
    def gone(self) -> frozenset[int]:
        """Ids that may have been given out and are not listed any more."""
        return frozenset(range(1, self.highest_id + 1)).difference(self._objects)

    @property
    def is_full(self) -> bool:
        """Whether all 255 ids are used up."""
        return len(self.used) >= MOST

    @property
    def next_id(self) -> int:
        """The id of the next new object, which none ever had: after the highest, while there is.

        Raises:
            UserError: All 255 are used up.
        """
        if self.is_full:
            raise UserError(
                "A project holds at most {most} objects, deleted ones included: start another "
                "project for more.",
                most=MOST,
            )
        if self.highest_id < MOST:
            return self.highest_id + 1
        return min(set(range(1, MOST + 1)) - self.used)

    def apply(self, edit: ObjectsEdit) -> ObjectsEdit:
        """Take the new list; return the edit that takes it back."""
        inverse = ObjectsEdit(tuple(self))
        self._objects = {each.id: each for each in edit.objects}
        self.used = self.used.union(self._objects)
        self.highest_id = max([self.highest_id, *self._objects])
        self.changed.emit()
        return inverse
