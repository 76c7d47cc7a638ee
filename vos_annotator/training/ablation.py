"""The `ablate` command: one recipe, changed in one thing a row, trained alike, in one table.

For: the command line. Knows recipes, the trainer and the evaluation.

    recipe = "student"                  # what every row starts from,
    set = ["stages.0.length=3"]         # with this changed
    seeds = [0, 1]
    size = 480                          # short side of the evaluation

    [[rows]]
    name = "no distillation"
    set = ["stages.0.losses.logit=0"]   # as `train --set`
    memories = [2]                      # frames that are read when it is evaluated; 0 for all

A study goes on where it was interrupted: what is trained is not trained again, and what is
in the table is not evaluated again.
"""

import argparse
import csv
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Annotated

import msgspec
import torch
from msgspec import Meta

from vos_annotator.core.atomic import put_file
from vos_annotator.core.errors import UserError
from vos_annotator.core.outputs import folder_to_write
from vos_annotator.evaluation.first_masks import evaluate_engine
from vos_annotator.evaluation.scores import Score, mean_score
from vos_annotator.mobilevos.backbones import count_parameters
from vos_annotator.mobilevos.engine import MobileVOSEngine
from vos_annotator.mobilevos.runtimes.choice import VARIABLE
from vos_annotator.mobilevos.runtimes.runtime import TorchRuntime
from vos_annotator.training.command import data_sets, keep_apart, train
from vos_annotator.training.processes import Processes
from vos_annotator.training.readers import find_sources
from vos_annotator.training.recipe import (
    Count,
    Data,
    Recipe,
    Seed,
    Size,
    Table,
    read_recipe,
    read_tables,
)
from vos_annotator.training.run_folder import RunFolder

COLUMNS = ["row", "seed", "memory", "J_mean", "F_mean", "JF_mean", "ms", "parameters"]


class Variant(Table):
    """A row: its name, what it changes, and how it is evaluated."""

    name: str
    set: tuple[str, ...] = ()
    memories: Annotated[tuple[Count, ...], Meta(min_length=1)] = (2,)


class Study(Table):
    """What is compared; see the module's head."""

    recipe: str
    rows: Annotated[tuple[Variant, ...], Meta(min_length=1)]
    set: tuple[str, ...] = ()
    seeds: Annotated[tuple[Seed, ...], Meta(min_length=1)] = (0,)
    size: Size = 480


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `ablate`."""
    parser.add_argument("study", type=Path, help="a TOML file with the rows")
    parser.add_argument(
        "--out", type=folder_to_write, required=True, metavar="DIR", help="folder of the runs"
    )
    parser.add_argument("--davis", required=True, metavar="ROOT", help="clips to compare on")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change the recipe"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train and evaluate each row with each seed; write results.csv, table.md and pareto.png.

    Raises:
        UserError: The study, the recipe, a row's change or the data is not as it must be.
    """
    study = read_study(arguments.study)
    recipes = {}  # all of them are read first: a slip in the last row shows at once
    for seed in study.seeds:
        for row in study.rows:
            changes = [*study.set, *arguments.set, *row.set, f"seed={seed}"]
            recipes[row.name, seed] = read_recipe(study.recipe, changes)
    _keep_apart(recipes.values(), arguments.davis)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    # One for all rows: what is quickest may be known of one row's network and not of another's.
    runtime = os.environ.get(VARIABLE) or TorchRuntime.name
    results = Results(arguments.out / "results.csv")
    for (name, seed), recipe in recipes.items():
        row = next(row for row in study.rows if row.name == name)
        folder = RunFolder(arguments.out / f"{_slug(name)}-{seed}")
        _check_same(recipe, folder)
        wanted = [memory for memory in row.memories if not results.has(name, seed, memory)]
        if not wanted:
            continue
        print(f"{name}, seed {seed}", flush=True)
        train(recipe, folder, Processes(0, 1, device), resumes=folder.has_state)
        if not folder.is_done:
            print("interrupted: the same command goes on from here")
            return 130
        for memory in wanted:
            engine = MobileVOSEngine(study.size, folder.average, memory, runtime=runtime)
            score = mean_score(evaluate_engine(engine, arguments.davis))
            results.add(name, seed, memory, score, count_parameters(engine.network))
    names = [row.name for row in study.rows]
    put_file(arguments.out / "table.md", results.table(names).encode())
    results.plot(names, arguments.out / "pareto.png")
    print(results.table(names))
    return 0


def _check_same(recipe: Recipe, folder: RunFolder) -> None:
    """Refuse to go on with a study that was changed: its table would mix what was compared.

    Raises:
        UserError: The run was begun with another recipe.
    """
    if not folder.has_state or not folder.recipe.is_file():
        return
    if _what_counts(read_recipe(folder.recipe)) != _what_counts(recipe):
        raise UserError(
            f"{folder.path} was trained by another recipe than this study asks for now: give "
            "another --out, or take back what was changed."
        )


