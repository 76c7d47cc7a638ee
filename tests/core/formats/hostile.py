"""Files that mean harm, or that somebody broke: 200 of them, generated from whole exports."""

import json
import os
import struct
import zlib
from pathlib import Path

import numpy as np

from tests.core.formats.material import source
from vos_annotator.core.formats.exporting import export
from vos_annotator.core.formats.registry import installed

READABLE = [each.name for each in installed().values() if each.reads]
HUGE = ["9" * 400, "-1", "1e999", "NaN", "0x10", "", "\x00", "٣", "1" * 30, "-" + "9" * 25]
WRONG = [
    None,
    True,
    -1,
    10**30,
    1.5,
    "../../../etc/passwd",
    "C:\\con",
    [],
    {},
    [[]],
    [None],
    "\ud800x",
]
TRICKS = [
    "../../outside.png",
    "/etc/passwd",
    "..\\..\\outside",
    "~/outside",
    "a/../../b",
    "nul",
    "\x00",
]


def bomb_png(side=200_000):
    """Return a PNG that says it is enormous, in a few bytes."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(10**6)))]
    )


def make(folder: Path, number: int) -> tuple[Path, str]:
    """Make a hostile import below a folder; return where it is and as what it is read."""
    rng = np.random.default_rng(number)
    name = READABLE[number % len(READABLE)]
    export(source(), name, folder)
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith((".manifest.json", ".jpg"))
    )
    file = files[int(rng.integers(len(files)))]
    tricks = [_cut, _flip, _bomb, _empty, _links, _replaced, _renamed, _missing, _words]
    if file.suffix == ".json":
        tricks += [_values, _values, _deep, _paths]
    elif file.suffix in (".txt", ".yaml", ".xml"):
        tricks += [_numbers, _numbers, _numbers]
    if file.suffix == ".xml":
        tricks.append(_entities)
    trick = tricks[int(rng.integers(len(tricks)))]
    trick(file, rng)
    return folder, name


def _cut(file, rng):
    data = file.read_bytes()
    file.write_bytes(data[: int(rng.integers(len(data) + 1))])


def _flip(file, rng):
    data = bytearray(file.read_bytes())
    for at in rng.integers(max(len(data), 1), size=20).tolist() if data else ():
        data[at] = int(rng.integers(256))
    file.write_bytes(bytes(data))


def _bomb(file, rng):
    file.write_bytes(bomb_png(int(rng.choice([3000, 13_000, 200_000, 2**31 - 1]))))


def _empty(file, rng):
    file.write_bytes(b"")


def _links(file, rng):
    """Turn a file into a link that leads round in a circle, and its folder's neighbour too."""
    file.unlink()
    if rng.integers(2):
        os.symlink(file.name, file)
    else:
        os.symlink("..", file)
        os.symlink(".", file.parent / "00009")


def _replaced(file, rng):
    file.unlink()
    file.mkdir()


def _renamed(file, rng):
    names = ["99999999999.png", "-1.png", "٣.png", "00000 (1).png", "frame.png", "00000.PNG"]
    file.rename(file.with_name(Path(str(rng.choice(names))).stem + file.suffix))


def _missing(file, rng):
    file.unlink()


def _words(file, rng):
    file.write_text(str(rng.choice(["hello", "{}", "[]", "<a/>", "null", '"x"', "0 0 0"])))


def _deep(file, rng):
    file.write_text("[" * 200_000 if rng.integers(2) else '{"images":' * 50_000)


def _values(file, rng):
    """Put something else into a place of a JSON file."""
    content = json.loads(file.read_bytes())
    places = list(_places(content))
    where, key = places[int(rng.integers(len(places)))]
    where[key] = WRONG[int(rng.integers(len(WRONG)))]
    file.write_text(json.dumps(content))


def _paths(file, rng):
    """Put paths to elsewhere into every text of a JSON file."""
    content = json.loads(file.read_bytes())
    for where, key in list(_places(content)):
        if isinstance(where[key], str) and len(where[key]) < 40:
            where[key] = str(rng.choice(TRICKS))
    file.write_text(json.dumps(content))


def _places(value):
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _numbers(file, rng):
    """Put numbers that are none, or far too large, into a text file."""
    words = file.read_text("utf-8").split(" ")
    for at in rng.integers(len(words), size=3).tolist():
        words[at] = HUGE[int(rng.integers(len(HUGE)))]
    file.write_text(" ".join(words), "utf-8")


def _entities(file, rng):
    levels = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(12))
    file.write_text(f'<!DOCTYPE x [<!ENTITY e0 "ha">{levels}]><annotations>&e12;</annotations>')
