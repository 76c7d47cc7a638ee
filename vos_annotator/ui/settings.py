"""What is kept in the user's settings, as what it should be, whatever the file of them holds.

For: whatever of the window keeps a choice for the next time.
"""

from typing import TypeVar

from PySide6.QtCore import QSettings

T = TypeVar("T")
_LARGEST = 2**31  # numbers from here on have no place in a widget


def kept(key: str, default: T) -> T:
    """Return what is kept under a key; the default where that is nothing of its kind."""
    value = QSettings().value(key, default)
    try:
        made = value if isinstance(value, type(default)) else type(default)(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return default if isinstance(made, int) and not 0 <= made < _LARGEST else made
