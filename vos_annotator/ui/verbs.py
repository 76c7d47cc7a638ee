"""What the actions do, beyond opening and writing files.

For: the action table, whose rows name these methods. Each is a few lines that turn a
person's wish into a call of the document, the cursor, the bridge or a widget.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from vos_annotator.core.corrections import deletion_edits
from vos_annotator.core.edits import Edit, FrameEdit, Status, edits_of
from vos_annotator.core.errors import UserError
from vos_annotator.core.reach import irreplaceable_at
from vos_annotator.core.translation import tr
from vos_annotator.ui import dialogs
from vos_annotator.ui.big_change import BIG, BigChange, is_big
from vos_annotator.ui.language import number, percent
from vos_annotator.ui.step_words import with_frames

if TYPE_CHECKING:
    from vos_annotator.ui.main_window import MainWindow
    from vos_annotator.ui.workspace import Workspace

_BRUSH_STEP = 1.15
_OPACITY_STEP = 0.05
_TIMELINE_STEP = 1.5


class Verbs:
    """The commands on an open project."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._were_shown = True  # before the key for the raw picture went down

    @property
    def _work(self) -> Workspace:
        workspace = self._window.workspace
        assert workspace is not None, "actions on a project are disabled without one"
        return workspace

    def settle(self) -> bool:
        """Have a big change that is under way end; return whether the object is still the same."""
        return self._window.workspace is None or self._work.cursor.settle()

    # Frames

    def step(self, frames: int) -> None:
        """Move by `frames`."""
        self._work.cursor.frame += frames

    def go_to_end(self, side: int) -> None:
        """Go to the first (-1) or the last frame of the range."""
        cursor = self._work.cursor
        cursor.frame = cursor.frames[0 if side < 0 else -1]

    def focus_frame_field(self) -> None:
        """Let the person type a frame number."""
        self._work.transport.frame.setFocus()
        self._work.transport.frame.selectAll()

    def play(self) -> None:
        """Play, or pause."""
        self._work.playback.toggle()

    def go_to_reference(self, step: int) -> None:
        """Go to the nearest reference after (1) or before (-1)."""
        here = self._work.cursor.frame
        references = self._work.document.annotations.references
        ahead = [frame for frame in references if (frame - here) * step > 0]
        if ahead:
            self._work.cursor.frame = min(ahead, key=lambda frame: abs(frame - here))
        else:
            self._window.say(tr("No further reference this way."))

    def keep(self) -> None:
        """Make this frame a reference as it stands."""
        document, frame = self._work.document, self._work.cursor.frame
        if document.annotations.status(frame) is Status.REFERENCE:
            self._window.say(tr("This frame is a reference already."))
        else:
            document.keep(frame)
            self._window.say(tr("Frame {frame} is kept as a reference.", frame=number(frame)))

    def keep_and_propagate(self) -> None:
        """Make this frame a reference and run from it."""
        self.keep()
        self.propagate()

    def release(self) -> None:
        """Make this frame a prediction again."""
        frame = self._work.cursor.frame
        self._work.document.release(frame)
        self._window.say(tr("Frame {frame} is a prediction again.", frame=number(frame)))

    def set_in(self) -> None:
        """Let the range begin here."""
        self._work.cursor.in_frame = self._work.cursor.frame

    def set_out(self) -> None:
        """Let the range end here."""
        self._work.cursor.out_frame = self._work.cursor.frame

    def clear_in(self) -> None:
        """Let the range begin with the video."""
        self._work.cursor.in_frame = None

    def clear_out(self) -> None:
        """Let the range end with the video."""
        self._work.cursor.out_frame = None

    # Edits and objects

    def undo(self) -> None:
        """Take back what a tool has in hand, or else the last edit."""
        if not self._work.canvas.take_back():
            self.undo_edit()

    def undo_edit(self) -> None:
        """Take the last edit back, whatever a tool has in hand."""
        document, history = self._work.document, self._work.document.history
        document.settle()
        if history.can_undo:
            step = history.undo_text
            name, said = tr("Undo {step}", step=step), lambda what: tr("Undone: {what}.", what=what)
            self._step((step, name, said), document.undo, history.to_undo, history.undone)

    def redo(self) -> None:
        """Make it again."""
        document, history = self._work.document, self._work.document.history
        document.settle()
        if history.can_redo:
            step = history.redo_text
            name, said = tr("Redo {step}", step=step), lambda what: tr("Redone: {what}.", what=what)
            self._step((step, name, said), document.redo, history.to_redo, history.redone)

    def _step(
        self,
        words: tuple[str, str, Callable[[str], str]],
        take: Callable[[], None],
        load: Callable[[], Edit],
        note: Callable[[Edit], None],
    ) -> None:
        """Take a step of the history: at once, or in slices where it changes many masks.

        Its words are its own name, that of taking it, and what is said of that in the end.
        """
        step, name, said = words
        try:
            edit = load()
            if self._window.has_job or not is_big(edit):
                take()
                self._window.say(said(with_frames(step, edit)))
                return
        except UserError as error:
            dialogs.show_problem(self._window, str(error))
            return
        count = sum(1 for _ in edits_of(FrameEdit, edit))
        job = BigChange(name, self._work.document, [edit], count, note)
        job.succeeded.connect(lambda _: self._window.say(said(with_frames(step, edit))))
        self._window.start_job(job)

    def add_object(self) -> None:
        """Add an object and make it current."""
        self._work.cursor.object_id = self._work.document.add_object()

    def rename_object(self) -> None:
        """Let the person type a name."""
        self._work.objects_panel.rename(self._work.cursor.object_id)

    def choose_color(self) -> None:
        """Let the person choose a colour for the current object."""
        self._work.objects_panel.choose_color(self._work.cursor.object_id)

    def toggle_hidden(self) -> None:
        """Hide or show the current object."""
        each = self._work.document.objects[self._work.cursor.object_id]
        self._work.document.update_object(each.id, visible=not each.visible)

    def toggle_locked(self) -> None:
        """Lock or unlock the current object."""
        each = self._work.document.objects[self._work.cursor.object_id]
        self._work.document.update_object(each.id, locked=not each.locked)

    def delete_object(self) -> None:
        """Delete the current object on every frame."""
        work = self._work
        each = work.document.objects[work.cursor.object_id]
        if each.locked:
            self._window.say(work.document.refusal(each.id))
            return
        said = tr("{name} is deleted from every frame. key:undo brings it back.", name=each.name)
        project, text = work.document.project, work.document.deletion_text(each.id)
        masks = len(irreplaceable_at(project.annotations, project.objects, each.id))
        if self._window.has_job or masks <= BIG:
            work.document.delete_object(each.id)
            self._window.say(said)
            return
        edits, note = deletion_edits(project, each.id), partial(project.history.push, text)
        job = BigChange(text, work.document, edits, masks, note)
        job.succeeded.connect(lambda _: self._window.say(said))
        self._window.start_job(job)

    def cycle_object(self, step: int) -> None:
        """Make the next (1) or previous (-1) object current."""
        ids, current = self._work.document.objects.ids, self._work.cursor.object_id
        self._work.cursor.object_id = ids[(ids.index(current) + step) % len(ids)]

    def choose_object(self, number: int) -> None:
        """Make the object current that has this number, which is its id and is never another's."""
        self._work.cursor.object_id = number

    # Tools and the view

    def choose_tool(self, name: str) -> None:
        """Take a tool."""
        self._work.cursor.tool = name

    def scale_brush(self, steps: int) -> None:
        """Make the brush larger or smaller."""
        size = self._work.cursor.brush_size
        larger = max(abs(size * (_BRUSH_STEP**steps - 1)), 1)
        self._work.cursor.brush_size = size + larger * (1 if steps > 0 else -1)

    def toggle_masks(self) -> None:
        """Show or hide all masks."""
        self._work.cursor.masks_shown = not self._work.cursor.masks_shown

    def show_raw(self, is_held: bool | None = None) -> None:
        """Hide the masks for as long as the key is held; those that were off stay off."""
        if self._window.workspace is None:
            return
        if is_held is None:  # chosen from a menu, where nothing can be held
            self._window.say(tr("Hold the key of this command down to see the picture alone."))
            return
        cursor = self._work.cursor
        if is_held:
            self._were_shown = cursor.masks_shown
        cursor.masks_shown = self._were_shown and not is_held

    def change_opacity(self, steps: int) -> None:
        """Make the masks' fill stronger or fainter."""
        self._work.cursor.opacity += steps * _OPACITY_STEP
        self._window.say(tr("Mask opacity {share}", share=percent(self._work.cursor.opacity)))

    def fit(self) -> None:
        """Show the whole frame."""
        self._work.canvas.fit()

    def zoom_100(self) -> None:
        """Show a pixel as a pixel."""
        self._work.canvas.zoom_100()

    def zoom_timeline(self, steps: int) -> None:
        """Show fewer or more frames."""
        self._work.timeline.zoom_by(_TIMELINE_STEP**steps)

    # Propagation

    def propagate(self) -> None:
        """Run both ways: from this frame when it is a reference of the range, else from all."""
        frame, annotations = self._work.cursor.frame, self._work.document.annotations
        frames = self._work.cursor.frames
        is_origin = annotations.status(frame) is Status.REFERENCE and frame in frames
        self._run(frame if is_origin else None, frames[0], frames[-1])

    def propagate_one_way(self, step: int) -> None:
        """Run from this frame forwards (1) or backwards (-1)."""
        frame, frames = self._work.cursor.frame, self._work.cursor.frames
        first, last = (frame, frames[-1]) if step > 0 else (frames[0], frame)
        self._run(None, first, last)

    def propagate_one_frame(self, step: int) -> None:
        """Compute the frame after (1) or before (-1), and go there."""
        frame = self._work.cursor.frame + step
        if 0 <= frame < self._work.document.video.frame_count:
            self._run(None, frame, frame)
            self._work.cursor.frame = frame

    def toggle_auto_refresh(self) -> None:
        """Recompute stale frames after a correction, and those there are now; or leave them."""
        refresh = self._work.bridge.refresh
        refresh.is_on = not refresh.is_on

    def stop(self) -> None:
        """Stop what runs; results stay."""
        self._work.bridge.stop()
        self._window.stop_job()

    def _run(self, origin: int | None, first: int, last: int) -> None:
        if self._work.bridge.propagate(origin, first, last):
            self._work.follow.begin()
            self._work.pass_words.expect()
