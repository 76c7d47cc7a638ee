"""What is true of the window now, in the words that the action table uses.

For: the window, which enables and ticks its actions by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vos_annotator.core.edits import Status
from vos_annotator.ui.language import language_choice
from vos_annotator.ui.theme import theme_choice

if TYPE_CHECKING:
    from vos_annotator.ui.workspace import Workspace


def conditions(workspace: Workspace | None) -> set[str]:
    """Return all conditions that hold."""
    true = {f"theme {theme_choice()}", f"language {language_choice()}"}
    if workspace is None:
        return true
    document, cursor, bridge = workspace.document, workspace.cursor, workspace.bridge
    annotations, objects = document.annotations, document.objects
    true |= {"video", f"tool {cursor.tool}", f"view {cursor.view_mode}"}
    true |= {f"has object {number}" for number in objects.ids}
    for condition, holds in (
        ("undo", document.history.can_undo or document.finish_change is not None),
        ("redo", document.history.can_redo),
        ("running", bridge.stoppable),
        ("auto refresh", bridge.refresh.is_on),
        ("refining on", bridge.refines),
        ("rough first", bridge.rough_first.is_on),
        ("learning on", bridge.learning.is_on),
        ("masks shown", cursor.masks_shown),
        ("onion shown", cursor.onion),
        ("pace shown", not workspace.pace.isHidden()),
        ("range", cursor.has_range),
        ("any object", len(objects) > 0),
        ("reference somewhere", bool(annotations.references)),
        ("reference here", annotations.status(cursor.frame) is Status.REFERENCE),
    ):
        if holds:
            true.add(condition)
    if cursor.object_id in objects:
        current = objects[cursor.object_id]
        true.add("object")
        if not current.visible:
            true.add("object hidden")
        if current.locked:
            true.add("object locked")
        if current.id in annotations.absences.at(cursor.frame):
            true.add("object absent")
    return true
