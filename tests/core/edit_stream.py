"""A stream of edits that can be cut anywhere: for tests of what a project keeps."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from vos_annotator.core.edits import Edit, Edits, FrameEdit, ObjectsEdit, Status, VideoObject
from vos_annotator.core.masks import encode_png
from vos_annotator.core.objects import screen_color
from vos_annotator.core.project import Project

FRAMES, SHAPE = 12, (40, 60)


def make_pictures(folder: Path, frames: int = FRAMES, shade: int = 0) -> Path:
    """Write a folder of small pictures, a video of `frames`."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame in range(frames):
        picture = np.full((*SHAPE, 3), frame * 8 % 256 + shade, np.uint8)
        Image.fromarray(picture).save(folder / f"{frame:05d}.png")
    return folder


def label_map_of(number: int) -> np.ndarray:
    """Return a label map that no other number has: noise, so that it takes room on disk."""
    rng = np.random.default_rng(number)
    return rng.integers(0, 4, SHAPE, dtype=np.uint8)


def step(project: Project, number: int) -> None:
    """Make edit `number`: painting, predicting, marking stale, adding, deleting, releasing,
    undoing and redoing by turns.
    """
    frame = number * 7 % FRAMES
    match number % 8:
        case 0:
            new = VideoObject(project.objects.next_id, f"Object {number}", screen_color(1))
            listed = ObjectsEdit((*tuple(project.objects)[-3:], new))
            _do(project, number, Edits((listed, _painting(project, frame, number))))
        case 1 | 2:
            project.predict(frame, encode_png(label_map_of(number)), {1: number % 10 / 10}, "hold")
        case 3:
            project.mark_stale(range(number % FRAMES, FRAMES), [1, number % 3])
        case 4:
            _do(project, number, _painting(project, frame, number))
        case 5:
            for reference in project.annotations.references[:1]:
                release = FrameEdit(reference, Status.PREDICTION, stale=frozenset({2}))
                _do(project, number, release)
        case 6:
            undo(project)
        case 7:
            (redo if number % 3 else undo)(project)


def undo(project: Project) -> None:
    """Take the last step back, as the document does."""
    if project.history.can_undo:
        with project.together():
            project.history.undone(project.apply(project.history.to_undo()))


def redo(project: Project) -> None:
    """Make the step again, as the document does."""
    if project.history.can_redo:
        with project.together():
            project.history.redone(project.apply(project.history.to_redo()))


def _do(project: Project, number: int, edit: Edit) -> None:
    with project.together():
        project.history.push(f"Step {number}", project.apply(edit))


def _painting(project: Project, frame: int, number: int) -> FrameEdit:
    return FrameEdit.between(frame, project.annotations[frame], label_map_of(number))


def content(project: Project) -> dict:
    """Return everything that a person could miss."""
    annotations, history = project.annotations, project.history
    return {
        "frames": [
            (annotations.state(f), annotations.stale(f), annotations[f].tobytes())
            for f in range(annotations.frame_count)
        ],
        "references": annotations.references,
        "objects": tuple(project.objects),
        "highest id": project.objects.highest_id,
        "done": [history.name(n) for n in range(history.first, history.done)],
        "undone": [history.name(n) for n in range(history.done, history.end)],
        "undo": history.to_undo() if history.can_undo else None,
        "redo": history.to_redo() if history.can_redo else None,
    }


def cut_off(project: Project, path: Path) -> Path:
    """Have at `path` what would be left of an open project if its program were killed now."""
    for ending in ("", "-wal"):
        shutil.copy(f"{project.path}{ending}", f"{path}{ending}")
    return path
