"""Whether what a person types means a command: by the beginnings of its words, or its letters.

For: the command palette and the search of the shortcut editor.
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


def _has_letters(wanted: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in wanted)
