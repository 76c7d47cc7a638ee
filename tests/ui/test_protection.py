"""Whatever a person does, the pixels of locked objects and of hidden ones stay as they are."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtWidgets import QSpinBox

from tests.ui.mouse import LEFT, RIGHT, stroke
from tests.ui.window import FRAMES, SHAPE, finish_job, isolate_settings, make_clip, open_window
from vos_annotator.core.masks import encode_png
from vos_annotator.core.shapes import grow
from vos_annotator.ui.mask_operations import OPERATIONS
from vos_annotator.ui.operation_dialog import OperationDialog
from vos_annotator.ui.range_edit import RangeEdit

FREE, LOCKED, HIDDEN = 1, 2, 3
TOOLS = ("brush", "eraser", "lasso", "wand", "fill", "box", "scribble")
COMMANDS = (
    *("copy-previous", "clear-here", "copy-mask", "paste-mask", "interpolate"),
    *("keep", "release", "next", "previous", "add-object", "previous-object"),
)
points = st.tuples(st.integers(0, SHAPE[1] - 1), st.integers(0, SHAPE[0] - 1))
acts = st.one_of(
    st.tuples(
        st.just("stroke"),
        st.sampled_from(TOOLS),
        st.lists(points, min_size=2, max_size=5),
        st.sampled_from((LEFT, RIGHT)),
    ),
    st.tuples(st.just("command"), st.sampled_from(COMMANDS)),
    st.tuples(st.just("object"), st.sampled_from((FREE, LOCKED, HIDDEN))),
    st.tuples(st.just("operation"), st.sampled_from(sorted(OPERATIONS)), st.integers(1, 9)),
    st.tuples(st.just("range"), st.sampled_from((FREE, LOCKED, HIDDEN))),
    st.tuples(st.just("import"), st.integers(0, 99)),
)


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        window.bridge.refresh.is_on = False
        qtbot.waitUntil(lambda: window.canvas.is_current)
        for _ in (FREE, LOCKED, HIDDEN):
            window.document.add_object()
        document = window.document
        for frame in range(FRAMES):
            labels = blobs(frame)
            if frame % 5:
                document.project.predict(frame, encode_png(labels), {}, "test")
            else:
                document.paint(frame, labels, "Paint")
        document.update_object(LOCKED, locked=True)
        document.update_object(HIDDEN, visible=False)
        window.cursor.object_id = FREE
        yield window


def blobs(seed):
    """Return a label map of patches of all objects."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 4, (SHAPE[0] // 8, SHAPE[1] // 8), np.uint8)
    return np.kron(small, np.ones((8, 8), np.uint8))


def protected(window):
    """Return where the protected objects are, on every frame."""
    masks = [window.document.annotations[frame] for frame in range(FRAMES)]
    return [(labels * np.isin(labels, (LOCKED, HIDDEN))).tobytes() for labels in masks]


def do(window, qtbot, tmp_path, act):
    kind, *how = act
    if kind == "stroke":
        tool, places, button = how
        qtbot.waitUntil(lambda: window.canvas.is_current)
        window.cursor.tool = tool
        stroke(window.canvas, *places, button=button)
        window.canvas.tool(tool).finish()
    elif kind == "command":
        action = window.actions_[how[0]]
        if action.isEnabled():
            action.trigger()
    elif kind == "object":
        window.cursor.object_id = how[0]
    elif kind == "operation":
        operate(window, qtbot, *how)
    elif kind == "range":
        RangeEdit(window, how[0], "Grow").start(range(FRAMES), lambda _, mask: grow(mask, 3))
    else:
        folder = tmp_path / "masks"
        folder.mkdir(exist_ok=True)
        for frame in range(0, FRAMES, 3):
            (folder / f"{frame}.png").write_bytes(encode_png(blobs(how[0] + frame)))
        window.window_verbs.import_masks_from(folder)
    finish_job(qtbot, window)


def operate(window, qtbot, name, size):
    """Choose an operation, a size and OK; nothing comes of it where the window refuses."""
    window.actions_[name].trigger()
    for dialog in (d for d in window.findChildren(OperationDialog) if d.isVisible()):
        for field in dialog.findChildren(QSpinBox):
            field.setValue(size)
        qtbot.waitUntil(lambda d=dialog: d._preview is not None or bool(d._refusal()))
        dialog.accept()


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(acts, min_size=4, max_size=12))
def test_no_walk_of_tools_and_commands_changes_what_is_locked_or_hidden(
    window, qtbot, tmp_path, walk
):
    before = protected(window)
    for act in walk:
        do(window, qtbot, tmp_path, act)
        assert protected(window) == before, act
