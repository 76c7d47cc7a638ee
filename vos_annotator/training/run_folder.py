"""The folder of a run: its state, its log and its curves.

For: the trainer. Knows torch's files and matplotlib, no network.

    recipe.json           what was asked for, changes included: resuming goes by it
    state.pt              all that resuming needs; weights and numbers only
    average.safetensors   the moving average of the weights: what is shipped
    best.safetensors      the same, where it did best on the development clips
    log.csv, evaluations.csv, curves.png
    running               which process trains here now, while it does
"""

import csv
import io
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import psutil
import torch

from vos_annotator.core.atomic import put_file, writing
from vos_annotator.core.errors import UserError
from vos_annotator.training.recipe import Recipe

Row = dict[str, float | int | str]


class RunFolder:
    """Writes whole files or none: a run that is killed goes on from its last save."""

    def __init__(self, path: Path) -> None:
        """Make the folder if need be.

        Raises:
            UserError: It cannot be written.
        """
        self.path = path
        self.average, self.best = path / "average.safetensors", path / "best.safetensors"
        self.recipe = path / "recipe.json"
        self._state, self._done = path / "state.pt", path / "done"
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others from training here: each would write over what the other learnt.

        Raises:
            UserError: Another process does, or it cannot be written.
        """
        note, own = self.path / "running", f"{platform.node()} {os.getpid()}"
        with writing(note):
            if note.is_file() and _is_gone(note.read_text("utf-8", "replace")):
                note.unlink()
            try:
                with note.open("x", encoding="utf-8") as file:
                    file.write(own)
            except FileExistsError:
                raise UserError(
                    f"Another process trains in {self.path}: give another --out, or delete {note} "
                    "if none does."
                ) from None
        try:
            yield
        finally:
            with suppress(OSError):
                note.unlink()

    @property
    def has_state(self) -> bool:
        """Whether there is a run to go on with."""
        return self._state.is_file()

    @property
    def is_done(self) -> bool:
        """Whether the run came to its end."""
        return self._done.is_file()

    def mark_done(self) -> None:
        """Note that the run came to its end."""
        put_file(self._done, b"")

    def write_recipe(self, recipe: Recipe) -> None:
        """Keep what is asked for, which a run that came to its end may not have done."""
        self._done.unlink(missing_ok=True)
        put_file(self.recipe, msgspec.json.format(msgspec.json.encode(recipe)))

    def write_state(self, state: dict[str, Any]) -> None:
        """Keep what resuming needs, in place of what was kept before."""
        whole = io.BytesIO()
        torch.save(state, whole)
        put_file(self._state, whole.getvalue())

    def read_state(self) -> dict[str, Any]:
        """Return what was kept last, on the CPU: an optimizer takes what it wants elsewhere itself.

        (On a GPU it would count its steps there, and each step would wait for all the counts.)

        Raises:
            UserError: There is nothing, or it is damaged.
        """
        try:
            return torch.load(self._state, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            raise UserError(
                f"{self._state} does not exist: there is no run to resume there."
            ) from None
        except Exception as error:  # junk makes torch.load raise anything
            raise self.damaged() from error

    def damaged(self) -> UserError:
        """Return what to say where what resuming needs is not what was written."""
        return UserError(f"{self._state} is damaged: start a run anew, with --init {self.average}.")

    def log(self, row: Row) -> None:
        """Add a line on the losses to the log."""
        self._append("log.csv", row)

    def log_score(self, row: Row) -> bool:
        """Add a line on the development clips; return whether its J&F is the highest so far."""
        before = [float(each["JF_mean"]) for each in self._rows("evaluations.csv")]
        self._append("evaluations.csv", row)
        return row["JF_mean"] > max(before, default=-1.0)

    def forget_after(self, step: int) -> None:
        """Drop the log's lines past `step`: a resumed run writes them again."""
        for name in ("log.csv", "evaluations.csv"):
            rows = self._rows(name)
            kept = [row for row in rows if int(row["step"]) <= step]
            if rows:
                self._write(name, list(rows[0]), kept)

    def draw_curves(self) -> None:
        """Draw losses and J&F against steps into curves.png."""
        from matplotlib.figure import Figure  # slow to import

        rows, scores = self._rows("log.csv"), self._rows("evaluations.csv")
        names = [n for n in (rows[0] if rows else {}) if n.startswith("loss_")]
        lines = (len(names) + 2) // 2
        figure = Figure(figsize=(9, 3 * lines))
        axes = figure.subplots(lines, 2, squeeze=False).flat
        figure.subplots_adjust(0.08, 0.17 / lines, 0.97, 1 - 0.13 / lines, 0.2, 0.5)
        for name, axis in zip([*names, "JF_mean"], axes, strict=False):
            points = scores if name == "JF_mean" else rows
            points = [(int(row["step"]), float(row[name])) for row in points if row.get(name)]
            if points:
                axis.plot(*zip(*points, strict=True), marker="." if len(points) < 40 else None)
            axis.set_title("J&F" if name == "JF_mean" else name.removeprefix("loss_"))
            axis.set_xlabel("step")
            axis.grid(alpha=0.3)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=100)
        put_file(self.path / "curves.png", picture.getvalue())

    def _rows(self, name: str) -> list[dict[str, str]]:
        """Return the lines of a file but for any that a power cut or a full disk cut off."""
        path = self.path / name
        if not path.is_file():
            return []
        whole = path.read_bytes().rpartition(b"\n")[0].decode("utf-8", "replace")
        rows = csv.DictReader(io.StringIO(whole, newline=""))
        return [row for row in rows if _is_whole(row)]

    def _append(self, name: str, row: Row) -> None:
        """Add a row; where a new stage has other columns the file is written anew."""
        path, old = self.path / name, self._rows(name)
        columns = list(old[0]) if old else []
        if old and set(row) <= set(columns) and path.read_bytes().endswith(b"\n"):
            with writing(path), path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, columns).writerow(row)
            return
        columns += [column for column in row if column not in columns]
        self._write(name, columns, [*old, row])

    def _write(self, name: str, columns: list[str], rows: list[Row]) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(rows)
        put_file(self.path / name, text.getvalue().encode())


def _is_gone(writer: str) -> bool:
    """Return whether a process that noted where it runs, and its number, does no more."""
    machine, _, number = writer.rpartition(" ")
    if machine != platform.node() or not number.isdecimal():
        return False
    return int(number) == os.getpid() or not psutil.pid_exists(int(number))


def _is_whole(row: dict[str, str]) -> bool:
    """Return whether a line has all of its columns, and numbers where numbers were written."""
    if None in row or None in row.values() or not row.get("step", "").isdecimal():
        return False
    try:
        [float(text) for name, text in row.items() if text and name != "stage"]
    except ValueError:
        return False
    return True
