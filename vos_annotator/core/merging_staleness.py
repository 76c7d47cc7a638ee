"""Predictions of one project that are older than what the other says, once both are merged.

For: `merging_projects`. Knows projects and what is read of an object; no engines.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.edits import Status, changed_ids
from vos_annotator.core.project import Project
from vos_annotator.core.reach import drawn, reached, sources_of


def older_predictions(
    one: Project, merged: Project, table: NDArray[np.uint8], preferred: Project | None = None
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Give each object of a project, with the frames where its predictions are stale.

    They were stale before, or something else is read for them now.

    Args:
        one: One of the two that were merged.
        merged: What they came to; its references and absences are all there.
        table: (256,) the ids of `one` -> the merged ones.
        preferred: The other one, if its predictions count where both have one.
    """
    known, theirs = merged.annotations, one.annotations
    mended: dict[int, list[int]] = {}  # object -> references that show it otherwise now
    for frame in set(theirs.references).intersection(known.references):
        for object_id in changed_ids(table[theirs[frame]], known[frame]):
            mended.setdefault(object_id, []).append(frame)
    for each in one.objects.ids:
        object_id = int(table[each])
        before, after = sources_of(theirs, each), sources_of(known, object_id)
        is_older = reached(before, after, mended.get(object_id, ()), known.references)
        is_older = (is_older | theirs.staleness.frames(each)) & ~after.is_absent
        is_theirs = theirs.statuses == Status.PREDICTION
        if preferred is not None and object_id in preferred.objects:
            is_theirs &= preferred.annotations.statuses == Status.EMPTY
        yield object_id, np.flatnonzero(is_older & is_theirs)


def never_computed(
    first: Project, second: Project, merged: Project, table: NDArray[np.uint8]
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Give each object that is drawn, with the frames that only who does not know it has masks of.

    Args:
        first, second: The two that were merged.
        merged: What they came to; its references and absences are all there.
        table: (256,) the ids of the second -> the merged ones.
    """
    known, theirs = merged.annotations, {int(table[each]) for each in second.objects.ids}
    for object_id in sorted(drawn(known)):
        is_due = (known.statuses == Status.PREDICTION) & ~known.absences.frames(object_id)
        for one, ids in ((first, first.objects.ids), (second, theirs)):
            if object_id in ids:
                is_due &= one.annotations.statuses == Status.EMPTY
        yield object_id, np.flatnonzero(is_due)
