"""Which language the window speaks: the person's choice, Qt's own words, and numbers.

For: the application, which applies it before the window is made; the actions; and whoever
shows a number.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QSettings, QTranslator

from vos_annotator.core.translation import SOURCE, language, languages, use_language
from vos_annotator.ui.settings import kept

SYSTEM = "system"
_CHOICE_KEY = "language"


def language_choice() -> str:
    """Return what the person chose: "system" or the code of a language."""
    choice = kept(_CHOICE_KEY, SYSTEM)
    return choice if choice in languages() else SYSTEM


def keep_choice(choice: str) -> None:
    """Keep a choice; a window speaks the language that it was made in."""
    QSettings().setValue(_CHOICE_KEY, choice)


def apply_choice(app: QCoreApplication) -> None:
    """Let all that is made from now on speak the language that was chosen, Qt's dialogs too."""
    choice = language_choice()
    use_language(_desktops() if choice == SYSTEM else choice)
    QLocale.setDefault(QLocale(language()))
    for old in app.findChildren(QTranslator):
        app.removeTranslator(old)
        old.setParent(None)
    translator = QTranslator(app)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if translator.load(f"qtbase_{language()}", folder):
        app.installTranslator(translator)


def number(value: float, decimals: int = 0) -> str:
    """Return a number as the language writes it: 1,204 or 1.204; 9.4 or 9,4."""
    return QLocale(language()).toString(float(value), "f", decimals)


def percent(share: float) -> str:
    """Return a share of 1 in percent."""
    return f"{number(100 * share)} %"


def _desktops() -> str:
    """Return the first of the desktop's languages that there is a catalogue for."""
    for name in (QLocale(each).name() for each in QLocale.system().uiLanguages()):
        for code in (name, name.partition("_")[0]):
            if code in languages():
                return code
    return SOURCE
