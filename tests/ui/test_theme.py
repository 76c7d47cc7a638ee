"""Both themes can be read, and the one that was chosen is kept."""

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSlider,
    QTreeWidget,
    QVBoxLayout,
)

from tests.ui.window import isolate_settings, make_clip, open_window
from vos_annotator.ui.app import make_application
from vos_annotator.ui.contrast import contrast as told_apart
from vos_annotator.ui.form_parts import list_of_findings
from vos_annotator.ui.theme import DARK, LIGHT, THEMES, theme_choice

READABLE = 4.5  # contrast that text needs


@pytest.fixture
def window(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        yield window
        window.actions_["theme-system"].trigger()


def contrast(first, second):
    return told_apart(QColor(first), QColor(second))


def test_contrast_is_measured_as_the_guidelines_for_the_web_do():
    assert contrast("black", "white") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == contrast("#ffffff", "#767676")
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("name", THEMES)
def test_text_can_be_read_on_every_ground_it_stands_on(name):
    theme = THEMES[name]
    for ground in (theme.window, theme.panel, theme.raised, theme.surround, theme.field):
        assert contrast(theme.text, ground) >= READABLE, ground
    for ground in (theme.window, theme.panel):
        assert contrast(theme.quiet, ground) >= READABLE, ground
    assert contrast(theme.on_accent, theme.accent) >= READABLE


@pytest.mark.parametrize("name", THEMES)
def test_a_box_that_is_ticked_has_a_tick_in_it(window, name):
    window.actions_[f"theme-{name}"].trigger()
    box = QCheckBox(window)
    box.setChecked(True)
    box.resize(box.sizeHint())
    picture = box.grab().toImage()
    across, down = range(picture.width()), range(picture.height())
    colors = {(x, y): picture.pixelColor(x, y).name() for x in across for y in down}
    drawn = [place for place, color in colors.items() if color == THEMES[name].on_accent]
    width, height = (max(each) - min(each) + 1 for each in zip(*drawn, strict=True))

    assert THEMES[name].accent in colors.values()
    assert len(drawn) < 0.7 * width * height  # a square in a square reads as half ticked


def test_a_field_is_as_bright_as_paper_in_the_light_and_duller_where_nothing_can_be_typed(window):
    window.actions_["theme-light"].trigger()
    field = QLineEdit(window)
    field.resize(80, 30)
    grounds = []
    for is_enabled in (True, False):
        field.setEnabled(is_enabled)
        grounds.append(field.grab().toImage().pixelColor(40, 15).name())

    assert grounds == ["#ffffff", LIGHT.window]


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("is_enabled", [True, False])
def test_a_choice_looks_like_the_field_above_it(window, name, is_enabled):
    window.actions_[f"theme-{name}"].trigger()
    field, choice = QLineEdit(window), QComboBox(window)
    seen = []
    for each in (field, choice):
        each.setEnabled(is_enabled)
        each.resize(120, 24)
        picture = each.grab().toImage()
        seen.append([picture.pixelColor(60, y).name() for y in range(24)])

    assert seen[0] == seen[1] and len(set(seen[0])) == 2  # a border, and one even ground


def default_button():
    button = QPushButton("Go")
    button.setDefault(True)
    return button


def ticked(kind):
    button = kind("So")
    button.setChecked(True)
    return button


CONTROLS = {
    "default button": default_button,
    "button": lambda: QPushButton("Go", autoDefault=False),
    "tick": lambda: ticked(QCheckBox),
    "choice of one": lambda: ticked(QRadioButton),
    "list of choices": QComboBox,
    "slider": lambda: QSlider(Qt.Orientation.Horizontal),
    "tree": QTreeWidget,
    "list": lambda: list_of_findings("Found", 3),
    "field": QLineEdit,
}


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("control", CONTROLS)
def test_who_goes_by_keyboard_sees_where_they_are(qtbot, window, name, control):
    window.actions_[f"theme-{name}"].trigger()
    dialog = QDialog(window)
    first, other = CONTROLS[control](), QLineEdit()
    column = QVBoxLayout(dialog)
    column.addWidget(first)
    column.addWidget(other)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    pictures = []
    for each in (other, first):
        each.setFocus(Qt.FocusReason.TabFocusReason)
        pictures.append(first.grab().toImage())
    width, height = first.width(), first.height()
    changed = [
        (x, y)
        for x in range(width)
        for y in range(height)
        if contrast(*(each.pixelColor(x, y) for each in pictures)) > 2
    ]
    dialog.close()

    assert len(changed) > 20


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
