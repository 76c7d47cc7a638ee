"""The `bench` command: what a frame costs on this machine, and how long the window lets one wait.

For: the command line and CI. Makes its own clips, runs the engine by name, and the window in
a process of its own, without a display. Nothing here imports torch or Qt.

The table on stdout is for people. The JSON holds the same figures; its first keys are
`ms_per_frame` (one object, all in, by size), `gui_gap_ms` (the longest), `stroke_ms` (95th
percentile) and `rss_growth` (share, along a pass).
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from vos_annotator.core.atomic import put_file, writing
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.engine.registry import load_engine
from vos_annotator.evaluation.bench_engine import (
    Place,
    Read,
    Stages,
    run_pass,
    time_read,
    time_stages,
)
from vos_annotator.evaluation.bench_scene import SHAPES, Scene, write_clip

_OBJECTS = (1, 3)
_SIZES = ("288p", "480p")
_LONG_SIZE = "288p"  # of the long pass and the many references, which take minutes even so


@dataclass(frozen=True)
class _Extent:
    """How much is measured."""

    frames: int  # timed by stage
    references: tuple[int, ...]
    places: tuple[int, ...]  # of a pass; growth is that from the second to the last
    gui_frames: int
    moves: int


_FULL = _Extent(30, (1, 10, 100, 500), (50, 200, 1000, 2000), 150, 500)
_QUICK = _Extent(5, (1, 10), (10, 20, 40), 15, 60)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `bench`."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--quick", action="store_true", help="less of everything, in a minute")
    parser.add_argument("--engine", metavar="NAME", help="engine to measure")


def run(args: argparse.Namespace) -> int:
    """Run `bench`: sections of the table as they are measured; 0 when done.

    Raises:
        UserError: There is no such engine, the window cannot be shown even without a
            display, or the JSON cannot be written.
    """
    extent = _QUICK if args.quick else _FULL
    engine_name = load_engine(args.engine).name
    figures: dict[str, object] = {"machine": _machine(), "engine": engine_name}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stages = _print_stages(engine_name, folder, extent)
        reads = _print_reads(engine_name, extent)
        places = _print_pass(engine_name, folder, extent)
        gaps, strokes = _print_window(engine_name, folder, extent)
    figures |= {
        "ms_per_frame": {size: stages[size][1].total for size in _SIZES},
        "gui_gap_ms": gaps["longest_ms"],
        "stroke_ms": strokes["p95_ms"],
        "rss_growth": places[-1].rss_mib / places[1].rss_mib - 1,
        "stages": {size: {n: asdict(s) for n, s in stages[size].items()} for size in _SIZES},
        "references": [asdict(each) for each in reads],
        "pass": {"size": _LONG_SIZE, "places": [asdict(place) for place in places]},
        "gui": {"gaps": gaps, "strokes": strokes},
    }
    if args.json is not None:
        with writing(args.json.parent):
            args.json.parent.mkdir(parents=True, exist_ok=True)
        put_file(args.json, (json.dumps(_rounded(figures), indent=2) + "\n").encode())
    return 0


def _print_stages(engine: str, folder: Path, extent: _Extent) -> dict[str, dict[int, Stages]]:
    """Return size -> number of objects -> its times."""
    found: dict[str, dict[int, Stages]] = {size: {} for size in _SIZES}
    for size in _SIZES:
        loaded = load_engine(engine, size=SHAPES[size][0])
        for objects in _OBJECTS:
            scene = Scene(SHAPES[size], objects, extent.frames + 4)
            clip = write_clip(folder / f"{size}-{objects}.mp4", scene)
            found[size][objects] = time_stages(loaded, clip, scene, extent.frames)
    columns = [found[size][objects] for size in _SIZES for objects in _OBJECTS]
    words = [f"{s}, {_count(n, 'object')}" for s in _SIZES for n in _OBJECTS]
    _print_row(f"ms a frame, {engine}", words)
    for stage in columns[0].by_stage:
        _print_row(f"  {stage}", [f"{each.by_stage[stage]:.1f}" for each in columns])
    _print_row("  all in", [f"{each.total:.1f}" for each in columns])
    return found


def _print_reads(engine: str, extent: _Extent) -> list[Read]:
    scene = Scene(SHAPES[_LONG_SIZE], frame_count=2 * max(extent.references))
    loaded = load_engine(engine, size=SHAPES[_LONG_SIZE][0])
    reads = time_read(loaded, scene, extent.references)
    _print_row(f"\nreferences in memory ({_LONG_SIZE})", [str(each.references) for each in reads])
    _print_row("  first read of a pass, ms", [f"{each.fetch_ms:.1f}" for each in reads])
    _print_row("  read, ms", [f"{each.read_ms:.1f}" for each in reads])
    _print_row("  frame, ms", [f"{each.total_ms:.1f}" for each in reads])
    _print_row("  resident, MiB", [f"{each.rss_mib:.0f}" for each in reads])
    return reads


def _print_pass(engine: str, folder: Path, extent: _Extent) -> list[Place]:
    scene = Scene(SHAPES[_LONG_SIZE], frame_count=max(extent.places) + 1)
    clip = write_clip(folder / "long.mp4", scene)
    places = run_pass(load_engine(engine, size=SHAPES[_LONG_SIZE][0]), clip, scene, extent.places)
    _print_row(f"\nframe of a pass ({_LONG_SIZE})", [str(place.frame) for place in places])
    _print_row("  frame, ms", [f"{place.ms:.1f}" for place in places])
    _print_row("  resident, MiB", [f"{place.rss_mib:.0f}" for place in places])
    growth = places[-1].rss_mib / places[1].rss_mib - 1
    _print_row(f"  growth from frame {places[1].frame}", [f"{growth:.1%}"])
    return places


def _print_window(engine: str, folder: Path, extent: _Extent) -> tuple[dict, dict]:
    """Return what the probe found while 480p is propagated, and with the brush on 1080p."""
    count = extent.gui_frames
    clip, mask = _clip_with_mask(folder / "480p", Scene(SHAPES["480p"], frame_count=count + 2))
    gaps = _probe("gaps", clip, mask, "--count", count, "--engine", engine)
    clip, mask = _clip_with_mask(folder / "1080p", Scene(SHAPES["1080p"], frame_count=count))
    strokes = _probe("strokes", clip, "--count", extent.moves, "--engine", engine)
    busy = _probe("strokes", clip, mask, "--count", extent.moves, "--engine", engine)
    strokes["propagating"] = busy
    figures = ("median_ms", "p95_ms", "longest_ms")
    _print_row("\nthe window, ms", ["median", "p95", "longest"])
    for words, found in (
        ("gap while propagating 480p", gaps),
        ("  the same while loading", gaps["loading"]),
        ("stroke to pixel, 1080p", strokes),
        ("  the same while propagating", busy),
    ):
        _print_row(f"  {words}", [f"{found[each]:.1f}" for each in figures])
    return gaps, strokes


def _clip_with_mask(stem: Path, scene: Scene) -> tuple[Path, Path]:
    """Write a scene and the mask of its first frame."""
    clip, mask = stem.with_suffix(".mp4"), stem.with_suffix(".png")
    put_file(mask, encode_png(scene.label_map(0)))
    return write_clip(clip, scene), mask


def _probe(*words: object) -> dict:
    """Return what the window's probe measures, in a process of its own.

    Raises:
        UserError: It did not come to an end.
    """
    command = [sys.executable, "-m", "vos_annotator.ui.probe", *map(str, words)]
    offscreen = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, env=offscreen, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        raise UserError("The window cannot be measured: see above for what it says.")
    return json.loads(done.stdout.splitlines()[-1])


def _machine() -> dict[str, object]:
    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _print_row(label: str, cells: Iterable[str]) -> None:
    print(f"{label:<36}" + "".join(f"{cell:>18}" for cell in cells), flush=True)


def _rounded(value: object) -> object:
    """Return figures with as many digits as mean something."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {str(key): _rounded(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_rounded(each) for each in value]
    return value
