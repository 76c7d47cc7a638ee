"""Names that every file takes, every file system and every list.

For: edits, exports and imports. Standard library only.
"""

import re

_LONGEST_NAME = 200  # bytes; file systems allow 255
_LONGEST_LINE = 80
_RESERVED_NAMES = {"con", "prn", "aux", "nul"}.union(
    *({f"com{n}", f"lpt{n}"} for n in range(1, 10))
)


def encodable(text: str) -> str:
    """Return a text with "?" for halves of characters, which are in names of odd files."""
    return text.encode(errors="replace").decode()


def one_line(name: str) -> str:
    """Return a name of something, without what is no character, short enough for a list."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:_LONGEST_LINE]


def is_text(name: str) -> bool:
    """Return whether a file's name is Unicode: on Linux it may be any bytes."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def safe_name(name: str) -> str:
    """Return `name` as the name of a folder on any system; good names stay as they are."""
    name = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]+', "_", encodable(name)).strip(" .")
    if name.split(".")[0].lower() in _RESERVED_NAMES:
        name = f"_{name}"
    name = name.encode()[:_LONGEST_NAME].decode(errors="ignore").rstrip(" .")
    return name or "sequence"
