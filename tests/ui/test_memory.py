"""What memory takes is seen, chosen, and told when there is less of it."""

import pytest
from PySide6.QtWidgets import QDialogButtonBox

from tests.ui.window import isolate_settings, make_clip, open_window
from vos_annotator.core.memory_budget import BUDGET, KINDS, LEAST, MIB
from vos_annotator.core.translation import tr
from vos_annotator.ui.memory_dialog import MemoryDialog
from vos_annotator.ui.memory_watch import apply_choice, choose_memory

SIZE = 1024 * MIB


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """A machine of 16 GiB with enough left, on which a gibibyte is allowed."""
    monkeypatch.setattr(BUDGET, "installed", 16 << 30)
    monkeypatch.setattr(BUDGET, "_allowed", SIZE)
    monkeypatch.setattr(BUDGET, "is_short", lambda: False)


@pytest.fixture
def window(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    BUDGET.allow(SIZE)
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        yield window


def test_the_status_bar_tells_what_caches_take_of_what_they_may_and_which(window):
    window.canvas.show_preview(None)
    window.memory.look()

    assert "of 1.1 GB" in window.status.memory.text()
    lines = window.status.memory.toolTip().splitlines()
    assert len(lines) == len(KINDS)
    for line, (kind, (name, _)) in zip(lines, KINDS.items(), strict=True):
        assert line.startswith(tr(name))
        assert f"of {BUDGET.cap(kind) / MIB:.0f} MB" in line


def test_caches_that_had_to_become_smaller_are_told_of_once(window):
    assert BUDGET.step_down()
    window.memory.look()
    window.memory.look()

    said = window.messages.text.toPlainText()
    assert said.count("Memory runs short") == 1
    assert "512 MB" in said


def test_where_the_machine_runs_out_of_memory_caches_give_some_back(qtbot, window, monkeypatch):
    monkeypatch.setattr(BUDGET, "is_short", lambda: BUDGET.allowed == SIZE)
    window.memory.look()
    qtbot.waitUntil(lambda: BUDGET.allowed == SIZE // 2)


def open_dialog(window):
    window.actions_["memory"].trigger()
    return window.findChild(MemoryDialog)


def test_what_is_chosen_counts_at_once_and_the_next_time(window):
    dialog = open_dialog(window)
    assert dialog.amount.value() == SIZE // MIB
    dialog.amount.setValue(2048)
    dialog.accept()
    assert BUDGET.allowed == 2048 * MIB

    BUDGET.allow(LEAST)
    apply_choice()
    assert BUDGET.allowed == 2048 * MIB

    choose_memory(None)
    assert BUDGET.allowed == BUDGET.usual


def test_a_choice_that_is_left_changes_nothing(window):
    dialog = open_dialog(window)
    dialog.amount.setValue(2048)
    dialog.reject()

    assert BUDGET.allowed == SIZE


def test_what_is_usual_can_be_had_back(window):
    choose_memory(LEAST // MIB)
    dialog = open_dialog(window)
    buttons = dialog.findChild(QDialogButtonBox)
    buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults).click()
    dialog.accept()

    assert BUDGET.allowed == BUDGET.usual == 2 << 30
