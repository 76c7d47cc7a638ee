"""Both themes can be read, and the one that was chosen is kept."""

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtGui import QColor, QPalette

from tests.ui.window import isolate_settings, make_clip, open_window
from vos_annotator.ui.app import make_application
from vos_annotator.ui.theme import DARK, LIGHT, THEMES, theme_choice

READABLE = 4.5  # contrast that text needs


@pytest.fixture
def window(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        yield window
        window.actions_["theme-system"].trigger()


def luminance(color):
    parts = [QColor(color).redF(), QColor(color).greenF(), QColor(color).blueF()]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(first, second):
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", THEMES)
def test_text_can_be_read_on_every_ground_it_stands_on(name):
    theme = THEMES[name]
    for ground in (theme.window, theme.panel, theme.raised, theme.surround):
        assert contrast(theme.text, ground) >= READABLE, ground
    for ground in (theme.window, theme.panel):
        assert contrast(theme.quiet, ground) >= READABLE, ground
    assert contrast(theme.on_accent, theme.accent) >= READABLE


@pytest.mark.parametrize(("choice", "theme"), [("light", LIGHT), ("dark", DARK)])
def test_a_theme_that_is_chosen_counts_at_once_and_is_kept(window, qapp, choice, theme):
    window.actions_[f"theme-{choice}"].trigger()

    assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(theme.window)
    assert window.actions_[f"theme-{choice}"].isChecked()
    make_application()
    assert theme_choice() == choice


def test_nobody_who_chose_nothing_gets_anything_but_the_desktops(window):
    QSettings().remove("theme")

    assert theme_choice() == "system"
