"""Words on commands: whether what a person types means one, and names of theirs in menus.

What is typed is found by the beginnings of words, or by their letters. For: the command palette,
the search of the shortcut editor, and what makes menus and buttons.
"""

from __future__ import annotations

import re

_START, _WITHIN, _LETTERS = 3, 2, 1


def fits(query: str, text: str) -> bool:
    """Return whether every word of `query` is found in `text`."""
    return score(query, text) > 0


def score(query: str, text: str) -> float:
    """Return how well `text` answers `query`: 0 for not at all, more for better.

    Every word of the query must be the beginning of a word, or part of one, or have its
    letters follow each other in one that begins as it does. An empty query fits everything equally.
    """
    lowered = text.lower()
    words = re.findall(r"\w+|\S", lowered)
    total = 1.0
    for wanted in query.lower().split():
        if any(word.startswith(wanted) for word in words):
            total += _START
        elif wanted in lowered:
            total += _WITHIN
        elif any(word[0] == wanted[0] and _has_letters(wanted, word) for word in words):
            total += _LETTERS
        else:
            return 0.0
    return total + 1 / (1 + len(text))  # the shorter says it more exactly


def with_signs(text: str) -> str:
    """Return a name as menus and buttons want it, where `&` marks the letter for the keyboard."""
    return text.replace("&", "&&")


def without_marks(text: str) -> str:
    """Return the text of a menu or a button as it is shown there."""
    return re.sub("&(.)", r"\1", text)


def _has_letters(wanted: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in wanted)
