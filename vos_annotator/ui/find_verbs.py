"""What the commands do that deal with what the program finds by itself.

For: the action table, whose rows name these methods, beside those of `Verbs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vos_annotator.core.edits import Status
from vos_annotator.core.glitches import Glitch
from vos_annotator.core.shapes import between
from vos_annotator.core.translation import tr
from vos_annotator.ui.language import number
from vos_annotator.ui.range_edit import RangeEdit
from vos_annotator.ui.unsure_places import UnsurePlace

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow


class FindVerbs:
    """The commands on doubtful frames, glitches and shots, and on what a step changed."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def go_to_glitch(self, step: int) -> None:
        """Go to the next glitch (1) or the one before (-1), and choose its object."""
        window, scan = self._window, self._window.workspace.glitches
        here = window.cursor.frame, window.cursor.object_id or 0
        ahead = [
            each
            for each in scan.glitches
            if step * _compared((each.frames[0], each.object_id), here) > 0
        ]
        if ahead:
            glitch = ahead[0 if step > 0 else -1]
            window.cursor.object_id = glitch.object_id
            window.cursor.frame = glitch.frames[0]
            window.say(self._glitch_text(glitch))
        elif not scan.is_done:
            window.say(tr("No glitch this way so far; masks are still being looked at."))
        else:
            window.say(tr("No further glitch this way."))

    def go_to_doubtful(self, step: int) -> None:
        """Go to the place where a correction mends most, and on to the next (1) or back (-1).

        Locked and hidden objects are left out: a person is done with them, or does not see them.
        """
        window, work = self._window, self._window.workspace
        places = work.unsure_places()
        here = work.cursor.frame, work.cursor.object_id
        ranks = [i for i, each in enumerate(places) if here[0] in each.frames]
        ranks.sort(key=lambda i: (places[i].frame, places[i].object_id) != here)
        rank = ranks[0] + step if ranks else 0
        if 0 <= rank < len(places):
            place = places[rank]
            work.cursor.object_id = place.object_id
            work.cursor.frame = place.frame
            window.say(
                tr(
                    "{place} of {count}: {what}",
                    place=number(rank + 1),
                    count=number(len(places)),
                    what=self._what_is_unsure(place),
                )
            )
        else:
            if places:
                said = tr("No other place.")
            elif work.glitches.is_done and not work.bridge.busy:
                said = tr("No frame is doubtful.")
            else:
                said = tr("No frame is doubtful so far; masks are still being looked at.")
            if work.document.objects.protected_ids:
                said += " " + tr("Locked and hidden objects are left out.")
            window.say(said)

    def _what_is_unsure(self, place: UnsurePlace) -> str:
        work = self._window.workspace
        said = [self._glitch_text(each) for each in place.glitches]
        said += work.document.mix_ups.sentences(place.frame)
        name = work.document.objects[place.object_id].name
        if work.document.annotations.status(place.frame) is Status.REFERENCE:
            said.append(
                tr(
                    "{name} is on the frames beside, but not on this reference: paint it, or say "
                    "by key:absent that it is away.",
                    name=name,
                )
            )
        if not said:
            state = work.state_of(place.frame, place.object_id)
            said = [tr("{name} is {state} here.", name=name, state=state)]
        return " ".join(said)

    def _glitch_text(self, glitch: Glitch) -> str:
        first, last = number(glitch.frames[0]), number(glitch.frames[-1])
        name = self._window.document.objects[glitch.object_id].name
        if first == last:
            return tr("{name} has a glitch here. key:bridge mends it.", name=name)
        return tr(
            "{name} has a glitch on frames {first} to {last}. key:bridge mends it.",
            name=name,
            first=first,
            last=last,
        )

    def go_to_shot(self, step: int) -> None:
        """Go to the first frame of the next shot (1), or of this one or the one before (-1)."""
        window, shots, here = self._window, self._window.workspace.shots, self._window.cursor.frame
        ahead = [each for each in (0, *shots.cuts) if step * (each - here) > 0]
        if ahead:
            window.cursor.frame = ahead[0 if step > 0 else -1]
        elif shots.is_done or step < 0:
            window.say(tr("No further shot this way."))
        else:
            window.say(tr("No further shot so far; the video is still being looked through."))

    def compare(self, is_held: bool | None = None) -> None:
        """Show before and after for as long as the key is held; from a menu, until chosen again."""
        workspace = self._window.workspace
        if workspace is None:
            return
        wipe = workspace.wipe
        wipe.turn(not wipe.is_on if is_held is None else is_held)
        if not wipe.is_on:
            return
        workspace.cursor.masks_shown = True  # else there is nothing to compare
        if not wipe.has_changes:
            self._window.say(tr("The last step changed nothing on this frame."))

    def bridge(self) -> None:
        """Put shapes of the object over a glitch, between the sound frames on either side.

        Where none is found, over this frame alone, and that is said: eyes see more. The frames
        become references, as any frame does on which a person changes the mask of an object:
        they asked for these very frames and see what came of it, so no pass may bring the glitch
        back. What was predicted around them follows, as after any correction.
        """
        window, document = self._window, self._window.document
        object_id, frame = window.cursor.object_id, window.cursor.frame
        refusal = document.refusal(object_id)
        if refusal:
            window.say(refusal)
            return
        glitch = window.workspace.glitches.of(object_id, frame)
        frames = range(frame, frame + 1) if glitch is None else glitch.frames
        name = document.objects[object_id].name
        before, after = frames[0] - 1, frames[-1] + 1
        if document.annotations.status(frame) is Status.REFERENCE:
            window.say(tr("This frame is a reference: nothing is bridged where you answer for it."))
            return
        is_within = before >= 0 and after < document.video.frame_count
        start, end = (
            np.equal(document.annotations[each], object_id) if is_within else np.zeros(0, bool)
            for each in (before, after)
        )
        if not (start.any() and end.any()):
            window.say(
                tr("{name} needs a mask on the frames before and after to be bridged.", name=name)
            )
            return
        title = tr("Bridge {name}", name=name)
        remark = tr("No glitch is found here: this frame alone was bridged.") if not glitch else ""
        edit = RangeEdit(window, object_id, title, is_answered=True, remark=remark)
        edit.start(frames, lambda here, _: between(start, end, (here - before) / (after - before)))


def _compared(a: tuple[int, int], b: tuple[int, int]) -> int:
    """Return 1 where `a` is behind `b`, -1 where it is before it, 0 where they are one."""
    return (a > b) - (a < b)
