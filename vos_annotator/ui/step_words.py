"""What is said of a step: what was undone, where, and what painting did that nobody meant.

For: the commands and the workspace, which say it in the status bar. Knows the document.
"""

from __future__ import annotations

from collections.abc import Collection

from vos_annotator.core.edits import AbsenceEdit, Edit, FrameEdit, edits_of
from vos_annotator.core.frame_state import FrameState
from vos_annotator.core.translation import tr
from vos_annotator.ui.document import Document
from vos_annotator.ui.language import number
from vos_annotator.ui.timeline_states import SURE_CONFIDENCE


def with_frames(step: str, edit: Edit) -> str:
    """Return the name of a step, and which frames an edit of it changes."""
    frames = {part.frame for part in edits_of(FrameEdit, edit)}
    frames.update(each for part in edits_of(AbsenceEdit, edit) for each in part.frames)
    if not frames:
        return step
    first, last = number(min(frames)), number(max(frames))
    if len(frames) == 1:
        return tr("{step}, frame {frame}", step=step, frame=first)
    return tr("{step}, frames {first} to {last}", step=step, first=first, last=last)


def said_of_painting(
    document: Document, frame: int, before: FrameState, touched: Collection[int]
) -> str:
    """Return what a person may not know that they did by painting; nothing if they do.

    All of the frame is a reference now: objects that nobody touched are kept as they were
    predicted, and some may have lost their last pixel.

    Args:
        document: As it is now.
        frame: The one that was painted.
        before: What was known of it.
        touched: The objects whose pixels changed.
    """
    annotations, said = document.annotations, []
    shown, absent = annotations.objects_at(frame), annotations.absences.at(frame)
    for each in document.objects:
        if each.id in before.ids and each.id in touched and each.id not in shown:
            said.append(tr("{name} is now absent here. key:undo undoes it.", name=each.name))
    unseen = [
        each.name
        for each in document.objects
        if before.confidence.get(each.id, 1.0) < SURE_CONFIDENCE
        and each.id not in absent.union(touched)
    ]
    if unseen:
        said.append(tr("Doubtful here, and kept as it is: {names}.", names=", ".join(unseen)))
    return " ".join(said)
