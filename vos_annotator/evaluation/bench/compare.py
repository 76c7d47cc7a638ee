"""How much quicker this program segments than a rival: on the same frames, turn by turn.

For: `bench --compare`. Both start from a picture in main memory and end with its label map
there, in the same number of threads, and take turns, so that what else the machine does
weighs on both. A rival keeps its memory from turn to turn, as in a long video.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.evaluation.bench.outcome import Outcome, Table, counted
from vos_annotator.evaluation.bench.rival import Kind, kinds_in, running
from vos_annotator.evaluation.bench.scene import SHAPES, Scene
from vos_annotator.evaluation.bench.setting import Setting

_WARM_UP = 2  # frames before the first turn
_MANY_AT = "480p"  # the size at which more objects are compared too
_COLUMNS = ("ours", "theirs", "ratio", "least", "most")


def measure(setting: Setting, checkouts: Sequence[Path], python: str | None) -> Outcome:
    """Compare with every network in some checkouts.

    Args:
        setting: What is measured with, and how much.
        checkouts: Folders of rivals.
        python: Interpreter that has what they import; None takes the running one.

    Raises:
        UserError: A folder is no rival's, or a rival does not run.
    """
    rivals = [(kind, path) for path in checkouts for kind in kinds_in(path)]
    figures: dict[str, dict[str, dict]] = {}
    tables = []
    for size in setting.extent.sizes:
        engine = setting.load(SHAPES[size][0])
        for objects in setting.extent.objects if size == _MANY_AT else (1,):
            words = f"{size}, {counted(objects, 'object')}"
            figures[words] = {
                kind.name: _compared(setting, engine, (kind, path), size, objects, python)
                for kind, path in rivals
            }
            rows = [(name, _cells(found)) for name, found in figures[words].items()]
            tables.append(Table(f"ms a frame, {words}", _COLUMNS, rows))
    first = f"{_MANY_AT}, {counted(1, 'object')}"
    ratios = {name: found["ratio"] for name, found in figures.get(first, {}).items()}
    return Outcome(figures, {"times_as_fast": ratios}, tables)


def _compared(
    setting: Setting,
    engine: SegmentationEngine,
    rival: tuple[Kind, Path],
    size: str,
    objects: int,
    python: str | None,
) -> dict[str, object]:
    extent = setting.extent
    turn = max(extent.frames // extent.rounds, 1)
    scene = Scene(SHAPES[size], objects, 1 + _WARM_UP + turn * extent.rounds)
    pictures, mask = _files(setting, scene)
    frames = np.load(pictures, mmap_mode="r")
    engine.memorize(0, np.array(frames[0]), scene.label_map(0))
    engine.begin_pass()
    ours: list[float] = []
    theirs: list[float] = []
    ratios = []
    with running(*rival, python or sys.executable, pictures, mask) as other:
        done = 1 + len(other.turn(_WARM_UP, extent.seconds))
        _turn(engine, frames[1:done], 1)
        for _ in range(extent.rounds):
            b = other.turn(turn, extent.seconds)
            a = _turn(engine, frames[done : done + len(b)], done)
            done += len(b)
            ours += a
            theirs += b
            ratios.append(median(b) / median(a))
        threads = other.threads
    engine.forget(0)
    return {
        "ours_ms": median(ours),
        "theirs_ms": median(theirs),
        "ratio": median(ratios),
        "ratios": ratios,
        "frames": len(theirs),
        "threads": threads,
    }


def _turn(engine: SegmentationEngine, frames: np.ndarray, first: int) -> list[float]:
    """Segment the next frames of the pass; return the milliseconds of each."""
    spent = []
    for n, picture in enumerate(frames):
        started = perf_counter()
        engine.segment(first + n, np.array(picture)).label_map()
        spent.append(1000 * (perf_counter() - started))
    return spent


def _files(setting: Setting, scene: Scene) -> tuple[Path, Path]:
    """Return the files of a scene's pictures and of its first masks, as of `rivals`."""
    pictures = setting.made(
        f"{scene.name}-pictures.npy",
        lambda path: np.save(path, np.stack([scene[n] for n in range(scene.frame_count)])),
    )
    mask = setting.made(f"{scene.name}-mask.npy", lambda path: np.save(path, scene.label_map(0)))
    return pictures, mask


def _cells(found: dict) -> list[str]:
    times = [f"{found[each]:.0f}" for each in ("ours_ms", "theirs_ms")]
    ratios = (found["ratio"], min(found["ratios"]), max(found["ratios"]))
    return [*times, *(f"{ratio:.1f}" for ratio in ratios)]
