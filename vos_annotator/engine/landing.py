"""Between a project and the worker: references out, what was found for a frame in.

For: the bridge of the window, and runs without one. Knows projects and the worker's values.
"""

import numpy as np

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.edits import Status
from vos_annotator.core.formats.format import ENGINES
from vos_annotator.core.project import Project
from vos_annotator.core.reach import drawn, irreplaceable, irreplaceable_at, missed
from vos_annotator.core.translation import marked
from vos_annotator.engine.commands import Ready, Segmented, SetReference


def reference_of(annotations: Annotations, frame: int) -> SetReference:
    """Return what the engine should know of a frame: its label map if it is a reference."""
    if annotations.status(frame) is not Status.REFERENCE:
        return SetReference(frame, None)
    stored = annotations.stored_map(frame)
    return SetReference(frame, stored.png, stored.hidden)


def keep_provenance(project: Project, ready: Ready) -> None:
    """Note in a project which engine works for it, with which weights: its exports tell."""
    told = {"size": ready.size, **ready.provenance}
    engines = project.setting(ENGINES, {})
    if engines.get(ready.engine) != told:
        project.set_setting(ENGINES, {**engines, ready.engine: told})


def runnable(project: Project, ids: frozenset[int] | None) -> frozenset[int] | None:
    """Return those of the objects `ids` that a run may compute; None for all that there are.

    Not those that are locked, nor those with masks that nobody drew; see `irreplaceable`.
    """
    kept = irreplaceable(project.annotations, project.objects)
    if not kept:
        return ids
    return frozenset(project.objects.ids if ids is None else ids) - kept


def nothing_to_run(project: Project, ids: frozenset[int] | None) -> str:
    """Return why none of the objects `ids` is `runnable`, in a sentence."""
    wanted = frozenset(project.objects.ids if ids is None else ids)
    if wanted <= project.objects.locked_ids:
        return marked("Every object is locked: unlock one to propagate it.")
    return marked("No reference shows it: draw the object on a frame first.")


def spared(project: Project, ids: frozenset[int] | None) -> dict[int, frozenset[int]]:
    """Return what a run of the objects `ids`, None for all, is to leave: frame -> which of them.

    Of an object that nobody draws any more a run removes what is stale, and nothing that was
    imported since; also if an earlier one removed the last that was stale.
    """
    objects, known = project.objects, project.annotations
    found: dict[int, frozenset[int]] = {}
    for each in frozenset(objects.ids if ids is None else ids) - drawn(known):
        for frame in irreplaceable_at(known, objects, each):
            found[frame] = found.get(frame, frozenset()) | {each}
    return found


def land(project: Project, found: Segmented, engine: str, may_fill: bool = True) -> bool:
    """Take what an engine found for a frame; False on a reference.

    Args:
        project: Where it goes.
        found: What is known of other objects stays as it is; a frame that was empty is stale for
            those that are locked. A rough mask replaces stale ones only, and is stale itself.
        engine: Who found it.
        may_fill: Whether a frame without masks gets them; else predictions alone are replaced.
    """
    known, frame = project.annotations, found.frame
    status, is_whole = known.status(frame), found.sought is None
    sought = frozenset(project.objects.ids)
    sought = sought if is_whole else sought & found.sought
    if not may_fill and status is Status.EMPTY:
        return False
    if found.is_rough and status is Status.PREDICTION and sought.isdisjoint(known.stale(frame)):
        return False  # what is there is better
    confidence = {} if is_whole else dict(known.confidence(frame))
    confidence.update(found.confidence)
    stale = frozenset() if is_whole else known.stale(frame) - sought
    if found.is_rough or not found.final:  # no last word: whatever happens, that is due
        stale |= sought
    if status is Status.EMPTY:
        stale |= missed(known, project.objects, frame) - sought
    taken = project.predict(frame, found.png, confidence, engine, found.ids, stale)
    if taken and found.is_rough and found.final:
        known.staleness.pass_for_now(np.array([frame]), sought)
    return taken
