"""How far two projects of one video agree, by object and frame.

For: the `compare` command and the window. Knows projects; objects are the same if their names are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vos_annotator.core.edits import Status
from vos_annotator.core.errors import UserError
from vos_annotator.core.mask_scores import contour_accuracy, region_similarity
from vos_annotator.core.project import Project

COLUMNS = ["object", "frame", "J", "F", "A", "B"]


@dataclass(frozen=True)
class Agreement:
    """How far two projects agree on an object in a frame.

    Attributes:
        name: The object's.
        frame: Which frame.
        j, f: Region similarity and contour accuracy, 0..1.
        status: What the frame is in each project.
    """

    name: str
    frame: int
    j: float
    f: float
    status: tuple[Status, Status]

    @property
    def cells(self) -> list[str]:
        """A row under `COLUMNS`."""
        made = [status.name.lower() for status in self.status]
        return [self.name, str(self.frame), f"{self.j:.6f}", f"{self.f:.6f}", *made]


def shared_names(first: Project, second: Project) -> list[str]:
    """Return the names of the objects that both projects know, in the order of the first.

    Raises:
        UserError: There are none.
    """
    theirs = {each.name for each in second.objects}
    names = [each.name for each in first.objects if each.name in theirs]
    if not names:
        raise UserError(
            "{first} and {second} have no object of the same name: rename what is the same.",
            first=first.path,
            second=second.path,
        )
    return names


def agreements(
    first: Project,
    second: Project,
    names: list[str],
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Agreement]:
    """Yield how far two projects agree, on every frame of which both say something.

    Args:
        first, second: Of one video.
        names: The objects, which both know.
        progress: Called for each frame with the frames done and their number.
        cancelled: Asked before each frame; True ends it.
    """
    ids = [{each.name: each.id for each in project.objects} for project in (first, second)]
    for frame in range(count := first.video.frame_count):
        if cancelled():
            return
        progress(frame, count)
        status = first.annotations.status(frame), second.annotations.status(frame)
        if Status.EMPTY in status:
            continue
        maps = first.annotations[frame], second.annotations[frame]
        for name in names:
            a, b = (labels == known[name] for labels, known in zip(maps, ids, strict=True))
            if a.any() or b.any():
                j, f = region_similarity(a, b), contour_accuracy(a, b)
                yield Agreement(name, frame, float(j), float(f), status)
