"""The window's colours: one palette and one short style sheet for all of Qt's widgets.

For: the application (which applies it) and the widgets that paint themselves (which
read the palette roles, never a constant, so that both themes reach them).

The roles: Window is the frame of the window, Base the panels, Shadow the surround of
the canvas, Mid the lines, PlaceholderText the quiet text, and Highlight the accent,
which is kept for the focus, the playhead and the one default button.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from vos_annotator.paths import resources_folder
from vos_annotator.ui.settings import kept

SYSTEM = "system"
_CHOICE_KEY = "theme"

DOUBT_AMBER = QColor("#e8a33d")  # an engine that is not sure
DOUBT_RED = QColor("#e5534b")  # an engine that guesses


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one look, and pictures: a tick in `on_accent`, an arrow in `quiet`."""

    window: str
    panel: str
    surround: str
    field: str
    line: str
    raised: str
    text: str
    quiet: str
    faint: str
    accent: str
    on_accent: str
    tick: str
    arrow: str


DARK = Theme(
    window="#1f2124",
    panel="#26282c",
    surround="#17181a",
    field="#17181a",
    line="#34373c",
    raised="#33363b",
    text="#d8dade",
    quiet="#8b9097",
    faint="#5d6167",
    accent="#4c9aff",
    on_accent="#0b1a2e",
    tick="tick-dark.svg",
    arrow="arrow-dark.svg",
)
LIGHT = Theme(
    window="#ececee",
    panel="#f7f7f8",
    surround="#d4d5d8",
    field="#ffffff",
    line="#c9cbd0",
    raised="#dfe1e5",
    text="#24272c",
    quiet="#62676f",
    faint="#a2a6ad",
    accent="#1868d6",
    on_accent="#ffffff",
    tick="tick-light.svg",
    arrow="arrow-light.svg",
)


THEMES = {"dark": DARK, "light": LIGHT}


def theme_choice() -> str:
    """Return what the person chose: "system", "dark" or "light"."""
    choice = kept(_CHOICE_KEY, SYSTEM)
    return choice if choice in THEMES else SYSTEM


def choose_theme(app: QApplication, choice: str) -> None:
    """Keep a choice for the next time, and apply it."""
    QSettings().setValue(_CHOICE_KEY, choice)
    apply_choice(app)


def apply_choice(app: QApplication) -> None:
    """Give the application the theme that was chosen, and the frame of its windows too."""
    choice, scheme, hints = theme_choice(), Qt.ColorScheme, app.styleHints()
    if choice == SYSTEM:
        hints.setColorScheme(scheme.Unknown)  # as the desktop has it
        choice = "light" if hints.colorScheme() == scheme.Light else "dark"
    else:
        hints.setColorScheme(scheme.Light if choice == "light" else scheme.Dark)
    if app.property(_CHOICE_KEY) != choice:
        app.setProperty(_CHOICE_KEY, choice)
        apply_theme(app, THEMES[choice])


def follow_desktop(app: QApplication) -> None:
    """Change with the desktop for as long as that is the choice."""
    app.styleHints().colorSchemeChanged.connect(
        lambda _scheme: apply_choice(app) if theme_choice() == SYSTEM else None
    )


def palette(theme: Theme) -> QPalette:
    """Return `theme` as Qt's palette, every role set."""
    role = QPalette.ColorRole
    colors = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.panel,
        role.AlternateBase: theme.window,
        role.Text: theme.text,
        role.Button: theme.panel,
        role.ButtonText: theme.text,
        role.BrightText: theme.text,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.PlaceholderText: theme.quiet,
        role.Light: theme.raised,
        role.Midlight: theme.raised,
        role.Mid: theme.line,
        role.Dark: theme.line,
        role.Shadow: theme.surround,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Accent: theme.accent,
        role.Link: theme.accent,
        role.LinkVisited: theme.accent,
    }
    result = QPalette()
    for name, color in colors.items():
        result.setColor(name, QColor(color))
    for name in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, name, QColor(theme.faint))
    return result


def apply_theme(app: QApplication, theme: Theme = DARK) -> None:
    """Give the whole application `theme`."""
    app.setStyle("Fusion")
    app.setPalette(palette(theme))
    app.setStyleSheet(_style_sheet(theme))