def _what_counts(recipe: Recipe) -> Recipe:
    """Return a recipe without what changes no clip: how many processes make them."""
    data = msgspec.structs.replace(recipe.data, workers=Data().workers)
    return msgspec.structs.replace(recipe, data=data)


def _keep_apart(recipes: Iterable[Recipe], davis: str) -> None:
    """Refuse to train any row on the clips that rows are compared on."""
    checked = []
    for recipe in recipes:
        if recipe.data not in checked:
            checked.append(recipe.data)
            keep_apart(find_sources(data_sets(recipe.data)), davis)


def read_study(path: Path) -> Study:
    """Return the study in a file.

    Raises:
        UserError: It is no study, or two rows have one name.
    """
    try:
        study = msgspec.convert(read_tables(path), Study)
    except msgspec.ValidationError as error:
        raise UserError(f"{path} is no study: {error}.") from error
    if len({_slug(row.name) for row in study.rows}) < len(study.rows):
        raise UserError(f"{path} has two rows of one name: give each its own.")
    return study


class Results:
    """The figures so far, in a CSV file that grows with each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: list[dict[str, str]] = []
        if path.is_file():
            self._rows = self._read()

    def _read(self) -> list[dict[str, str]]:
        """Return the rows that are there.

        Raises:
            UserError: They are not as `add` writes them.
        """
        try:
            with self.path.open(newline="", encoding="utf-8") as file:
                reader = csv.DictReader(file)
                rows = list(reader)
            if reader.fieldnames != COLUMNS:
                raise ValueError("other columns")
            for row in rows:
                [float(row[column]) for column in COLUMNS[1:]]
        except (ValueError, TypeError, csv.Error) as error:
            raise UserError(
                f"{self.path} is damaged: move it away, and what it had is evaluated again."
            ) from error
        return rows

    def has(self, name: str, seed: int, memory: int) -> bool:
        """Return whether a figure is there."""
        key = (name, str(seed), str(memory))
        return any((row["row"], row["seed"], row["memory"]) == key for row in self._rows)

    def add(self, name: str, seed: int, memory: int, score: Score, parameters: int) -> None:
        """Add what a row's network reaches."""
        figures = (score.j.mean, score.f.mean, score.jf_mean)
        cells = [name, str(seed), str(memory), *(f"{figure:.4f}" for figure in figures)]
        cells += [f"{score.ms_per_frame:.1f}", str(parameters)]
        self._rows.append(dict(zip(COLUMNS, cells, strict=True)))
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        put_file(self.path, text.getvalue().encode())

    def table(self, names: list[str]) -> str:
        """Return the means over seeds as Markdown, in the order of `names`."""
        lines = [
            "| | memory | J&F | J | F | J&F by seed | ms a frame | parameters |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for name, memory, rows in self._groups(names):
            figures = (f"{_mean(rows, c):.3f}" for c in ("JF_mean", "J_mean", "F_mean"))
            by_seed = ", ".join(row["JF_mean"] for row in rows)
            length = "unbounded" if memory == "0" else memory
            size = f"{int(rows[0]['parameters']) / 1e6:.2f} M"
            cells = [name, length, *figures, by_seed, f"{_mean(rows, 'ms'):.0f}", size]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines) + "\n"

    def plot(self, names: list[str], path: Path) -> None:
        """Draw J&F against the time of a frame."""
        from matplotlib.figure import Figure  # slow to import

        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        for name, memory, rows in self._groups(names):
            place = _mean(rows, "ms"), _mean(rows, "JF_mean")
            axes.plot(*place, "o", color="tab:blue")
            label = name if memory == "2" else f"{name}, memory {memory}"
            axes.annotate(label, place, xytext=(5, 4), textcoords="offset points", fontsize=8)
        axes.set_xlabel("ms a frame, from the picture's file to the masks")
        axes.set_ylabel("J&F")
        axes.grid(alpha=0.3)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=110)
        put_file(path, picture.getvalue())

    def _groups(self, names: list[str]) -> Iterator[tuple[str, str, list[dict[str, str]]]]:
        """Yield the rows of each name and memory, all seeds together."""
        for name in names:
            rows = [row for row in self._rows if row["row"] == name]
            for memory in dict.fromkeys(row["memory"] for row in rows):
                yield name, memory, [row for row in rows if row["memory"] == memory]


def _mean(rows: list[dict[str, str]], column: str) -> float:
    return fmean(float(row[column]) for row in rows)


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name.lower())
