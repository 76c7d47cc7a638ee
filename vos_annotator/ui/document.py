"""The document: the open project as the window edits it, with undo.

For: tools, panels and the bridge. Everything that a person changes goes through `edit`, so
everything can be undone. A big change that is under way comes to its end before an edit is
made of what it leaves. Knows the project and Qt; nothing of widgets, and of engines
only how what they find comes in.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.corrections import (
    absence_edit,
    correct,
    deletion_edits,
    new_object,
    reference_edits,
    release_edits,
    with_objects,
)
from vos_annotator.core.edits import (
    AbsenceEdit,
    Edit,
    Edits,
    FrameEdit,
    ObjectsEdit,
    ReviewEdit,
    ReviewSpan,
    Status,
    edits_of,
)
from vos_annotator.core.history import History
from vos_annotator.core.masks import Box, LabelMap, object_ids, shielded
from vos_annotator.core.objects import Objects
from vos_annotator.core.project import Project
from vos_annotator.core.translation import tr, tr_many
from vos_annotator.core.video import Video
from vos_annotator.engine.commands import Segmented
from vos_annotator.engine.landing import land
from vos_annotator.ui.before import Before
from vos_annotator.ui.mix_ups import MixUps


class Document(QObject):
    """A project that is being edited.

    Attributes:
        project, video, objects, annotations: What is edited; read them freely.
        history: What can be undone and redone, also after a restart.
        mix_ups: Where objects may be other ones.
        before: What frames showed before masks were last changed by a person.
        finish_change: Makes at once what is left of a big change; None where none is under way.

    Signals:
        frame_changed(frame, box): New labels or a new state in a box of a frame (None: all).
        edited(is_stale): A person changed a frame, be it a prediction (also by undo), and what is
            there now may be older than a correction.
        became_stale(frames): The predictions on an array of frames are older than a correction.
        objects_changed(): An object was added, removed, renamed or marked otherwise.
        history_changed(): There is something else to undo or redo.
        absence_changed(object id, frames): An object became absent, or is no more, on some of
            the frames of a range.
        review_changed(): Some frames have another review state.
        reference_changed(frame, ids): A person changed a reference frame, made or unmade
            one (also by undo); `ids` are the objects whose pixels that touched.
        painted(frame, before, ids): A person painted a frame, of which `before` was known; `ids`
            are the objects whose pixels changed.
    """

    frame_changed = Signal(int, object)
    edited = Signal(bool)
    became_stale = Signal(object)
    objects_changed = Signal()
    history_changed = Signal()
    absence_changed = Signal(int, object)
    review_changed = Signal()
    reference_changed = Signal(int, object)
    painted = Signal(int, object, object)

    def __init__(self, project: Project, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.project = project
        self.before, self.mix_ups = Before(project.annotations), MixUps(project)
        self.finish_change: Callable[[], None] | None = None
        self._is_taking = False
        project.history.changed.connect(self.history_changed.emit)
        project.annotations.changed.connect(self._on_frame_changed)
        project.annotations.became_stale.connect(self.became_stale.emit)
        project.annotations.absence_changed.connect(self.absence_changed.emit)
        project.objects.changed.connect(self.objects_changed.emit)
        project.reviews.changed.connect(self.review_changed.emit)

    @property
    def video(self) -> Video:
        """The video that is annotated."""
        return self.project.video

    @property
    def objects(self) -> Objects:
        """The objects."""
        return self.project.objects

    @property
    def annotations(self) -> Annotations:
        """The label maps."""
        return self.project.annotations

    @property
    def history(self) -> History:
        """The steps that can be undone and redone."""
        return self.project.history

    def edit(self, text: str, edit: Edit) -> None:
        """Make an edit; `text` names it in the Undo menu."""
        self.settle()
        with self.project.together():
            self.history.push(text, self.make(edit))

    def undo(self) -> None:
        """Take the last edit back; without one nothing happens.

        Raises:
            UserError: What was kept of it is damaged.
        """
        self.settle()
        if self.history.can_undo:
            with self.project.together():
                self.history.undone(self.make(self.history.to_undo()))

    def redo(self) -> None:
        """Make the edit again that was taken back; without one nothing happens.

        Raises:
            UserError: What was kept of it is damaged.
        """
        self.settle()
        if self.history.can_redo:
            with self.project.together():
                self.history.redone(self.make(self.history.to_redo()))

    def settle(self) -> None:
        """Have a big change that is under way come to its end."""
        if self.finish_change is not None:
            self.finish_change()

    def make(self, edit: Edit) -> Edit:
        """Make an edit without a place in the history; return its inverse.

        What is older than a correction by it becomes stale; see `correct`.
        """
        frames = [part.frame for part in edits_of(FrameEdit, edit)]
        if frames or any(edits_of(AbsenceEdit, edit)):
            self.before.begin()
        for frame in frames:
            self.before.note(frame)
        inverse, touched = correct(self.project, edit)
        for frame, ids in touched.items():
            self.reference_changed.emit(frame, ids)
        return inverse

    def take(self, found: Segmented, engine: str, may_fill: bool) -> None:
        """Take what an engine found for a frame, which is no edit; see `land`."""
        self.before.note(found.frame)
        self._is_taking = True
        try:
            is_taken = land(self.project, found, engine, may_fill)
        finally:
            self._is_taking = False
        if is_taken:
            self.mix_ups.note(found.frame, found.suspects)

    def paint(
        self, frame: int, after: LabelMap, text: str, within: Box = (slice(0, None),) * 2
    ) -> None:
        """Make `after` the label map of a frame, which becomes a reference.

        Pixels of locked and of hidden objects stay as they are, and no pixel is given to one;
        objects not listed yet are added. Where nothing changes, nothing happens. Outside of
        `within` nothing has changed: then nobody has to look there.
        """
        before = self.annotations[frame][within]
        after = shielded(before, after[within], self.objects.protected_ids)
        corner = within[0].start, within[1].start
        edit = FrameEdit.between(frame, before, after, corner=corner)
        if edit.patch is not None:
            known = self.annotations.state(frame)
            self.edit(text, with_objects(self.project, [edit], edit.ids))
            self.painted.emit(frame, known, edit.ids)

    def refusal(self, object_id: int | None) -> str:
        """Return why an object's pixels may not be changed by hand; nothing if they may."""
        if object_id not in self.objects:
            return ""
        each = self.objects[object_id]
        if each.locked:
            return tr("{name} is locked. key:lock-object unlocks it.", name=each.name)
        return (
            ""
            if each.visible
            else tr("{name} is hidden. key:hide-object shows it.", name=each.name)
        )

    def keep(self, frame: int) -> None:
        """Make a frame a reference as it stands; an empty frame says: nothing is here."""
        self.settle()
        if self.annotations.status(frame) is not Status.REFERENCE:
            self.edit(tr("Keep as reference"), FrameEdit(frame, Status.REFERENCE))

    def release(self, frame: int) -> None:
        """Make a reference a prediction again: the next pass may replace it."""
        self.settle()
        if self.annotations.status(frame) is Status.REFERENCE:
            (edit,) = release_edits(self.project, [frame])
            self.edit(tr("Release reference"), edit)

    def clear_object(self, frame: int, object_id: int) -> None:
        """Take an object's pixels off one frame."""
        self.settle()
        after = self.annotations[frame].copy()
        after[after == object_id] = 0
        self.paint(frame, after, tr("Clear {name} here", name=self._name(object_id)))

    def set_absent(self, object_id: int, frames: range, is_absent: bool) -> None:
        """Say that an object is not to be seen on consecutive frames, or take that back."""
        self.settle()
        name, count = self._name(object_id), len(frames)
        if is_absent:
            text = tr_many(
                "{name} is absent on {count} frame",
                "{name} is absent on {count} frames",
                count,
                name=name,
            )
        else:
            text = tr_many(
                "{name} may be on {count} frame",
                "{name} may be on {count} frames",
                count,
                name=name,
            )
        self.edit(text, absence_edit(self.project, object_id, frames, is_absent))

    def review(self, span: ReviewSpan) -> bool:
        """Give frames a review state; whether that is another one than they had."""
        self.settle()
        is_new = self.project.reviews.within(span.first, span.last) != (span,)
        if is_new:
            self.edit(tr("Review"), ReviewEdit((span,)))
        return is_new

    def delete_object(self, object_id: int) -> None:
        """Take an object off the list, and thereby off every frame."""
        self.settle()
        edits = Edits(tuple(deletion_edits(self.project, object_id)))
        self.edit(self.deletion_text(object_id), edits)

    def deletion_text(self, object_id: int) -> str:
        """Return what the step is called by which an object is deleted."""
        return tr("Delete {name} everywhere", name=self._name(object_id))

    def add_object(self, name: str | None = None) -> int:
        """Add an object to the list and return its id.

        Raises:
            UserError: All 255 ids are used up.
        """
        self.settle()
        new = new_object(self.objects.next_id, name)
        self.edit(tr("Add {name}", name=new.name), ObjectsEdit((*self.objects, new)))
        return new.id

    def update_object(self, object_id: int, **changes: object) -> None:
        """Change an object's name, color, visible or locked, if it is listed."""
        self.settle()
        if object_id not in self.objects:
            return
        old = self.objects[object_id]
        new = replace(old, **changes)
        if new != old:
            listed = tuple(new if o.id == object_id else o for o in self.objects)
            self.edit(tr("Change {name}", name=old.name), ObjectsEdit(listed))

    def copy_from(self, frame: int, source: int, object_id: int) -> None:
        """Give an object the mask that it has on the frame `source`."""
        self.settle()
        after = self.annotations[frame].copy()
        after[after == object_id] = 0
        after[self.annotations[source] == object_id] = object_id
        self.paint(
            frame,
            after,
            tr("Copy {name} from frame {source}", name=self._name(object_id), source=source),
        )

    def import_references(self, label_maps: Mapping[int, LabelMap]) -> None:
        """Make label maps the references of their frames, adding objects not known yet.

        Locked and hidden objects have the pixels that they had.
        """
        self.settle()
        ids = {each for label_map in label_maps.values() for each in object_ids(label_map)}
        protected = self.objects.protected_ids
        shown = (
            (frame, shielded(self.annotations[frame], label_map, protected))
            for frame, label_map in label_maps.items()
        )
        edit = Edits(tuple(reference_edits(self.project, shown, ids)))
        self.edit(tr_many("Import {count} mask", "Import {count} masks", len(label_maps)), edit)

    def _on_frame_changed(self, frame: int, box: object) -> None:
        self.frame_changed.emit(frame, box)
        if not self._is_taking:
            self.edited.emit(bool(self.annotations.stale(frame)))

    def _name(self, object_id: int) -> str:
        known = object_id in self.objects
        return self.objects[object_id].name if known else tr("object {number}", number=object_id)
