"""The choice of who answers clicks: opened before it is taken, kept, told of."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

from tests.engine.small_graphs import make_click_files
from tests.ui.window import isolate_settings, make_clip, open_window
from vos_annotator.engine.commands import ClicksReady, Scribble
from vos_annotator.ui.click_dialog import ClickDialog
from vos_annotator.ui.click_files import kept_files


@pytest.fixture
def window(qtbot, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        yield window


def open_dialog(window):
    window.actions_["clicks"].trigger()
    return window.findChild(ClickDialog)


def dot(window, x, y):
    strokes = np.zeros(window.document.video.shape, np.uint8)
    strokes[y - 1 : y + 2, x - 1 : x + 2] = 1
    return strokes


def test_clicks_are_answered_by_the_files_that_were_chosen_also_the_next_time(
    qtbot, window, tmp_path
):
    files = make_click_files(tmp_path / "graphs")
    dialog = open_dialog(window)
    assert not dialog.use.isEnabled()
    dialog.encoder.setText(files.encoder)
    dialog.decoder.setText(files.decoder)
    with qtbot.waitSignal(dialog.chosen) as chosen:
        dialog.accept()
    assert kept_files() == files and "sha256" in chosen.args[1]

    for _ in range(2):
        with qtbot.waitSignal(window.bridge.scribbled) as answer:
            window.bridge.scribble(Scribble(0, 1, dot(window, 50, 40), None))
        mask = answer.args[2]
        assert mask[40:, 50:].mean() > 0.9 and not mask[:10, :10].any()  # what is bright
        window.close_project()
        window.open_path(tmp_path / "clip")


def test_enter_is_for_the_files_and_not_for_leaving_it_to_the_engine(qtbot, window, tmp_path):
    files = make_click_files(tmp_path / "graphs")
    dialog = open_dialog(window)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    QTest.keyClick(dialog.encoder, Qt.Key.Key_Return)
    assert dialog.isVisible() and not dialog.engine.isDefault()

    dialog.encoder.setText(files.encoder)
    dialog.decoder.setText(files.decoder)
    with qtbot.waitSignal(dialog.chosen) as chosen:
        QTest.keyClick(dialog.decoder, Qt.Key.Key_Return)
    assert chosen.args[0] == files


def test_cancel_while_files_are_opened_leaves_who_answered_before(qtbot, window, tmp_path):
    files = make_click_files(tmp_path / "graphs")
    dialog = open_dialog(window)
    dialog.encoder.setText(files.encoder)
    dialog.decoder.setText(files.decoder)
    told = []
    window.bridge.inference.arrived.connect(told.append)
    dialog.accept()
    dialog.reject()

    def answers():
        return [each.files for each in told if isinstance(each, ClicksReady)]

    qtbot.waitUntil(lambda: answers()[-1:] == [None])
    assert kept_files() is None


def test_files_that_do_not_fit_say_so_and_are_not_kept(qtbot, window, tmp_path):
    files = make_click_files(tmp_path / "graphs")
    dialog = open_dialog(window)
    dialog.encoder.setText(files.decoder)
    dialog.decoder.setText(files.encoder)
    dialog.accept()
    qtbot.waitUntil(lambda: "is not the encoder" in dialog.note.text())

    assert kept_files() is None and dialog.use.isEnabled()
    with qtbot.waitSignal(dialog.chosen):
        dialog.engine.click()
    assert kept_files() is None
