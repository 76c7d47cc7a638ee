"""Where objects are absent, by the word of two projects of one video.

For: `merging_projects`. Knows projects; no files.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.edits import AbsenceEdit, Status
from vos_annotator.core.object_flags import pack
from vos_annotator.core.project import Project


def absences_edits(
    first: Project, second: Project, merged: Project, table: NDArray[np.uint8]
) -> Iterator[AbsenceEdit]:
    """Give the edits by which objects are absent where either project says so.

    A mask of a reference counts more. Who draws without an object that they do not know does not
    say that it is absent.

    Args:
        first, second: What is merged.
        merged: What they come to; its references are all there.
        table: (256,) the second's ids -> the merged ones.
    """
    known, theirs = merged.annotations, second.annotations.absences
    own_ids = {int(table[each]): each for each in second.objects.ids}
    for object_id in sorted(
        {*known.absences.ids, *(int(table[each]) for each in theirs.ids)} - {0}
    ):
        if object_id not in own_ids:
            flags = first.annotations.absences.frames(object_id).copy()
        else:
            flags = known.absences.frames(object_id) | theirs.frames(own_ids[object_id])
        for frame in np.flatnonzero(flags).tolist():
            if known.status(frame) is Status.REFERENCE and (known[frame] == object_id).any():
                flags[frame] = False
        if (flags != known.absences.frames(object_id)).any():
            yield AbsenceEdit(object_id, range(len(flags)), pack(flags))
