"""Files of text and JSON that others wrote, read with care; and lists that several clips share.

For: the modules of the formats. Whatever is wrong in a file is one sentence that names it.
"""

from pathlib import Path
from typing import TypeVar

import msgspec

from vos_annotator.core.errors import UserError, unreadable

MOST_BYTES = 2 << 30  # of one file; an hour of run lengths of ten objects is some 500 MB
Kind = TypeVar("Kind")


def read_bytes(path: Path) -> bytes:
    """Return what a file holds.

    Raises:
        UserError: It cannot be read, or is too large to be what it should be.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(
                "{path} is larger than {most} GB: split it by clips.",
                path=path,
                most=MOST_BYTES >> 30,
            )
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def read_json(path: Path, kind: type[Kind]) -> Kind:
    """Return a JSON file as a value of `kind`, which says what must be in it.

    Raises:
        UserError: It is no JSON, or other JSON.
    """
    return parse_json(read_bytes(path), path, kind)


def parse_json(data: bytes, path: Path, kind: type[Kind]) -> Kind:
    """Return what `read_json` does, of a file that has been read."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UserError(
            "{path} is not the JSON that it should be ({error}): write it again.",
            path=path,
            error=error,
        ) from error


def write_json(value: object) -> bytes:
    """Return a value as JSON of one line."""
    return msgspec.json.encode(value) + b"\n"


def read_text(path: Path) -> str:
    """Return a text file; what is no UTF-8 in it is replaced."""
    return read_bytes(path).decode("utf-8", errors="replace")


def with_line(line: str, before: bytes | None, path: Path) -> bytes:
    """Return a list of lines with `line` in it, once."""
    lines = (before or b"").decode("utf-8", errors="replace").splitlines()
    lines = [each.strip() for each in lines if each.strip()]
    if line not in lines:
        lines.append(line)
    return "".join(f"{each}\n" for each in lines).encode()
