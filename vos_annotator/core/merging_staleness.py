"""Predictions that a merge takes over from one project, older than references of the other.

For: `merging_projects`. Knows projects and what is read of an object; no engines.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.edits import Status, changed_ids
from vos_annotator.core.project import Project
from vos_annotator.core.reach import reached, sources_of


def older_predictions(
    first: Project, second: Project, merged: Project, table: NDArray[np.uint8]
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Give each object of the second project, with the frames where its predictions are stale.

    They were stale before, or other references are read for them now.

    Args:
        first, second: What was merged.
        merged: What they came to; its references are all there.
        table: (256,) the second's ids -> the merged ones.
    """
    known, theirs = merged.annotations, second.annotations
    mended: dict[int, list[int]] = {}  # object -> references that show it otherwise now
    for frame in set(theirs.references).intersection(known.references):
        for object_id in changed_ids(table[theirs[frame]], known[frame]):
            mended.setdefault(object_id, []).append(frame)
    for each in second.objects.ids:
        object_id = int(table[each])
        before, after = sources_of(theirs, each), sources_of(known, object_id)
        is_older = reached(before, after, mended.get(object_id, ()), known.references)
        is_older = (is_older | theirs.staleness.frames(each)) & ~after.is_absent
        is_theirs = theirs.statuses == Status.PREDICTION
        if object_id in first.objects:  # whose prediction counts where there is one
            is_theirs &= first.annotations.statuses == Status.EMPTY
        yield object_id, np.flatnonzero(is_older & is_theirs)
