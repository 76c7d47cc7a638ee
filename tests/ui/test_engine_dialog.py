"""The choice of engine: loaded before it is taken, kept, and never in the window's way."""

import numpy as np
import pytest

from tests.engine.packages import EXAMPLE, entry, make_wheel, unpack
from tests.ui.window import finish_run, isolate_settings, make_clip, open_window, paint
from vos_annotator.core.masks import encode_png
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.ui.engine_choice import keep_choice, kept_choice
from vos_annotator.ui.engine_dialog import EngineDialog
from vos_annotator.ui.main_window import MainWindow
from vos_annotator.ui.opening import load_project

WEIGHED = """
from vos_annotator.core.errors import UserError
from vos_annotator.engine.hold import HoldEngine

class Weighed(HoldEngine):
    name = "weighed"
    def __init__(self, checkpoint, size=480):
        super().__init__(size)
        if not checkpoint.endswith(".good"):
            raise UserError("{path} does not fit: give another.", path=checkpoint)
"""


@pytest.fixture(autouse=True)
def packages(tmp_path, monkeypatch):
    """The example, an engine that needs weights, and one that is broken, are installed."""
    isolate_settings(tmp_path / "settings")
    for name, source, target in (
        ("flow", EXAMPLE.read_text("utf-8"), "flow_package:FlowEngine"),
        ("weighed", WEIGHED, "weighed_package:Weighed"),
        ("odd", "raise RuntimeError('no such luck')", "odd_package:Odd"),
    ):
        wheel = make_wheel(tmp_path / "wheels", f"{name}_package", source, entry(name, target))
        unpack(wheel, tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")


@pytest.fixture
def window(qtbot, tmp_path):
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        yield window


@pytest.fixture
def dialog(qtbot, window):
    window.actions_["engine"].trigger()
    dialog = window.findChild(EngineDialog)
    yield dialog
    if window.workspace is not None:
        qtbot.waitUntil(lambda: window.findChild(EngineDialog) is None or not dialog.isVisible())


def choose(qtbot, dialog, name):
    """Pick an engine of the list and wait until it is described."""
    dialog.names.setCurrentText(name)
    qtbot.waitUntil(lambda: dialog._facts is not None and dialog._facts.name == name)


def said(dialog):
    return dialog._note.text()


def test_an_engine_that_is_chosen_computes_the_masks_and_is_kept(qtbot, window, dialog):
    paint(window)
    finish_run(qtbot, window)
    choose(qtbot, dialog, "flow")
    assert "optical flow" in said(dialog) and "flow_package" in said(dialog)

    with qtbot.waitSignal(dialog.chosen):
        dialog.accept()
    window.bridge.propagate()
    finish_run(qtbot, window)

    assert window.bridge.choice == kept_choice() == EngineChoice("flow")
    assert set(window.workspace.project.engines()) == {"flow"}
    assert "flow" in window.status.engine.text()


def test_an_engine_without_weights_of_its_own_asks_for_them(qtbot, window, dialog):
    choose(qtbot, dialog, "weighed")
    assert dialog.checkpoint.isEnabled() and not dialog.use.isEnabled()

    dialog.checkpoint.setText("some.bad")
    dialog.accept()
    qtbot.waitUntil(lambda: "some.bad does not fit" in said(dialog))
    assert window.bridge.choice.name == "hold" and kept_choice() == EngineChoice()

    dialog.checkpoint.setText("some.good")
    with qtbot.waitSignal(dialog.chosen):
        dialog.accept()
    assert kept_choice() == EngineChoice("weighed", "some.good")


def test_cancel_while_an_engine_is_loaded_leaves_the_one_in_use(qtbot, window, dialog):
    choose(qtbot, dialog, "flow")
    loaded = []
    window.bridge.ready.connect(lambda ready: loaded.append(ready.choice))
    dialog.accept()
    assert not dialog.names.isEnabled()
    dialog.reject()
    qtbot.waitUntil(lambda: loaded[-1:] == [EngineChoice("hold")])

    paint(window)
    window.bridge.propagate()
    finish_run(qtbot, window)
    assert window.bridge.choice == window.engine == EngineChoice("hold")
    assert kept_choice() == EngineChoice()
    assert set(window.workspace.project.engines()) == {"hold"}
    assert "hold" in window.status.engine.text()


def test_a_broken_engine_says_why_and_cannot_be_used(qtbot, window, dialog):
    choose(qtbot, dialog, "odd")

    assert "odd_package is broken (RuntimeError: no such luck)" in said(dialog)
    assert not dialog.use.isEnabled() and not dialog.checkpoint.isEnabled()
    dialog.reject()


def test_the_masks_of_an_engine_stay_when_another_one_is_chosen(qtbot, window, dialog):
    paint(window)
    window.bridge.propagate()
    finish_run(qtbot, window)
    before = {f: window.document.annotations[f].copy() for f in range(12)}

    choose(qtbot, dialog, "weighed")
    dialog.checkpoint.setText("some.good")
    with qtbot.waitSignal(dialog.chosen):
        dialog.accept()
    finish_run(qtbot, window)

    for frame, labels in before.items():
        np.testing.assert_array_equal(window.document.annotations[frame], labels)
    assert set(window.workspace.project.engines()) == {"hold"}


def test_the_window_opens_although_the_engine_that_was_kept_is_broken(qtbot, tmp_path):
    keep_choice(EngineChoice("odd"))
    window = MainWindow(load_project(make_clip(tmp_path / "other")), size=48)
    qtbot.addWidget(window)
    window.show()
    told = []
    window.bridge.failed.connect(lambda text, report: told.append((text, report)))

    paint(window)
    qtbot.waitUntil(lambda: bool(told))

    text, report = told[0]
    assert "engine odd" in text and report == ""
    assert window.document.annotations.stored_map(0).png == encode_png(
        window.document.annotations[0]
    )
    window.bridge.use_engine(EngineChoice("hold"))
    qtbot.waitUntil(lambda: window.bridge.choice.name == "hold")
    window.close()


def test_the_project_remembers_the_engine_across_a_restart(qtbot, tmp_path):
    clip = make_clip(tmp_path / "other")
    with open_window(qtbot, clip) as window:
        paint(window)
        window.bridge.propagate()
        finish_run(qtbot, window)
    with open_window(qtbot, clip) as window:
        assert window.workspace.project.engines() == {"hold": 11}
