"""The `bench` command: what the program costs on this machine, and how long it lets one wait.

For: the command line and CI. Makes its own clips, runs the engine by name, and the window in
a process of its own, without a display. Nothing here imports torch or Qt.

The tables on stdout are for people. The JSON holds the same figures by the name of each
measure, after what is told first: `ms_per_frame` (one object, all in, by size), `gui_gap_ms`
(the longest), `stroke_ms` (95th percentile, by size), `rss_growth` (share, along a pass) and
`times_as_fast` (as each rival).
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from vos_annotator.core.atomic import put_report, writing
from vos_annotator.core.errors import UserError
from vos_annotator.core.outputs import file_to_write, folder_to_write
from vos_annotator.engine.choice import add_engine_options, chosen_engine
from vos_annotator.engine.registry import DEFAULT_SIZE
from vos_annotator.evaluation.bench import compare
from vos_annotator.evaluation.bench.charts import write_charts
from vos_annotator.evaluation.bench.extent import FULL, QUICK
from vos_annotator.evaluation.bench.measures import MEASURES
from vos_annotator.evaluation.bench.outcome import Outcome
from vos_annotator.evaluation.bench.rival import kinds_in
from vos_annotator.evaluation.bench.setting import Setting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `bench`."""
    parser.add_argument(
        "--json", type=file_to_write, metavar="FILE", help="write the figures there too"
    )
    parser.add_argument(
        "--charts", type=folder_to_write, metavar="DIR", help="draw curves there, as PNG"
    )
    parser.add_argument("--quick", action="store_true", help="less of everything, in a minute")
    add_engine_options(parser, with_size=False)
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        help="; ".join(f"{each.name}: {each.summary}" for each in MEASURES.values())
        + " (again for more than one)",
    )
    parser.add_argument(
        "--clips",
        type=folder_to_write,
        metavar="DIR",
        help="keep the clips there, for the next time",
    )
    parser.add_argument(
        "--compare",
        type=_paths,
        default=(),
        metavar="PATH[,PATH]",
        help="take turns with the networks in these checkouts (Cutie, XMem, EdgeTAM; no weights "
        "are needed), instead of the measures that are not asked for by --only",
    )
    parser.add_argument(
        "--compare-python",
        metavar="FILE",
        help="interpreter that has what they import (default: this one)",
    )


def run(args: argparse.Namespace) -> int:
    """Run `bench`: each measure's tables as it is done; 0 when all are.

    Raises:
        UserError: There is no such engine or measure, the window cannot be shown even without
            a display, or a file cannot be written.
    """
    chosen = _chosen(args.only) if args.only or not args.compare else ()
    for checkout in args.compare:
        kinds_in(checkout)  # what is no rival's is told before minutes of other measures,
    if args.charts is not None:
        import matplotlib  # noqa: F401 - and so is it if charts cannot be drawn
    outcomes: dict[str, Outcome] = {}
    with _folder(args.clips) as folder:
        setting = Setting(chosen_engine(args), QUICK if args.quick else FULL, folder)
        setting.load(DEFAULT_SIZE)  # what cannot be loaded is not measured for minutes first
        machine = _machine()
        print(_sentence(machine))
        measures = {name: partial(MEASURES[name].measure, setting) for name in chosen}
        if args.compare:
            measures["rivals"] = partial(
                compare.measure, setting, args.compare, args.compare_python
            )
        for name, measure in measures.items():
            outcomes[name] = _shown(name, measure)
            if args.json is not None:  # each time: what took minutes outlives an interruption
                figures = _figures(machine, setting.engine, outcomes)
                put_report(args.json, (json.dumps(_rounded(figures), indent=2) + "\n").encode())
    if args.charts is not None:
        charts = [chart for outcome in outcomes.values() for chart in outcome.charts]
        for file in write_charts(args.charts, charts):
            print(file)
        if not charts:
            print("None of these measures has a curve: there is no chart.")
    return 0


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(Path(each) for each in text.split(","))


def _shown(name: str, measure: Callable[[], Outcome]) -> Outcome:
    """Measure and print the tables."""
    started = time.perf_counter()
    outcome = measure()
    for table in outcome.tables:
        print(f"\n{table}", flush=True)
    print(f"  ({name}: {time.perf_counter() - started:.0f} s)", flush=True)
    return outcome


def _chosen(names: Sequence[str] | None) -> Sequence[str]:
    unknown = set(names or ()) - MEASURES.keys()
    if unknown:
        raise UserError(
            f"There is no measure {sorted(unknown)[0]}: choose of {', '.join(MEASURES)}."
        )
    return [name for name in MEASURES if not names or name in names]


@contextmanager
def _folder(clips: Path | None) -> Iterator[Path]:
    """Give the folder for the clips: one that stays, or one that goes at the end."""
    if clips is not None:
        with writing(clips):
            clips.mkdir(parents=True, exist_ok=True)
        yield clips
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _figures(
    machine: dict[str, object], engine: str, outcomes: dict[str, Outcome]
) -> dict[str, object]:
    figures: dict[str, object] = {"machine": machine, "engine": engine}
    for outcome in outcomes.values():
        figures |= outcome.headline
    return figures | {name: outcome.figures for name, outcome in outcomes.items()}


def _machine() -> dict[str, object]:
    load, cores = psutil.getloadavg()[0], os.cpu_count() or 1
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": cores,
        "memory_gib": psutil.virtual_memory().total / (1 << 30),
        "load": load,
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _sentence(machine: dict[str, object]) -> str:
    text = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']:.0f} GiB"
    if machine["load"] > 0.5:
        text += f"; others keep the machine busy (load {machine['load']:.1f}): times are too long"
    return text


def _rounded(value: object) -> object:
    """Return figures with as many digits as mean something."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {str(key): _rounded(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_rounded(each) for each in value]
    return value