def _style_sheet(t: Theme) -> str:
    return f"""
    QMainWindow, QDialog {{ background: {t.window}; }}
    QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line};
        padding: 4px 6px; }}
    QMenuBar {{ background: {t.window}; padding: 2px 4px; }}
    QMenuBar::item {{ padding: 4px 8px; border-radius: 4px; background: transparent; }}
    QMenuBar::item:selected {{ background: {t.raised}; }}
    QMenu {{ background: {t.panel}; border: 1px solid {t.line}; padding: 4px; }}
    QMenu::item {{ padding: 5px 24px 5px 10px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {t.raised}; color: {t.text}; }}
    QMenu::item:disabled {{ color: {t.faint}; }}
    QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 6px; }}
    QMenu::icon {{ padding-left: 8px; }}
    QMenu::icon:checked {{ background: {t.raised}; border: 1px solid {t.quiet};
        border-radius: 4px; }}
    QToolBar {{ background: {t.panel}; border: 0; border-right: 1px solid {t.line};
        padding: 6px 4px; spacing: 2px; }}
    QToolBar::separator {{ background: {t.line}; height: 1px; margin: 6px 4px; }}
    QToolButton {{ border: 1px solid transparent; border-radius: 5px; padding: 5px;
        background: transparent; }}
    QToolButton:hover {{ background: {t.raised}; }}
    QToolButton:pressed {{ background: {t.line}; }}
    QToolBar QToolButton:checked {{ background: {t.raised}; border-color: {t.faint}; }}
    QToolButton:focus, QPushButton:focus {{ border-color: {t.accent}; }}
    QToolButton::menu-indicator {{ image: none; }}
    QPushButton {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: 5px;
        padding: 5px 14px; min-height: 18px; }}
    QPushButton:hover {{ border-color: {t.faint}; }}
    QPushButton:disabled {{ color: {t.faint}; background: {t.panel}; }}
    QPushButton:default {{ background: {t.accent}; border-color: {t.accent};
        color: {t.on_accent}; }}
    QPushButton:default:focus {{ border-color: {t.text}; }}
    QPushButton:default:disabled {{ background: {t.raised}; border-color: {t.line};
        color: {t.faint}; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QPushButton::menu-indicator {{ subcontrol-position: right center; right: 6px; }}
    QRadioButton, QCheckBox {{ border: 1px solid transparent; border-radius: 4px;
        padding: 1px 4px 1px 1px; }}
    QRadioButton:focus, QCheckBox:focus {{ border-color: {t.accent}; }}
    QRadioButton::indicator, QCheckBox::indicator {{ width: 12px; height: 12px;
        background: {t.field}; border: 1px solid {t.quiet}; }}
    QRadioButton::indicator {{ border-radius: 7px; }}
    QCheckBox::indicator {{ border-radius: 3px; }}
    QRadioButton::indicator:checked {{ width: 6px; height: 6px;
        background: {t.on_accent}; border: 4px solid {t.accent}; }}
    QCheckBox::indicator:checked {{ background: {t.accent}; border-color: {t.accent};
        image: {_picture(t.tick)}; }}
    QRadioButton::indicator:disabled, QCheckBox::indicator:disabled {{
        border-color: {t.faint}; }}
    QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit {{ background: {t.field};
        border: 1px solid {t.line}; border-radius: 4px; padding: 2px 6px;
        selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
    QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QComboBox:on,
    QPlainTextEdit:focus {{ border-color: {t.accent}; }}
    QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {{
        background: {t.window}; color: {t.faint}; }}
    QAbstractSpinBox QLineEdit {{ border: 0; padding: 0 6px; background: transparent; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ subcontrol-origin: border;
        subcontrol-position: right; width: 0px; }}
    QComboBox {{ padding-left: 8px; combobox-popup: 0; }}
    QComboBox::drop-down {{ border: 0; width: 22px; }}
    QComboBox::down-arrow {{ image: {_picture(t.arrow)}; width: 12px; height: 12px; }}
    QComboBox QAbstractItemView {{ background: {t.panel}; border: 1px solid {t.line};
        padding: 3px; outline: 0;
        selection-background-color: {t.raised}; selection-color: {t.text}; }}
    QComboBox QAbstractItemView::item {{ padding: 3px 6px; border-radius: 3px; }}
    QComboBox QAbstractItemView::item:selected {{ background: {t.raised}; color: {t.text}; }}
    QTreeView, QTableView, QListView[role="boxed"] {{ background: {t.panel};
        border: 1px solid {t.line}; border-radius: 4px; outline: 0; gridline-color: {t.line};
        selection-background-color: {t.raised}; selection-color: {t.text}; }}
    QTreeView:focus, QTableView:focus, QListView[role="boxed"]:focus {{
        border-color: {t.accent}; }}
    QTreeView::item {{ padding: 3px 8px; }}
    QHeaderView::section {{ background: {t.panel}; color: {t.quiet}; border: 0;
        border-bottom: 1px solid {t.line}; padding: 5px 8px; }}
    QListView {{ background: {t.panel}; border: 0; outline: 0; }}
    QScrollArea {{ background: {t.panel}; border: 0; }}
    QStatusBar {{ background: {t.window}; border-top: 1px solid {t.line}; color: {t.quiet}; }}
    QStatusBar QLabel {{ color: {t.quiet}; padding: 0 4px; }}
    QStatusBar::item {{ border: 0; }}
    QSplitter::handle {{ background: {t.line}; }}
    QScrollBar {{ background: transparent; border: 0; margin: 0; }}
    QScrollBar:vertical {{ width: 10px; }}
    QScrollBar:horizontal {{ height: 10px; }}
    QScrollBar::handle {{ background: {t.line}; border-radius: 3px; margin: 2px;
        min-height: 24px; min-width: 24px; }}
    QScrollBar::handle:hover {{ background: {t.faint}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {t.line}; }}
    QSlider::sub-page:horizontal {{ border-radius: 2px; background: {t.quiet}; }}
    QSlider::handle:horizontal {{ width: 12px; margin: -5px 0; border-radius: 7px;
        background: {t.text}; border: 1px solid {t.panel}; }}
    QSlider::handle:horizontal:focus {{ border: 2px solid {t.accent}; width: 10px; }}
    QProgressBar {{ background: {t.surround}; border: 0; border-radius: 2px;
        max-height: 4px; min-height: 4px; }}
    QProgressBar::chunk {{ background: {t.text}; border-radius: 2px; }}
    QLabel[role="heading"] {{ color: {t.quiet}; font-size: 11px; font-weight: 600;
        letter-spacing: 1px; }}
    QLabel[role="quiet"] {{ color: {t.quiet}; }}
    QWidget[role="panel"] {{ background: {t.panel}; }}
    """


def _picture(name: str) -> str:
    return f'url("{(resources_folder() / "themes" / name).as_posix()}")'
