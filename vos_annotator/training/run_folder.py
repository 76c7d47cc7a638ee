"""The folder of a run: its state, its log and its curves.

For: the trainer. Knows torch's files and matplotlib, no network.

    recipe.json           what was asked for, changes included: resuming goes by it
    state.pt              all that resuming needs; weights and numbers only
    average.safetensors   the moving average of the weights: what is shipped
    best.safetensors      the same, where it did best on the development clips
    log.csv, evaluations.csv, curves.png
"""

import csv
import io
from pathlib import Path
from typing import Any

import msgspec
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
        """Keep what was asked for."""
        put_file(self.recipe, msgspec.json.format(msgspec.json.encode(recipe)))

    def write_state(self, state: dict[str, Any]) -> None:
        """Keep what resuming needs, in place of what was kept before."""
        whole = io.BytesIO()
        torch.save(state, whole)
        put_file(self._state, whole.getvalue())

    def read_state(self, device: torch.device) -> dict[str, Any]:
        """Return what was kept last.

        Raises:
            UserError: There is nothing, or it is damaged.
        """
        try:
            return torch.load(self._state, map_location=device, weights_only=True)
        except FileNotFoundError:
            raise UserError(
                f"{self._state} does not exist: there is no run to resume there."
            ) from None
        except Exception as error:  # junk makes torch.load raise anything
            raise UserError(
                f"{self._state} is damaged: start a run anew, with --init {self.average}."
            ) from error

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
        return [row for row in rows if None not in row and None not in row.values()]

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
