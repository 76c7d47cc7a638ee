"""Between a project and the worker: references out, what was found for a frame in.

For: the bridge of the window, and runs without one. Knows projects and the worker's values.
"""

from collections.abc import Set

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.edits import Status
from vos_annotator.core.project import Project
from vos_annotator.engine.commands import Segmented, SetReference


def reference_of(annotations: Annotations, frame: int) -> SetReference:
    """Return what the engine should know of a frame: its label map if it is a reference."""
    if annotations.status(frame) is not Status.REFERENCE:
        return SetReference(frame, None)
    hidden = annotations.hidden.intersection(annotations.state(frame).ids)
    return SetReference(frame, annotations.stored_png(frame), hidden)


def land(project: Project, found: Segmented, ids: Set[int] | None, engine: str) -> bool:
    """Take what an engine found for the objects `ids` (None: all); False on a reference."""
    known, frame = project.annotations, found.frame
    confidence = dict(known.confidence(frame)) if ids is not None else {}
    confidence.update(found.confidence)
    stale = frozenset() if ids is None else known.stale(frame) - ids
    if not found.final:  # one side's word only: whatever happens, the blend is due
        stale |= frozenset(project.objects.ids) if ids is None else ids
    return project.predict(frame, found.png, confidence, engine, found.ids, stale)
