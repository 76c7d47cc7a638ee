"""The window's sentences in the person's language, by gettext's catalogues.

For: the window, and the errors of every layer that reach it. Knows the catalogues and nothing
of Qt. The source is English; the command line, which chooses no language, stays so, but for a
command that the window runs: it is told of the window's by `LANGUAGE`.

Messages are whole sentences with named fields, which are filled in after the look-up:
`tr("No frame after {frame}.", frame=frame)`. Tables that are made when a module is imported
hold `marked` strings, which `tr` translates where they are shown. The table of actions needs
no marks: `resources/translations/update.py`, which collects the messages, reads it whole.
"""

from __future__ import annotations

import gettext
import os
from functools import cache
from pathlib import Path

from vos_annotator.paths import resources_folder

DOMAIN = "vos-annotator"
SOURCE = "en"  # the language of the code
LANGUAGE = "VOS_ANNOTATOR_LANGUAGE"  # of the environment: what a process begins with

_used = gettext.NullTranslations()
_language = SOURCE


def tr(text: str, /, **fields: object) -> str:
    """Return a message in the language in use, with its fields filled in."""
    return _filled(_used.gettext(text) if text else "", fields)


def tr_in(context: str, text: str, /, **fields: object) -> str:
    """Return a message that means one thing here and another elsewhere."""
    return _filled(_used.pgettext(context, text), fields)


def tr_many(one: str, many: str, count: int, /, **fields: object) -> str:
    """Return a message in the form that the language has for `count`.

    The field `count` is the number itself, if no other text is given for it.
    """
    return _filled(_used.ngettext(one, many, count), {"count": count, **fields})


def decimal(value: float, places: int = 1) -> str:
    """Return a number of some decimal places, with the mark that the language in use has."""
    return f"{value:.{places}f}".replace(".", tr("0.5").strip("05"))


def size_text(size: float) -> str:
    """Return a number of bytes in the unit that people would say it in."""
    return f"{decimal(size / 1e6)} MB" if size < 1e9 else f"{decimal(size / 1e9)} GB"


def marked(text: str) -> str:
    """Return `text` as it is; it is collected, and translated by `tr` where it is shown."""
    return text


def language() -> str:
    """Return the code of the language in use: "en", "de", ..."""
    return _language


def use_language(code: str) -> None:
    """Translate into a language from now on; into English where there is no such catalogue."""
    global _used, _language
    _language = code if code in languages() else SOURCE
    _used = _catalogue(_language)


@cache
def languages() -> dict[str, str]:
    """Return the names of the languages that there are, each in itself, by their codes."""
    codes = (SOURCE, *sorted(path.parents[1].name for path in _folder().glob("*/*/*.mo")))
    return {code: _catalogue(code).pgettext("this language", "English") for code in codes}


def _catalogue(code: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, _folder(), [code], fallback=True)


def _folder() -> Path:
    return resources_folder() / "translations"


def _filled(text: str, fields: dict[str, object]) -> str:
    return text.format(**fields) if fields else text


if LANGUAGE in os.environ:
    use_language(os.environ[LANGUAGE])
