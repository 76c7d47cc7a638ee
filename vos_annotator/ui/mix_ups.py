"""Which objects may be other ones, on which frames: what the engine's doubt of them is about.

For: the document, which notes it, the timeline and the commands, which say it. Kept with the
project. A word holds for the very masks that it was said of, so it goes when they change.
"""

from collections.abc import Mapping

from vos_annotator.core.objects import Objects
from vos_annotator.core.project import Project
from vos_annotator.core.translation import tr

_KEY = "mix ups"  # in the project's settings


class MixUps:
    """Words on predictions that a person should look at."""

    def __init__(self, project: Project) -> None:
        """Know what the project kept."""
        self._project = project
        kept = project.setting(_KEY) or {}
        self._known: dict[int, dict[int, int | None]] = {
            int(frame): {int(each): other for each, other in suspects.items()}
            for frame, suspects in kept.items()
        }
        self._is_kept = True
        project.annotations.changed.connect(self._forget)

    def note(self, frame: int, suspects: Mapping[int, int | None]) -> None:
        """Know of the masks that a frame has now which objects may be other ones."""
        if suspects:
            self._known[frame] = dict(suspects)
            self._is_kept = False

    def save(self) -> None:
        """Keep what is known with the project."""
        if not self._is_kept:
            self._project.set_setting(_KEY, {str(f): s for f, s in sorted(self._known.items())})
            self._is_kept = True

    def sentences(self, frame: int, object_id: int | None = None) -> list[str]:
        """Return what is to be said of a frame; of one object only, if that is given."""
        objects = self._project.objects
        return [
            _sentence(objects, each, other)
            for each, other in sorted(self._known.get(frame, {}).items())
            if each in objects and object_id in (None, each)
        ]

    def _forget(self, frame: int, _box: object) -> None:
        if self._known.pop(frame, None) is not None:
            self._is_kept = False


def _sentence(objects: Objects, object_id: int, other: int | None) -> str:
    name = objects[object_id].name
    if other in objects:
        return tr("{name} may be mixed up with {other}.", name=name, other=objects[other].name)
    return tr("{name} is far from where it was a frame before.", name=name)
